"""The window around an element: what SciPy's arguments say of it, checked as SciPy checks them."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import _call


class Window:
    """The window around an element, and what is seen outside the array: what SciPy's arguments say, checked."""

    def __init__(self, ndim: int, size: Any, footprint: Any, origin: Any, mode: Any, axis_modes: Any, axes: Any):
        self.axes = tuple(range(ndim)) if axes is None else _axes(axes, ndim)
        filtered = len(self.axes)
        if footprint is not None:
            # A copy: a lazy result may be computed when the caller's has changed.
            mask = np.array(footprint, dtype=bool, order="C")
            shape, self.mask = mask.shape, None if mask.all() else mask
        elif size is None:
            raise RuntimeError("no footprint or filter size provided")
        else:
            shape, self.mask = _each(size, filtered), None
        # SciPy counts the extents that are not 0.
        if len([extent for extent in shape if extent != 0]) != filtered or len(shape) != filtered:
            raise RuntimeError(f"footprint.ndim ({len(shape)}) must match len(axes) ({filtered})")
        self.shape = tuple(map(operator.index, shape))
        if any(extent < 0 for extent in self.shape):
            raise ValueError(f"negative dimensions are not allowed: size is {size}")
        self.origins = tuple(map(operator.index, _each(origin, filtered)))
        for shift, extent in zip(self.origins, self.shape):
            if not -(extent // 2) <= shift <= (extent - 1) // 2:
                raise ValueError("invalid origin")
        self.modes = [mode] * filtered if axis_modes is None else _each(axis_modes, filtered)
        if any(not isinstance(mode, str) or mode not in _call.MODES for mode in self.modes):
            further = "" if isinstance(mode, str) else ": axis_modes= takes one for each axis"
            raise RuntimeError(f"boundary mode not supported{further}")
        self.taps = math.prod(self.shape) if self.mask is None else int(self.mask.sum())

    @classmethod
    def of(
        cls, ndim: int, size: Any, footprint: Any, origin: Any, mode: Any, axis_modes: Any, axes: Any
    ) -> Window:
        """The window that these arguments describe: the same one again, if they are plain."""
        is_plain = type(origin) is int and type(mode) is str and axis_modes is None and axes is None
        if is_plain and type(size) is int and footprint is None:
            return _known(ndim, size, None, origin, mode)
        if is_plain and type(footprint) is np.ndarray and footprint.dtype == bool and footprint.size <= _KNOWN_MOST:
            return _known(ndim, None, (footprint.tobytes(), footprint.shape), origin, mode)
        return cls(ndim, size, footprint, origin, mode, axis_modes, axes)

    @property
    def reach(self) -> dict[int, tuple[int, int]]:
        """For each axis along which a window has extent, how many elements before and after its own it sees."""
        found = {}
        for axis, extent, shift in zip(self.axes, self.shape, self.origins):
            if extent > 1:
                found[axis] = extent // 2 + shift, (extent - 1) // 2 - shift
        return found

    def values_at(self, input: np.ndarray, index: int, cval: float) -> np.ndarray:
        """What a function sees at the element that is number `index` in C order."""
        place = np.unravel_index(index, input.shape)
        seen, outside = input, np.zeros((), dtype=bool)
        # The window's axes come last, in their order.
        seen = np.moveaxis(seen, self.axes, range(input.ndim - len(self.shape), input.ndim))
        for axis in range(input.ndim):
            if axis not in self.axes:
                seen = seen[place[axis]]
        for i, axis in enumerate(self.axes):
            start = place[axis] - self.shape[i] // 2 - self.origins[i]
            sources, beyond = _sources(start + np.arange(self.shape[i]), input.shape[axis], self.modes[i])
            seen = np.take(seen, sources, axis=i)
            outside = outside[..., np.newaxis] | beyond
        values = np.where(outside, cval, seen.astype(np.float64))
        return values.ravel() if self.mask is None else values[self.mask]


# Elements of a footprint that are compared in less time than is saved.
_KNOWN_MOST = 1024


@functools.lru_cache(maxsize=256)
def _known(
    ndim: int, size: int | None, footprint: tuple[bytes, tuple[int, ...]] | None, origin: int, mode: str
) -> Window:
    mask = None if footprint is None else np.frombuffer(footprint[0], bool).reshape(footprint[1])
    return Window(ndim, size, mask, origin, mode, None, None)


def _sources(at: np.ndarray, extent: int, mode: str) -> tuple[np.ndarray, np.ndarray]:
    """The elements that coordinates show, and which of them show the constant instead."""
    inside = (at >= 0) & (at < extent)
    if mode.removeprefix("grid-") == "constant":
        return np.clip(at, 0, extent - 1), ~inside
    if mode == "nearest":
        found = np.clip(at, 0, extent - 1)
    elif mode.removeprefix("grid-") == "wrap":
        found = at % extent
    else:
        # 'grid-mirror' is 'reflect'.
        period = max(2 * extent - 2, 1) if mode == "mirror" else 2 * extent
        found = at % period
        found = np.where(found < extent, found, (period if mode == "mirror" else period - 1) - found)
    return found, np.zeros_like(inside)


def _each(value: Any, count: int) -> Sequence[Any]:
    """One for each axis."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return [value] * count
    values = list(value)
    if len(values) != count:
        raise RuntimeError("sequence argument must have length equal to input rank")
    return values


def _axes(axes: Any, ndim: int) -> tuple[int, ...]:
    if isinstance(axes, Iterable):
        chosen = [operator.index(axis) for axis in axes]
    elif np.isscalar(axes):
        chosen = [operator.index(axes)]
    else:
        raise ValueError("axes must be an integer, iterable of integers, or None")
    for axis in chosen:
        if not -ndim <= axis < ndim:
            raise ValueError(f"specified axis: {axis} is out of range")
    chosen = [axis % ndim for axis in chosen]
    if len(set(chosen)) != len(chosen):
        raise ValueError("axes must be unique")
    return tuple(chosen)

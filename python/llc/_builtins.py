"""The library's built-in callbacks as Python objects, each a low-level callable too."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _call, _capsules
from ._native import ffi, lib

if TYPE_CHECKING:
    from ._window import Window

# By the type of what they take as user_data.
_PLAIN = (
    "minimum", "maximum", "range", "sum", "mean", "variance", "standard_deviation", "median",
    "median_absolute_deviation", "mode", "distinct", "nan_count", "nan_minimum", "nan_maximum", "nan_sum", "nan_mean",
    "nan_variance", "nan_standard_deviation", "nan_median",
)
_INTEGER = ("rank",)
_NUMBER = ("percentile", "quantile", "nan_quantile")
_PER_TAP = ("weighted_sum", "grey_erosion", "grey_dilation")


class Builtin(_capsules.LowLevelCallable):
    """A built-in function of a window's values.

    Hand it to `llc.generic_filter`, which computes it by a kernel of its own on all cores, or to
    `scipy.ndimage.generic_filter`. (It can't be called: SciPy would call from Python what can be.) It can be pickled,
    and any number of threads may use it at the same time.

    - ``minimum``, ``maximum``, ``range`` (maximum - minimum)
    - ``sum``, ``mean``, ``variance``, ``standard_deviation`` (of the values themselves: `numpy.std` with ddof=0)
    - ``median`` (of an even number of values the mean of the middle two), ``median_absolute_deviation`` (from it)
    - ``mode`` (the most frequent value; the smallest of these), ``distinct`` (how many different ones)
    - ``nan_count`` (how many are NaN)
    - ``nan_minimum``, ``nan_maximum``, ``nan_sum``, ``nan_mean``, ``nan_variance``, ``nan_standard_deviation``,
      ``nan_median`` (of the values that are not NaN)
    - made with a parameter: ``rank(rank)``, ``percentile(percentile)``, ``quantile(q)``, ``nan_quantile(q)``,
      ``weighted_sum(weights)``, ``grey_erosion(structure)``, ``grey_dilation(structure)``

    NaN among the values makes the result NaN, but for ``distinct``, which counts all NaN as one value, and those that
    begin with ``nan_``. Of no values sums and counts are 0, all others NaN.

    Attributes
    ----------
    function : callable
        Gives the value for an array of values, as a float.
    name : str
        Its name in the library, without ``llc_``.
    parameter : int, float, ndarray or None
        What it was made with.
    """

    name: str
    parameter: Any

    def __new__(cls, name: str, parameter: Any = None) -> Builtin:
        pointer = lib.llc_builtin(name.encode())
        user_data = _user_data(name, parameter)
        address = int(ffi.cast("uintptr_t", user_data))
        capsule = _capsules.capsule(int(ffi.cast("uintptr_t", pointer)), _capsules.FILTER, address)
        self = tuple.__new__(cls, (capsule, functools.partial(_value, name, parameter), None))
        self.name, self.parameter = name, parameter
        self._pointer = pointer
        self._prepared = _call.Function(pointer, user_data, is_batch=False, threads=_call.ALL_CORES)
        return self

    def for_window(self, window: Window) -> _call.Function:
        """The function for the taps of a window."""
        if self.name not in _PER_TAP:
            return self._prepared
        user_data = _user_data(self.name, _per_tap(self, window))
        return _call.Function(self._pointer, user_data, is_batch=False, threads=_call.ALL_CORES)

    def __repr__(self) -> str:
        return f"llc.{self.name}" if self.parameter is None else f"llc.{self.name}({self.parameter!r})"

    def __reduce__(self) -> tuple:
        return Builtin, (self.name, self.parameter)

    # As tuples they would differ by their capsules.
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Builtin):
            return NotImplemented
        return self.name == other.name and np.array_equal(self.parameter, other.parameter)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.name, np.shape(self.parameter)))


def _value(name: str, parameter: Any, values: Any) -> float:
    """The function's value for an array of values."""
    values = np.array(values, dtype=np.float64, ndmin=1).ravel()
    function = Builtin(name, parameter)
    if name in _PER_TAP and values.size != parameter.size:
        raise ValueError(f"llc.{name} was made with {parameter.size} numbers; it takes one for each value, of which there "
                         f"are {values.size}")
    result = ffi.new("double *")
    if not function._pointer(ffi.from_buffer("double[]", values), values.size, result, function._prepared.user_data):
        raise ValueError(f"{function!r} is not defined for {values.size} values")
    return result[0]


def _user_data(name: str, parameter: Any) -> Any:
    if parameter is None:
        return ffi.NULL
    if name in _INTEGER:
        return ffi.new("intptr_t *", parameter)
    if name in _NUMBER:
        return ffi.new("double *", parameter)
    return ffi.new("double[]", parameter.ravel().tolist())


def _per_tap(builtin: Builtin, window: Window) -> np.ndarray:
    """One number for each tap: given so, or one for each element of the window."""
    given = builtin.parameter
    if given.shape == window.shape:
        return given if window.mask is None else given[window.mask]
    if given.shape == (window.taps,):
        return given
    raise ValueError(f"llc.{builtin.name} was made with numbers of shape {given.shape}; it takes one for each of the "
                     f"window's {window.taps} taps, or an array of the window's shape {window.shape}")


_OBJECTS = {name: Builtin(name) for name in _PLAIN}
minimum, maximum, range, sum, mean, variance, standard_deviation, median = (_OBJECTS[name] for name in _PLAIN[:8])
median_absolute_deviation, mode, distinct, nan_count, nan_minimum = (_OBJECTS[name] for name in _PLAIN[8:13])
nan_maximum, nan_sum, nan_mean, nan_variance, nan_standard_deviation, nan_median = (
    _OBJECTS[name] for name in _PLAIN[13:]
)


def rank(rank: int) -> Builtin:
    """The value at place `rank` from the smallest on; negative ones count from one beyond the largest.

    As `scipy.ndimage.rank_filter`: 0 is the smallest, -1 the largest. A filter with fewer taps than that raises a
    RuntimeError.

    Parameters
    ----------
    rank : int

    Returns
    -------
    Builtin

    Examples
    --------
    >>> import llc
    >>> llc.generic_filter([1, 5, 2, 8], llc.rank(-2), size=3)
    array([1, 2, 5, 8])
    """
    return Builtin("rank", operator.index(rank))


def percentile(percentile: float) -> Builtin:
    """The value at place ``n * percentile / 100`` of n, rounded down: one of the values, not what lies between two.

    As `scipy.ndimage.percentile_filter`. What `numpy.percentile` gives is ``quantile(percentile / 100)``.

    Parameters
    ----------
    percentile : float
        -100 to 100; below 0 it stands for ``percentile + 100``.

    Returns
    -------
    Builtin

    Raises
    ------
    ValueError
        If it lies outside.

    Examples
    --------
    >>> import llc
    >>> llc.generic_filter([1, 5, 2, 8], llc.percentile(50), size=3)
    array([1, 2, 5, 8])
    """
    return Builtin("percentile", _between("percentile", percentile, -100, 100))


def quantile(q: float) -> Builtin:
    """The value at place ``(n - 1) * q`` of n, interpolated linearly, as `numpy.quantile`.

    Parameters
    ----------
    q : float
        0 to 1.

    Returns
    -------
    Builtin

    Raises
    ------
    ValueError
        If it lies outside.

    Examples
    --------
    >>> import llc
    >>> llc.generic_filter([1.0, 5.0, 2.0, 8.0], llc.quantile(0.25), size=3)
    array([1. , 1.5, 3.5, 5. ])
    """
    return Builtin("quantile", _between("q", q, 0, 1))


def nan_quantile(q: float) -> Builtin:
    """`quantile` of the values that are not NaN.

    Parameters
    ----------
    q : float
        0 to 1.

    Returns
    -------
    Builtin

    Raises
    ------
    ValueError
        If it lies outside.
    """
    return Builtin("nan_quantile", _between("q", q, 0, 1))


def weighted_sum(weights: Any) -> Builtin:
    """The sum of the values, each times its weight, as `scipy.ndimage.correlate`.

    Parameters
    ----------
    weights : array_like
        One for each tap of the window, in C order, or an array of the window's shape. A filter whose window has another
        number of taps raises a ValueError.

    Returns
    -------
    Builtin

    Examples
    --------
    >>> import llc
    >>> llc.generic_filter([1, 5, 2, 8], llc.weighted_sum([-1, 0, 1]), size=3)
    array([4, 1, 3, 6])
    """
    return Builtin("weighted_sum", np.array(weights, dtype=np.float64))


def grey_erosion(structure: Any) -> Builtin:
    """The smallest of the values less their structure's, as `scipy.ndimage.grey_erosion`.

    Parameters
    ----------
    structure : array_like
        One number for each tap of the window, in C order, or an array of the window's shape. A filter whose window has
        another number of taps raises a ValueError.

    Returns
    -------
    Builtin
    """
    return Builtin("grey_erosion", np.array(structure, dtype=np.float64))


def grey_dilation(structure: Any) -> Builtin:
    """The largest of the values plus their structure's, tap by tap.

    Parameters
    ----------
    structure : array_like
        One number for each tap of the window, in C order, or an array of the window's shape. A filter whose window has
        another number of taps raises a ValueError.

    Returns
    -------
    Builtin

    Notes
    -----
    `scipy.ndimage.grey_dilation` mirrors the structure: ``grey_dilation(structure[::-1, ::-1])`` is the same. For even
    extents the filter's origin is -1 then.
    """
    return Builtin("grey_dilation", np.array(structure, dtype=np.float64))


def _between(name: str, value: float, low: float, high: float) -> float:
    value = float(value)
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}; it is to be from {low} to {high}")
    return value


_MAKERS: dict[str, Callable[[Any], Builtin]] = {
    maker.__name__: maker
    for maker in (rank, percentile, quantile, nan_quantile, weighted_sum, grey_erosion, grey_dilation)
}


def named(name: str, arguments: tuple, keywords: dict[str, Any]) -> Builtin:
    """The built-in function of a name; its parameter, if it takes one, is among the arguments."""
    if name in _MAKERS:
        return _MAKERS[name](*arguments, **keywords)
    if name not in _OBJECTS:
        raise ValueError(f"no built-in function is called {name!r}; there are {', '.join(sorted(_OBJECTS | _MAKERS))}")
    if arguments or keywords:
        raise TypeError(f"the built-in function {name!r} takes no parameter")
    return _OBJECTS[name]

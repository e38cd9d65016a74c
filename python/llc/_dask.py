"""`generic_filter` of a Dask array: block after block, each with what its windows see of the blocks around it.

Where a block ends with the array, the filter's own mode extends it: as it extends the whole array, if the block is at
least as large as windows reach. In mode 'wrap' the outermost blocks are handed elements from the array's other end.
"""

from __future__ import annotations

import functools
import math
import uuid
from collections.abc import Callable
from typing import Any

import cloudpickle
import dask.array as da
import numpy as np

from . import _call
from ._filter import output_dtype, in_memory
from ._window import Window


def lazily(
    input: da.Array,
    function: Any,
    window: Window,
    output: Any,
    cval: float,
    further: tuple[tuple, dict[str, Any]],
    threads: int | None,
    progress: Any,
) -> da.Array:
    """As `in_memory`, but what is returned is yet to be computed."""
    if progress:
        raise ValueError("progress is for arrays in memory; for a Dask array there are dask.diagnostics.ProgressBar "
                         "and dask.distributed.progress")
    if output_dtype(output, input.dtype) is None:
        raise TypeError(f"output is of type {type(output).__name__}; the result of a Dask array is another one, of "
                        "which output may be the dtype")
    filtered = functools.partial(in_memory, function=function, window=window, output=output, cval=cval,
                                 further=further, threads=1 if threads is None else threads)
    # The filter of nothing calls no function, but has all the errors.
    meta = filtered(np.empty((0,) * max(input.ndim, 1), input.dtype))
    modes = dict(zip(window.axes, window.modes))
    reach = window.reach
    for axis, both in reach.items():
        if any(map(math.isnan, input.chunks[axis])):
            raise ValueError(f"windows extend along axis {axis}, whose chunk sizes are unknown; "
                             "compute_chunk_sizes() finds them")
        # 'mirror' does not repeat the last element: what it shows lies one further.
        input = _rechunked(input, axis, _joined(input.chunks[axis], max(both) + (modes[axis] == "mirror")))
    chunks = input.chunks
    reach = {axis: both for axis, both in reach.items() if len(chunks[axis]) > 1}
    wrapped = {axis for axis in reach if modes[axis].removeprefix("grid-") == "wrap"}
    for axis in wrapped:
        input = _wrapped(input, axis, *reach[axis])
    if reach:
        # Unlike `overlap` it needs to know the chunks of these axes only.
        input = da.overlap.overlap_internal(input, reach)
    # Of the other axes Dask may have left empty chunks out meanwhile.
    chunks = tuple(own if axis in reach else now for axis, (own, now) in enumerate(zip(chunks, input.chunks)))
    return input.map_blocks(_Filter(filtered, reach, wrapped), chunks=chunks, meta=meta, dtype=meta.dtype)


class _Filter:
    """What is done with a block and its surroundings."""

    # Dask's name for it.
    __name__ = "generic_filter"

    def __init__(self, filtered: Callable[..., np.ndarray], reach: dict[int, tuple[int, int]], wrapped: set[int]):
        self.filtered, self.reach, self.wrapped = filtered, reach, wrapped

    def __call__(self, block: Any, block_info: dict) -> np.ndarray:
        block, info = np.asarray(block), block_info[None]
        before = [0] * block.ndim
        own = [slice(None)] * block.ndim
        for axis, (reached, _) in self.reach.items():
            if axis in self.wrapped or info["chunk-location"][axis] > 0:
                before[axis] = reached
            own[axis] = slice(before[axis], before[axis] + info["chunk-shape"][axis])
        try:
            result = self.filtered(block)
        except _call.GaveUp as error:
            if any(map(math.isnan, info["shape"])):
                raise
            # As in memory, the number is counted in the whole array.
            place = np.unravel_index(error.index, block.shape)
            place = [i - n + start for i, n, (start, _) in zip(place, before, info["array-location"])]
            raise _call.GaveUp(int(np.ravel_multi_index(place, info["shape"], mode="wrap"))) from None
        # An array even if it has no axes.
        return result[(*own, ...)]

    def __dask_tokenize__(self) -> Any:
        try:
            return cloudpickle.dumps(self)
        except Exception:  # As many as there are things that can't be pickled.
            return uuid.uuid4().hex


def _joined(chunks: tuple[int, ...], least: int) -> tuple[int, ...]:
    """Chunks joined to their neighbours until each has so many elements, or there is only one."""
    joined = [0]
    for chunk in chunks:
        if joined[-1] >= least:
            joined.append(0)
        joined[-1] += chunk
    if len(joined) > 1 and joined[-1] < least:
        joined[-2:] = [sum(joined[-2:])]
    return tuple(joined)


def _wrapped(input: da.Array, axis: int, before: int, after: int) -> da.Array:
    """The array with a part of its end before its first chunk, and of its beginning after the last one."""
    extent, chunks = input.shape[axis], list(input.chunks[axis])
    chunks[0] += before
    chunks[-1] += after

    def part(start: int, stop: int) -> da.Array:
        return input[(slice(None),) * axis + (slice(start, stop),)]

    longer = da.concatenate([part(extent - before, extent), input, part(0, after)], axis, allow_unknown_chunksizes=True)
    return _rechunked(longer, axis, tuple(chunks))


def _rechunked(input: da.Array, axis: int, chunks: tuple[int, ...]) -> da.Array:
    # Asked for other axes' chunks, Dask would have to know them.
    return input if input.chunks[axis] == chunks else input.rechunk({axis: chunks})

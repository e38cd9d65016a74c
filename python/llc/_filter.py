"""`generic_filter`: SciPy's arguments, checked as SciPy checks them, for the library."""

from __future__ import annotations

import operator
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import _builtins, _call, _capsules, _jit
from ._native import ffi
from ._window import Window


def generic_filter(
    input: Any,
    function: Any,
    size: int | Sequence[int] | None = None,
    footprint: Any = None,
    output: Any = None,
    mode: str = "reflect",
    cval: float = 0.0,
    origin: int | Sequence[int] = 0,
    extra_arguments: Sequence[Any] = (),
    extra_keywords: dict[str, Any] | None = None,
    *,
    axes: int | Sequence[int] | None = None,
    axis_modes: Sequence[str] | None = None,
    threads: int | None = None,
    progress: bool | Callable[[float], Any] | None = None,
) -> Any:
    """Apply a function of your own to the window around every element of an array.

    A drop-in for `scipy.ndimage.generic_filter`: the same arguments and results, with functions that run vectorised,
    and on all cores. It has three arguments more: `axis_modes`, `threads`, `progress`.

    Parameters
    ----------
    input : array_like or dask.array.Array
        The array: booleans, integers, float32 or float64, in any layout. The result of a Dask array is a lazy one: see
        the notes.
    function : callable, scipy.LowLevelCallable, or str
        What is applied to the values of a window, a 1-D array of float64 in C order, and gives one number:

        - a function decorated with `jit_filter_function`;
        - a built-in function: `llc.median`, `llc.percentile(90)`, ..., or its name, ``"median"``;
        - any `scipy.LowLevelCallable` for SciPy's filter, or a numba ``cfunc``;
        - a plain Python function, which is called for one window after the other, in C order.
    size : int or sequence of int, optional
        The window's extents: one for each axis of `axes`, in its order. A window of extent n begins n // 2 elements
        before its own: an even one has one more before than after.
    footprint : array_like of bool, optional
        Which elements of a window are seen, instead of `size`: an array with one axis for each of `axes`.
    output : ndarray or dtype, optional
        Where the results go, an array of the input's shape, or their type: the input's, if not given, so that the mean
        of integers is truncated. Values are cast as in C: integers are truncated, then wrapped, NaN becomes 0. The
        input itself will do. For a Dask array, a type only.
    mode : str, optional
        How the array is extended beyond its borders: 'reflect', 'nearest', 'mirror', 'wrap', 'constant'. 'grid-mirror',
        'grid-wrap' and 'grid-constant' are other names for 'reflect', 'wrap' and 'constant'.
    cval : float, optional
        What is seen outside the array in mode 'constant'; it is not cast to the input's type.
    origin : int or sequence of int, optional
        Shifts of the window: positive ones move it towards lower indices.
    extra_arguments : sequence, optional
        Further arguments for `function`; for decorated functions, numbers and arrays of numbers, which are read-only
        there. A built-in function's name takes its parameter here. Objects of built-in functions, and other low-level
        callables, take none.
    extra_keywords : dict, optional
        Further keyword arguments for `function`, likewise.
    axes : int or sequence of int, optional
        The axes along which windows extend; all, if not given. ``axes=(0, 1)`` filters each channel of a picture of
        shape (rows, columns, channels) by itself.
    axis_modes : sequence of str, optional
        A mode for each of these axes, in the order of `axes`, instead of `mode`.
    threads : int, optional
        How many threads to use at most; -1: as many as there are cores. If not given, -1 for built-in and decorated
        functions and 1 for all others, which may not be made for several. Plain Python functions have one only,
        whatever is given. Results are the same for any number. For a Dask array, how many to use in each of its tasks:
        1 if not given, as Dask runs many of these at a time.
    progress : bool or callable, optional
        True for a progress bar (tqdm's). A callable is called with the fraction done, every 50 ms or so and at the end;
        an exception that it raises ends the filter. Not for Dask arrays: Dask has progress bars of its own.

    Returns
    -------
    ndarray or dask.array.Array
        The filtered array; `output` itself if that is an array.

    Raises
    ------
    TypeError, RuntimeError, ValueError
        As SciPy, for arguments that do not go together, types of arrays that are not supported, a name that no built-in
        function has; before anything is written.
    TypeError
        For a decorated function: if extra arguments are missing, or it can't be compiled for their types.
    RuntimeError
        If a low-level callable gives up, by returning 0: the message has the number of the element, in C order.
    ImportError
        For ``progress=True`` without tqdm.
    KeyboardInterrupt
        Ctrl+C stops the filter, whatever function runs, as soon as the windows under way are done.
    Exception
        What `function` raised, at once. The output has been written in part.

    Notes
    -----
    While no Python function is called, other Python threads run. Any number of them may filter at the same time.

    Results are SciPy's, but where these are wrong: entries of `size` and `footprint` go with the axes as `axes` orders
    them; inputs and outputs may overlap; inputs may have strides of 0.

    *Dask arrays.* What is computed equals the result for the same array in memory, at the borders of chunks too, in any
    mode. Arguments are checked, and decorated functions compiled, at once; what `function` raises comes out when the
    result is computed. A function is called for windows around elements next to a block too, as if the array ended
    there; their results are not used. Neighbouring chunks that are smaller than windows reach are joined, so the result
    may have fewer and larger ones. Their sizes have to be known along the axes that windows extend along, unless the
    extent there is 1. Workers of `dask.distributed` are sent the function by pickling, which decorated, built-in and
    Python functions allow; other low-level callables run on the schedulers of this process only.

    Examples
    --------
    >>> import numpy as np
    >>> import llc
    >>> image = np.array([[1, 5, 2], [8, 3, 4], [6, 7, 9]])
    >>> llc.generic_filter(image, "median", size=3)
    array([[3, 3, 3],
           [6, 5, 4],
           [6, 7, 7]])
    >>> llc.generic_filter(image, "mean", size=(1, 3), output=float, mode="nearest")
    array([[2.33333333, 2.66666667, 3.        ],
           [6.33333333, 5.        , 3.66666667],
           [6.33333333, 7.33333333, 8.33333333]])
    >>> llc.generic_filter(image, llc.percentile(90), footprint=[[0, 1, 0], [1, 1, 1], [0, 1, 0]])
    array([[8, 5, 5],
           [8, 8, 9],
           [8, 9, 9]])
    """
    if size is not None and footprint is not None:
        warnings.warn("ignoring size because footprint is set", UserWarning, stacklevel=2)
    # Whose arrays they are has been imported.
    dask = sys.modules.get("dask.array")
    is_lazy = dask is not None and isinstance(input, dask.Array)
    if not is_lazy:
        input = np.asarray(input)
    if input.dtype.kind == "c":
        raise TypeError("Complex type not supported")
    window = Window.of(input.ndim, size, footprint, origin, mode, axis_modes, axes)
    further = tuple(extra_arguments), extra_keywords or {}
    if is_lazy:
        from . import _dask

        return _dask.lazily(input, function, window, output, cval, further, threads, progress)
    return in_memory(input, function, window, output, cval, further, threads, progress)


def in_memory(
    input: np.ndarray,
    function: Any,
    window: Window,
    output: Any,
    cval: float,
    further: tuple[tuple, dict[str, Any]],
    threads: int | None,
    progress: bool | Callable[[float], Any] | None = None,
) -> np.ndarray:
    """Apply a function to the window around every element. `further` are its extra arguments and keywords."""
    made = _prepare(function, window, *further)
    threads, cval = _threads(threads), float(cval)
    source = _native(input)
    output, target = _output(output, source)
    if progress is True:
        with _bar() as hears:
            _call.run(made, source, target, window, cval, threads, hears)
    else:
        if not (progress is None or progress is False or callable(progress)):
            raise TypeError(f"progress is {progress!r}; it is to be a bool, or a callable")
        _call.run(made, source, target, window, cval, threads, progress or None)
    if target is not output:
        output[...] = target
    return output


def _prepare(function: Any, window: Window, arguments: tuple, keywords: dict[str, Any]) -> _call.Function:
    """What the library is to call for a function of the caller's."""
    if isinstance(function, str):
        return _builtins.named(function, arguments, keywords).for_window(window)
    if isinstance(function, _jit.JitFilterFunction):
        return function.for_taps(window.taps, arguments, keywords)
    if not isinstance(function, _builtins.Builtin):
        low_level = _capsules.filter_function(function)
        if low_level is None:
            if not callable(function):
                raise TypeError(f"function is {function!r}, which can't be called")
            if getattr(function, "__module__", None) in (_builtins.__name__, _jit.__name__):
                raise TypeError(f"llc.{function.__name__} makes a function: call it, and hand on what it gives")
            return _call.PythonFunction(function, arguments, keywords)
        address, user_data = (ffi.cast("void *", number) for number in low_level)
    if arguments or keywords:
        raise TypeError(f"{function!r} takes no extra arguments: what it is handed is its user_data")
    if isinstance(function, _builtins.Builtin):
        return function.for_window(window)
    return _call.Function(ffi.cast("llc_filter_fn", address), user_data, is_batch=False, threads=1, keep=function)


def _threads(threads: Any) -> int | None:
    if threads is not None and (threads := operator.index(threads)) < 1 and threads != _call.ALL_CORES:
        raise ValueError(f"threads is {threads}; it is to be 1 or more, or -1 for all cores")
    return threads


def _native(array: np.ndarray) -> np.ndarray:
    """An array that the library reads: itself, if it is in the machine's order of bytes."""
    if not _call.is_supported(array.dtype):
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
        if not _call.is_supported(array.dtype):
            raise RuntimeError(f"array type not supported: {array.dtype}")
    return array


def output_dtype(output: Any, input_dtype: np.dtype) -> np.dtype | None:
    """The type of an output that is to be made; None if it is given."""
    if output is None:
        return input_dtype
    if isinstance(output, (type, np.dtype)):
        return np.dtype(output)
    if isinstance(output, str):
        dtype = np.dtype(output)
        if not issubclass(dtype.type, np.number):
            raise RuntimeError("output must have numeric dtype")
        return dtype
    return None


def _output(output: Any, input: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The output, and the array that the library writes: itself, if it is in the machine's order of bytes."""
    dtype = output_dtype(output, input.dtype)
    if dtype is not None:
        output = np.empty(input.shape, dtype)
    else:
        output = np.asarray(output)
        if output.shape != input.shape:
            raise RuntimeError("output shape not correct")
        if not output.flags.writeable:
            raise ValueError("output array is read-only.")
    return output, _native(output)


@contextmanager
def _bar() -> Iterator[Callable[[float], Any]]:
    """A progress bar: what is called with the fraction done."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        raise ImportError("progress=True needs tqdm: pip install tqdm") from None
    with tqdm(total=100, unit="%", bar_format="{l_bar}{bar}| [{elapsed}<{remaining}]") as bar:
        yield lambda fraction: bar.update(100 * fraction - bar.n)

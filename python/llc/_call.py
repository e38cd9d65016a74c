"""Calls of the C library: its structs from NumPy's arrays, Python's exceptions from its statuses."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ._native import ffi, lib

if TYPE_CHECKING:
    from ._window import Window

MODES = {
    "reflect": 1,
    "nearest": 2,
    "mirror": 3,
    "wrap": 4,
    "constant": 5,
    "grid-constant": 6,
    "grid-mirror": 7,
    "grid-wrap": 8,
}
ALL_CORES = -1
BATCH_MAX = 1024

_CALLS_KEPT = 16

_OK, _MEMORY, _CALLBACK = 0, -5, -6

# Kinds as DLPack, and llc.h, number them.
_KINDS = {"i": 0, "u": 1, "f": 2, "b": 6}
_DTYPES = {
    np.dtype(name): _KINDS[np.dtype(name).kind] | 8 * np.dtype(name).itemsize << 8
    for name in ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64")
}
# C's long and long long are different types to NumPy, whichever of them int64 is.
_DTYPES |= {np.dtype(t): _DTYPES[np.dtype(f"{np.dtype(t).kind}{np.dtype(t).itemsize}")] for t in "lLqQ"}


def is_supported(dtype: np.dtype) -> bool:
    """Whether the library reads and writes arrays of this type, in the machine's order of bytes."""
    return dtype in _DTYPES


def _fail(kind: Any, exception: BaseException, traceback: Any) -> None:
    # Where an exception leaves a callback: the frame's arguments say whose it is.
    listener = ffi.from_handle(traceback.tb_frame.f_locals["user_data"])
    listener.exception = listener.exception or exception.with_traceback(traceback)


# That Python code runs at all is what lets a signal's handler run, and raise KeyboardInterrupt.
@ffi.callback("llc_progress_fn", error=0, onerror=_fail)
def _progress(fraction: float, user_data: Any) -> int:
    progress = ffi.from_handle(user_data).progress
    if progress is not None:
        progress(fraction)
    return 1


class Function:
    """A function for the library to call: a callback, what it is handed, and on how many threads it may run.

    `keep` is whatever has to outlive it.
    """

    # What was raised in Python while it ran.
    exception: BaseException | None = None

    def __init__(self, pointer: Any, user_data: Any, *, is_batch: bool, threads: int, keep: Any = None):
        self.pointer = pointer
        self.user_data = user_data
        self.run = lib.llc_batch_filter if is_batch else lib.llc_generic_filter
        self.threads = threads
        self.keep = keep
        # By what they are for, to be made again with other arrays.
        self.calls: dict[tuple, _Call] = {}

    def why(self, index: int, at: Callable[[int], np.ndarray]) -> BaseException:
        """The exception for a callback that returned 0. `at` gives the values that the function saw at an element."""
        return GaveUp(index)


class GaveUp(RuntimeError):
    """A callback returned 0, for the element of this number."""

    def __init__(self, index: int):
        super().__init__(index)
        self.index = index

    def __str__(self) -> str:
        return f"unknown error in filter function: it returned 0 for element {self.index}, counted in C order"


class PythonFunction(Function):
    """A plain Python function of a window's values, called by a batch callback of ours."""

    def __init__(self, function: Callable[..., Any], arguments: tuple, keywords: dict[str, Any]):
        self.function, self.arguments, self.keywords = function, arguments, keywords
        super().__init__(_python_batch, ffi.new_handle(self), is_batch=True, threads=1)


# As many windows at a time as the library likes: a call from C to Python takes as long as a few simple functions.
@ffi.callback("llc_batch_fn", error=0, onerror=_fail)
def _python_batch(taps: Any, filter_size: int, return_values: Any, count: int, batch: Any, user_data: Any) -> int:
    python = ffi.from_handle(user_data)
    function, arguments, keywords = python.function, python.arguments, python.keywords
    # Fresh memory: a function may keep what it is handed.
    windows = np.empty((count, filter_size))
    for k in range(filter_size):
        windows[:, k] = np.frombuffer(ffi.buffer(taps[k], 8 * count))
    for j in range(count):
        # As SciPy it takes numbers only; NumPy makes one of None too.
        return_values[j] = function(windows[j], *arguments, **keywords)
    return 1


def _array(array: np.ndarray) -> tuple[Any, ...]:
    """An llc_array without data, and what it points to."""
    shape, strides = ffi.new("intptr_t[]", array.shape), ffi.new("intptr_t[]", array.strides)
    return ffi.new("llc_array *", (ffi.NULL, _DTYPES[array.dtype], array.ndim, shape, strides)), shape, strides


def _window(window: Window) -> tuple[Any, ...]:
    """An llc_window, the modes, and what the former points to."""
    extents = ffi.new("intptr_t[]", window.shape)
    mask = ffi.NULL if window.mask is None else ffi.from_buffer("uint8_t[]", window.mask.view(np.uint8))
    shifts = ffi.new("intptr_t[]", window.origins)
    along = ffi.new("int32_t[]", window.axes)
    modes = ffi.new("int32_t[]", [MODES[mode] for mode in window.modes])
    made = ffi.new("llc_window *", (len(window.shape), 0, extents, mask, shifts, along))
    return made, modes, extents, mask, shifts, along


def _data(array: np.ndarray) -> Any:
    """Where an array's elements are."""
    try:
        return ffi.from_buffer(array)
    except ValueError:  # They don't follow each other.
        return ffi.cast("void *", array.__array_interface__["data"][0])


class _Call:
    """The structs for calls with arrays of these types and layouts, and what listens meanwhile."""

    def __init__(self, input: np.ndarray, output: np.ndarray, window: Window, threads: int):
        (self.source, *keep_source), (self.target, *keep_target) = _array(input), _array(output)
        self.window, modes, *keep_window = _window(window)
        self.handle = ffi.new_handle(self)
        self.options = ffi.new("llc_options *", (
            ffi.sizeof("llc_options"), 0, threads, 0.0, modes, ffi.NULL, self.handle,
        ))
        self.error = ffi.new("llc_error *")
        self.keep = keep_source, keep_target, modes, keep_window
        self.progress: Callable[[float], Any] | None = None
        self.exception: BaseException | None = None

    def run(
        self,
        function: Function,
        input: np.ndarray,
        output: np.ndarray,
        cval: float,
        progress: Callable[[float], Any] | None,
    ) -> int:
        """What the library returns."""
        self.progress, self.exception = progress, None
        listens = progress is not None or threading.current_thread() is threading.main_thread()
        self.options.progress = _progress if listens else ffi.NULL
        self.options.cval = cval
        self.source.data, self.target.data = _data(input), _data(output)
        status = function.run(
            self.source, self.target, self.window, function.pointer, function.user_data, self.options, self.error
        )
        self.progress = None
        return status


def run(
    function: Function,
    input: np.ndarray,
    output: np.ndarray,
    window: Window,
    cval: float,
    threads: int | None,
    progress: Callable[[float], Any] | None,
) -> None:
    """Filters input into output. All arguments are known to fit each other."""
    threads = function.threads if threads is None else threads
    key = (window, input.dtype, input.shape, input.strides, output.dtype, output.strides, threads)
    # What is taken out, no other thread takes.
    call = function.calls.pop(key, None) or _Call(input, output, window, threads)
    status = call.run(function, input, output, cval, progress)
    if status == _OK:
        if len(function.calls) >= _CALLS_KEPT:
            function.calls.clear()
        function.calls[key] = call
        return
    exception = call.exception or function.exception
    if exception is not None:
        raise exception
    if status == _CALLBACK:
        raise function.why(call.error.index, lambda index: window.values_at(input, index, cval))
    message = ffi.string(call.error.message).decode()
    raise MemoryError(message) if status == _MEMORY else RuntimeError(message)

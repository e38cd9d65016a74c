"""The decorators: from a function of values to a low-level callable."""

from __future__ import annotations

import functools
import inspect
import pickle
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _call, _capsules
from ._native import ffi

if TYPE_CHECKING:
    from . import _compiler


class _JitFunction(_capsules.LowLevelCallable):
    """A Python function compiled into a callback: a low-level callable.

    It has the function's name and documentation. It can't be called: SciPy would call from Python what can be. It can
    be pickled, with whatever the function refers to. Any number of threads may use it at the same time.

    Attributes
    ----------
    function : callable
        The Python function that was decorated, with the arguments that were bound to it. Windows are 1-D arrays.
    """

    _signature: bytes

    def __new__(cls, function: Callable[..., Any], options: dict[str, Any], bound: tuple = ()) -> Any:
        from . import _compiler

        if not callable(function):
            raise TypeError(f"what is decorated is to be a function; this is {function!r}")
        source = _compiler.Function(function, options)
        further = list(inspect.signature(function).parameters.values())[cls._own(function):]
        missing = further[len(bound):]
        if _required(missing):
            # Nobody gives it its further arguments: it gives up.
            arguments, callback = _compiler.Arguments(()), _compiler.refusal(cls._signature)
        else:
            arguments = _compiler.Arguments(bound + tuple(parameter.default for parameter in missing))
            callback = cls._callback(source, arguments.kinds)
        capsule = _capsules.capsule(callback.address, cls._signature, arguments.address)
        self = tuple.__new__(cls, (capsule, _with(function, cls._own(function), bound), None))
        functools.update_wrapper(self, function)
        self._source, self._options, self._bound, self._further = source, options, bound, further
        self._keep = arguments, callback
        # By the number of taps, 0 for the callback of any number, and the types of further arguments.
        self._compiled = {} if _required(missing) else {(0, arguments.kinds): callback}
        # By the number of taps, for no further arguments than those it has.
        self._prepared: dict[int, _CompiledFunction] = {}
        self._lock = threading.Lock()
        return self

    @staticmethod
    def _own(function: Callable[..., Any]) -> int:
        """How many arguments a callback's own are."""
        raise NotImplementedError

    @staticmethod
    def _callback(source: _compiler.Function, kinds: tuple) -> _compiler.Compiled:
        """The callback, for further arguments of such types."""
        raise NotImplementedError

    def bind(self, *arguments: Any, **keywords: Any) -> Any:
        """The function with its further arguments. SciPy hands compiled functions none; this one has them already.

        Parameters
        ----------
        *arguments, **keywords
            All of its further arguments but those that have defaults: numbers, and arrays of numbers, which are copied.

        Returns
        -------
        JitFilterFunction, JitFilter1dFunction or JitGeometricFunction
            A low-level callable as this one, which takes no further arguments.

        Raises
        ------
        TypeError
            If one is missing or too many, or the function can't be compiled for their types.
        """
        bound = self._bound + self._positional(arguments, keywords)
        bound = tuple(np.array(value) if isinstance(value, np.ndarray) else value for value in bound)
        return type(self)(self.__wrapped__, self._options, bound)

    def _positional(self, arguments: tuple, keywords: dict[str, Any]) -> tuple:
        """Further arguments in their order, if they are all of them."""
        missing = self._further[len(self._bound):]
        if not (missing or arguments or keywords):
            return ()
        further = inspect.Signature(missing)
        try:
            given = further.bind(*arguments, **keywords)
        except TypeError as error:
            raise TypeError(f"{self.__qualname__}: {error} among its further arguments {further}") from None
        given.apply_defaults()
        return given.args

    def __repr__(self) -> str:
        bound = "".join(f", {value!r}" for value in self._bound)
        return f"<{type(self).__name__} {self.__qualname__}{bound}>"

    @functools.cached_property
    def _pickled(self) -> bytes:
        from numba.core.serialize import dumps

        return dumps((self.__wrapped__, self._options, self._bound))

    def __reduce__(self) -> tuple:
        return _rebuild, (type(self), self._pickled)

    # As a tuple it would be compared by its items.
    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__  # type: ignore[assignment]


# A worker process is sent the same function for every block: it is to compile it once.
@functools.lru_cache(maxsize=128)
def _rebuild(cls: type[_JitFunction], pickled: bytes) -> _JitFunction:
    rebuilt = cls(*pickle.loads(pickled))
    # So that the next process has the same bytes.
    rebuilt._pickled = pickled
    return rebuilt


def _with(function: Callable[..., Any], own: int, bound: tuple) -> Callable[..., Any]:
    """A function of a callback's own arguments, and others that are not bound."""
    if not bound:
        return function
    return lambda *arguments, **keywords: function(*arguments[:own], *bound, *arguments[own:], **keywords)


def _required(parameters: list[inspect.Parameter]) -> list[inspect.Parameter]:
    return [p for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


class JitFilterFunction(_JitFunction):
    """What `jit_filter_function` makes."""

    _signature = _capsules.FILTER

    @staticmethod
    def _own(function: Callable[..., Any]) -> int:
        return 1

    @staticmethod
    def _callback(source: _compiler.Function, kinds: tuple) -> _compiler.Compiled:
        return source.filter(kinds)

    def for_taps(self, taps: int, arguments: tuple, keywords: dict[str, Any]) -> _call.Function:
        """The function for a window of so many taps."""
        if not (arguments or keywords) and (prepared := self._prepared.get(taps)) is not None:
            return prepared
        from . import _compiler

        values = self._bound + self._positional(arguments, keywords)
        extra = _compiler.Arguments(values)
        is_batch = 0 < taps <= _compiler.MOST_TAPS
        key = (taps if is_batch else 0, extra.kinds)
        with self._lock:
            if key not in self._compiled:
                source = self._source
                self._compiled[key] = source.batch(taps, extra.kinds) if is_batch else source.filter(extra.kinds)
        prepared = _CompiledFunction(self, values, extra, self._compiled[key].address, is_batch)
        if not (arguments or keywords):
            self._prepared[taps] = prepared
        return prepared


class _CompiledFunction(_call.Function):
    """A compiled function, for the library to call."""

    def __init__(self, function: JitFilterFunction, values: tuple, extra: Any, address: int, is_batch: bool):
        pointer = ffi.cast("llc_batch_fn" if is_batch else "llc_filter_fn", address)
        super().__init__(pointer, ffi.cast("void *", extra.address), is_batch=is_batch, threads=_call.ALL_CORES,
                         keep=extra)
        self.function, self.values, self.most = function, values, _call.BATCH_MAX if is_batch else 1

    def why(self, index: int, at: Callable[[int], np.ndarray]) -> BaseException:
        """The exception that the function raised: it is called once more, for the values that it raised it for."""
        for element in range(index, index + self.most):
            try:
                self.function._source.inlined(at(element), *self.values)
            except Exception as exception:
                return exception
        return super().why(index, at)


class JitFilter1dFunction(_JitFunction):
    """What `jit_filter1d_function` makes."""

    _signature = _capsules.FILTER1D

    @staticmethod
    def _own(function: Callable[..., Any]) -> int:
        return 2

    @staticmethod
    def _callback(source: _compiler.Function, kinds: tuple) -> _compiler.Compiled:
        return source.filter1d(kinds)


class JitGeometricFunction(_JitFunction):
    """What `jit_geometric_function` makes."""

    _signature = _capsules.GEOMETRIC

    @staticmethod
    def _own(function: Callable[..., Any]) -> int:
        return min(2, len(_required(list(inspect.signature(function).parameters.values()))))

    @classmethod
    def _callback(cls, source: _compiler.Function, kinds: tuple) -> _compiler.Compiled:
        return source.geometric(kinds, fills=cls._own(source.function) == 2)


def _decorator(cls: type[_JitFunction], function: Callable[..., Any] | None, options: dict[str, Any]) -> Any:
    return cls(function, options) if function is not None else lambda function: cls(function, options)


def jit_filter_function(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Compile a function of a window's values.

    Parameters
    ----------
    function : callable
        Takes the values of a window, a 1-D array of float64 in C order, and returns a number. It may change the values.
        It may take further arguments, numbers and arrays: `generic_filter` hands it `extra_arguments`, ``bind`` makes
        them a part of it. Globals that it refers to are constants: what they were when it was compiled.
    **options
        Options for `numba.njit`, such as ``fastmath=True``. ``cache=True`` keeps what is compiled in files for other
        processes, where numba keeps functions. Division by zero gives what it gives in NumPy, unless
        ``error_model="python"``.

    Returns
    -------
    JitFilterFunction
        A `scipy.LowLevelCallable`, for `scipy.ndimage.generic_filter`. In `llc.generic_filter` the same function runs
        on many windows at a time, and on all cores: it is compiled once more for each number of taps up to 49, where
        loops over the values become vector instructions if their branches only choose between values. Its ``function``
        is the Python function.

    Raises
    ------
    TypeError
        If what is decorated is no function, can't be compiled, or returns no number. If it takes further arguments that
        have no defaults, it is compiled when their types are known: by ``bind`` or `llc.generic_filter`.
    ImportError
        If there is no numba.

    Notes
    -----
    What the function raises comes out of `llc.generic_filter`. SciPy's filter raises a RuntimeError instead, also where
    further arguments have neither defaults nor been bound.

    Examples
    --------
    >>> import numpy as np
    >>> import llc
    >>> @llc.jit_filter_function
    ... def fmin(values):
    ...     result = np.inf
    ...     for v in values:
    ...         if v < result:
    ...             result = v
    ...     return result
    >>> llc.generic_filter(np.array([[1, 5, 2], [8, 3, 4], [6, 7, 9]]), fmin, size=2)
    array([[1, 1, 2],
           [1, 1, 2],
           [6, 3, 3]])

    With a further argument, for this package's filter and for SciPy's:

    >>> @llc.jit_filter_function
    ... def above(values, threshold):
    ...     return np.sum(values > threshold)
    >>> llc.generic_filter([1, 5, 2, 8], above, size=3, extra_arguments=(2,))
    array([1, 1, 2, 2])
    >>> from scipy import ndimage
    >>> ndimage.generic_filter([1, 5, 2, 8], above.bind(2), size=3)
    array([1, 1, 2, 2])
    """
    return _decorator(JitFilterFunction, function, options)


def jit_filter1d_function(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Compile a function of a line, for `scipy.ndimage.generic_filter1d`.

    Parameters
    ----------
    function : callable
        Takes a line of the array, extended at both ends, and the output's line, which it fills: 1-D arrays of float64.
        The former has filter_size - 1 elements more. Further arguments as `jit_filter_function`.
    **options
        Options for `numba.njit`.

    Returns
    -------
    JitFilter1dFunction
        A `scipy.LowLevelCallable`. Its ``function`` is the Python function.

    Raises
    ------
    TypeError, ImportError
        As `jit_filter_function`.

    Examples
    --------
    >>> import llc
    >>> from scipy import ndimage
    >>> @llc.jit_filter1d_function
    ... def differences(line, output):
    ...     for i in range(len(output)):
    ...         output[i] = line[i + 2] - line[i]
    >>> ndimage.generic_filter1d([1, 5, 2, 8], differences, filter_size=3)
    array([4, 1, 3, 6])
    """
    return _decorator(JitFilter1dFunction, function, options)


def jit_geometric_function(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Compile a function of coordinates, for `scipy.ndimage.geometric_transform`.

    Parameters
    ----------
    function : callable
        Takes an output element's coordinates, an array of integers, and an array of float64 for the input's
        coordinates, which it fills. Or it takes the former only and returns the latter, as a tuple or an array. Further
        arguments as `jit_filter_function`; those of a function that returns coordinates have defaults.
    **options
        Options for `numba.njit`.

    Returns
    -------
    JitGeometricFunction
        A `scipy.LowLevelCallable`. Its ``function`` is the Python function.

    Raises
    ------
    TypeError, ImportError
        As `jit_filter_function`.

    Examples
    --------
    >>> import numpy as np
    >>> import llc
    >>> from scipy import ndimage
    >>> @llc.jit_geometric_function
    ... def shifted(output, input, by):
    ...     input[0] = output[0] + by
    ...     input[1] = output[1]
    >>> ndimage.geometric_transform(np.array([[1, 5], [2, 8], [3, 4]]), shifted.bind(1), order=1)
    array([[2, 8],
           [3, 4],
           [0, 0]])
    """
    return _decorator(JitGeometricFunction, function, options)

"""Low-level callables: a C function and what it is handed as user_data, in a capsule that says its signature."""

from __future__ import annotations

import ctypes
from typing import Any

try:
    from scipy import LowLevelCallable
except ImportError:  # Without SciPy nobody asks for its own class.

    class LowLevelCallable(tuple):  # type: ignore[no-redef]
        """What `scipy.LowLevelCallable` is: a tuple of a capsule, the function and its user data."""

        __slots__ = ()

        function = property(lambda self: tuple.__getitem__(self, 1))
        user_data = property(lambda self: tuple.__getitem__(self, 2))


FILTER = b"int (double *, intptr_t, double *, void *)"
FILTER1D = b"int (double *, intptr_t, double *, intptr_t, void *)"
GEOMETRIC = b"int (intptr_t *, double *, int, int, void *)"

# What a C compiler, or numpy, may call the type of filter_size.
_SIGNATURES = {FILTER.replace(b"intptr_t", name) for name in (b"intptr_t", b"npy_intp")} | {
    FILTER.replace(b"intptr_t", name)
    for name, size in ((b"int", 4), (b"long", ctypes.sizeof(ctypes.c_long)), (b"long long", 8))
    if size == ctypes.sizeof(ctypes.c_ssize_t)
}

_api = ctypes.pythonapi
_new = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(("PyCapsule_New", _api))
_set_context = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_void_p)(("PyCapsule_SetContext", _api))
_get_context = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object)(("PyCapsule_GetContext", _api))
_get_name = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", _api))
_get_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_GetPointer", _api))

_Capsule = type(_new(1, FILTER, None))


def capsule(address: int, signature: bytes, user_data: int = 0) -> Any:
    """A capsule of a function. `signature` is one of the constants above, which live as long as it."""
    made = _new(address, signature, None)
    _set_context(made, user_data or None)
    return made


def filter_function(function: Any) -> tuple[int, int] | None:
    """The addresses of a pixel callback and of its user data; None if this is no low-level callable.

    Raises ValueError for one with another signature than `generic_filter` calls.
    """
    if isinstance(function, LowLevelCallable):
        function = tuple.__getitem__(function, 0)
    elif type(function) is not _Capsule:
        return _of_ctypes(function)
    elif _get_name(function) is not None:
        # As SciPy has it: a capsule by itself is one of the days before there were signatures.
        return None
    name = _get_name(function)
    if name is not None and name not in _SIGNATURES:
        raise ValueError(
            f"Unknown scipy.LowLevelCallable signature {name.decode()!r}. Expected one of: "
            f"{sorted(known.decode() for known in _SIGNATURES)}"
        )
    return _get_pointer(function, name), _get_context(function) or 0


_DOUBLES = ctypes.POINTER(ctypes.c_double)


def _of_ctypes(function: Any) -> tuple[int, int] | None:
    """Likewise, of a ctypes function and of what has one, as numba's cfunc."""
    pointer = function if isinstance(function, ctypes._CFuncPtr) else getattr(function, "ctypes", None)
    if not isinstance(pointer, ctypes._CFuncPtr):
        return None
    expected = (_DOUBLES, ctypes.c_ssize_t, _DOUBLES, ctypes.c_void_p)
    if pointer.restype is not ctypes.c_int or tuple(pointer.argtypes or ()) != expected:
        raise ValueError(f"a low-level function of other types than {FILTER.decode()!r}: {function!r}")
    return ctypes.cast(pointer, ctypes.c_void_p).value or 0, 0

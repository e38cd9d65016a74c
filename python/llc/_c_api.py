"""The C API, for modules written in Cython.

They have no library to link: it would have to be found in this package's folder, on each system in another way. Cython
hands functions from module to module in capsules: for each function that it calls, a module that says ``cimport llc``
looks into ``llc.__pyx_capi__`` when it is imported, and compares the type that the function was declared with to the
capsule's name. So a module that needs a later version can't be imported; nor can one that was compiled for another ABI,
because each also looks for a variable that has the ABI in its name.
"""

from __future__ import annotations

import os
from typing import Any

from . import _capsules
from ._native import ffi, lib

# Types as Cython writes them.
_INT = b"int"
_FILTER = (b"llc_status (llc_array const *, llc_array const *, llc_window const *, %b, void *, llc_options const *, "
           b"llc_error *)")
_SIGNATURES = {
    "llc_generic_filter": _FILTER % b"llc_filter_fn",
    "llc_batch_filter": _FILTER % b"llc_batch_fn",
    "llc_status_string": b"char const *(llc_status)",
    "llc_version_string": b"char const *(void)",
    "llc_builtin": b"llc_filter_fn (char const *)",
    "llc_builtin_name": b"char const *(llc_filter_fn)",
}

_major, _minor = ffi.string(lib.llc_version_string()).decode().split(".")[:2]
# Until 1.0 every minor version may change the ABI. Nobody reads the variable.
_abi = f"libllc_abi_{_major}_{_minor}" if _major == "0" else f"libllc_abi_{_major}"
_variable = ffi.new("int *")


def _capsule(pointer: Any, type_name: bytes) -> Any:
    return _capsules.capsule(int(ffi.cast("uintptr_t", pointer)), type_name)


# All other functions are built-in callbacks.
capsules = {name: _capsule(getattr(lib, name), _SIGNATURES.get(name, _capsules.FILTER)) for name in dir(lib)}
capsules[_abi] = _capsule(_variable, _INT)


def get_include() -> str:
    """The folder of llc.h, the header of the C API, for a compiler's ``include_dirs``.

    Modules that say ``cimport llc`` need it; `Cython.Build.cythonize` adds it by itself. There is no library to link:
    such a module gets the functions from this package when it is imported.

    Examples
    --------
    >>> import llc
    >>> from setuptools import Extension
    >>> extension = Extension("contrast", ["contrast.pyx"], include_dirs=[llc.get_include()])
    """
    return os.path.dirname(__file__)

"""Callbacks written in Cython, and the C API for modules written in Cython."""

import ctypes
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import llc
import numpy as np
import pytest
from scipy import LowLevelCallable, ndimage

EXAMPLE = Path(__file__).parents[1] / "examples" / "cython"
IMAGE = np.random.default_rng(0).random((40, 50))
CONTRAST = ndimage.maximum_filter(IMAGE, 3) - ndimage.minimum_filter(IMAGE, 3)

SETUP = """
import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
extension = Extension("{name}", ["{name}.pyx"], include_dirs=[numpy.get_include()], language="{language}")
setup(ext_modules=cythonize(extension, language_level=3))
"""


def build(folder, name):
    flags = {"CFLAGS": "-O0 -Werror=incompatible-pointer-types"}
    done = subprocess.run([sys.executable, "setup.py", "build_ext", "--inplace"], cwd=folder, env=os.environ | flags,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    spec = importlib.util.spec_from_file_location(name, folder / (name + sysconfig.get_config_var("EXT_SUFFIX")))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build_source(folder, name, source, language="c"):
    (folder / f"{name}.pyx").write_text(source)
    (folder / "setup.py").write_text(SETUP.format(name=name, language=language))
    return build(folder, name)


@pytest.fixture(scope="module")
def contrast(tmp_path_factory):
    return build(Path(shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("example") / "cython")), "contrast")


@pytest.mark.parametrize("generic_filter", [ndimage.generic_filter, llc.generic_filter])
def test_callbacks_from_cython(contrast, generic_filter):
    callback = LowLevelCallable.from_cython(contrast, "contrast")
    np.testing.assert_array_equal(generic_filter(IMAGE, callback, 3), CONTRAST)
    threshold = ctypes.c_double(0.8)
    user_data = ctypes.cast(ctypes.pointer(threshold), ctypes.c_void_p)
    callback = LowLevelCallable.from_cython(contrast, "contrast", user_data)
    np.testing.assert_array_equal(generic_filter(IMAGE, callback, 3), np.where(CONTRAST > 0.8, CONTRAST, 0))


def test_the_library_called_from_cython(contrast):
    np.testing.assert_array_equal(contrast.local_contrast(IMAGE), CONTRAST)
    np.testing.assert_array_equal(contrast.local_contrast(IMAGE, 0.8, threads=1), np.where(CONTRAST > 0.8, CONTRAST, 0))
    np.testing.assert_array_equal(contrast.local_contrast(IMAGE.T[::-1]), CONTRAST.T[::-1])
    assert contrast.local_contrast(np.empty((0, 5))).shape == (0, 5)
    with pytest.raises(RuntimeError, match="options.threads is -2"):
        contrast.local_contrast(IMAGE, threads=-2)


@pytest.mark.parametrize(("change", "error"), [
    ("del capi['libllc_abi_0_1']", "ImportError: .*libllc_abi_0_1"),
    ("del capi['llc_generic_filter']", "ImportError: .*llc_generic_filter"),
    ("capi['llc_generic_filter'] = capi['llc_batch_filter']", "TypeError: .*llc_generic_filter"),
])
def test_what_does_not_fit_is_not_imported(contrast, change, error):
    command = f"from llc import __pyx_capi__ as capi; {change}; import contrast"
    done = subprocess.run([sys.executable, "-c", command], stderr=subprocess.PIPE, text=True,
                          cwd=Path(contrast.__file__).parent)
    assert re.search(error, done.stderr), done.stderr


def test_builtins_as_functions_in_cython():
    callback = LowLevelCallable.from_cython(llc, "llc_median")
    expected = ndimage.median_filter(IMAGE, 3)
    np.testing.assert_array_equal(ndimage.generic_filter(IMAGE, callback, 3), expected)
    np.testing.assert_array_equal(llc.generic_filter(IMAGE, callback, 3), expected)


def outcome(generic_filter, callback):
    try:
        return generic_filter(IMAGE, callback, 3).tolist()
    except ValueError:
        return "unknown signature"


def test_signatures_are_those_that_scipy_takes(tmp_path):
    sizes = ["intptr_t", "npy_intp", "Py_ssize_t", "ssize_t", "int64_t", "size_t", "short", "int", "long", "long long"]
    exceptions = ["noexcept nogil", "except -1", "except? -1 nogil", "except *"]
    callbacks = [(size, how) for size in sizes for how in exceptions]
    source = """
from libc.stdint cimport int64_t, intptr_t
cdef extern from "numpy/npy_common.h":
    ctypedef Py_ssize_t npy_intp
"""
    for i, (size, how) in enumerate(callbacks):
        source += f"""
cdef api int callback{i}(double *values, {size} n, double *result, void *user_data) {how}:
    result[0] = values[n - 1]
    return 1
"""
    module = build_source(tmp_path, "signatures", source)
    for i, callback in enumerate(callbacks):
        function = LowLevelCallable.from_cython(module, f"callback{i}")
        assert outcome(llc.generic_filter, function) == outcome(ndimage.generic_filter, function), callback


DECLARATIONS = """
from libc.stdint cimport *
from llc cimport *

cdef extern from *:
    \"\"\"
    {definitions}
    \"\"\"
    {declarations}

functions = [{functions}]
constants = dict({constants})
version = (LLC_VERSION_MAJOR, LLC_VERSION_MINOR, LLC_VERSION_PATCH), LLC_VERSION_STRING, llc_version_string()
cdef llc_options options = LLC_OPTIONS_INIT
sizes = options.struct_size, sizeof(llc_options)
"""


@pytest.mark.parametrize("language", ["c", "c++"])
def test_declarations_are_those_of_the_header(tmp_path, language):
    header = (Path(llc.get_include()) / "llc.h").read_text()
    # What comes before is macros for C, and the version.
    header = header[header.index("/// Status"):]
    constants = dict(re.findall(r"^#define (LLC_\w+) (.+)$", header, re.MULTILINE))
    functions = re.findall(r"^(?:int|const char|llc_\w+) \*?(llc_\w+)\(", header, re.MULTILINE)
    callbacks = re.findall(r"^typedef int \(\*(llc_\w+)\)\((.*?)\);", header, re.MULTILINE | re.DOTALL)
    structs = re.findall(r"^typedef struct (llc_\w+) {(.*?)^}", header, re.MULTILINE | re.DOTALL)
    assert constants and callbacks and structs
    assert set(functions) == {name for name in llc.__pyx_capi__ if not name.startswith("libllc_abi")}

    # What Cython is told of structs and callbacks are the header's words.
    declarations = " ".join((Path(llc.get_include()) / "__init__.pxd").read_text().split())
    for name, fields in structs:
        fields = " ".join(re.findall(r"^ {4}(\w.*);$", fields, re.MULTILINE))
        assert f"ctypedef struct {name}: {fields} " in declarations
    for name, arguments in callbacks:
        arguments = " ".join(arguments.replace("struct ", "").split())
        assert f"ctypedef int (*{name})({arguments}) noexcept nogil " in declarations
    assert declarations.count("noexcept nogil") == len(functions) + len(callbacks)

    module = build_source(tmp_path, "declarations", DECLARATIONS.format(
        # The C compiler compares the pointers that Cython has made of its declarations with the header's functions.
        definitions="\n    ".join(
            f"static int is_{name}(__typeof__({name}) *function) {{ return function != NULL; }}" for name in functions),
        declarations="\n    ".join(f"int is_{name}(...)" for name in functions),
        functions=", ".join(f"is_{name}({name})" for name in functions),
        constants=", ".join(f"{name}={name}" for name in constants),
    ), language)
    assert all(module.functions)
    assert module.constants == {name: eval(value) for name, value in constants.items()}
    numbers, of_header, of_library = module.version
    assert ".".join(map(str, numbers)).encode() == of_header == of_library
    assert module.sizes[0] == module.sizes[1]

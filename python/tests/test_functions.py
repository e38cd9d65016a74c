"""What `generic_filter` takes as a function, and what SciPy takes of ours."""

import concurrent.futures
import ctypes
import multiprocessing
import pickle
import subprocess
import sys

import llc
import numba
import numpy as np
import pytest
from numba import types
from scipy import LowLevelCallable, ndimage

IMAGE = np.random.default_rng(0).random((40, 50))

C_FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_double), ctypes.c_ssize_t,
                              ctypes.POINTER(ctypes.c_double), ctypes.c_void_p)


@llc.jit_filter_function
def fmin(values):
    """The least."""
    result = np.inf
    for v in values:
        if v < result:
            result = v
    return result


@llc.jit_filter_function(fastmath=True)
def scaled(values, factor, weights, add=0.0):
    total = 0.0
    for k in range(len(values)):
        total += values[k] * weights[k // 3, k % 3]
    return factor * total + add


@numba.cfunc(types.intc(types.CPointer(types.double), types.intp, types.CPointer(types.double), types.voidptr))
def first(buffer, filter_size, return_value, user_data):
    return_value[0] = buffer[0]
    return 1


PARAMETERS = {"rank": 2, "percentile": 90.0, "quantile": 0.3, "nan_quantile": 0.3, "weighted_sum": np.arange(9.0),
              "grey_erosion": np.arange(9.0).reshape(3, 3), "grey_dilation": np.arange(9.0).reshape(3, 3)}
BUILTINS = [value for value in vars(llc).values() if isinstance(value, llc.Builtin)] + [
    getattr(llc, name)(parameter) for name, parameter in PARAMETERS.items()
]


def test_every_builtin_is_there():
    assert len(BUILTINS) == 26


@pytest.mark.parametrize("function", BUILTINS, ids=repr)
def test_builtins(function):
    expected = ndimage.generic_filter(IMAGE, function, 3)
    np.testing.assert_array_equal(llc.generic_filter(IMAGE, function, 3), expected)
    np.testing.assert_array_equal(llc.generic_filter(IMAGE, pickle.loads(pickle.dumps(function)), 3), expected)
    parameter = () if function.parameter is None else (function.parameter,)
    np.testing.assert_array_equal(llc.generic_filter(IMAGE, function.name, 3, extra_arguments=parameter), expected)
    assert function.function(IMAGE[4:7, 4:7]) == expected[5, 5]


def test_parameters_of_builtins():
    footprint = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=bool)
    weights = np.arange(9.0).reshape(3, 3)
    np.testing.assert_allclose(llc.generic_filter(IMAGE, llc.weighted_sum(weights), footprint=footprint),
                               ndimage.correlate(IMAGE, weights * footprint))
    with pytest.raises(ValueError, match=r"shape \(4,\).*5 taps"):
        llc.generic_filter(IMAGE, llc.weighted_sum(np.ones(4)), footprint=footprint)
    with pytest.raises(ValueError, match="101"):
        llc.percentile(101)
    with pytest.raises(RuntimeError, match="rank"):
        llc.generic_filter(IMAGE, llc.rank(9), 3)
    with pytest.raises(TypeError, match="'median' takes no parameter"):
        llc.generic_filter(IMAGE, "median", 3, extra_arguments=(1,))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 9])
def test_a_decorated_function(size):
    expected = ndimage.minimum_filter(IMAGE, size)
    np.testing.assert_array_equal(llc.generic_filter(IMAGE, fmin, size), expected)
    np.testing.assert_array_equal(ndimage.generic_filter(IMAGE, fmin, size), expected)


def test_a_decorated_function_is_a_low_level_callable():
    assert isinstance(fmin, LowLevelCallable)
    # SciPy would call from Python what can be called: a hundred times as slow.
    assert not callable(fmin)
    assert fmin.function([3.0, 1.0, 2.0]) == 1.0
    assert fmin.__name__ == "fmin" and fmin.__doc__ == "The least."
    assert fmin.signature == "int (double *, intptr_t, double *, void *)"
    assert fmin == fmin and fmin != scaled and len({fmin, scaled}) == 2


def test_no_taps():
    empty = np.zeros((3, 3), dtype=bool)
    np.testing.assert_array_equal(llc.generic_filter(IMAGE, fmin, footprint=empty), np.full(IMAGE.shape, np.inf))


def test_further_arguments():
    weights = np.arange(9.0).reshape(3, 3)
    expected = 2 * ndimage.correlate(IMAGE, weights) + 1
    for weights in (weights, np.asfortranarray(weights), weights.astype(np.float32)):
        found = llc.generic_filter(IMAGE, scaled, 3, extra_arguments=(2.0, weights), extra_keywords={"add": 1.0})
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    compiled = len(scaled._compiled)
    llc.generic_filter(IMAGE, scaled, 3, extra_arguments=(7.0, weights, 3.0))
    assert len(scaled._compiled) == compiled
    bound = scaled.bind(2.0, weights, add=1.0)
    np.testing.assert_allclose(ndimage.generic_filter(IMAGE, bound, 3), expected, rtol=1e-6)
    np.testing.assert_allclose(llc.generic_filter(IMAGE, bound, 3), expected, rtol=1e-6)
    np.testing.assert_allclose(bound.function(IMAGE[4:7, 4:7].ravel()), expected[5, 5], rtol=1e-6)
    with pytest.raises(TypeError, match="missing a required argument: 'factor'"):
        llc.generic_filter(IMAGE, scaled, 3)
    with pytest.raises(RuntimeError, match="unknown error in filter function"):
        ndimage.generic_filter(IMAGE, scaled, 3)


@pytest.mark.parametrize("size", [3, 9])
@pytest.mark.parametrize("mode", ["reflect", "nearest", "mirror", "wrap", "constant"])
def test_what_a_decorated_function_raises(size, mode):
    @llc.jit_filter_function
    def picky(values):
        if values[-1] == 7.5:
            raise ValueError("seven and a half")
        return values[0]

    values = IMAGE.copy()
    values[-1, -1] = values[0, 0] = 7.5
    with pytest.raises(ValueError, match="seven and a half"):
        llc.generic_filter(values, picky, size, mode=mode, cval=7.5)


def test_functions_that_cannot_be_compiled():
    with pytest.raises(TypeError, match="nothing is to return a number, but returns none"):
        @llc.jit_filter_function
        def nothing(values):
            values[0] = 1.0

    with pytest.raises(TypeError, match="unknown can't be compiled.*'colour'"):
        @llc.jit_filter_function
        def unknown(values):
            return values.colour

    with pytest.raises(TypeError, match="is to be a function"):
        llc.jit_filter_function(3)


def local(factor):
    @llc.jit_filter_function
    def times(values):
        return factor * values[0]

    return times


def filtered(function):
    return llc.generic_filter(IMAGE, function, 3)


def test_pickles():
    times = local(3.0)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for function in (fmin, times, scaled.bind(2.0, np.ones((3, 3)))):
            np.testing.assert_array_equal(pool.apply(filtered, (function,)), filtered(function))


def test_a_function_that_is_unpickled_again_is_not_compiled_again():
    for function in (fmin, local(3.0), scaled.bind(2.0, np.ones((3, 3)))):
        there = pickle.loads(pickle.dumps(function))
        assert pickle.loads(pickle.dumps(function)) is there
        assert pickle.loads(pickle.dumps(there)) is there


def test_low_level_callables():
    expected = ndimage.generic_filter(IMAGE, lambda values: values[0], 3)

    @C_FUNCTION
    def add(buffer, filter_size, return_value, user_data):
        return_value[0] = buffer[0] + ctypes.cast(user_data, ctypes.POINTER(ctypes.c_double))[0]
        return 1

    number = ctypes.c_double(2.0)
    with_data = LowLevelCallable(add, ctypes.cast(ctypes.pointer(number), ctypes.c_void_p))
    np.testing.assert_array_equal(llc.generic_filter(IMAGE, with_data, 3), expected + 2)
    for function in (first, first.ctypes, LowLevelCallable(first.ctypes)):
        np.testing.assert_array_equal(llc.generic_filter(IMAGE, function, 3), expected)
        np.testing.assert_array_equal(llc.generic_filter(IMAGE, function, 3, threads=2), expected)

    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    np.testing.assert_array_equal(llc.generic_filter(IMAGE, new(first.address, None, None), 3), expected)

    other = LowLevelCallable(ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_double)(lambda value: 1))
    with pytest.raises(ValueError, match=r"Unknown scipy.LowLevelCallable signature 'int \(double\)'"):
        llc.generic_filter(IMAGE, other, 3)
    with pytest.raises(TypeError, match="user_data"):
        llc.generic_filter(IMAGE, first, 3, extra_arguments=(1,))
    fails = LowLevelCallable(C_FUNCTION(lambda *_: 0))
    with pytest.raises(RuntimeError, match="unknown error in filter function.*element 0"):
        llc.generic_filter(IMAGE, fails, 3)


def test_filter1d():
    @llc.jit_filter1d_function
    def sums(line, output, factor=1.0):
        for i in range(len(output)):
            output[i] = factor * (line[i] + line[i + 1] + line[i + 2])

    expected = ndimage.correlate1d(IMAGE, [1, 1, 1], axis=0)
    np.testing.assert_allclose(ndimage.generic_filter1d(IMAGE, sums, 3, axis=0), expected)
    np.testing.assert_allclose(ndimage.generic_filter1d(IMAGE, sums.bind(2.0), 3, axis=0), 2 * expected)


def test_geometric():
    @llc.jit_geometric_function
    def fills(output, input, shift=1.5):
        for axis in range(len(output)):
            input[axis] = output[axis] + shift

    @llc.jit_geometric_function
    def gives(output):
        return output[0] + 1.5, output[1] + 1.5

    expected = ndimage.shift(IMAGE, -1.5, order=1)
    np.testing.assert_allclose(ndimage.geometric_transform(IMAGE, fills, order=1), expected)
    np.testing.assert_allclose(ndimage.geometric_transform(IMAGE, gives, order=1), expected)
    np.testing.assert_allclose(ndimage.geometric_transform(IMAGE, fills.bind(-2.0), order=1),
                               ndimage.shift(IMAGE, 2.0, order=1))


def test_built_in_docstrings_hold():
    import doctest

    from llc import _builtins, _c_api, _filter, _jit

    for module in (_builtins, _c_api, _filter, _jit):
        result = doctest.testmod(module)
        assert result.attempted > 0 and result.failed == 0


@llc.jit_filter_function
def weighed(values, weights):
    return values[0] * weights[0]


@pytest.mark.parametrize("dtype", [">i4", "float32", "uint8", "bool"])
def test_arrays_of_any_type_are_arguments(dtype):
    result = llc.generic_filter(IMAGE, weighed, 1, extra_arguments=(np.ones((2, 3), dtype)[:, 1],))
    np.testing.assert_array_equal(result, IMAGE)


@pytest.mark.parametrize(("argument", "error", "message"), [
    (np.ones(1, np.float16), TypeError, "weighed can't be compiled for arguments of the types .* float16"),
    (np.ones(1, "V4"), TypeError, "an extra argument is an array of .V4, which compiled functions don't take"),
    (np.array([None]), TypeError, "weighed can't be compiled for arguments of the types .* readonly array.pyobject"),
    (None, TypeError, "an extra argument is None: compiled functions take numbers and arrays"),
    (2**70, ValueError, "an extra argument is 1180591620717411303424: compiled functions take integers of 64 bits"),
    (2, TypeError, "weighed can't be compiled for arguments of the types array.float64, 1d, C., int64"),
])
def test_arguments_that_compiled_functions_do_not_take(argument, error, message):
    with pytest.raises(error, match=message):
        llc.generic_filter(IMAGE, weighed, 1, extra_arguments=(argument,))


@pytest.mark.parametrize(("function", "arguments", "error", "message"), [
    (lambda values: None, {}, TypeError, "must be real number, not NoneType"),
    (lambda values: "12", {}, TypeError, "must be real number, not str"),
    (llc.percentile, {}, TypeError, "llc.percentile makes a function: call it"),
    (llc.jit_filter_function, {}, TypeError, "llc.jit_filter_function makes a function: call it"),
    (llc.median, {"progress": 1}, TypeError, "progress is 1; it is to be a bool, or a callable"),
    (llc.median, {"mode": ("wrap", "nearest")}, RuntimeError, "boundary mode not supported: axis_modes= takes one for"),
])
def test_what_is_easily_mistaken(function, arguments, error, message):
    with pytest.raises(error, match=message):
        llc.generic_filter(IMAGE, function, 3, **arguments)


def test_builtins_are_equal_by_what_they_are():
    assert len({*BUILTINS, *map(pickle.loads, map(pickle.dumps, BUILTINS))}) == 26
    assert llc.percentile(90) == llc.percentile(90.0) != llc.percentile(80) != llc.quantile(0.8)
    assert llc.weighted_sum([1, 2]) == llc.weighted_sum((1.0, 2.0)) != llc.weighted_sum([[1, 2]]) != llc.median != "median"


def test_calls_alike_are_told_apart():
    expected = ndimage.generic_filter(IMAGE, fmin, 3)
    inner = []
    result = llc.generic_filter(IMAGE, fmin, 3, progress=lambda _: inner.append(llc.generic_filter(IMAGE, fmin, 3)))
    assert inner
    for found in (result, *inner, llc.generic_filter(IMAGE, fmin, 3)):
        np.testing.assert_array_equal(found, expected)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        arrays = [IMAGE + i for i in range(64)]
        for found, array in zip(pool.map(lambda array: llc.generic_filter(array, "median", 3), arrays), arrays):
            np.testing.assert_array_equal(found, ndimage.generic_filter(array, llc.median, 3))
    for cval in (0.0, -0.0, 0.0):
        assert np.signbit(llc.generic_filter([1.0], first, 2, mode="constant", cval=cval)[0]) == np.signbit(cval)
    footprint = np.array([True, False, True])
    before = llc.generic_filter(IMAGE[0], "sum", footprint=footprint)
    footprint[1] = True
    assert (llc.generic_filter(IMAGE[0], "sum", footprint=footprint) > before).all()
    footprint[1] = False
    np.testing.assert_array_equal(llc.generic_filter(IMAGE[0], "sum", footprint=footprint), before)


CACHED = """
import llc
import numpy as np


def ratio(values, add=0.0):
    return values[0] / values[1] + add


cached = llc.jit_filter_function(ratio, cache=True)
strict = llc.jit_filter_function(cache=True, error_model="python")(ratio)

if __name__ == "__main__":
    results = [llc.generic_filter([0.0, 1.0, 2.0], cached, size, extra_arguments=extra)
               for size in (2, 60) for extra in ((), (3,))]
    np.testing.assert_array_equal(results[0], [np.nan, 0.0, 0.5])
    np.testing.assert_array_equal(results[1], results[0] + 3)
    try:
        llc.generic_filter([0.0, 1.0], strict, 2)
        raise AssertionError("0 / 0 raises in Python")
    except ZeroDivisionError:
        pass
    print([compiled.keep.cache_hits for function in (cached, strict) for compiled in function._compiled.values()])
"""


def test_what_is_compiled_is_kept_in_files(tmp_path):
    module = tmp_path / "module.py"
    module.write_text(CACHED)

    def hits():
        return subprocess.run([sys.executable, module], check=True, capture_output=True, text=True).stdout.strip()

    assert hits() == str([0] * 6)
    assert hits() == str([1] * 6)
    module.write_text(CACHED.replace("+ add", "+ add + 0"))
    assert hits() == str([0] * 6)


def test_what_has_no_file_is_not_kept():
    names = {}
    exec("def first(values): return values[0]", names)
    with pytest.raises(RuntimeError, match="cannot cache function 'first': no locator available"):
        llc.jit_filter_function(names["first"], cache=True)

"""`llc.generic_filter` of Dask arrays beside the same of arrays in memory."""

import os
import resource
import subprocess
import sys
import threading
from ctypes import CFUNCTYPE, POINTER, c_double, c_int, c_ssize_t, c_void_p

import llc
import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numba import types
from scipy import LowLevelCallable

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

MODES = ["reflect", "nearest", "mirror", "wrap", "constant", "grid-constant", "grid-mirror", "grid-wrap"]
IMAGE = np.random.default_rng(0).random((23, 17))
MEMORY = 500_000_000
SECONDS = 120


@llc.jit_filter_function
def weighted(values, first=1.0):
    total = 0.0
    for k in range(len(values)):
        total += (k + first) * values[k]
    return total


def plain(values, first=1.0):
    return sum((k + first) * value for k, value in enumerate(values))


def picky(values):
    if values[len(values) // 2] == 7.5:
        raise ZeroDivisionError("seven and a half")
    return values[0]


@numba.cfunc(types.intc(types.CPointer(types.double), types.intp, types.CPointer(types.double), types.voidptr))
def gives_up(buffer, filter_size, return_value, user_data):
    return_value[0] = buffer[0]
    return buffer[filter_size // 2] != 7.5


def assert_same(array, function, *arguments, **keywords):
    """Asserts that a Dask array's result is that of the same in memory."""
    expected = llc.generic_filter(array.compute(scheduler="synchronous"), function, *arguments, **keywords)
    result = llc.generic_filter(array, function, *arguments, **keywords)
    assert isinstance(result, da.Array)
    assert result.dtype == expected.dtype and result.shape == array.shape
    found = result.compute(scheduler="threads", num_workers=2)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@st.composite
def cases(draw):
    """An array in chunks, and arguments."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=9))
    chunks = []
    for extent in shape:
        cuts = draw(st.lists(st.integers(0, extent), max_size=4))
        # Some chunks have no elements.
        chunks.append(tuple(np.diff([0, *sorted(cuts), extent]).tolist()))
    values = np.random.default_rng(draw(st.integers(0, 99))).random(shape) * 200 - 50
    dtype = np.dtype(draw(st.sampled_from(["bool", "u1", "i2", "u8", "f4", "f8"])))
    with np.errstate(invalid="ignore"):
        values = values.astype(dtype.newbyteorder(draw(st.sampled_from("<>"))))
    axes = draw(st.permutations(range(len(shape))))[:draw(st.integers(1, len(shape)))]
    size = [draw(st.integers(1, 25 if len(axes) == 1 else 11)) for _ in axes]
    arguments = {"size": size}
    if draw(st.booleans()):
        arguments = {"footprint": np.random.default_rng(draw(st.integers(0, 99))).random(size) < 0.5}
    taps = int(np.sum(arguments.get("footprint", np.ones(size))))
    return da.from_array(values, chunks=tuple(chunks)), llc.weighted_sum(np.arange(taps) + 0.1), arguments | {
        "axes": axes,
        "axis_modes": [draw(st.sampled_from(MODES)) for _ in axes],
        "cval": draw(st.sampled_from([0.0, -1.5, 300.0])),
        "origin": [draw(st.integers(-(n // 2), (n - 1) // 2)) for n in size],
        "output": draw(st.sampled_from([None, "f8", np.uint8, np.dtype(">i4")])),
    }


@settings(max_examples=300, deadline=None, database=None)
@given(cases())
def test_same_as_in_memory(case):
    array, function, arguments = case
    assert_same(array, function, **arguments)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("chunks", [(5, 4), (1, 1), (12, 6), ((1, 9, 2), (1, 1, 8))])
def test_every_mode(mode, chunks):
    array = da.from_array(IMAGE[:12, :10], chunks=chunks)
    footprint = np.array([[1, 0, 1, 1], [0, 1, 0, 0], [1, 1, 0, 1]], dtype=bool)
    for function in ("median", weighted, plain):
        assert_same(array, function, footprint=footprint, origin=(1, -2), mode=mode, cval=0.3)
        # Beyond blocks, and beyond the array.
        assert_same(array, function, (5, 7), mode=mode, cval=0.3)
        assert_same(array, function, (70, 1), origin=(-35, 0), mode=mode, cval=0.3)


def test_further_arguments():
    array = da.from_array(IMAGE, chunks=8)
    for function in (weighted, plain, weighted.bind(3.0)):
        arguments = () if function not in (weighted, plain) else (2.5,)
        assert_same(array, function, 3, extra_arguments=arguments)
    assert_same(array, plain, 3, extra_keywords={"first": 2.5})
    assert_same(array, "percentile", 3, extra_arguments=(30,))
    assert_same(array, gives_up, 3)
    assert_same(array, "mean", 3, threads=2)


def test_small_arrays():
    for array in (da.from_array(np.array(3)), da.zeros((0, 5), chunks=2), da.ones(1), da.ones((2, 1, 3), chunks=1)):
        for mode in MODES:
            assert_same(array, "sum", 3, mode=mode)


def test_empty_chunks():
    for mode in MODES:
        for chunks in (((1, 1), (1,), (0, 1)), ((1, 0, 1), (0, 1, 0), (1, 0))):
            array = da.from_array(np.arange(2.0).reshape(2, 1, 1), chunks=chunks)
            assert_same(array, "sum", 2, mode=mode, axes=0)
            assert_same(array, "sum", 2, mode=mode)


def test_footprints_may_change_before_the_result_is_computed():
    array, footprint = da.from_array(IMAGE, chunks=8), np.array([[True, False, True]])
    expected = llc.generic_filter(IMAGE, "sum", footprint=footprint, axes=(0, 1))
    result = llc.generic_filter(array, "sum", footprint=footprint, axes=(0, 1))
    footprint[:] = True
    np.testing.assert_array_equal(result, expected)


def test_unknown_chunk_sizes():
    array = da.from_array(IMAGE, chunks=(8, 5))
    array = array[array[:, 0] > 0.5]
    for mode in MODES:
        for arguments in ({"size": 4, "axes": 1}, {"size": (1, 3)}):
            result = llc.generic_filter(array, "median", mode=mode, **arguments)
            np.testing.assert_array_equal(result, llc.generic_filter(array.compute(), "median", mode=mode, **arguments))
    with pytest.raises(ValueError, match=r"along axis 0.*unknown.*compute_chunk_sizes"):
        llc.generic_filter(array, "median", 3)


def test_nothing_is_computed_before_it_is_asked_for():
    calls = []

    def block():
        calls.append(threading.get_ident())
        return np.ones(4)

    blocks = [da.from_delayed(dask.delayed(block)(), (4,), float) for _ in range(5)]
    array = da.concatenate(blocks)
    result = llc.generic_filter(array, lambda values: calls.append(values) or values.sum(), 3, mode="wrap")
    assert not calls and result.chunks == ((4,) * 5,)
    np.testing.assert_array_equal(result, np.full(20, 3.0))
    # Each block once; the function for its elements, and for one on each side.
    assert len(calls) == 5 + 5 * (1 + 4 + 1)
    huge = llc.generic_filter(da.zeros((10**6, 10**6), chunks=10**4), "median", 5)
    assert huge.shape == (10**6, 10**6)


def test_the_same_filters_have_the_same_names():
    array = da.from_array(IMAGE, chunks=8)
    names = [
        {llc.generic_filter(array, function, **arguments).name for _ in range(2)}
        for function in ("median", llc.percentile(20), llc.percentile(30), weighted, weighted.bind(2.0), plain,
                         lambda values: values[0])
        for arguments in ({"size": 3}, {"size": 3, "mode": "mirror"}, {"size": 4}, {"size": 3, "cval": 1.0})
    ]
    assert {len(two) for two in names} == {1}
    assert len(set.union(*names)) == len(names)


@pytest.mark.parametrize(
    ("values", "arguments"),
    [
        (IMAGE, {}),
        (IMAGE, {"size": (3, 3, 3)}),
        (IMAGE, {"footprint": np.ones(3)}),
        (IMAGE, {"size": -3}),
        (IMAGE, {"size": 3, "origin": 2}),
        (IMAGE, {"size": 3, "mode": "edge"}),
        (IMAGE, {"size": 3, "axis_modes": ["wrap"]}),
        (IMAGE, {"size": 3, "axes": 5}),
        (IMAGE, {"size": 3, "axes": (1, -1)}),
        (np.array(3.0), {"size": 3, "axes": 0}),
        (IMAGE, {"size": 3, "output": np.complex128}),
        (IMAGE, {"size": 3, "output": "nonsense"}),
        (IMAGE, {"size": 3, "threads": 0}),
        (IMAGE, {"size": 3, "cval": "x"}),
        (IMAGE, {"size": 3, "function": "medain"}),
        (IMAGE, {"size": 3, "function": 7}),
        (IMAGE, {"size": 3, "function": llc.rank(9)}),
        (IMAGE, {"size": 3, "function": llc.weighted_sum([1, 2])}),
        (IMAGE, {"size": 3, "function": weighted, "extra_arguments": ("x",)}),
        (IMAGE, {"size": 3, "function": weighted, "extra_arguments": (np.ones(2),)}),
        (IMAGE, {"size": 3, "function": gives_up, "extra_arguments": (1,)}),
        (IMAGE.astype(complex), {"size": 3}),
        (IMAGE.astype(np.float16), {"size": 3}),
    ],
)
def test_errors_are_those_in_memory_and_come_at_once(values, arguments):
    arguments = {"function": plain} | arguments
    with pytest.raises(Exception) as expected:
        llc.generic_filter(values, **arguments)
    with pytest.raises(Exception) as found:
        llc.generic_filter(da.from_array(values), **arguments)
    assert found.type is expected.type and str(found.value) == str(expected.value)


def test_arguments_for_arrays_in_memory_only():
    array = da.from_array(IMAGE)
    for output in (np.zeros(IMAGE.shape), array):
        with pytest.raises(TypeError, match=r"output.*dtype"):
            llc.generic_filter(array, plain, 3, output=output)
    for progress in (True, print):
        with pytest.raises(ValueError, match=r"progress.*ProgressBar"):
            llc.generic_filter(array, plain, 3, progress=progress)
    with pytest.warns(UserWarning, match="ignoring size because footprint is set") as warned:
        llc.generic_filter(array, plain, size=3, footprint=np.ones((1, 2)), progress=False)
    assert warned[0].filename == __file__


@pytest.mark.parametrize("mode", MODES)
def test_what_functions_raise(mode):
    for place in ((0, 0), (4, 5), (10, 9), (22, 16)):
        values = IMAGE.copy()
        values[place] = 7.5
        array = da.from_array(values, chunks=(5, 4))
        for function, kind in ((picky, ZeroDivisionError), (gives_up, RuntimeError)):
            with pytest.raises(kind) as expected:
                llc.generic_filter(values, function, 3, mode=mode)
            with pytest.raises(kind) as found:
                llc.generic_filter(array, function, 3, mode=mode).compute(scheduler="threads")
            assert str(found.value) == str(expected.value)


def test_importing_llc_imports_no_dask():
    check = "import llc, sys; assert not {'dask', 'distributed'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)


@pytest.fixture(scope="module")
def client():
    """Two processes."""
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, memory_limit=MEMORY,
                                 host="127.0.0.1", dashboard_address=None) as cluster,
        distributed.Client(cluster, timeout=SECONDS) as client,
    ):
        client.wait_for_workers(2, timeout=SECONDS)
        yield client


def test_distributed(client):
    array = da.from_array(IMAGE, chunks=(6, 5))
    local = 3.0
    functions = (weighted, weighted.bind(2.0), "median", llc.percentile(20), plain, lambda values: local * values[0])
    for mode in ("reflect", "mirror", "wrap"):
        results = [llc.generic_filter(array, function, (4, 3), mode=mode) for function in functions]
        for function, future in zip(functions, client.compute(results)):
            expected = llc.generic_filter(IMAGE, function, (4, 3), mode=mode)
            np.testing.assert_array_equal(future.result(SECONDS), expected)


def test_errors_come_from_workers(client):
    values = IMAGE.copy()
    values[10, 9] = 7.5
    array = da.from_array(values, chunks=(5, 4))
    with pytest.raises(ZeroDivisionError, match="seven and a half"):
        client.compute(llc.generic_filter(array, picky, 3)).result(SECONDS)
    with pytest.raises(ZeroDivisionError, match="seven and a half"):
        client.compute(llc.generic_filter(array, llc.jit_filter_function(picky), 3)).result(SECONDS)

    @CFUNCTYPE(c_int, POINTER(c_double), c_ssize_t, POINTER(c_double), c_void_p)
    def of_this_process(*_):
        return 1

    with pytest.raises(Exception, match="serialize|pickle"):
        client.compute(llc.generic_filter(array, LowLevelCallable(of_this_process), 3)).result(SECONDS)


def test_memory_is_bounded(client):
    def process():
        return os.getpid()

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    rows, columns, before = 16384, 8192, client.run(process)
    array = da.fromfunction(lambda row, column: row * columns + column, shape=(rows, columns), chunks=1024,
                            dtype=np.int64)
    assert array.nbytes > 2 * MEMORY
    total = client.compute(llc.generic_filter(array, "minimum", 3).sum()).result(SECONDS)
    # The least is up and to the left.
    assert total == np.maximum(np.arange(-1, rows - 1), 0).sum() * columns**2 + (
        rows * np.maximum(np.arange(-1, columns - 1), 0).sum())
    assert client.run(process) == before
    assert max(client.run(peak).values()) < MEMORY

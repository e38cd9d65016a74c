"""`llc.generic_filter` beside SciPy's: arguments, results, errors."""

import inspect
import signal
import threading
import time

import llc
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

MODES = ["reflect", "nearest", "mirror", "wrap", "constant", "grid-constant", "grid-mirror", "grid-wrap"]
# SciPy has it since 1.15.
HAS_AXES = "axes" in inspect.signature(ndimage.generic_filter).parameters
DTYPES = ["bool", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"]


@llc.jit_filter_function
def weighted(values):
    total = 0.0
    for k in range(len(values)):
        total += (k + 1) * values[k]
    return total


def plain(values):
    return float(sum((k + 1) * value for k, value in enumerate(values)))


@st.composite
def cases(draw):
    """An array in any layout, and arguments that SciPy takes. (Left out is where SciPy is wrong: axes in another order
    than the array's, windows of other extents there; zero strides.)"""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=7))
    values = draw(hnp.arrays(draw(st.sampled_from(["i1", "u1", "i4", "u8", "f4", "f8"])), shape,
                             elements=st.integers(0, 100)))
    steps = tuple(slice(None, None, draw(st.sampled_from([1, -1, 2]))) for _ in shape)
    values = values[steps]
    if draw(st.booleans()):
        values = values.T
    axes = list(range(values.ndim))
    if HAS_AXES:
        axes = sorted(draw(st.sets(st.sampled_from(axes), min_size=1)))
    size = [draw(st.integers(1, 4)) for _ in axes]
    arguments = {"size": size}
    if draw(st.booleans()):
        arguments = {"footprint": draw(hnp.arrays(bool, tuple(size)))}
    return values, arguments | {
        "mode": draw(st.sampled_from(MODES)),
        "cval": draw(st.sampled_from([0.0, -1.5, 300.0])),
        "origin": [draw(st.integers(-(n // 2), (n - 1) // 2)) for n in size],
        **({"axes": tuple(axes)} if HAS_AXES else {}),
        "output": draw(st.sampled_from([None, "f8", "i2", np.uint8])),
    }


@settings(max_examples=300, deadline=None, database=None)
@given(cases())
def test_same_as_scipy(case):
    values, arguments = case
    expected = ndimage.generic_filter(values, plain, **arguments)
    for function in (plain, weighted):
        for threads in (None, 2) if function is weighted else (None,):
            found = llc.generic_filter(values, function, threads=threads, **arguments)
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type(dtype):
    values = np.arange(60).reshape(6, 10).astype(dtype)
    for order in "<>":
        swapped = values.astype(np.dtype(dtype).newbyteorder(order))
        output = np.zeros_like(swapped)
        assert llc.generic_filter(swapped, "maximum", 3, output=output) is output
        np.testing.assert_array_equal(output, ndimage.maximum_filter(values, 3))


def test_axis_modes():
    values = np.random.default_rng(1).random((6, 7))
    found = llc.generic_filter(values, "sum", (3, 3), axis_modes=("wrap", "nearest"))
    padded = np.pad(np.pad(values, ((1, 1), (0, 0)), "wrap"), ((0, 0), (1, 1)), "edge")
    np.testing.assert_allclose(found, ndimage.generic_filter(padded, np.sum, (3, 3))[1:-1, 1:-1])


def test_in_place_and_zero_strides():
    values = np.random.default_rng(2).random((20, 30))
    expected = ndimage.minimum_filter(values, 3)
    assert llc.generic_filter(values, "minimum", 3, output=values) is values
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(llc.generic_filter(np.broadcast_to(5.0, (4,)), "sum", 3), [15.0] * 4)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({}, RuntimeError, "no footprint or filter size provided"),
        ({"size": (3, 3, 3)}, RuntimeError, "sequence argument must have length equal to input rank"),
        ({"footprint": np.ones(3)}, RuntimeError, r"footprint.ndim \(1\) must match len\(axes\) \(2\)"),
        ({"footprint": np.ones((0, 3))}, RuntimeError, r"footprint.ndim \(2\) must match len\(axes\) \(2\)"),
        ({"size": 3, "origin": 2}, ValueError, "invalid origin"),
        ({"size": 3, "mode": "edge"}, RuntimeError, "boundary mode not supported"),
        ({"size": 3, "axes": 5}, ValueError, "specified axis: 5 is out of range"),
        ({"size": 3, "axes": (1, -1)}, ValueError, "axes must be unique"),
        ({"size": 3, "output": np.zeros((2, 2))}, RuntimeError, "output shape not correct"),
        ({"size": 3, "output": np.complex128}, RuntimeError, "array type not supported"),
        ({"size": 3, "threads": 0}, ValueError, "threads is 0"),
        ({"size": 3, "function": "medain"}, ValueError, "'medain'.*median"),
        ({"size": 3, "function": 7}, TypeError, "7"),
    ],
)
def test_errors(arguments, kind, message):
    with pytest.raises(kind, match=message):
        llc.generic_filter(np.zeros((4, 5)), **({"function": plain} | arguments))


def test_types_that_are_not_supported():
    with pytest.raises(TypeError, match="Complex type not supported"):
        llc.generic_filter(np.zeros(3, dtype=complex), plain, 3)
    with pytest.raises(RuntimeError, match="array type not supported"):
        llc.generic_filter(np.zeros(3, dtype=np.float16), plain, 3)
    read_only = np.zeros(3)
    read_only.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        llc.generic_filter(np.zeros(3), plain, 3, output=read_only)
    with pytest.warns(UserWarning, match="ignoring size because footprint is set"):
        llc.generic_filter(read_only, plain, size=3, footprint=[1, 1])


def test_an_exception_comes_out_at_once():
    calls = []

    def fails(values):
        calls.append(values)
        if len(calls) == 3:
            raise KeyError("third")
        return 0.0

    with pytest.raises(KeyError, match="third"):
        llc.generic_filter(np.zeros((50, 50)), fails, 3)
    assert len(calls) == 3


def test_what_a_function_keeps_stays_as_it_was():
    kept = []
    values = np.arange(5.0)
    llc.generic_filter(values, lambda seen, add, times=1: kept.append(seen) or add * times, 3, mode="nearest",
                       extra_arguments=(1.0,), extra_keywords={"times": 2})
    np.testing.assert_array_equal(kept, [[0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 4]])


def test_progress():
    heard = []
    llc.generic_filter(np.zeros((1000, 1000)), weighted, 5, progress=heard.append)
    assert heard[-1] == 1 and heard == sorted(heard)
    llc.generic_filter(np.zeros((10, 10)), weighted, 5, progress=True)

    def stop(fraction):
        raise EOFError

    with pytest.raises(EOFError):
        llc.generic_filter(np.zeros((1000, 1000)), weighted, 5, progress=stop)


@pytest.fixture
def interruptible():
    """Jobs in the background ignore interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_stops_it(interruptible):
    @llc.jit_filter_function
    def slow(values):
        total = 0.0
        for i in range(20000):
            total += np.sin(values[0] + i)
        return total

    values = np.zeros((300, 300))
    llc.generic_filter(values[:1, :1], slow, 1)  # compiles it
    sent = []

    def interrupt():
        sent.append(time.perf_counter())
        signal.raise_signal(signal.SIGINT)

    timer = threading.Timer(0.3, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        llc.generic_filter(values, slow, 1)
    # The batches under way take part of this, and machines that run tests are busy.
    assert time.perf_counter() - sent[0] < 1.5


def test_other_threads_run_meanwhile():
    counted = 0
    stop = threading.Event()

    def count():
        nonlocal counted
        while not stop.is_set():
            counted += 1
            time.sleep(0.0005)

    thread = threading.Thread(target=count)
    thread.start()
    before, start = counted, time.perf_counter()
    while time.perf_counter() - start < 0.3:
        llc.generic_filter(np.zeros((2000, 2000)), "median", 9, threads=1)
    stop.set()
    thread.join()
    assert counted - before > 20

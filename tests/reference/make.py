"""Makes cases.bin: what scipy.ndimage.generic_filter 1.17.1 gives for some hundreds of calls.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python make.py

c_tests/reference.c and tests/reference.rs make the same calls through the C ABI and the Rust API and compare the
elements bit for bit (any NaN is as good as any other: hardware does not agree on them). The file is the same each time.

The callbacks are those of c_tests/callbacks.h, compiled here and passed to SciPy as LowLevelCallable. Where SciPy is
wrong or C leaves it undefined, the expected values are worked out by hand, at these places below:

    contract        casts; axes in another order than the array's; modes per axis; far left of the array in reflect mode
    cast            the rules for casts
    Memory          layouts that SciPy reads wrongly
    overlap         an output that shares memory with the input, or with itself

Format of cases.bin: little-endian, everything 8 bytes or a multiple of it. There are

    int             8 bytes, signed
    float           8 bytes
    ints            an int, the count, -1 for none (NULL in C); then as many ints
    bytes           an int, the count, -1 for none; then as many bytes, and zeros to a multiple of 8

and the file is the bytes "llc-ref1", an int, the number of cases, and for each case

    bytes           name, at most 63 bytes, ASCII
    int, int        callback, an index into CALLBACKS; the number its user_data points to
    int, float      mode, a number of the C ABI; cval
    ints            modes per axis, or none
    int, ints       dtype, a number of the C ABI, and shape of the input
    ints            strides of the input in bytes; none: C order without gaps
    bytes, int      memory of the input, none if it has no elements; offset in it of element [0, ..., 0]
    int, ints       dtype and strides of the output, which has the input's shape
    int, int        size of the output's memory, -1: it lies in the input's memory; offset of element [0, ..., 0]
    ints            shape of the window
    bytes           footprint, in C order, or none
    ints, ints      origins, or none; axes, or none
    bytes           the expected elements in C order
"""

import ctypes
import itertools
import math
import pathlib
import struct
import subprocess
import tempfile
import zlib

import numpy as np
import scipy
import scipy.ndimage

assert np.__version__ == "2.4.6", np.__version__
assert scipy.__version__ == "1.17.1", scipy.__version__

HERE = pathlib.Path(__file__).resolve().parent

CALLBACKS = MINIMUM, SUM, RANK, WEIGHTED, DIVIDED, SILENT = range(6)
CALLBACK_NAMES = ["minimum", "sum", "rank", "weighted", "divided", "silent"]

# By number. 0 is the default, which is reflect.
MODES = ["reflect", "reflect", "nearest", "mirror", "wrap", "constant", "grid-constant", "grid-mirror", "grid-wrap"]
REFLECT, NEAREST, MIRROR, WRAP, CONSTANT = range(1, 6)
SAME_AS = {"grid-mirror": "reflect", "grid-wrap": "wrap", "grid-constant": "constant"}

DTYPES = {
    "bool": 6 | 8 << 8,
    "int8": 8 << 8,
    "int16": 16 << 8,
    "int32": 32 << 8,
    "int64": 64 << 8,
    "uint8": 1 | 8 << 8,
    "uint16": 1 | 16 << 8,
    "uint32": 1 | 32 << 8,
    "uint64": 1 | 64 << 8,
    "float32": 2 | 32 << 8,
    "float64": 2 | 64 << 8,
}
INTEGERS = [name for name in DTYPES if "int" in name]
FLOATS = ["float32", "float64"]


# ---------------------------------------------------------------------------------------------------------- callbacks


def compiled_callbacks():
    """The functions of c_tests/callbacks.h, in the order of CALLBACKS, for ctypes."""
    arguments = "(double *buffer, intptr_t filter_size, double *return_value, void *user_data)"
    source = '#include "callbacks.h"\n' + "".join(
        f"int exported_{name}{arguments} {{ return pixel_{name}(buffer, filter_size, return_value, user_data); }}\n"
        for name in CALLBACK_NAMES
    )
    with tempfile.TemporaryDirectory() as folder:
        library = pathlib.Path(folder, "callbacks.so")
        command = ["cc", "-O2", "-fPIC", "-shared", "-ffp-contract=off", "-I", HERE / "../../c_tests"]
        subprocess.run([*command, "-x", "c", "-", "-o", library], input=source.encode(), check=True)
        loaded = ctypes.CDLL(library)
    functions = [getattr(loaded, f"exported_{name}") for name in CALLBACK_NAMES]
    double_pointer = ctypes.POINTER(ctypes.c_double)
    for function in functions:
        function.restype = ctypes.c_int
        function.argtypes = [double_pointer, ctypes.c_ssize_t, double_pointer, ctypes.c_void_p]
    return functions


FUNCTIONS = compiled_callbacks()


# ------------------------------------------------------------------------------------------------------------- memory


class Memory:
    """An array and the memory around it. What lies between the elements is 0xA5."""

    # The order of the axes in memory, the bytes between elements, the bytes after each run of elements, the signs.
    LAYOUTS = {
        "none": ("C", 0, 0, "+"),  # as c, but with NULL for the strides
        "c": ("C", 0, 0, "+"),
        "fortran": ("F", 0, 0, "+"),
        "reversed": ("C", 0, 0, "-"),
        "gaps": ("C", "item", "item", "+"),
        "rows": ("C", 0, "item", "+"),  # elements side by side, gaps between rows
        "mixed": ("rotated", "item", 0, "-+"),
        "odd": ("C", 1, 0, "+"),  # no element is aligned, no stride a multiple of the element's size
        "oddrows": ("F", 0, 1, "-+"),
        "broadcast": ("C", 0, 0, "0+"),  # a zero stride along the first axis, or more of them
        "constant": ("C", 0, 0, "0"),
        "truthy": ("C", 0, 0, "+"),  # true is any byte that is not 0
    }
    # SciPy takes elements of zero strides for outside the array, and a bool of 2 for 2.0: it gets a plain copy.
    SCIPY_READS_WRONGLY = ("broadcast", "constant", "truthy")

    def __init__(self, shape, dtype, layout="none"):
        self.shape, self.dtype, self.layout = tuple(shape), np.dtype(dtype), layout
        size = self.dtype.itemsize
        order, gap, pad, signs = (size if value == "item" else value for value in self.LAYOUTS[layout])
        axes = list(range(len(self.shape)))
        axes = {"C": axes[::-1], "F": axes, "rotated": axes[1:] + axes[:1]}[order]

        self.strides, self.offset, end = [0] * len(axes), 1 if gap == 1 else 0, size
        step = size + gap
        for axis in axes:
            sign = {"+": 1, "-": -1, "0": 0}[signs[min(axis, len(signs) - 1)]]
            extent = max(self.shape[axis], 1)
            self.strides[axis] = sign * step
            end += (extent - 1) * abs(sign * step)
            if sign < 0:
                self.offset += (extent - 1) * step
            step = step * extent + pad
        end += 1 if gap == 1 else 0
        self.bytes = bytearray(b"\xa5" * end) if math.prod(self.shape) > 0 else None

    @classmethod
    def inside(cls, other, shape, dtype, offset, strides):
        """An array in the memory of another one."""
        memory = cls(shape, dtype, "c")
        memory.bytes, memory.offset, memory.strides = other.bytes, offset, list(strides)
        return memory

    @classmethod
    def holding(cls, values, layout="none"):
        memory = cls(values.shape, values.dtype, layout)
        memory.store(values)
        if layout == "truthy":
            for at in (at for at, byte in enumerate(memory.bytes) if byte):
                memory.bytes[at] = (1, 2, 128, 255)[at % 4]
        return memory

    def array(self):
        if self.bytes is None:
            return np.empty(self.shape, self.dtype)
        return np.ndarray(self.shape, self.dtype, self.bytes, self.offset, self.strides)

    def store(self, values):
        """Writes the values one by one in C order: where elements share memory, the last one stays."""
        array = self.array()
        for index in np.ndindex(self.shape):
            array[index] = values[index]


# ------------------------------------------------------------------------------------------------------ what is right


def cast(value, dtype):
    """A callback's result as an element of the output: the contract of llc_generic_filter.

    SciPy leaves to the C compiler what happens to NaN and to values that do not fit; so it is spelled out here.
    """
    if dtype.kind == "f":
        return dtype.type(value)
    if math.isnan(value):
        whole = 0
    elif abs(value) >= 2.0**64:
        if dtype.kind == "b":
            return True
        limits = np.iinfo(dtype)
        return limits.max if value > 0 else limits.min
    else:
        whole = math.trunc(value)
    if dtype.kind == "b":
        return whole != 0
    bits = 8 * dtype.itemsize
    wrapped = whole % 2**bits
    return wrapped - 2**bits if dtype.kind == "i" and wrapped >= 2 ** (bits - 1) else wrapped


def defined_in_c(values, dtype):
    """For which values C defines the cast as SciPy writes it, and SciPy and libllc mean the same."""
    whole = np.trunc(values)
    bits = 8 * dtype.itemsize
    if dtype.kind == "f":
        return np.ones_like(values, dtype=bool)
    if dtype.kind == "b":
        return (whole == 0) | (whole == 1)  # SciPy writes 2 for 2.0, which is no bool
    if dtype.kind == "u":
        return np.abs(whole) < 2.0**bits  # SciPy casts -x and negates
    return (whole >= -(2.0 ** (bits - 1))) & (whole < 2.0 ** (bits - 1))


def source_index(c, n, mode):
    """Which element a coordinate stands for, None for cval."""
    if 0 <= c < n:
        return c
    mode = SAME_AS.get(MODES[mode], MODES[mode])
    if mode == "constant":
        return None
    if mode == "nearest" or n == 1:
        return min(max(c, 0), n - 1)
    if mode == "wrap":
        return c % n
    period, fold = (2 * n - 2, 2 * n - 2) if mode == "mirror" else (2 * n, 2 * n - 1)
    return min(c % period, fold - c % period)


def extended(array, axis, before, after, mode, cval):
    """The array as float64 with what lies around it along one axis."""
    n = array.shape[axis]
    indices = [source_index(c, n, mode) for c in range(-before, n + after)]
    result = np.take(array.astype(np.float64), [0 if i is None else i for i in indices], axis)
    outside = [i is None for i in indices]
    result[(slice(None),) * axis + (outside,)] = cval
    return result


def contract(array, call, dtype):
    """The expected elements: SciPy's where SciPy is right, what is right elsewhere."""
    # SciPy forgets the order of the window's axes. So the array's axes are put into that order first, and the result's
    # put back. The taps come in C order of the footprint as given.
    ndim = array.ndim
    axes = list(range(ndim)) if call.axes is None else [axis % ndim for axis in call.axes]
    order = list(range(ndim))
    for axis, wanted in zip(sorted(axes), axes):
        order[axis] = wanted
    array = array.transpose(order)
    given_axes = call.axes if axes == sorted(axes) else sorted(axes)
    axes = sorted(axes)

    # SciPy has one mode for all axes, and in reflect mode it reads the element before the first one for the coordinates
    # -4n, -6n, -8n ... So these arrays are extended first; then their middle does not depend on the mode.
    mode, crop = MODES[call.mode], [slice(None)] * ndim
    origins = call.origins or [0] * len(axes)
    reach = [length // 2 + origin for length, origin in zip(call.shape, origins)]
    modes = call.axis_modes or [call.mode] * len(axes)
    reflects = [MODES[axis_mode] in ("reflect", "grid-mirror") for axis_mode in modes]
    too_far = any(far and before >= 4 * array.shape[axis] for far, before, axis in zip(reflects, reach, axes))
    if array.size and (call.axis_modes or too_far):
        for axis, length, before, axis_mode in zip(axes, call.shape, reach, modes):
            crop[axis] = slice(before, before + array.shape[axis])
            array = extended(array, axis, before, length - 1 - before, axis_mode, call.cval)
        mode = "constant"

    def scipy_result(dtype):
        output = np.empty(array.shape, dtype)
        number = ctypes.c_ssize_t(call.user_data)
        pointer = ctypes.cast(ctypes.pointer(number), ctypes.c_void_p)
        function = scipy.LowLevelCallable(FUNCTIONS[call.callback], pointer)
        window = {"size": call.shape} if call.footprint is None else {"footprint": call.footprint}
        with np.errstate(all="ignore"):
            scipy.ndimage.generic_filter(
                array, function, **window, output=output, mode=mode, cval=call.cval, origin=origins,
                axes=None if given_axes is None else tuple(given_axes),
            )
        return output[tuple(crop)].transpose(np.argsort(order))

    returned = scipy_result(np.float64)
    with np.errstate(all="ignore"):
        values = np.array([cast(value, dtype) for value in returned.ravel().tolist()], dtype).reshape(returned.shape)
    same = values.view(f"V{dtype.itemsize}") == scipy_result(dtype).astype(dtype, "C").view(f"V{dtype.itemsize}")
    assert np.all(same | np.isnan(returned) | ~defined_in_c(returned, dtype)), call
    return values


# -------------------------------------------------------------------------------------------------------------- cases


class Call:
    """The arguments of a call but for the arrays. mode and axis_modes are numbers."""

    def __init__(self, callback, user_data, shape, footprint, origins, axes, mode, axis_modes, cval):
        self.callback, self.user_data = callback, user_data
        self.footprint = None if footprint is None else np.array(footprint, bool)
        if shape is None:
            shape = self.footprint.shape
        self.shape, self.origins, self.axes = [int(length) for length in shape], origins, axes
        self.mode, self.axis_modes, self.cval = mode, axis_modes, float(cval)

    def __repr__(self):
        return str(vars(self))


class File:
    """cases.bin as it grows."""

    def __init__(self):
        self.records, self.names = [], set()

    def add(self, name, source, shape=None, footprint=None, *, callback=WEIGHTED, user_data=1, origins=None, axes=None,
            mode=REFLECT, axis_modes=None, cval=0.0, dtype=None, layout="none", output="none"):
        """A case: source is an array, laid out as layout says, or a Memory; output a layout or a Memory."""
        assert len(name) <= 63 and name not in self.names, name
        self.names.add(name)
        call = Call(callback, user_data, shape, footprint, origins, axes, mode, axis_modes, cval)
        memory = source if isinstance(source, Memory) else Memory.holding(source, layout)
        if isinstance(output, str):
            output = Memory(memory.shape, dtype or memory.dtype, output)
        if isinstance(source, Memory):
            array = memory.array().copy()
        elif layout in Memory.SCIPY_READS_WRONGLY:
            array = source.copy()
        else:
            array = memory.array()

        values = contract(array, call, output.dtype)
        # What the output holds afterwards is the values, unless its own elements share memory.
        shared = output.bytes is memory.bytes and output.bytes is not None
        after = Memory.inside(output, output.shape, output.dtype, output.offset, output.strides)
        after.bytes = bytearray(output.bytes) if output.bytes is not None else None
        after.store(values)
        expected = after.array().copy("C")
        if expected.dtype.kind == "f":
            expected[np.isnan(expected)] = np.nan

        layout_strides = lambda memory: None if memory.layout == "none" else memory.strides
        self.records += [
            as_bytes(name.encode()),
            struct.pack("<qqqd", call.callback, call.user_data, call.mode, call.cval),
            as_ints(call.axis_modes),
            struct.pack("<q", DTYPES[memory.dtype.name]),
            as_ints(memory.shape),
            as_ints(layout_strides(memory)),
            as_bytes(memory.bytes),
            struct.pack("<qq", memory.offset, DTYPES[output.dtype.name]),
            as_ints(layout_strides(output)),
            struct.pack("<qq", -1 if shared else len(output.bytes or b""), output.offset),
            as_ints(call.shape),
            as_bytes(None if call.footprint is None else call.footprint.tobytes()),
            as_ints(call.origins),
            as_ints(call.axes),
            as_bytes(expected.tobytes()),
        ]

    def write(self, path):
        path.write_bytes(b"llc-ref1" + struct.pack("<q", len(self.names)) + b"".join(self.records))


def as_ints(items):
    return struct.pack("<q", -1) if items is None else struct.pack(f"<q{len(items)}q", len(items), *items)


def as_bytes(items):
    return struct.pack("<q", -1) if items is None else struct.pack("<q", len(items)) + items + bytes(-len(items) % 8)


def some(rng, shape, dtype):
    """Values from the whole range of the dtype, of any magnitude."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return rng.normal(0, 100, shape).astype(dtype)
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    limits = np.iinfo(dtype)
    values = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return values >> rng.integers(0, 8 * dtype.itemsize, shape).astype(dtype)


def valid_origins(length):
    return range(-(length // 2), (length - 1) // 2 + 1)


def mask(rng, shape, share=0.5):
    """A random footprint with at least one tap."""
    footprint = np.array(rng.random(shape) < share)
    footprint[tuple(rng.integers(0, shape))] = True
    return footprint


GROUPS = []


def group(function):
    """Marks a function that adds cases. Each has random numbers of its own: changing one leaves the others alone."""
    GROUPS.append(function)
    return function


@group
def every_dtype_to_every_dtype(file, rng):
    # Weights from -4 to 4: sums of unsigned inputs are negative too, and wrap.
    for (i, source), (j, dtype) in itertools.product(enumerate(DTYPES), enumerate(DTYPES)):
        array, mode = some(rng, (4, 5), source), (i + j) % 9
        file.add(f"{source} to {dtype}, weighted", array, (3, 3), user_data=-4, mode=mode, cval=2.5, dtype=dtype)
    for (i, source), (j, dtype) in itertools.product(enumerate(DTYPES), enumerate(DTYPES)):
        array, mode = some(rng, (9,), source), (i + 2 * j) % 9
        arguments = {"callback": RANK, "user_data": (i + j) % 4, "mode": mode, "cval": -3.7, "dtype": dtype}
        file.add(f"{source} to {dtype}, rank", array, (4,), **arguments)


@group
def integers_that_double_rounds(file, rng):
    near = lambda power: [2**power + i for i in (-1025, -513, -3, -1, 0, 1, 2, 3, 511, 513, 1023, 1025)]
    unsigned = [value for power in (53, 54, 62, 63, 64) for value in near(power) if 0 <= value < 2**64]
    signed = [sign * value for value in unsigned for sign in (1, -1) if -(2**63) <= sign * value < 2**63]
    for source, values in (("uint64", unsigned), ("int64", signed)):
        array = np.array(values, source)
        for dtype in ("int64", "uint64", "float64", "float32", "int32", "bool"):
            file.add(f"{source} beyond 2^53 to {dtype}", array, (1,), callback=MINIMUM, dtype=dtype)
        file.add(f"{source} beyond 2^53, window", array, (3,), callback=DIVIDED, dtype="float64")


@group
def special_floats(file, rng):
    special = [math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, -1e-310, 1e-45, 1.5e-38, 3.5e38, 1e300, 1.0]
    special += [1 + 2**-24, 1 + 2**-23, 1 + 3 * 2**-24, -2.5, 3.4028235677973366e38, 7e-46, -7e-46]
    with np.errstate(all="ignore"):
        arrays = {source: np.array(special, source) for source in FLOATS}
    for source, dtype in itertools.product(FLOATS, FLOATS):
        for callback in CALLBACKS:
            array = rng.permutation(arrays[source])
            name = f"special {source} to {dtype}, {CALLBACK_NAMES[callback]}"
            file.add(name, array, (3,), callback=callback, dtype=dtype, mode=NEAREST)
    for cval in (math.nan, math.inf, -math.inf, -0.0, 1e300, 0.1):
        for source in ("uint8", "float32"):
            array = np.zeros((3, 3), source)
            name = f"cval {cval}, {source}"
            file.add(name, array, (2, 3), callback=MINIMUM, mode=CONSTANT, cval=cval, dtype="float64")
    # -0.0 and 0.0 are equal: the minimum is the one that comes first, and so tells the order of the taps.
    zeros = np.copysign(0.0, rng.integers(0, 2, (4, 5)) - 0.5)
    file.add("signed zeros, minimum", zeros, (3, 2), callback=MINIMUM)
    file.add("signed zeros, rank", zeros, (3, 2), callback=RANK, user_data=2)
    file.add("signed zeros, sum", zeros, (1, 1), callback=SUM)
    file.add("signed zeros to float32", zeros, (1, 1), callback=MINIMUM, dtype="float32")


@group
def casts_c_does_not_define(file, rng):
    # One tap, whose value is the result. All expectations come from cast().
    powers = [2.0**power for power in (7, 8, 15, 16, 31, 32, 52, 53, 62, 63, 64, 65, 1000)]
    values = [0.25, 0.5, 0.999, 1.0, 1.5, 2.0, 127.5, 255.9, 256.4, 300.0, 2.0**32 + 5, 2.0**40 + 3, 2.0**63 + 2.0**11]
    values += powers + [math.nextafter(power, 0.0) for power in powers] + [2.0**53 - 1, 1e19, 1.5e19, math.inf]
    array = np.array([math.nan] + [sign * value for value in values for sign in (1.0, -1.0)])
    for dtype in ["bool", *INTEGERS]:
        file.add(f"cast float64 to {dtype}", array, (1,), callback=MINIMUM, dtype=dtype)
        file.add(f"cast cval to {dtype}", np.ones(3, dtype), (3,), callback=MINIMUM, mode=CONSTANT, cval=-math.inf)
        with np.errstate(all="ignore"):
            single = array.astype("float32")[::3]
        file.add(f"cast float32 to {dtype}", single, (1,), callback=MINIMUM, dtype=dtype)
    for dtype in DTYPES:
        # No taps, so that the minimum is infinity.
        file.add(f"cast infinity to {dtype}", np.zeros(2, dtype), footprint=[False], callback=MINIMUM)


@group
def bools(file, rng):
    array = some(rng, (5, 4), "bool")
    for dtype in ("bool", "uint8", "float64"):
        file.add(f"true is any byte but 0, to {dtype}", array, (3, 3), dtype=dtype, layout="truthy")
    file.add("true is any byte but 0, minimum", array, (1, 2), callback=MINIMUM, dtype="int8", layout="truthy")


@group
def modes(file, rng):
    for mode in range(9):
        for n, length in itertools.product((1, 2, 5), (2, 3, 27)):
            array = rng.permutation(np.arange(1, n + 1)).astype("int16")
            file.add(f"mode {mode}, n {n}, length {length}", array, (length,), mode=mode, cval=-9, dtype="float64")
        for shape in ((3, 3), (2, 4), (9, 8), (1, 31)):
            array = some(rng, (3, 5), "uint8")
            file.add(f"mode {mode}, 2-D {shape}", array, shape, mode=mode, cval=0.5, dtype="int32")
        array = some(rng, (3, 2, 4), "float32")
        file.add(f"mode {mode}, 3-D", array, (3, 5, 2), callback=DIVIDED, mode=mode, cval=-1e10)
        file.add(f"mode {mode}, 3-D, cval not in uint8", some(rng, (2, 3, 3), "uint8"), (2, 2, 3), callback=RANK,
                 user_data=3, mode=mode, cval=-77.75, dtype="float64")
    for mode in (REFLECT, MIRROR, WRAP):
        # Far beyond both ends, where SciPy's reflect fails.
        for n, length in ((1, 41), (2, 41), (3, 64), (4, 77)):
            array = rng.normal(size=n)
            file.add(f"mode {mode}, n {n}, length {length}", array, (length,), callback=DIVIDED, mode=mode)
    file.add("reflect beyond both ends, 2-D", some(rng, (2, 3), "int32"), (19, 31), mode=REFLECT, dtype="float64")


@group
def modes_for_each_axis(file, rng):
    for first, second in itertools.permutations((REFLECT, NEAREST, MIRROR, WRAP, CONSTANT), 2):
        array = some(rng, (3, 4), "int16")
        # mode is not looked at.
        file.add(f"modes {first} and {second}", array, (4, 3), mode=CONSTANT, axis_modes=[first, second], cval=11.5)
    for i in range(12):
        array = some(rng, (3, 2, 4), "float32")
        three = rng.integers(0, 9, 3).tolist()
        file.add(f"modes {three}, {i}", array, (3, 5, 4), callback=DIVIDED, axis_modes=three, cval=1e6)
    for axes in ([1], [2, 0], [-1, -3], [2, 1, 0]):
        # Entry i of axis_modes goes with axes[i].
        array = some(rng, (3, 2, 4), "int32")
        two = [WRAP, CONSTANT, MIRROR][: len(axes)]
        file.add(f"modes {two} for axes {axes}", array, (3, 4, 2)[: len(axes)], axes=axes, axis_modes=two, cval=3.0)
    file.add("modes of no axes", some(rng, (3,), "int8"), (), axes=[], axis_modes=[])


@group
def dimensions(file, rng):
    scalar = np.array(42.75)
    for callback in CALLBACKS:
        file.add(f"0-D, {CALLBACK_NAMES[callback]}", scalar, (), callback=callback)
        file.add(f"0-D, no taps, {CALLBACK_NAMES[callback]}", scalar, footprint=False, callback=callback)
        file.add(f"0-D, footprint, {CALLBACK_NAMES[callback]}", scalar, footprint=True, callback=callback, user_data=3)
    file.add("0-D, int8 to uint16", np.array(-3, "int8"), (), dtype="uint16")
    shape = (5, 3, 4, 2, 2, 3)
    for ndim in range(1, 7):
        windows = {"odd": [3, 1, 3, 3, 1, 3], "even": [2, 2, 2, 1, 2, 2], "oversize": [11, 7, 1, 5, 4, 1]}
        for name, window in windows.items():
            array = some(rng, shape[:ndim], "int16")
            callback = (WEIGHTED, MINIMUM, SUM, RANK)[ndim % 4]
            file.add(f"{ndim}-D, {name}, C order", array, window[:ndim], callback=callback, user_data=2)
            array = some(rng, shape[::-1][:ndim], "float64")
            file.add(f"{ndim}-D, {name}, Fortran order", array, window[:ndim], callback=DIVIDED, layout="fortran",
                     dtype="float32", output="fortran", mode=ndim)
    file.add("extents of 1", some(rng, (1, 1, 1, 1), "uint32"), (3, 4, 1, 2), mode=MIRROR)
    file.add("window of 1", some(rng, (3, 4), "int8"), (1, 1), dtype="float32")


@group
def origins(file, rng):
    for length in range(1, 7):
        for origin in valid_origins(length):
            array = some(rng, (7,), "int16")
            file.add(f"length {length}, origin {origin}", array, (length,), origins=[origin], mode=length % 9, cval=-5)
    for pair in itertools.product(valid_origins(3), valid_origins(4)):
        array = some(rng, (4, 5), "uint8")
        file.add(f"3 x 4, origins {pair}", array, (3, 4), origins=pair, mode=WRAP, dtype="int32")
    for i in range(10):
        window = rng.integers(1, 6, 3)
        three = [int(rng.choice(valid_origins(length))) for length in window]
        array = some(rng, (3, 4, 2), "float64")
        file.add(f"3-D, origins {three}, {i}", array, window, origins=three, callback=DIVIDED, mode=i % 9)
    for mode, origin in itertools.product((REFLECT, NEAREST, MIRROR, WRAP, CONSTANT), (-9, 9)):
        array = some(rng, (3,), "int32")
        file.add(f"mode {mode}, length 19, origin {origin}", array, (19,), origins=[origin], mode=mode, cval=0.25)


@group
def footprints(file, rng):
    windows = [(3,), (8,), (3, 3), (4, 5), (2, 7), (3, 1), (3, 3, 3), (2, 3, 4), (2, 2, 2, 2), (5, 5), (1, 6)]
    for i, window in enumerate(windows * 4):
        array = some(rng, (7, 5, 3, 2)[: len(window)], "int16")
        origins = None if i % 2 else [int(rng.choice(valid_origins(length))) for length in window]
        callback = (WEIGHTED, RANK, MINIMUM, SUM, DIVIDED)[i % 5]
        file.add(f"footprint in {window}, {i}", array, footprint=mask(rng, window, rng.choice((0.2, 0.5, 0.8))),
                 origins=origins, callback=callback, user_data=1 + i % 3, mode=i % 9, cval=-1.5, dtype="float32")
    for i, window in enumerate([(5,), (3, 3), (4, 4), (3, 2, 3), (9, 9)] * 2):
        footprint = np.zeros(window, bool)
        footprint[tuple(rng.integers(0, window))] = True
        array = some(rng, (4, 5, 2)[: len(window)], "float64")
        file.add(f"one tap in {window}, {i}", array, footprint=footprint, callback=MINIMUM, mode=i % 9, cval=8.0)
    for corner in itertools.product((0, -1), (0, -1)):
        footprint = np.zeros((3, 4), bool)
        footprint[corner] = True
        file.add(f"one tap in the corner {corner}", some(rng, (4, 4), "uint8"), footprint=footprint, mode=MIRROR)
    cross = [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    for callback, name in zip(CALLBACKS, CALLBACK_NAMES):
        array = some(rng, (3, 4), "float32")
        file.add(f"no taps, {name}", array, footprint=np.zeros((3, 3)), callback=callback, user_data=7)
        array = some(rng, (5, 6), "float64")
        file.add(f"cross, {name}", array, footprint=cross, callback=callback, user_data=2)
    file.add("ring", some(rng, (6, 6), "uint16"), footprint=np.pad(np.zeros((3, 3)), 1, constant_values=1))
    file.add("diagonal", some(rng, (6, 6), "int64"), footprint=np.eye(5), callback=RANK, user_data=4)


@group
def axes(file, rng):
    subsets = [list(axes) for count in range(4) for axes in itertools.permutations(range(3), count)]
    negative = [[-1], [-3], [-2, -1], [-3, 2], [0, -1], [-1, 0], [-1, -2, -3], [2, -3, 1]]
    for i, chosen in enumerate(subsets + negative):
        # Three different extents, origins and a footprint, so that no mix-up of axes can hide.
        window, shifts = (3, 4, 2)[: len(chosen)], [1, -2, 0][: len(chosen)]
        array = some(rng, (3, 4, 5), "int16")
        file.add(f"axes {chosen}", array, window, axes=chosen, mode=i % 9, cval=-100)
        file.add(f"axes {chosen}, footprint", some(rng, (3, 4, 2), "float64"), footprint=mask(rng, window), axes=chosen,
                 origins=shifts, callback=DIVIDED, mode=(i + 4) % 9, cval=0.1)
    for i in range(10):
        chosen = rng.permutation(4)[: rng.integers(1, 5)].tolist()
        window = rng.integers(1, 4, len(chosen))
        array = some(rng, (3, 2, 4, 2), "uint8")
        file.add(f"4-D, axes {chosen}, {i}", array, window, axes=chosen, mode=i % 9, layout="mixed", dtype="int32")
    file.add("no axes, no taps", some(rng, (2, 3), "int8"), footprint=False, axes=[], callback=SILENT)
    file.add("no axes of 0-D", np.array(7, "int32"), (), axes=[])


@group
def images(file, rng):
    for i, dtype in enumerate(("uint8", "float32")):
        image = some(rng, (6, 7, 3), dtype)
        file.add(f"colour image, {dtype}, window 3 x 3 x 1", image, (3, 3, 1), callback=SUM, dtype="float64")
        file.add(f"colour image, {dtype}, axes 0 and 1", image, (3, 3), axes=[0, 1], callback=RANK, user_data=4)
        file.add(f"colour image, {dtype}, axes -3 and -2", image, (5, 2), axes=[-3, -2], mode=WRAP, dtype="float32")
        file.add(f"colour image, {dtype}, across the colours", image, (1, 1, 3), mode=WRAP, dtype="float64")
        file.add(f"colour image, {dtype}, axis 2", image, (2,), axes=[2], callback=MINIMUM, mode=CONSTANT, cval=4)
        # RGBA, of which the first three are filtered.
        memory = Memory.holding(some(rng, (5, 6, 4), dtype))
        rgb = Memory.inside(memory, (5, 6, 3), dtype, 0, memory.strides)
        file.add(f"colour image, {dtype}, of RGBA", rgb, (3, 3, 1), output=Memory((5, 6, 3), "int16", "gaps"))


@group
def shapes(file, rng):
    for shape in ((9, 1), (9, 2), (9, 3), (1, 9), (2, 9), (4, 3, 1), (4, 3, 2), (1, 1, 5), (5, 1, 1)):
        for mode in (REFLECT, MIRROR, CONSTANT):
            array = some(rng, shape, "int32")
            file.add(f"{shape}, mode {mode}", array, [3] * len(shape), mode=mode, cval=9, dtype="float64")
    long = [((3, 211), (3, 3)), ((2, 257), (2, 5)), ((5, 130), (5, 4)), ((2, 2, 97), (3, 1, 9)), ((1300,), (4,))]
    long += [((700,), (33,)), ((1, 513), (1, 3)), ((3, 65), (7, 131))]
    for i, (shape, window) in enumerate(long):
        array, callback = some(rng, shape, "uint8"), (WEIGHTED, MINIMUM, SUM)[i % 3]
        file.add(f"long lines {shape}, {window}", array, window, callback=callback, mode=i % 9, cval=3)
    for shape in ((0,), (0, 3), (3, 0), (2, 0, 3), (0, 0)):
        window = [3, 2, 5][: len(shape)]
        for mode in (REFLECT, WRAP):
            array = np.zeros(shape, "float32")
            file.add(f"no elements {shape}, mode {mode}", array, window, mode=mode, dtype="int16", layout="c")
    file.add("no elements, modes for each axis", np.zeros((3, 0)), (3, 3), axis_modes=[WRAP, CONSTANT])
    file.add("no elements, no taps", np.zeros((0, 2)), footprint=np.zeros((2, 2)))


@group
def layouts(file, rng):
    ordinary = ["c", "fortran", "reversed", "gaps", "rows", "mixed", "odd", "oddrows"]
    dtypes = itertools.cycle(DTYPES)
    for i, (layout, output) in enumerate(itertools.product(ordinary, ordinary)):
        array = some(rng, (4, 5) if i % 3 else (3, 2, 4), next(dtypes))
        window, mode = (2, 3, 2)[: array.ndim], i % 9
        file.add(f"{layout} to {output}", array, window, user_data=-2, mode=mode, cval=1.25, dtype=next(dtypes),
                 layout=layout, output=output)
        next(dtypes)
    for layout in ordinary:
        array = some(rng, (6,), next(dtypes))
        file.add(f"1-D, {layout}", array, (3,), layout=layout, output=layout, dtype=next(dtypes), callback=SUM)
        array = some(rng, (3, 2, 2, 3), next(dtypes))
        file.add(f"4-D, {layout}", array, (3, 1, 2, 3), layout=layout, output=layout, callback=MINIMUM, mode=WRAP)
    for i, mode in enumerate((REFLECT, NEAREST, MIRROR, WRAP, CONSTANT)):
        dtype = ("float64", "uint8", "int32")[i % 3]
        row = np.broadcast_to(some(rng, (1, 5), dtype), (4, 5))
        file.add(f"zero strides, mode {mode}", row, (3, 2), mode=mode, cval=-99, layout="broadcast")
        constant = np.broadcast_to(some(rng, (1, 1), dtype), (3, 4))
        file.add(f"zero strides in both axes, mode {mode}", constant, (3, 2), mode=mode, cval=-99, layout="constant")
    file.add("zero strides, 1-D", np.full(4, 5.0), (3,), mode=NEAREST, cval=-99, layout="constant")
    # Windows that overlap in memory: row y is the elements y ... y+3 of a line.
    line = Memory.holding(some(rng, (9,), "int16"))
    for mode in (REFLECT, CONSTANT):
        rows = Memory.inside(line, (6, 4), "int16", 0, (2, 2))
        file.add(f"overlapping rows, mode {mode}", rows, (3, 3), mode=mode, cval=-99, dtype="float64")
        backwards = Memory.inside(line, (6, 4), "int16", 10, (-2, 2))
        file.add(f"overlapping rows, backwards, mode {mode}", backwards, (3, 3), mode=mode, cval=-99, dtype="float64")


@group
def overlap(file, rng):
    # The result is as if the input had been copied first, and a copy is what contract() gets. SciPy would read elements
    # that it has already written.
    def shared(name, shape, window, source, dtype, offset, strides, at=0, spare=0, steps=None, **options):
        """Input at byte `at` of its memory, output at `offset`; spare: elements behind the input."""
        whole = Memory.holding(some(rng, (math.prod(shape) + spare,), source), "c")
        memory = Memory.inside(whole, shape, source, at, steps or Memory(shape, source).strides)
        output = Memory.inside(memory, shape, dtype, offset, strides)
        assert output.bytes is memory.bytes
        file.add(f"in place, {name}", memory, window, output=output, **options)

    for mode in (REFLECT, MIRROR, WRAP, CONSTANT):
        shared(f"the same array, mode {mode}", (4, 5), (3, 3), "int32", "int32", 0, (20, 4), mode=mode, cval=6)
    shared("the same array, float64", (4, 5), (3, 3), "float64", "float64", 0, (40, 8), callback=DIVIDED)
    shared("the same array, 1-D", (9,), (4,), "uint8", "uint8", 0, (1,), callback=RANK, user_data=1)
    shared("the same array, 3-D", (3, 2, 4), (3, 3, 3), "int16", "int16", 0, (16, 8, 2))
    shared("another dtype", (4, 5), (3, 3), "int32", "float32", 0, (20, 4))
    shared("a smaller dtype", (4, 5), (3, 3), "int32", "uint8", 0, (5, 1))
    shared("a smaller dtype, at the end", (4, 5), (3, 3), "int32", "int16", 40, (10, 2))
    shared("a larger dtype", (3, 5), (3, 3), "uint8", "float64", 0, (40, 8), spare=105)
    shared("a larger dtype, before", (3, 5), (3, 3), "uint8", "int16", 0, (10, 2), at=20, spare=20)
    shared("shifted by one element", (9,), (3,), "float64", "float64", 8, (8,), spare=1)
    shared("shifted back by one element", (9,), (3,), "float64", "float64", 0, (8,), at=8, spare=1)
    shared("shifted by a row", (4, 5), (3, 3), "int16", "int16", 10, (10, 2), spare=5)
    shared("shifted back by a row", (4, 5), (3, 3), "int16", "int16", 0, (10, 2), at=10, spare=5)
    shared("shifted by a byte", (4, 5), (3, 3), "int32", "int32", 1, (20, 4), spare=1)
    shared("shifted by three rows", (4, 5), (1, 3), "int16", "int16", 30, (10, 2), spare=15)
    shared("reversed", (9,), (3,), "int32", "int32", 32, (-4,))
    shared("both axes reversed", (4, 5), (3, 2), "int32", "int32", 76, (-20, -4))
    shared("transposed", (4, 4), (3, 2), "int32", "int32", 0, (4, 16))
    shared("Fortran order", (4, 5), (3, 2), "int32", "int32", 0, (4, 16))
    shared("interleaved elements", (9,), (3,), "int16", "int16", 2, (4,), steps=(4,), spare=9)
    shared("interleaved rows", (3, 5), (3, 3), "int16", "int16", 10, (20, 2), steps=(20, 2), spare=15)
    shared("the last element only", (6,), (3,), "uint16", "uint16", 10, (2,), spare=5)
    shared("input with a zero stride", (3, 4), (3, 3), "int32", "int32", 0, (16, 4), steps=(0, 4))
    shared("0-D", (), (), "int32", "int16", 0, (), user_data=-3)
    shared("window of one", (4, 5), (1, 1), "int16", "int16", 0, (10, 2), user_data=-1)
    shared("axes", (3, 4, 2), (3, 2), "int16", "int16", 0, (16, 4, 2), axes=[2, 0])

    # Outputs whose elements share memory: written in C order, so that the last one stays.
    def folded(name, shape, window, dtype, size, offset, strides, **options):
        output = Memory.inside(Memory((size,), "uint8"), shape, dtype, offset, strides)
        file.add(f"output on itself, {name}", some(rng, shape, "int32"), window, output=output, **options)

    folded("one element", (9,), (3,), "float64", 8, 0, (0,), callback=RANK, user_data=1)
    folded("one element, 2-D", (3, 4), (3, 3), "int16", 4, 2, (0, 0))
    folded("one row", (4, 5), (3, 3), "int32", 20, 0, (0, 4))
    folded("one column, reversed", (4, 5), (3, 3), "int32", 16, 12, (-4, 0))
    folded("rows overlap", (4, 5), (3, 3), "int16", 16, 0, (2, 2))
    folded("elements overlap", (6,), (3,), "int32", 14, 0, (2,), user_data=-1)
    folded("large enough for threads", (40, 50), (15, 15), "float32", 200, 0, (0, 4), callback=DIVIDED)
    line = Memory.holding(some(rng, (12,), "int32"), "c")
    square = Memory.inside(line, (3, 4), "int32", 0, (16, 4))
    row = Memory.inside(line, (3, 4), "int32", 0, (0, 4))
    file.add("output on itself and on the input", square, (3, 3), output=row)


@group
def enough_work_for_threads(file, rng):
    # Few elements, many taps: a call on several threads does start them.
    for source, dtype, callback, mode, output in (
        ("uint8", "uint8", MINIMUM, REFLECT, "c"),
        ("int16", "float32", DIVIDED, CONSTANT, "fortran"),
        ("uint8", "int32", WEIGHTED, MIRROR, "c"),
        ("int8", "bool", SUM, WRAP, "none"),
    ):
        array = some(rng, (50, 60), source)
        file.add(f"threads, 50 x 60, 21 x 21, {source} to {dtype}", array, (21, 21), callback=callback, mode=mode,
                 cval=-3, dtype=dtype, output=output)
    file.add("threads, one line", some(rng, (3000,), "uint8"), (201,), callback=DIVIDED, dtype="int8", mode=WRAP)
    file.add("threads, one column", some(rng, (3000, 1), "uint8"), (201, 1), dtype="int16", layout="reversed")
    file.add("threads, 4-D", some(rng, (7, 6, 8, 5), "int8"), (5, 5, 5, 3), callback=SUM, dtype="int16")
    array, footprint = some(rng, (40, 45, 3), "int8"), mask(rng, (15, 15))
    file.add("threads, footprint", array, footprint=footprint, axes=[1, 0], origins=[3, -7], axis_modes=[WRAP, REFLECT],
             dtype="float32", callback=DIVIDED, layout="mixed")
    for name, offset in (("the same array", 0), ("shifted by a row", 60)):
        whole = Memory.holding(some(rng, (51 * 60,), "uint8"), "c")
        memory = Memory.inside(whole, (50, 60), "uint8", 0, (60, 1))
        output = Memory.inside(memory, (50, 60), "uint8", offset, (60, 1))
        file.add(f"threads, in place, {name}", memory, (15, 15), output=output)


@group
def anything(file, rng):
    ordinary = ["none", "c", "fortran", "reversed", "gaps", "rows", "mixed", "odd", "oddrows"]
    for i in range(80):
        ndim = int(rng.integers(1, 5))
        shape = rng.integers(1, (40, 8, 5, 4)[ndim - 1] + 1, ndim).tolist()
        chosen = None if rng.random() < 0.4 else rng.permutation(ndim)[: rng.integers(0, ndim + 1)].tolist()
        if chosen and rng.random() < 0.3:
            chosen[0] -= ndim
        window = rng.integers(1, (12, 6, 4, 3)[ndim - 1] + 1, ndim if chosen is None else len(chosen)).tolist()
        origins = [int(rng.choice(valid_origins(length))) for length in window]
        source, dtype = rng.choice(list(DTYPES), 2)
        file.add(
            f"anything {i}",
            some(rng, shape, source),
            window,
            mask(rng, window, 0.6) if rng.random() < 0.5 and window else None,
            origins=origins if rng.random() < 0.5 else None,
            axes=chosen,
            mode=int(rng.integers(0, 9)),
            axis_modes=rng.integers(0, 9, len(window)).tolist() if rng.random() < 0.3 else None,
            cval=float(rng.normal(0, 50)),
            callback=int(rng.integers(0, 5)),
            user_data=int(rng.integers(0, 5)),
            dtype=dtype,
            layout=str(rng.choice(ordinary)),
            output=str(rng.choice(ordinary)),
        )


def main():
    file = File()
    for function in GROUPS:
        count = len(file.names)
        function(file, np.random.default_rng(zlib.crc32(function.__name__.encode())))
        print(f"{len(file.names) - count:4} {function.__name__}")
    path = HERE / "cases.bin"
    file.write(path)
    print(f"{len(file.names):4} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()

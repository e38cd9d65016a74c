"""Times libllc beside SciPy: first the same compiled C callback through both, then what becomes of the same function
written as a C macro, a C++ lambda, a Rust closure.

    python benches/compare.py [--quick] [--markdown] [--only pixel|forms] [--library PATH]

Before anything is timed, results are checked to be the same bit for bit. Contenders take turns within each round and
reuse their output arrays (a fresh one costs page faults); times are medians over the rounds of several processes. Runs
on Linux.
"""

import argparse
import ctypes
import datetime
import os
import platform
import resource
import statistics
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from scipy import ndimage

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "target/release/libllc.so"
FORMS = ROOT / "benches/forms"
PIXEL_HEADINGS = ("case", "threads", "SciPy", "libllc", "ratio", "target")
FORM_HEADINGS = ("function", "form", "dtype", "threads", "time", "x SciPy", "x memcpy", "target")
SMALL_CALLS = 1000
WINDOW_LIMIT = 4 << 30
DTYPES = {"uint8": 1 | 8 << 8, "uint16": 1 | 16 << 8, "float32": 2 | 32 << 8, "float64": 2 | 64 << 8}  # LLC_...


@dataclass
class Case:
    """A filter of a random array, and the ratios of SciPy's to libllc's time to reach, by number of threads."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    footprint: np.ndarray
    targets: dict[int, float]


@dataclass
class Effort:
    """How long to measure: in so many processes, at least so many rounds and seconds in each."""

    processes: int
    rounds: int
    seconds: float


def cross(ndim: int) -> np.ndarray:
    return ndimage.generate_binary_structure(ndim, 1)


def box(*shape: int) -> np.ndarray:
    return np.ones(shape, bool)


CASES = [
    Case("cross, float64 2048 x 2048", (2048, 2048), "float64", cross(2), {1: 1.9, 2: 3.6}),
    Case("3 x 3, float64 2048 x 2048", (2048, 2048), "float64", box(3, 3), {1: 1.9, 2: 3.4}),
    Case("11 x 11, float64 2048 x 2048", (2048, 2048), "float64", box(11, 11), {1: 1.7, 2: 3.2}),
    Case("cross, uint8 2048 x 2048", (2048, 2048), "uint8", cross(2), {1: 2.0}),
    Case("cross, float64 160 x 160 x 160", (160, 160, 160), "float64", cross(3), {1: 2.0}),
]


# libllc through ctypes: the structures of llc.h, and calls with everything prepared.

Extents = ctypes.POINTER(ctypes.c_ssize_t)
Mask = ctypes.POINTER(ctypes.c_ubyte)


class Array(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dtype", ctypes.c_int32), ("ndim", ctypes.c_int32), ("shape", Extents),
                ("strides", Extents)]


class Window(ctypes.Structure):
    _fields_ = [("ndim", ctypes.c_int32), ("flags", ctypes.c_int32), ("shape", Extents),
                ("footprint", Mask), ("origins", Extents), ("axes", ctypes.c_void_p)]


class Options(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("mode", ctypes.c_int32), ("threads", ctypes.c_int32),
                ("cval", ctypes.c_double), ("axis_modes", ctypes.c_void_p), ("progress", ctypes.c_void_p),
                ("progress_data", ctypes.c_void_p)]


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int32), ("reserved0", ctypes.c_int32), ("index", ctypes.c_ssize_t),
                ("reserved", ctypes.c_ssize_t * 2), ("message", ctypes.c_char * 256)]


class Contenders:
    """Both libraries and the callback; makes calls without arguments, which are what is timed."""

    def __init__(self, library: Path) -> None:
        self.llc = ctypes.CDLL(str(library))
        self.llc.llc_version_string.restype = ctypes.c_char_p
        self.callbacks = ctypes.CDLL(str(forms_library(library, "C")))
        self.minimum = self.callbacks.minimum

    def scipy_call(self, data: np.ndarray, output: np.ndarray, footprint: np.ndarray,
                   name: str = "minimum") -> Callable[[], None]:
        callback = getattr(self.callbacks, name)
        callback.argtypes = [ctypes.POINTER(ctypes.c_double), ctypes.c_ssize_t, ctypes.POINTER(ctypes.c_double),
                             ctypes.c_void_p]
        function = scipy.LowLevelCallable(callback)
        return lambda: ndimage.generic_filter(data, function, footprint=footprint, output=output)

    def llc_call(self, data: np.ndarray, output: np.ndarray, footprint: np.ndarray, threads: int,
                 times: int = 1) -> Callable[[], None]:
        """The arrays must outlive the call that is returned."""
        mask = None if footprint.all() else np.ctypeslib.as_ctypes(footprint.astype(np.uint8).ravel())
        window = Window(ndim=footprint.ndim, shape=footprint.ctypes.shape_as(ctypes.c_ssize_t), footprint=mask)
        options = Options(struct_size=ctypes.sizeof(Options), threads=threads)
        error = Error()
        arguments = [ctypes.byref(llc_array(data)), ctypes.byref(llc_array(output)), ctypes.byref(window),
                     self.minimum, ctypes.byref(options), ctypes.byref(error)]

        def call() -> None:
            if self.callbacks.repeat(times, self.llc.llc_generic_filter, *arguments) != 0:
                raise RuntimeError(error.message.decode())

        return call


def llc_array(array: np.ndarray) -> Array:
    return Array(array.ctypes.data, DTYPES[array.dtype.name], array.ndim, array.ctypes.shape_as(ctypes.c_ssize_t))


# The forms of a function: libraries that export filters of a Job, compiled by their users' usual means.

class Job(ctypes.Structure):
    _fields_ = [("input", ctypes.c_void_p), ("output", ctypes.c_void_p), ("rows", ctypes.c_ssize_t),
                ("columns", ctypes.c_ssize_t), ("dtype", ctypes.c_int32), ("threads", ctypes.c_int32)]


# No contraction: where a machine can fuse a product and a sum, gcc would, and round once less than SciPy's callback.
# No errno: of all that sqrt does, setting it is what vectors can't. Aligned, because whether a loop of six instructions
# crosses a cache line makes up to a fifth of its time, for all contenders.
FLAGS = ["-O3", "-falign-functions=64", "-shared", "-fPIC", "-ffp-contract=off", "-fno-math-errno", f"-I{ROOT}/include"]
COMPILERS = {
    "C": ["cc", "-std=c99", FORMS / "forms.c"],
    "C, AVX2": ["cc", "-std=c99", "-march=x86-64-v3", FORMS / "forms.c"],
    "C++": ["c++", "-std=c++17", FORMS / "forms.cpp"],
    "C++, AVX2": ["c++", "-std=c++17", "-march=x86-64-v3", FORMS / "forms.cpp"],
}


def forms_library(library: Path, compiler: str) -> Path:
    """The library of the forms that a compiler has made; that of the Rust ones is cargo's."""
    if compiler == "Rust":
        return library.parent / "examples/libforms.so"
    return library.parent / f"forms_{compiler.replace('++', 'pp').replace(', ', '_')}.so"


def compile_forms(library: Path) -> None:
    for compiler, (command, *arguments) in COMPILERS.items():
        subprocess.run([command, *FLAGS, *arguments, "-o", forms_library(library, compiler), f"-L{library.parent}",
                        "-lllc", "-lm", f"-Wl,-rpath,{library.parent}"], check=True)


@dataclass
class Form:
    """A function in one of its forms, and what is wanted of it on one thread: times as fast as SciPy, times memcpy."""

    way: str
    compiler: str
    symbol: str
    scipy: float | None = None
    memcpy: float | None = None


@dataclass
class FormCase:
    """A function that all forms compute of an image."""

    name: str
    callback: str
    footprint: np.ndarray
    forms: list[Form]


def forms(symbol: str, scipy: float, scipy_avx2: float | None = None, memcpy: float | None = None,
          memcpy_avx2: float | None = None) -> list[Form]:
    wide, copied = scipy_avx2 or scipy, memcpy_avx2
    return [
        Form("C macro", "C", f"filter_{symbol}", scipy, memcpy),
        Form("C macro, AVX2", "C, AVX2", f"filter_{symbol}", wide, copied),
        Form("C++ lambda", "C++", f"filter_{symbol}", scipy, memcpy),
        Form("C++ lambda, AVX2", "C++, AVX2", f"filter_{symbol}", wide, copied),
        Form("C++ generic lambda", "C++", f"lanes_{symbol}", scipy if symbol == "deviation" else None),
        Form("Rust closure", "Rust", f"filter_{symbol}", wide, copied),
        Form("Rust lanes", "Rust", f"lanes_{symbol}", scipy if symbol == "deviation" else None),
    ]


FORM_CASES = [
    FormCase("minimum, cross", "minimum", cross(2), forms("minimum", 8, 9, 2.2, 1.8)),
    FormCase("mean, 3 x 3", "mean", box(3, 3), forms("mean", 7)),
    FormCase("contrast, 3 x 3", "contrast", box(3, 3), forms("contrast", 7)),
    FormCase("deviation, 3 x 3", "deviation", box(3, 3), forms("deviation", 5)),
    FormCase("minimum, 11 x 11", "minimum", box(11, 11), [
        Form("C++ generic lambda", "C++", "lanes_minimum_large", 14),
        Form("C++ generic lambda, AVX2", "C++, AVX2", "lanes_minimum_large"),
        Form("Rust lanes", "Rust", "lanes_minimum_large", 18),
    ]),
]


# Measurements. Each gives rows of the table.

def random_array(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return (256 * np.random.default_rng(0).random(shape)).astype(dtype)


def seconds(call: Callable[[], None]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def rounds(calls: list[Callable[[], None]], effort: Effort) -> list[list[float]]:
    """The calls take turns, so that a machine that is busy with something else slows all of them."""
    times = []
    end = time.perf_counter() + effort.seconds
    while len(times) < effort.rounds or time.perf_counter() < end:
        times.append([seconds(call) for call in calls])
    return times


def medians(times: list[list[float]]) -> list[float]:
    return [statistics.median(column) for column in zip(*times)]


def in_fresh_process(function: Callable[..., Any], *arguments: Any) -> Any:
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def measure(library: Path, case: Case, effort: Effort) -> list[tuple[str, ...]]:
    # Where a process happens to have its code and its arrays makes up to a fifth of the time.
    times = [row for _ in range(effort.processes) for row in in_fresh_process(measured, library, case, effort)]
    reference, *own = medians(times)
    return [(case.name, str(threads), duration(reference), duration(time), f"{reference / time:.2f}",
             target(f">= {wanted}", reference / time >= wanted))
            for (threads, wanted), time in zip(case.targets.items(), own)]


def measured(library: Path, case: Case, effort: Effort) -> list[list[float]]:
    """Rounds of SciPy and of libllc with each number of threads."""
    contenders = Contenders(library)
    data = random_array(case.shape, case.dtype)
    expected, output = np.empty_like(data), np.empty_like(data)
    calls = [contenders.scipy_call(data, expected, case.footprint)]
    calls[0]()
    for threads in case.targets:
        output.fill(0)
        calls.append(contenders.llc_call(data, output, case.footprint, threads))
        calls[-1]()
        assert output.tobytes() == expected.tobytes(), f"{case.name}, {threads} threads: not SciPy's result"
    return rounds(calls, effort)


def measure_forms(library: Path, case: FormCase, dtype: str, effort: Effort) -> list[tuple[str, ...]]:
    times = [row for _ in range(effort.processes)
             for row in in_fresh_process(measured_forms, library, case, dtype, effort)]
    memcpy, reference, *own = medians(times)
    rows = []
    for i, form in enumerate(case.forms):
        one, two = own[2 * i:2 * i + 2]
        wanted = [text for text in (
            form.scipy and dtype == "float64" and target(f">= {form.scipy:g} SciPy", reference / one >= form.scipy),
            form.memcpy and dtype == "float64" and target(f"<= {form.memcpy:g} memcpy", one / memcpy <= form.memcpy),
        ) if text]
        scaled = target(">= 1.8 x 1 thread", one / two >= 1.8) if one > 10e-3 else ""
        for threads, time, goal in ((1, one, ", ".join(wanted)), (2, two, scaled)):
            rows.append((case.name, form.way, dtype, str(threads), duration(time), f"{reference / time:.1f}",
                         f"{time / memcpy:.2f}", goal))
    return rows


def measured_forms(library: Path, case: FormCase, dtype: str, effort: Effort) -> list[list[float]]:
    """Rounds of memcpy (of as many float64), of SciPy and of each form on one thread and on two."""
    contenders = Contenders(library)
    image = random_array((2048, 2048), "float64")
    copy = np.zeros_like(image)
    data = image.astype(dtype)
    expected, output = np.empty_like(data), np.empty_like(data)
    calls = [lambda: np.copyto(copy, image), contenders.scipy_call(data, expected, case.footprint, case.callback)]
    calls[1]()
    for form in case.forms:
        function = getattr(ctypes.CDLL(str(forms_library(library, form.compiler))), form.symbol)
        for threads in (1, 2):
            output.fill(0)
            job = Job(data.ctypes.data, output.ctypes.data, *data.shape, DTYPES[dtype], threads)
            calls.append(lambda function=function, job=job: function(ctypes.byref(job)))
            assert calls[-1]() == 0, f"{case.name}, {form.way} failed"
            assert output.tobytes() == expected.tobytes(), f"{case.name}, {form.way}, {threads}: not SciPy's result"
    return rounds(calls, effort)


def measure_small_call(contenders: Contenders, effort: Effort) -> tuple[str, ...]:
    data = random_array((16, 16), "float64")
    expected, output = np.empty_like(data), np.empty_like(data)
    scipy_call = contenders.scipy_call(data, expected, box(3, 3))
    llc_calls = contenders.llc_call(data, output, box(3, 3), 1, SMALL_CALLS)

    def scipy_calls() -> None:
        for _ in range(SMALL_CALLS):
            scipy_call()

    reference, own = (total / SMALL_CALLS for total in medians(rounds([scipy_calls, llc_calls], effort)))
    assert output.tobytes() == expected.tobytes(), "16 x 16: not SciPy's result"
    return ("one call: 3 x 3, float64 16 x 16 (a)", "1", duration(reference), duration(own), f"{reference / own:.2f}",
            target("< 10 us", own < 10e-6))


def measure_large_window(library: Path) -> tuple[str, ...]:
    name = "513 x 513, float64 48 x 48 (b)"
    elapsed, memory = in_fresh_process(large_window, library, False)
    try:
        reference = "{0}, {1:.1f} MB".format(*in_fresh_process(large_window, library, True))
    except MemoryError:
        reference = "MemoryError"
    return (name, "1", reference, f"{duration(elapsed)}, {memory:.1f} MB", "", target("< 200 MB", memory < 200))


def large_window(library: Path, by_scipy: bool) -> tuple[float, float]:
    """Seconds and megabytes that a window much larger than the array takes, in a process of its own."""
    resource.setrlimit(resource.RLIMIT_AS, (WINDOW_LIMIT, WINDOW_LIMIT))
    contenders = Contenders(library)
    data, footprint = random_array((48, 48), "float64"), box(513, 513)
    output = np.zeros_like(data)
    call = (contenders.scipy_call(data, output, footprint) if by_scipy
            else contenders.llc_call(data, output, footprint, 1))
    before = peak_memory()
    elapsed = seconds(call)
    assert (output == data.min()).all(), "513 x 513: not the minimum of the array"
    return elapsed, (peak_memory() - before) / 1e6


def peak_memory() -> int:
    # Not ru_maxrss, which a process inherits from the one that started it.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


# The report.

def duration(value: float) -> str:
    return f"{value * 1e6:.1f} us" if value < 1e-4 else f"{value * 1e3:.1f} ms"


def target(text: str, reached: bool) -> str:
    return text if reached else f"{text} MISSED"


def cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.machine())


def print_table(headings: tuple[str, ...], rows: list[tuple[str, ...]], markdown: bool) -> None:
    widths = [max(map(len, column)) for column in zip(headings, *rows)]
    start, between, end = ("| ", " | ", " |") if markdown else ("", "  ", "")
    words = [heading in ("case", "function", "form", "dtype", "filter", "window", "array", "target") for heading in headings]
    rule = ["-" * width if word else "-" * (width - 1) + ":" for word, width in zip(words, widths)]
    for row in [headings, *([rule] if markdown else []), *rows]:
        cells = [cell.ljust(width) if word else cell.rjust(width) for word, cell, width in zip(words, row, widths)]
        print((start + between.join(cells) + end).rstrip())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.add_argument("--only", choices=["pixel", "forms"], help="one of the two tables")
    parser.add_argument("--library", type=Path, default=LIBRARY, help="libllc to load (%(default)s)")
    arguments = parser.parse_args()
    library = arguments.library.resolve()
    effort = Effort(1, 5, 0) if arguments.quick else Effort(5, 5, 2)

    compile_forms(library)
    contenders = Contenders(library)
    print(f"{cpu_model()}, {len(os.sched_getaffinity(0))} cores, {platform.system()}; {datetime.date.today()};\n"
          f"libllc {contenders.llc.llc_version_string().decode()}, SciPy {scipy.__version__}, NumPy {np.__version__}, "
          f"Python {platform.python_version()}.\nMedians over {effort.processes} processes.\n")
    if arguments.only != "forms":
        rows = [*(row for case in CASES for row in measure(library, case, effort)),
                measure_small_call(contenders, effort), measure_large_window(library)]
        print("A minimum as a C callback:\n")
        print_table(PIXEL_HEADINGS, rows, arguments.markdown)
        print(f"\n(a) SciPy from Python, libllc from C. (b) Time and growth of the peak memory, in at most "
              f"{WINDOW_LIMIT >> 30} GiB of address space;\nSciPy's table of offsets has (48 x 513)^2 entries, 4.9 GB.\n")
    if arguments.only != "pixel":
        rows = [row for case in FORM_CASES for row in measure_forms(library, case, "float64", effort)]
        rows += [row for dtype in ("float32", "uint8") for row in measure_forms(library, FORM_CASES[0], dtype, effort)]
        print("The same function in other forms, 2048 x 2048, beside SciPy with a C callback and memcpy of as many "
              "float64:\n")
        print_table(FORM_HEADINGS, rows, arguments.markdown)


if __name__ == "__main__":
    main()

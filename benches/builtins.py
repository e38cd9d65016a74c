"""Times libllc's built-in filters beside OpenCV's and SciPy's own.

    python benches/builtins.py [--quick] [--patience SECONDS] [--only TEXT] [--markdown] [--plot PATH] [--library PATH]

Before anything is timed, results are checked to be the same away from the boundary, which OpenCV extends in another way
(sums may differ in the last bits). Contenders take turns within each round and reuse their output arrays: libllc and another
library with one thread each; then, in other processes, libllc with one thread and with two. Times are medians over the rounds
of several processes, of one thread where nothing else is said. What takes SciPy seconds it does once, of a part of the array,
and its time is scaled to the whole.

Beside what a filter gains from a second thread stands what two separate calls of one thread each gain from being made at once:
it tells how much of a second core there was. Where that was little, while a machine worked for others, two threads show
nothing: they are timed again, in some more processes, and those count in which two calls took least. Runs on Linux.
"""

import argparse
import ctypes
import datetime
import platform
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
import scipy
from scipy import ndimage

from compare import (LIBRARY, Effort, Error, Options, Window, box, cpu_model, cross, duration, in_fresh_process,
                     llc_array, medians, print_table, random_array, rounds, seconds, target)

IMAGE = (2048, 2048)
VOLUME = (160, 160, 160)
HEADINGS = ("filter", "window", "array", "OpenCV", "SciPy", "libllc", "ratio", "two threads", "two calls",
            "target")
# What two threads are to gain, where one takes so long.
TWO_THREADS, LONG = 1.8, 10e-3
# What two calls at once gain where there are two cores.
TWO_CORES = 1.95
PLOT_SIZES = {"minimum": [3, 5, 7, 9, 11, 15, 21, 31, 41, 51], "median": [3, 5, 7, 9, 11, 15, 21, 31]}

Filter = Callable[[np.ndarray, np.ndarray], Any]


def disk(radius: int) -> np.ndarray:
    y, x = np.mgrid[-radius:radius + 1, -radius:radius + 1]
    return x * x + y * y <= radius * radius


@dataclass
class Case:
    """A built-in filter of a random array, and how much of another library's time, or how many times as fast."""

    name: str
    window: str
    footprint: np.ndarray
    shape: tuple[int, ...]
    dtype: str
    against: str
    # libllc's time is at most the reference's divided by this.
    faster: float
    parameter: float | None = None
    # The part of the array that SciPy is timed with.
    part: tuple[int, ...] | None = None
    exact: bool = True

    @property
    def title(self) -> str:
        return f"{self.name} {self.window} {self.dtype} {' x '.join(map(str, self.shape))}"


def image_cases() -> list[Case]:
    cases = []
    for dtype in ("float64", "float32"):
        cases.append(Case("minimum", "cross", cross(2), IMAGE, dtype, "cv2", 1 / 1.05))
        for size, faster in ((3, 1 / 1.05), (11, 1.4), (31, 2)):
            cases.append(Case("minimum", f"{size} x {size}", box(size, size), IMAGE, dtype, "cv2", faster))
    for size, faster in ((3, 1 / 1.05), (11, 1 / 1.05), (31, 1.7)):
        cases.append(Case("minimum", f"{size} x {size}", box(size, size), IMAGE, "uint8", "cv2", faster))
    for dtype in ("uint8", "uint16", "float32"):
        cases.append(Case("median", "3 x 3", box(3, 3), IMAGE, dtype, "cv2", 1 / 1.1))
        cases.append(Case("median", "5 x 5", box(5, 5), IMAGE, dtype, "cv2", 1.2))
    for size in (11, 31):
        cases.append(Case("median", f"{size} x {size}", box(size, size), IMAGE, "uint8", "cv2", 2))
    for size, faster in ((3, 50), (11, 15), (31, 50)):
        part = (512, 512) if size < 31 else (256, 256)
        cases.append(Case("median", f"{size} x {size}", box(size, size), IMAGE, "float64", "scipy", faster, part=part))
    cases += [
        Case("percentile", "5 x 5", box(5, 5), IMAGE, "float64", "scipy", 30, 90, (512, 512)),
        Case("percentile", "disk of radius 5", disk(5), IMAGE, "float64", "scipy", 10, 90, (512, 512)),
        Case("mean", "3 x 3", box(3, 3), IMAGE, "float64", "cv2", 1.5, exact=False),
        Case("standard_deviation", "5 x 5", box(5, 5), IMAGE, "float64", "scipy", 5, exact=False),
    ]
    return cases


def other_cases() -> list[Case]:
    return [
        *(Case("minimum", "3 x 3 x 3", box(3, 3, 3), VOLUME, dtype, "scipy", 10) for dtype in ("float64", "uint8")),
        *(Case("median", "3 x 3 x 3", box(3, 3, 3), VOLUME, dtype, "scipy", 30, part=(80, 80, 80))
          for dtype in ("float64", "uint8")),
        Case("median", "101", box(101), (10**7,), "float64", "scipy", 2, part=(10**6,)),
    ]


# The contenders: filters of an array into another.

def by_opencv(case: Case) -> Filter:
    cv2.setNumThreads(1)
    kernel = case.footprint.astype(np.uint8)
    size = case.footprint.shape[0]
    return {
        "minimum": lambda data, output: cv2.erode(data, kernel, dst=output, borderType=cv2.BORDER_REFLECT),
        "median": lambda data, output: cv2.medianBlur(data, size, dst=output),
        "mean": lambda data, output: cv2.blur(data, kernel.shape, dst=output, borderType=cv2.BORDER_REFLECT),
    }[case.name]


def by_scipy(case: Case) -> Filter:
    window = {"size": case.footprint.shape} if case.footprint.all() else {"footprint": case.footprint}

    def deviation(data: np.ndarray, output: np.ndarray) -> None:
        mean = ndimage.uniform_filter(data, case.footprint.shape)
        squares = ndimage.uniform_filter(data * data, case.footprint.shape)
        np.sqrt(np.maximum(squares - mean * mean, 0), out=output)

    return {
        "minimum": lambda data, output: ndimage.minimum_filter(data, output=output, **window),
        "median": lambda data, output: ndimage.median_filter(data, output=output, **window),
        "percentile": lambda data, output: ndimage.percentile_filter(data, case.parameter, output=output, **window),
        "standard_deviation": deviation,
    }[case.name]


def by_libllc(library: Path, case: Case, data: np.ndarray, output: np.ndarray, threads: int) -> Callable[[], None]:
    llc = ctypes.CDLL(str(library))
    llc.llc_builtin.restype = ctypes.c_void_p
    llc.llc_generic_filter.argtypes = [ctypes.c_void_p] * 7
    mask = None if case.footprint.all() else np.ctypeslib.as_ctypes(case.footprint.astype(np.uint8).ravel())
    shape = case.footprint.ctypes.shape_as(ctypes.c_ssize_t)
    window = Window(ndim=case.footprint.ndim, shape=shape, footprint=mask)
    options = Options(struct_size=ctypes.sizeof(Options), threads=threads)
    parameter = None if case.parameter is None else ctypes.c_double(case.parameter)
    arrays, error = (llc_array(data), llc_array(output)), Error()
    arguments = [ctypes.addressof(arrays[0]), ctypes.addressof(arrays[1]), ctypes.addressof(window),
                 llc.llc_builtin(case.name.encode()), None if parameter is None else ctypes.addressof(parameter),
                 ctypes.addressof(options), ctypes.addressof(error)]
    kept = (data, output, arrays, window, shape, mask, options, parameter)

    def call() -> None:
        if llc.llc_generic_filter(*arguments) != 0:
            raise RuntimeError(f"{error.message.decode()} {kept}")

    return call


def beside_reference(library: Path, case: Case, effort: Effort) -> list[list[float]]:
    """Rounds of the reference, scaled from a part of the array, and of libllc with one thread."""
    data = random_array(case.shape, case.dtype)
    output, expected = np.zeros_like(data), np.zeros_like(data)
    part = data[tuple(slice(extent) for extent in case.part)].copy() if case.part else data
    reference = by_opencv(case) if case.against == "cv2" else by_scipy(case)
    expected_part = np.zeros_like(part)
    first = seconds(lambda: reference(part, expected_part)) * (data.size / part.size)
    call = by_libllc(library, case, data, output, 1)
    call()
    inside = tuple(slice(extent, size - extent) for extent, size in zip(case.footprint.shape, part.shape))
    own, theirs = output[inside], expected_part[inside]
    same = np.array_equal(own, theirs) if case.exact else np.allclose(own, theirs, rtol=1e-5, atol=1e-5)
    assert same, f"{case.name}, {case.window}, {case.dtype}: not the same result"
    if case.part:
        return [[first, *row] for row in rounds([call], effort)]
    return rounds([lambda: reference(data, expected), call], effort)


def by_threads(library: Path, case: Case, effort: Effort) -> list[list[float]]:
    """Rounds of libllc with one thread, with two, and of two calls at once with one thread each."""
    data = random_array(case.shape, case.dtype)
    one, two = [by_libllc(library, case, data, np.zeros_like(data), threads) for threads in (1, 2)]
    other = by_libllc(library, case, data.copy(), np.zeros_like(data), 1)
    with ThreadPoolExecutor(1) as pool:

        def both() -> None:
            future = pool.submit(other)
            one()
            future.result()

        calls = [one, two, both]
        for call in calls:
            call()
        return rounds(calls, effort)


def with_two_cores(library: Path, case: Case, effort: Effort, patience: float) -> list[list[float]]:
    """Rounds `by_threads` of the processes in which two calls at once took least: of the first ones, if they had two cores."""
    tried: list[list[list[float]]] = []
    end = time.perf_counter() + patience
    while True:
        tried.append(in_fresh_process(by_threads, library, case, effort))
        kept = sorted(tried, key=lambda times: medians(times)[2])[:effort.processes]
        one, both = min(medians(times)[0] for times in tried), medians(kept[-1])[2]
        if len(kept) == effort.processes and (2 * one / both >= TWO_CORES or time.perf_counter() > end):
            return sum(kept, [])


def measure(library: Path, case: Case, effort: Effort, patience: float) -> tuple[str, ...]:
    def processes(function: Callable[..., list[list[float]]]) -> list[list[float]]:
        return [row for _ in range(effort.processes) for row in in_fresh_process(function, library, case, effort)]

    reference, one = medians(processes(beside_reference))
    threads = with_two_cores(library, case, effort, patience) if one > LONG else processes(by_threads)
    alone, two, both = medians(threads)
    wanted = f"<= {1 / case.faster:.2f} of its time" if case.faster < 1 else f">= {case.faster:g}"
    goals = [target(wanted, reference / one >= case.faster)]
    if alone > LONG:
        goals.append(target(f">= {TWO_THREADS} with two", alone / two >= TWO_THREADS))
    array = f"{case.dtype} {' x '.join(map(str, case.shape))}"
    theirs = (duration(reference), "") if case.against == "cv2" else ("", duration(reference))
    return (case.name.replace("_", " "), case.window, array, *theirs, duration(one), f"{reference / one:.2f}",
            f"{alone / two:.2f}", f"{2 * alone / both:.2f}" if alone > LONG else "", ", ".join(goals))


# The plot.

def curve(library: Path, name: str, dtype: str, sizes: list[int], effort: Effort) -> tuple[list[float], list[float]]:
    """Milliseconds of OpenCV, as far as it goes, and of libllc, for boxes of these sizes."""
    theirs, own = [], []
    for size in sizes:
        has_reference = name == "minimum" or dtype == "uint8" or (size <= 5 and dtype != "float64")
        case = Case(name, "", box(size, size), IMAGE, dtype, "cv2", 1)
        if has_reference:
            reference, one = medians(in_fresh_process(beside_reference, library, case, effort))
            theirs.append(1e3 * reference)
        else:
            one = medians(in_fresh_process(measured_alone, library, case, effort))[0]
        own.append(1e3 * one)
    return theirs, own


def measured_alone(library: Path, case: Case, effort: Effort) -> list[list[float]]:
    data = random_array(case.shape, case.dtype)
    output = np.zeros_like(data)
    call = by_libllc(library, case, data, output, 1)
    call()
    return rounds([call], effort)


def plot(library: Path, path: Path, effort: Effort) -> None:
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    for axis, (name, sizes) in zip(axes, PLOT_SIZES.items()):
        for color, dtype in zip(("C0", "C1", "C2"), ("uint8", "float32", "float64")):
            theirs, own = curve(library, name, dtype, sizes, effort)
            axis.plot(sizes, own, f"{color}-o", markersize=4, label=f"libllc, {dtype}")
            if theirs:
                axis.plot(sizes[:len(theirs)], theirs, f"{color}--x", markersize=5, label=f"OpenCV, {dtype}")
        axis.set(title=f"{name}, n x n", xlabel="n", ylabel="milliseconds", yscale="log")
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
    figure.suptitle(f"2048 x 2048, one thread; {cpu_model()}, {datetime.date.today()}; OpenCV {cv2.__version__}", fontsize=10)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--patience", type=float, default=60, metavar="SECONDS",
                        help="how long each filter may wait for two cores (%(default)g)")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases whose filter, window and array contain this")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.add_argument("--plot", type=Path, help="draw time against window size into this PNG file")
    parser.add_argument("--library", type=Path, default=LIBRARY, help="libllc to load (%(default)s)")
    arguments = parser.parse_args()
    library = arguments.library.resolve()
    effort = Effort(1, 5, 0) if arguments.quick else Effort(3, 5, 1)
    print(f"{cpu_model()}, {platform.system()}; {datetime.date.today()};\nOpenCV {cv2.__version__}, SciPy "
          f"{scipy.__version__}, NumPy {np.__version__}.\nBuilt-in filters, medians over {effort.processes} processes:\n")
    cases = [case for case in image_cases() + other_cases() if arguments.only in case.title]
    rows = []
    for case in cases:
        print(case.title, file=sys.stderr)
        rows.append(measure(library, case, effort, arguments.patience))
    print_table(HEADINGS, rows, arguments.markdown)
    if arguments.plot:
        plot(library, arguments.plot, Effort(1, 5, 0))
        print(f"\n{arguments.plot}")


if __name__ == "__main__":
    main()

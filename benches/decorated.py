"""Times decorated Python functions in `llc.generic_filter` beside the same objects in `scipy.ndimage.generic_filter`.

    python benches/decorated.py [--quick] [--markdown]

Run it in an environment that has the Python package. Results are checked to be the same bit for bit. Contenders take turns
within each round and reuse their output arrays; times are medians over the rounds of several processes. A call of a small
array makes its output. Runs on Linux.
"""

import argparse
import datetime
import os
import platform
from dataclasses import dataclass

import llc
import numba
import numpy as np
import scipy
from scipy import ndimage

from compare import Effort, box, cpu_model, cross, duration, in_fresh_process, medians, print_table, rounds, target

HEADINGS = ("function", "window", "array", "threads", "SciPy", "llc", "ratio", "x memcpy", "target")
SMALL_CALLS = 1000


@llc.jit_filter_function
def fmin(values):
    result = np.inf
    for v in values:
        if v < result:
            result = v
    return result


@llc.jit_filter_function
def deviation(values):
    mean = 0.0
    for v in values:
        mean += v
    mean /= len(values)
    squares = 0.0
    for v in values:
        squares += (v - mean) ** 2
    return np.sqrt(squares / len(values))


@llc.jit_filter_function
def sharpened(values, amount):
    mean = 0.0
    for v in values:
        mean += v
    return values[len(values) // 2] * (1 + amount) - amount * mean / len(values)


@dataclass
class Case:
    """A filter of a random array, and how many times as fast as SciPy it is to be, by number of threads."""

    function: scipy.LowLevelCallable
    window: str
    footprint: np.ndarray
    targets: dict[int, float | None]
    shape: tuple[int, int] = (2048, 2048)
    calls: int = 1


CASES = [
    Case(fmin, "cross", cross(2), {1: 8, 2: 14}),
    Case(deviation, "3 x 3", box(3, 3), {1: 5, 2: None}),
    Case(sharpened.bind(0.5), "5 x 5", box(5, 5), {1: None, 2: None}),
    Case(fmin, "cross", cross(2), {1: 1}, (16, 16), SMALL_CALLS),
    Case(fmin, "3 x 3", box(3, 3), {1: 1}, (16, 16), SMALL_CALLS),
]


def measure(number: int, effort: Effort) -> list[tuple[str, ...]]:
    case = CASES[number]
    times = [row for _ in range(effort.processes) for row in in_fresh_process(measured, number, effort)]
    memcpy, reference, *own = (time / case.calls for time in medians(times))
    shape = " x ".join(map(str, case.shape))
    rows = []
    for (threads, wanted), time in zip(case.targets.items(), own):
        ratio = reference / time
        rows.append((case.function.__name__, case.window, f"float64 {shape}", str(threads), duration(reference),
                     duration(time), f"{ratio:.1f}", f"{time / memcpy:.2f}" if case.calls == 1 else "",
                     target(f">= {wanted}", ratio >= wanted) if wanted else ""))
    return rows


def measured(number: int, effort: Effort) -> list[list[float]]:
    """Rounds of memcpy, of SciPy, and of llc with each number of threads."""
    case = CASES[number]
    data = np.random.default_rng(0).random(case.shape)
    copy = np.zeros_like(data)
    # Reused for large arrays: a fresh one costs page faults.
    expected, output = (None, None) if case.calls > 1 else (np.zeros_like(data), np.zeros_like(data))

    def of_scipy() -> np.ndarray:
        return ndimage.generic_filter(data, case.function, footprint=case.footprint, output=expected)

    def of_llc(threads: int) -> np.ndarray:
        return llc.generic_filter(data, case.function, footprint=case.footprint, output=output, threads=threads)

    def repeated(function, *arguments):
        def call() -> None:
            for _ in range(case.calls):
                function(*arguments)
        return call

    for threads in case.targets:
        assert of_llc(threads).tobytes() == of_scipy().tobytes(), f"{case.function}: not SciPy's result"
    return rounds([lambda: np.copyto(copy, data), repeated(of_scipy),
                   *(repeated(of_llc, threads) for threads in case.targets)], effort)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    arguments = parser.parse_args()
    effort = Effort(1, 5, 0) if arguments.quick else Effort(5, 5, 2)
    print(f"{cpu_model()}, {len(os.sched_getaffinity(0))} cores, {platform.system()}; {datetime.date.today()};\n"
          f"llc {llc.__version__}, SciPy {scipy.__version__}, numba {numba.__version__}, NumPy {np.__version__}, "
          f"Python {platform.python_version()}.\nMedians over {effort.processes} processes.\n")
    rows = [row for number in range(len(CASES)) for row in measure(number, effort)]
    print_table(HEADINGS, rows, arguments.markdown)


if __name__ == "__main__":
    main()

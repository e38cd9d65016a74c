"""Passes every built-in callback to SciPy's own generic_filter, and compares with numpy.

    python tests/reference/builtins.py target/release/libllc.so
"""

import ctypes
import sys
import warnings
from collections.abc import Callable

import numpy as np
from scipy import LowLevelCallable, ndimage

SIGNATURE = [ctypes.POINTER(ctypes.c_double), ctypes.c_ssize_t, ctypes.POINTER(ctypes.c_double), ctypes.c_void_p]
FOOTPRINTS = [np.ones((3, 3), bool), ndimage.generate_binary_structure(2, 1), np.ones((2, 2), bool),
              np.ones((1, 1), bool), np.arange(20).reshape(4, 5) % 3 > 0]


def majority(values: np.ndarray) -> float:
    found, counts = np.unique(values, return_counts=True)
    return np.nan if np.isnan(values).any() else found[counts.argmax()]


def sorted_at(place: Callable[[int], int]) -> Callable[[np.ndarray], float]:
    return lambda values: np.nan if np.isnan(values).any() else np.sort(values)[place(len(values))]


def deviation(values: np.ndarray) -> float:
    return np.median(np.abs(values - np.median(values)))


def structure(size: int) -> np.ndarray:
    return np.sin(np.arange(size))


# For each name numpy's function of the values, and what the callback gets as user_data for a number of taps.
PLAIN = {
    "minimum": np.min, "maximum": np.max, "range": np.ptp, "sum": np.sum, "mean": np.mean, "variance": np.var,
    "standard_deviation": np.std, "median": np.median, "median_absolute_deviation": deviation, "mode": majority,
    "distinct": lambda values: len(np.unique(values)),
    "nan_count": lambda values: np.count_nonzero(~np.isnan(values)), "nan_minimum": np.nanmin, "nan_maximum": np.nanmax,
    "nan_sum": np.nansum, "nan_mean": np.nanmean, "nan_variance": np.nanvar, "nan_standard_deviation": np.nanstd,
    "nan_median": np.nanmedian,
}
WITH_VALUES = {
    "weighted_sum": lambda values: np.sum(values * structure(len(values))),
    "grey_erosion": lambda values: np.min(values - structure(len(values))),
    "grey_dilation": lambda values: np.max(values + structure(len(values))),
}
WITH_NUMBERS = [
    *(("rank", rank, sorted_at(lambda count, rank=rank: rank)) for rank in (0, -1)),
    *(("percentile", float(p), sorted_at(lambda count, p=p: min(int(count * (p + 100 * (p < 0)) / 100), count - 1)))
      for p in (0, 30, 100, -20)),
    *(("quantile", q, lambda values, q=q: np.quantile(values, q)) for q in (0.0, 0.31, 0.8, 1.0)),
    *(("nan_quantile", q, lambda values, q=q: np.nanquantile(values, q)) for q in (0.0, 0.31, 0.8, 1.0)),
]


def images() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    ties = random.integers(0, 4, (17, 13)).astype(float)
    with_nan, infinite = random.normal(size=(17, 13)), ties.copy()
    with_nan[random.random(with_nan.shape) < 0.1] = np.nan
    infinite[random.random(infinite.shape) < 0.1] = np.inf
    infinite[random.random(infinite.shape) < 0.1] = -np.inf
    return {"numbers": random.normal(size=(17, 13)), "ties": ties, "NaN": with_nan, "infinities": infinite,
            "nothing but NaN": np.full((3, 4), np.nan)}


def compare(name: str, function: object, user_data: object, expected: Callable[[np.ndarray], float],
            footprint: np.ndarray) -> None:
    pointer = ctypes.cast(ctypes.pointer(user_data), ctypes.c_void_p) if user_data is not None else None
    callback = LowLevelCallable(function, pointer) if pointer else LowLevelCallable(function)
    for kind, image in images().items():
        ours = ndimage.generic_filter(image, callback, footprint=footprint)
        theirs = ndimage.generic_filter(image, expected, footprint=footprint)
        # Sums are rounded in another order.
        np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-13, err_msg=f"{name}, {kind}, {footprint.shape}")


def main() -> None:
    library = ctypes.CDLL(sys.argv[1])
    library.llc_builtin.restype = ctypes.c_void_p
    library.llc_builtin.argtypes = [ctypes.c_char_p]

    def callback(name: str) -> object:
        function = getattr(library, f"llc_{name}")
        function.argtypes, function.restype = SIGNATURE, ctypes.c_int
        assert library.llc_builtin(name.encode()) == ctypes.cast(function, ctypes.c_void_p).value, name
        return function

    warnings.simplefilter("ignore", RuntimeWarning)  # numpy's, of NaN
    np.seterr(all="ignore")
    for footprint in FOOTPRINTS:
        taps = int(footprint.sum())
        for name, expected in PLAIN.items():
            compare(name, callback(name), None, expected, footprint)
        for name, expected in WITH_VALUES.items():
            compare(name, callback(name), (ctypes.c_double * taps)(*structure(taps)), expected, footprint)
        for name, number, expected in WITH_NUMBERS:
            kind = ctypes.c_double if isinstance(number, float) else ctypes.c_ssize_t
            compare(f"{name} {number}", callback(name), kind(number), expected, footprint)
    cases = len(FOOTPRINTS) * (len(PLAIN) + len(WITH_VALUES) + len(WITH_NUMBERS)) * len(images())
    print(f"{cases} cases of built-in callbacks in SciPy's generic_filter: as numpy has them")


if __name__ == "__main__":
    main()

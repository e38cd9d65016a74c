"""The README's table "Coming from scipy.ndimage": a case for each of its rows, which shows that it is true."""

import llc
import numpy as np
import pytest
from llc import generic_filter
from scipy import ndimage as ndi
from scipy import stats

RANDOM = np.random.default_rng(0)
FLOATS = RANDOM.random((20, 30))
BYTES = RANDOM.integers(0, 256, (20, 30)).astype(np.uint8)
GAPS = np.where(RANDOM.random((20, 30)) < 0.3, np.nan, FLOATS)
MASK = FLOATS < 0.7
WEIGHTS = RANDOM.random((3, 5))
EVEN = RANDOM.random((4, 2))
FOOTPRINT = np.array([[0, 1, 1], [1, 1, 1], [0, 0, 1]], dtype=bool)

EXACT, CLOSE = 0, 1e-12


@llc.jit_filter_function
def power_mean(values, p, scale=1.0):
    total = 0.0
    for v in values:
        total += v**p
    return scale * (total / len(values)) ** (1 / p)


@llc.jit_filter_function
def steepness(values):
    """Sobel's gradient magnitude, of 3 x 3 values."""
    dy = values[6] + 2 * values[7] + values[8] - values[0] - 2 * values[1] - values[2]
    dx = values[2] + 2 * values[5] + values[8] - values[0] - 2 * values[3] - values[6]
    return np.sqrt(dy * dy + dx * dx)


@llc.jit_filter1d_function
def differences(line, output):
    for i in range(len(output)):
        output[i] = line[i + 2] - line[i]


@llc.jit_geometric_function
def transposed(output):
    return output[1], output[0]


def deviation(a, size):
    """Of two uniform filters, as it is often written."""
    return np.sqrt(np.maximum(ndi.uniform_filter(a * a, size) - ndi.uniform_filter(a, size) ** 2, 0))


# By row: SciPy's call, what to write instead, how far they may be apart, the arrays.
CASES = {
    "generic_filter, a Python function": (
        lambda a: ndi.generic_filter(a, np.median, 3),
        lambda a: generic_filter(a, np.median, 3), EXACT, (FLOATS, BYTES)),
    "generic_filter, extra arguments": (
        lambda a: ndi.generic_filter(a, power_mean.function, 3, extra_arguments=(2.0,), extra_keywords={"scale": 3.0}),
        lambda a: generic_filter(a, power_mean, 3, extra_arguments=(2.0,), extra_keywords={"scale": 3.0}),
        CLOSE, (FLOATS,)),
    "generic_filter, a bound function": (
        lambda a: ndi.generic_filter(a, power_mean.bind(2.0, scale=3.0), 3),
        lambda a: generic_filter(a, power_mean.bind(2.0, scale=3.0), 3), CLOSE, (FLOATS,)),
    "generic_filter, np.mean": (
        lambda a: ndi.generic_filter(a, np.mean, 3), lambda a: generic_filter(a, "mean", 3), CLOSE, (FLOATS,)),
    "generic_filter, np.std": (
        lambda a: ndi.generic_filter(a, np.std, 3),
        lambda a: generic_filter(a, "standard_deviation", 3), CLOSE, (FLOATS,)),
    "generic_filter, np.var": (
        lambda a: ndi.generic_filter(a, np.var, 3), lambda a: generic_filter(a, "variance", 3), CLOSE, (FLOATS,)),
    "generic_filter, np.ptp": (
        lambda a: ndi.generic_filter(a, np.ptp, 4), lambda a: generic_filter(a, "range", 4), EXACT, (FLOATS, BYTES)),
    "generic_filter, np.median": (
        lambda a: ndi.generic_filter(a, np.median, 4),
        lambda a: generic_filter(a, "median", 4), EXACT, (FLOATS, BYTES)),
    "generic_filter, np.percentile": (
        lambda a: ndi.generic_filter(a, np.percentile, 3, extra_arguments=(30,)),
        lambda a: generic_filter(a, llc.quantile(0.3), 3), CLOSE, (FLOATS,)),
    "generic_filter, scipy.stats.mode": (
        lambda a: ndi.generic_filter(a, lambda values: stats.mode(values).mode, 3),
        lambda a: generic_filter(a, "mode", 3), EXACT, (BYTES // 64,)),
    "generic_filter, number of different values": (
        lambda a: ndi.generic_filter(a, lambda values: len(np.unique(values)), 3),
        lambda a: generic_filter(a, "distinct", 3), EXACT, (BYTES // 64,)),
    "generic_filter, median_abs_deviation": (
        lambda a: ndi.generic_filter(a, stats.median_abs_deviation, 3),
        lambda a: generic_filter(a, "median_absolute_deviation", 3), EXACT, (FLOATS,)),
    "generic_filter, np.nanquantile": (
        lambda a: ndi.generic_filter(a, np.nanquantile, 5, extra_arguments=(0.3,)),
        lambda a: generic_filter(a, llc.nan_quantile(0.3), 5), CLOSE, (GAPS,)),
    "minimum_filter": (
        lambda a: ndi.minimum_filter(a, 4, origin=1), lambda a: generic_filter(a, "minimum", 4, origin=1),
        EXACT, (FLOATS, BYTES)),
    "maximum_filter": (
        lambda a: ndi.maximum_filter(a, footprint=FOOTPRINT),
        lambda a: generic_filter(a, "maximum", footprint=FOOTPRINT), EXACT, (FLOATS, BYTES)),
    "minimum_filter1d": (
        lambda a: ndi.minimum_filter1d(a, 5, axis=1), lambda a: generic_filter(a, "minimum", 5, axes=1),
        EXACT, (FLOATS, BYTES)),
    "a mode for each axis": (
        lambda a: ndi.minimum_filter(a, 5, mode=("wrap", "nearest")),
        lambda a: generic_filter(a, "minimum", 5, axis_modes=("wrap", "nearest")), EXACT, (FLOATS, BYTES)),
    "median_filter": (
        lambda a: ndi.median_filter(a, 3), lambda a: generic_filter(a, "median", 3), EXACT, (FLOATS, BYTES)),
    "median_filter, an even number of values": (
        lambda a: ndi.median_filter(a, (3, 4)), lambda a: generic_filter(a, llc.rank(3 * 4 // 2), (3, 4)),
        EXACT, (FLOATS, BYTES)),
    "rank_filter": (
        lambda a: ndi.rank_filter(a, -2, 4), lambda a: generic_filter(a, llc.rank(-2), 4), EXACT, (FLOATS, BYTES)),
    "percentile_filter": (
        lambda a: ndi.percentile_filter(a, 90, 4), lambda a: generic_filter(a, llc.percentile(90), 4),
        EXACT, (FLOATS, BYTES)),
    "uniform_filter": (
        lambda a: ndi.uniform_filter(a, 4), lambda a: generic_filter(a, "mean", 4), CLOSE, (FLOATS,)),
    "uniform_filter, of integers": (
        lambda a: ndi.uniform_filter(a, 4, output=float), lambda a: generic_filter(a, "mean", 4, output=float),
        CLOSE, (BYTES,)),
    "uniform_filter1d": (
        lambda a: ndi.uniform_filter1d(a, 5, axis=0), lambda a: generic_filter(a, "mean", 5, axes=0), CLOSE, (FLOATS,)),
    "standard deviation of two uniform filters": (
        lambda a: deviation(a, 5), lambda a: generic_filter(a, "standard_deviation", 5), 1e-6, (FLOATS,)),
    "correlate": (
        lambda a: ndi.correlate(a, WEIGHTS), lambda a: generic_filter(a, llc.weighted_sum(WEIGHTS), WEIGHTS.shape),
        CLOSE, (FLOATS,)),
    "correlate1d": (
        lambda a: ndi.correlate1d(a, [1, 2, 4], axis=0),
        lambda a: generic_filter(a, llc.weighted_sum([1, 2, 4]), 3, axes=0), CLOSE, (FLOATS,)),
    "convolve": (
        lambda a: ndi.convolve(a, WEIGHTS),
        lambda a: generic_filter(a, llc.weighted_sum(WEIGHTS[::-1, ::-1]), WEIGHTS.shape), CLOSE, (FLOATS,)),
    "convolve, even extents": (
        lambda a: ndi.convolve(a, EVEN),
        lambda a: generic_filter(a, llc.weighted_sum(EVEN[::-1, ::-1]), EVEN.shape, origin=-1), CLOSE, (FLOATS,)),
    "grey_erosion": (
        lambda a: ndi.grey_erosion(a, structure=WEIGHTS),
        lambda a: generic_filter(a, llc.grey_erosion(WEIGHTS), WEIGHTS.shape), EXACT, (FLOATS,)),
    "grey_erosion, flat": (
        lambda a: ndi.grey_erosion(a, 4), lambda a: generic_filter(a, "minimum", 4), EXACT, (FLOATS, BYTES)),
    "grey_dilation": (
        lambda a: ndi.grey_dilation(a, structure=WEIGHTS),
        lambda a: generic_filter(a, llc.grey_dilation(WEIGHTS[::-1, ::-1]), WEIGHTS.shape), EXACT, (FLOATS,)),
    "grey_dilation, even extents": (
        lambda a: ndi.grey_dilation(a, structure=EVEN),
        lambda a: generic_filter(a, llc.grey_dilation(EVEN[::-1, ::-1]), EVEN.shape, origin=-1), EXACT, (FLOATS,)),
    "grey_dilation, flat": (
        lambda a: ndi.grey_dilation(a, footprint=FOOTPRINT),
        lambda a: generic_filter(a, "maximum", footprint=FOOTPRINT[::-1, ::-1]), EXACT, (FLOATS, BYTES)),
    "grey_opening": (
        lambda a: ndi.grey_opening(a, 3), lambda a: generic_filter(generic_filter(a, "minimum", 3), "maximum", 3),
        EXACT, (FLOATS, BYTES)),
    "grey_closing": (
        lambda a: ndi.grey_closing(a, 3), lambda a: generic_filter(generic_filter(a, "maximum", 3), "minimum", 3),
        EXACT, (FLOATS, BYTES)),
    "morphological_gradient": (
        lambda a: ndi.morphological_gradient(a, 3), lambda a: generic_filter(a, "range", 3), EXACT, (FLOATS, BYTES)),
    "binary_erosion": (
        lambda a: ndi.binary_erosion(a, FOOTPRINT),
        lambda a: generic_filter(a, "minimum", footprint=FOOTPRINT, mode="constant"), EXACT, (MASK,)),
    "binary_dilation": (
        lambda a: ndi.binary_dilation(a, FOOTPRINT),
        lambda a: generic_filter(a, "maximum", footprint=FOOTPRINT[::-1, ::-1], mode="constant"), EXACT, (MASK,)),
    "generic_gradient_magnitude": (
        lambda a: ndi.generic_gradient_magnitude(a, ndi.sobel),
        lambda a: generic_filter(a, steepness, 3), CLOSE, (FLOATS,)),
    "generic_filter1d": (
        lambda a: ndi.correlate1d(a, [-1, 0, 1]), lambda a: ndi.generic_filter1d(a, differences, 3), CLOSE, (FLOATS,)),
    "geometric_transform": (
        lambda a: a.T, lambda a: ndi.geometric_transform(a, transposed, a.T.shape, order=1), CLOSE, (FLOATS,)),
}
for function, name in [
    (np.nanmin, "nan_minimum"), (np.nanmax, "nan_maximum"), (np.nansum, "nan_sum"), (np.nanmean, "nan_mean"),
    (np.nanvar, "nan_variance"), (np.nanstd, "nan_standard_deviation"), (np.nanmedian, "nan_median"),
]:
    CASES[f"generic_filter, {function.__name__}"] = (
        lambda a, function=function: ndi.generic_filter(a, function, 5),
        lambda a, name=name: generic_filter(a, name, 5), CLOSE, (GAPS,))
if hasattr(ndi, "vectorized_filter"):  # Since SciPy 1.16.
    CASES["vectorized_filter"] = (
        lambda a: ndi.vectorized_filter(a, np.median, size=4),
        lambda a: generic_filter(a, "median", 4, output=float), EXACT, (FLOATS, BYTES))


@pytest.mark.parametrize("row", CASES)
@pytest.mark.filterwarnings("ignore:All-NaN|Mean of empty|Degrees of freedom:RuntimeWarning")
def test_it_is_as_the_table_says(row):
    scipys, ours, tolerance, arrays = CASES[row]
    for array in arrays:
        expected, found = scipys(array), ours(array)
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def test_what_the_notes_say():
    """Where the table says that results differ, they do."""
    assert (generic_filter(BYTES, "mean", 3) == np.trunc(generic_filter(BYTES, "mean", 3, output=float))).all()
    # SciPy truncates after each axis.
    assert (ndi.uniform_filter(BYTES, 3) != generic_filter(BYTES, "mean", 3)).any()
    # Truncated, a difference in the last bits may be 1.
    variances = (ndi.generic_filter(BYTES, np.var, 3, output=int), generic_filter(BYTES, "variance", 3, output=int))
    assert np.abs(variances[0] - variances[1]).max() <= 1
    assert (ndi.median_filter(FLOATS, 4) != generic_filter(FLOATS, "median", 4)).any()
    # Bytes that wrap: 2 - 4 is 254 to SciPy, and a minimum that it is not.
    few, structure = np.array([2, 10, 250], dtype=np.uint8), np.array([0, 4, 9])
    assert ndi.grey_erosion(few, structure=structure, output=float)[0] == 1
    assert generic_filter(few, llc.grey_erosion(structure), 3, output=float)[0] == -2
    assert np.isnan(generic_filter(GAPS, "minimum", 3)).sum() > np.isnan(ndi.minimum_filter(GAPS, 3)).sum()
    # A mode for each axis is what axis_modes is for.
    with pytest.raises(RuntimeError, match="mode"):
        generic_filter(FLOATS, "minimum", 3, mode=("wrap", "nearest"))

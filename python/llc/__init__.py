"""Your own function over every neighbourhood of an array, on all cores.

`generic_filter` is `scipy.ndimage.generic_filter` with functions that run vectorised: those decorated with
`jit_filter_function`, and built-in ones, `llc.median` and others. All of these are low-level callables for SciPy too.
"""

from ._builtins import (
    Builtin,
    distinct,
    grey_dilation,
    grey_erosion,
    maximum,
    mean,
    median,
    median_absolute_deviation,
    minimum,
    mode,
    nan_count,
    nan_maximum,
    nan_mean,
    nan_median,
    nan_minimum,
    nan_quantile,
    nan_standard_deviation,
    nan_sum,
    nan_variance,
    percentile,
    quantile,
    range,
    rank,
    standard_deviation,
    sum,
    variance,
    weighted_sum,
)
from ._c_api import capsules as __pyx_capi__
from ._c_api import get_include
from ._filter import generic_filter
from ._jit import jit_filter1d_function, jit_filter_function, jit_geometric_function
from ._native import ffi as _ffi
from ._native import lib as _lib

__version__ = _ffi.string(_lib.llc_version_string()).decode()

# Not range and sum: after `from llc import *` these are still Python's.
__all__ = [
    "Builtin", "distinct", "generic_filter", "get_include", "grey_dilation", "grey_erosion",
    "jit_filter1d_function", "jit_filter_function", "jit_geometric_function", "maximum", "mean", "median",
    "median_absolute_deviation", "minimum", "mode", "nan_count", "nan_maximum", "nan_mean", "nan_median",
    "nan_minimum", "nan_quantile", "nan_standard_deviation", "nan_sum", "nan_variance", "percentile", "quantile",
    "rank", "standard_deviation", "variance", "weighted_sum",
]

//! Filters that everyone needs, as functions of one window's values: what each of them is, for any values.
//!
//! A function may overwrite its values. None depends on their order but those that add them up, which do so in the order
//! given: so a kernel that works on the values in another way can give the same, to the bit.
//!
//! The rules that all have in common: -0.0 is below 0.0; a NaN among the values makes the result NaN, the same one whatever
//! it was, except in the functions of `skipping`, which leave NaN out. Without values a sum is 0 and a number of values is
//! 0; everything else is NaN.

mod extremes;
mod moments;
mod order;
mod skipping;

pub(crate) use extremes::{grey_dilation, grey_erosion, maximum, minimum, range};
pub(crate) use moments::{mean, standard_deviation, sum, variance, weighted_sum};
pub(crate) use order::{
    distinct, interpolated, median, median_absolute_deviation, middle, mode, percentile, percentile_place, quantile,
    quantile_place, rank,
};
pub(crate) use skipping::{
    nan_count, nan_maximum, nan_mean, nan_median, nan_minimum, nan_quantile, nan_standard_deviation, nan_sum,
    nan_variance,
};

/// A built-in filter with its parameters, for whoever computes it in another way.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Builtin<'a> {
    Minimum,
    Maximum,
    Range,
    Sum,
    Mean,
    Variance,
    StandardDeviation,
    Median,
    MedianAbsoluteDeviation,
    Mode,
    Distinct,
    Rank(isize),
    Percentile(f64),
    Quantile(f64),
    WeightedSum(&'a [f64]),
    GreyErosion(&'a [f64]),
    GreyDilation(&'a [f64]),
    NanCount,
    NanMinimum,
    NanMaximum,
    NanSum,
    NanMean,
    NanVariance,
    NanStandardDeviation,
    NanMedian,
    NanQuantile(f64),
}

/// The number, or the one NaN: which one arithmetic makes is up to the compiler.
fn known(number: f64) -> f64 {
    if number.is_nan() { f64::NAN } else { number }
}

/// Whether a percentile is one: negative ones count from the end.
pub(crate) fn is_percent(percent: f64) -> bool {
    (-100.0..=100.0).contains(&percent)
}

/// Whether a quantile is one.
pub(crate) fn is_fraction(fraction: f64) -> bool {
    (0.0..=1.0).contains(&fraction)
}

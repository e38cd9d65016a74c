//! Sums and what is made of them, and grey erosion and dilation: on lanes, in the order of the taps, so that rounding is
//! what it is for one window after the other.

use crate::lanes::{LaneFunction, LaneMask, LaneValues, Lanes};

/// The sum of the values that are not left out, and how many they are.
struct Total<const N: usize> {
    sum: Lanes<N>,
    count: Lanes<N>,
}

/// Whether NaN is left out.
trait Skip: Sync {
    const NAN: bool;
}

/// Every value counts; those count that are not NaN.
pub(crate) struct All;
pub(crate) struct Numbers;

impl Skip for All {
    const NAN: bool = false;
}

impl Skip for Numbers {
    const NAN: bool = true;
}

fn is_number<const N: usize>(values: Lanes<N>) -> LaneMask<N> {
    values.eq(values)
}

/// The numbers, or the one NaN.
#[inline(always)]
fn known<const N: usize>(numbers: Lanes<N>) -> Lanes<N> {
    is_number(numbers).select(numbers, f64::NAN)
}

/// Adds up what `term` makes of each value.
#[inline(always)]
fn total<S: Skip, const N: usize>(values: LaneValues<'_, N>, term: impl Fn(Lanes<N>) -> Lanes<N>) -> Total<N> {
    let mut total = Total { sum: Lanes::splat(0.0), count: Lanes::splat(0.0) };
    for value in values {
        let sum = total.sum + term(value);
        if S::NAN {
            total.sum = is_number(value).select(sum, total.sum);
            total.count += is_number(value).select(1.0, 0.0);
        } else {
            total.sum = sum;
        }
    }
    if !S::NAN {
        total.count = Lanes::splat(values.len() as f64);
    }
    total
}

#[inline(always)]
fn variance<S: Skip, const N: usize>(values: LaneValues<'_, N>) -> Lanes<N> {
    let Total { sum, count } = total::<S, N>(values, |value| value);
    let mean = sum / count;
    total::<S, N>(values, |value| (value - mean) * (value - mean)).sum / count
}

macro_rules! moments {
    ($($name:ident($values:ident) $result:expr;)*) => {$(
        #[doc = concat!("See `builtins::moments`, or `builtins::skipping` of [`Numbers`]: `", stringify!($name), "`.")]
        pub(crate) struct $name<S>(pub(crate) S);

        impl<S: Skip> LaneFunction for $name<S> {
            #[inline(always)]
            fn call<const N: usize>(&self, $values: LaneValues<'_, N>) -> Lanes<N> {
                known($result)
            }
        }
    )*};
}
moments! {
    Count(values) total::<S, N>(values, |value| value).count;
    Sum(values) total::<S, N>(values, |value| value).sum;
    Mean(values) {
        let Total { sum, count } = total::<S, N>(values, |value| value);
        sum / count
    };
    Variance(values) variance::<S, N>(values);
    StandardDeviation(values) variance::<S, N>(values).sqrt();
}

/// See `builtins::moments`.
pub(crate) struct WeightedSum<'a>(pub(crate) &'a [f64]);

impl LaneFunction for WeightedSum<'_> {
    #[inline(always)]
    fn call<const N: usize>(&self, values: LaneValues<'_, N>) -> Lanes<N> {
        let sum = values.iter().zip(self.0).fold(Lanes::splat(0.0), |sum, (value, &weight)| sum + value * weight);
        known(sum)
    }
}

/// See `builtins::extremes`.
pub(crate) struct GreyErosion<'a>(pub(crate) &'a [f64]);
pub(crate) struct GreyDilation<'a>(pub(crate) &'a [f64]);

impl LaneFunction for GreyErosion<'_> {
    #[inline(always)]
    fn call<const N: usize>(&self, values: LaneValues<'_, N>) -> Lanes<N> {
        lowest(values.iter().zip(self.0).map(|(value, &height)| value - height))
    }
}

impl LaneFunction for GreyDilation<'_> {
    #[inline(always)]
    fn call<const N: usize>(&self, values: LaneValues<'_, N>) -> Lanes<N> {
        // The highest is the lowest of the opposites.
        let lowest = lowest(values.iter().zip(self.0).map(|(value, &height)| -(value + height)));
        is_number(lowest).select(-lowest, f64::NAN)
    }
}

/// The lowest of some values, at least one; -0.0 is below 0.0; NaN if one is.
#[inline(always)]
fn lowest<const N: usize>(values: impl Iterator<Item = Lanes<N>>) -> Lanes<N> {
    let mut lowest = Lanes::splat(f64::INFINITY);
    let mut numbers = lowest.eq(lowest);
    for value in values {
        // The opposite of a sum of opposites: of two zeros it is -0.0 if one of them is.
        let zero = -(-value - lowest);
        let lower = value.lt(lowest).select(value, lowest);
        lowest = (value.eq(0.0) & lowest.eq(0.0)).select(zero, lower);
        numbers = numbers & is_number(value);
    }
    numbers.select(lowest, f64::NAN)
}

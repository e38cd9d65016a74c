//! The functions that leave NaN out.

use super::{maximum, mean, median, minimum, quantile, standard_deviation, sum, variance};

/// The values that are not NaN, in their order.
fn numbers(values: &mut [f64]) -> &mut [f64] {
    let mut kept = 0;
    for i in 0..values.len() {
        if !values[i].is_nan() {
            values[kept] = values[i];
            kept += 1;
        }
    }
    &mut values[..kept]
}

/// How many values are not NaN.
pub(crate) fn nan_count(values: &mut [f64]) -> f64 {
    numbers(values).len() as f64
}

/// The quantile of those that are not NaN.
pub(crate) fn nan_quantile(values: &mut [f64], fraction: f64) -> f64 {
    quantile(numbers(values), fraction)
}

macro_rules! of_numbers {
    ($($name:ident $function:ident)*) => {$(
        #[doc = concat!("The `", stringify!($function), "` of those that are not NaN.")]
        pub(crate) fn $name(values: &mut [f64]) -> f64 {
            $function(numbers(values))
        }
    )*};
}
of_numbers! {
    nan_minimum minimum
    nan_maximum maximum
    nan_sum sum
    nan_mean mean
    nan_variance variance
    nan_standard_deviation standard_deviation
    nan_median median
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_is_left_out() {
        let values = [f64::NAN, 2.0, -f64::NAN, 4.0, 9.0];
        assert_eq!(
            [nan_minimum, nan_maximum, nan_sum, nan_mean, nan_median, nan_count]
                .map(|function| function(&mut values.clone())),
            [2.0, 9.0, 15.0, 5.0, 4.0, 3.0]
        );
        assert_eq!(nan_variance(&mut values.clone()), 26.0 / 3.0);
        assert_eq!(nan_standard_deviation(&mut values.clone()), (26.0_f64 / 3.0).sqrt());
        assert_eq!(nan_quantile(&mut values.clone(), 0.25), 3.0);
    }

    #[test]
    fn of_nothing_is_left() {
        for values in [&mut [][..], &mut [f64::NAN, f64::NAN]] {
            assert_eq!((nan_sum(&mut values.to_vec()), nan_count(&mut values.to_vec())), (0.0, 0.0));
            for function in [nan_minimum, nan_maximum, nan_mean, nan_variance, nan_standard_deviation, nan_median] {
                assert!(function(&mut values.to_vec()).is_nan());
            }
            assert!(nan_quantile(values, 0.5).is_nan());
        }
    }
}

//! Sums, in the order of the values, and what is made of them.

use super::known;

/// The sum, from 0.0 on.
pub(crate) fn sum(values: &[f64]) -> f64 {
    known(values.iter().fold(0.0, |sum, value| sum + value))
}

/// The sum divided by the number of values.
pub(crate) fn mean(values: &[f64]) -> f64 {
    known(sum(values) / values.len() as f64)
}

/// The mean of the squares of what the values differ from their mean by.
pub(crate) fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares = values.iter().fold(0.0, |sum, value| sum + (value - mean) * (value - mean));
    known(squares / values.len() as f64)
}

/// The square root of the variance.
pub(crate) fn standard_deviation(values: &[f64]) -> f64 {
    variance(values).sqrt()
}

/// The sum of the values, each times its weight, from 0.0 on.
pub(crate) fn weighted_sum(values: &[f64], weights: &[f64]) -> f64 {
    known(values.iter().zip(weights).fold(0.0, |sum, (value, weight)| sum + value * weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_moments() {
        assert_eq!(sum(&[1.0, 2.5, -4.0]), -0.5);
        assert_eq!(sum(&[1e300, 1.0, -1e300]), 0.0, "in the order given");
        assert_eq!(sum(&[-0.0]).to_bits(), 0.0_f64.to_bits());
        assert_eq!(mean(&[1.0, 2.0, 6.0]), 3.0);
        assert_eq!(variance(&[1.0, 2.0, 6.0]), 14.0 / 3.0);
        assert_eq!(standard_deviation(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]), 2.0);
        assert_eq!(weighted_sum(&[1.0, 2.0, 3.0], &[0.5, -1.0, 2.0]), 4.5);
    }

    #[test]
    fn no_values_nan_and_infinities() {
        assert_eq!(sum(&[]), 0.0);
        assert!(mean(&[]).is_nan() && variance(&[]).is_nan() && standard_deviation(&[]).is_nan());
        for function in [sum, mean, variance, standard_deviation] {
            assert_eq!(function(&[1.0, -f64::NAN]).to_bits(), f64::NAN.to_bits());
            assert!(function(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        }
        assert_eq!(mean(&[f64::INFINITY, 1.0]), f64::INFINITY);
        assert!(variance(&[f64::INFINITY, 1.0]).is_nan());
    }
}

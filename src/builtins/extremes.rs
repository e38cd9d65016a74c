//! The smallest and the largest value.

use std::cmp::Ordering;

use super::known;

/// The one that comes first in an order; NaN if one is.
fn first(a: f64, b: f64, order: Ordering) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if b.total_cmp(&a) == order {
        b
    } else {
        a
    }
}

fn lower(a: f64, b: f64) -> f64 {
    first(a, b, Ordering::Less)
}

fn higher(a: f64, b: f64) -> f64 {
    first(a, b, Ordering::Greater)
}

/// The result of a function that all values are put through one after the other.
fn reduced(values: impl Iterator<Item = f64>, both: fn(f64, f64) -> f64) -> f64 {
    values.map(|value| both(value, value)).reduce(both).unwrap_or(f64::NAN)
}

/// The smallest value.
pub(crate) fn minimum(values: &mut [f64]) -> f64 {
    reduced(values.iter().copied(), lower)
}

/// The largest value.
pub(crate) fn maximum(values: &mut [f64]) -> f64 {
    reduced(values.iter().copied(), higher)
}

/// The largest value less the smallest.
pub(crate) fn range(values: &mut [f64]) -> f64 {
    known(maximum(values) - minimum(values))
}

/// The smallest of the values less their structure's.
pub(crate) fn grey_erosion(values: &mut [f64], structure: &[f64]) -> f64 {
    reduced(values.iter().zip(structure).map(|(value, height)| value - height), lower)
}

/// The largest of the values plus their structure's.
pub(crate) fn grey_dilation(values: &mut [f64], structure: &[f64]) -> f64 {
    reduced(values.iter().zip(structure).map(|(value, height)| value + height), higher)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_do_not_depend_on_the_order() {
        for values in [[0.0, -0.0, 1.0], [-0.0, 0.0, 1.0], [1.0, 0.0, -0.0]] {
            assert_eq!(minimum(&mut values.clone()).to_bits(), (-0.0_f64).to_bits());
        }
        for values in [[0.0, -0.0], [-0.0, 0.0]] {
            assert_eq!(maximum(&mut values.clone()).to_bits(), 0.0_f64.to_bits());
        }
        for values in [[f64::NAN, 1.0], [1.0, f64::NAN], [-f64::NAN, f64::NEG_INFINITY]] {
            for function in [minimum, maximum, range] {
                assert_eq!(function(&mut values.clone()).to_bits(), f64::NAN.to_bits());
            }
        }
        assert!(minimum(&mut []).is_nan() && maximum(&mut []).is_nan() && range(&mut []).is_nan());
        assert_eq!(minimum(&mut [-f64::NAN]).to_bits(), f64::NAN.to_bits());
    }

    #[test]
    fn extremes_and_what_is_made_of_them() {
        let values = [3.0, f64::NEG_INFINITY, 7.5, f64::INFINITY];
        assert_eq!(minimum(&mut values.clone()), f64::NEG_INFINITY);
        assert_eq!(maximum(&mut values.clone()), f64::INFINITY);
        assert_eq!(range(&mut [3.0, -2.0, 7.5]), 9.5);
        assert!(range(&mut [f64::INFINITY]).is_nan());
        assert_eq!(grey_erosion(&mut [3.0, 1.0, 2.0], &[1.0, -5.0, 0.5]), 1.5);
        assert_eq!(grey_dilation(&mut [3.0, 1.0, 2.0], &[1.0, -5.0, 0.5]), 4.0);
    }
}

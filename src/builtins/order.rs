//! Order statistics: values at certain places among all in order.

use super::known;

/// Puts the value that is at `place` in order there: smaller ones before it, larger ones after it. There is no NaN.
fn select(values: &mut [f64], place: usize) -> f64 {
    *values.select_nth_unstable_by(place, f64::total_cmp).1
}

/// The values as the function has them, unless they are none or one is NaN.
fn of_numbers(values: &mut [f64], function: impl FnOnce(&mut [f64]) -> f64) -> f64 {
    if values.is_empty() || values.iter().any(|value| value.is_nan()) { f64::NAN } else { function(values) }
}

/// The middle value; with an even number of values the mean of the two in the middle.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    of_numbers(values, |values| {
        let half = values.len() / 2;
        let upper = select(values, half);
        if values.len() % 2 == 1 {
            return upper;
        }
        // Those before it are no larger.
        let lower = values[..half].iter().copied().max_by(f64::total_cmp).expect("half of two or more");
        middle(lower, upper)
    })
}

/// The mean of two values in the middle.
pub(crate) fn middle(lower: f64, upper: f64) -> f64 {
    known((lower + upper) / 2.0)
}

/// The value at a place from the smallest on or, if it is negative, from one beyond the largest on; `None` if there is no
/// such place.
pub(crate) fn rank(values: &mut [f64], rank: isize) -> Option<f64> {
    if values.is_empty() {
        return Some(f64::NAN);
    }
    let count = values.len() as isize;
    if !(-count..count).contains(&rank) {
        return None;
    }
    let place = if rank < 0 { rank + count } else { rank };
    Some(of_numbers(values, |values| select(values, place as usize)))
}

/// The value at the place `count * percent / 100`, rounded down, or the largest; negative ones count from 100 down.
pub(crate) fn percentile(values: &mut [f64], percent: f64) -> f64 {
    of_numbers(values, |values| select(values, percentile_place(values.len(), percent)))
}

/// The place of a percentile among so many values, at least one.
pub(crate) fn percentile_place(count: usize, percent: f64) -> usize {
    let percent = if percent < 0.0 { percent + 100.0 } else { percent };
    ((count as f64 * percent / 100.0) as usize).min(count - 1)
}

/// The value at the place `fraction * (count - 1)`, by linear interpolation of those around it.
pub(crate) fn quantile(values: &mut [f64], fraction: f64) -> f64 {
    of_numbers(values, |values| {
        let (below, along) = quantile_place(values.len(), fraction);
        let lower = select(values, below);
        let upper = values[below + 1..].iter().copied().min_by(f64::total_cmp).unwrap_or(lower);
        interpolated(lower, upper, along)
    })
}

/// The place below a quantile among so many values, at least one, and how far it is on the way to the next.
pub(crate) fn quantile_place(count: usize, fraction: f64) -> (usize, f64) {
    let place = fraction * (count - 1) as f64;
    let below = (place.floor() as usize).min(count - 1);
    (below, place - below as f64)
}

/// What lies on the way from one value to another.
pub(crate) fn interpolated(lower: f64, upper: f64, along: f64) -> f64 {
    // As numpy does it: from the nearer end.
    let step = upper - lower;
    known(if along < 0.5 { lower + step * along } else { upper - step * (1.0 - along) })
}

/// The median of the magnitudes of what the values differ from their median by.
pub(crate) fn median_absolute_deviation(values: &mut [f64]) -> f64 {
    let middle = median(values);
    for value in &mut *values {
        *value = (*value - middle).abs();
    }
    median(values)
}

/// The most frequent value; the smallest of them. 0.0 and -0.0 are one value, which is -0.0 if one of them is.
pub(crate) fn mode(values: &mut [f64]) -> f64 {
    of_numbers(values, |values| {
        values.sort_unstable_by(f64::total_cmp);
        let runs = values.chunk_by(|a, b| a == b);
        let most = runs.clone().map(<[f64]>::len).max();
        runs.into_iter().find(|run| Some(run.len()) == most).map_or(f64::NAN, |run| run[0])
    })
}

/// How many different values there are. 0.0 and -0.0 are one, and so are all NaN.
pub(crate) fn distinct(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(|a, b| (a.is_nan(), a).partial_cmp(&(b.is_nan(), b)).unwrap_or(std::cmp::Ordering::Equal));
    values.chunk_by(|a, b| a == b || (a.is_nan() && b.is_nan())).count() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: [f64; 6] = [5.0, 1.0, 4.0, 1.0, 3.0, 9.0];

    #[test]
    fn medians() {
        assert_eq!(median(&mut NUMBERS.clone()), 3.5);
        assert_eq!(median(&mut NUMBERS[..5].to_vec()), 3.0);
        assert_eq!(median(&mut [7.0]), 7.0);
        assert_eq!(median(&mut [0.0, -0.0, -0.0]).to_bits(), (-0.0_f64).to_bits());
        assert!(median(&mut [f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        assert_eq!(median_absolute_deviation(&mut [1.0, 1.0, 2.0, 2.0, 4.0, 6.0, 9.0]), 1.0);
    }

    #[test]
    fn ranks_percentiles_and_quantiles() {
        let ranks: Vec<_> = (-7..=6).map(|place| rank(&mut NUMBERS.clone(), place)).collect();
        let sorted = [1.0, 1.0, 3.0, 4.0, 5.0, 9.0].map(Some);
        assert_eq!(ranks, [&[None], &sorted[..], &sorted[..], &[None]].concat());
        let percentiles = [0.0, 16.0, 34.0, 50.0, 99.9, 100.0, -50.0, -1.0];
        assert_eq!(
            percentiles.map(|percent| percentile(&mut NUMBERS.clone(), percent)),
            [1.0, 1.0, 3.0, 4.0, 9.0, 9.0, 4.0, 9.0]
        );
        assert_eq!(
            [0.0, 0.1, 0.5, 0.9, 1.0].map(|fraction| quantile(&mut NUMBERS.clone(), fraction)),
            [1.0, 1.0, 3.5, 7.0, 9.0]
        );
    }

    #[test]
    fn frequencies() {
        assert_eq!(mode(&mut NUMBERS.clone()), 1.0);
        assert_eq!(mode(&mut [3.0, 2.0, 3.0, 2.0, 7.0]), 2.0);
        assert_eq!(mode(&mut [0.0, 5.0, -0.0]).to_bits(), (-0.0_f64).to_bits());
        assert_eq!(distinct(&mut NUMBERS.clone()), 5.0);
        assert_eq!(distinct(&mut [f64::NAN, 0.0, -f64::NAN, -0.0, 1.0, f64::NAN]), 3.0);
        assert_eq!(distinct(&mut []), 0.0);
    }

    #[test]
    fn nan_and_no_values_make_nan() {
        for function in [median, median_absolute_deviation, mode] {
            assert!(function(&mut []).is_nan());
            assert_eq!(function(&mut [1.0, -f64::NAN, 2.0]).to_bits(), f64::NAN.to_bits());
        }
        assert!(rank(&mut [], 5).unwrap().is_nan() && rank(&mut [f64::NAN], 0).unwrap().is_nan());
        assert!(percentile(&mut [], 5.0).is_nan() && quantile(&mut [f64::NAN, 1.0], 0.0).is_nan());
    }
}

//! Median absolute deviations of large windows, by the values' places in the order of a whole tile.
//!
//! As in [`ordinals`](super::ordinals) values are known by their numbers in the order of a tile, and a window is a set of
//! bits, which differs from its neighbour at the ends of its runs. The values nearest to the median lie side by side in that
//! order (see [`deviations`](super::deviations)): so many in a row that half of all are among them. The further the row
//! begins from the lowest value, the nearer that end of it is to the median, and the further the other. So the best row is
//! found where the one distance comes to exceed the other: from where it was in the last window in steps that double, then
//! by bisection. Mostly that is a step or two, and a window costs as much as it has runs.

use crate::builtins;
use crate::error::Error;
use crate::kernels::numbering::{self, Coded, Numbering};
use crate::kernels::set::Set;
use crate::memory;
use crate::simd;
use crate::sweep::{Results, RowKernel, Shown, Sizes, Sweep};

/// A window, in which the places around the median are kept track of, and those at the low end and the high end of the values
/// nearest to it.
type Window = Set<3>;

/// Median absolute deviations.
pub(crate) struct Nearest<V> {
    numbering: Numbering<V>,
    taps: usize,
    /// Where the runs of a row's first window begin among the numbers, and how long they are.
    starts: Vec<(usize, usize)>,
    window: Window,
    /// How many values are below the nearest, those up to the lower distance in the middle and up to the upper.
    below: [usize; 2],
    values: Vec<f64>,
}

impl<V: Coded> Nearest<V> {
    pub(crate) fn new(sweep: &Sweep<'_>) -> Result<Self, Error> {
        let numbering = Numbering::new(sweep)?;
        Ok(Nearest {
            taps: sweep.taps(),
            starts: memory::reserved(sweep.runs().len())?,
            window: Set::new(numbering.capacity())?,
            numbering,
            below: [0; 2],
            values: memory::reserved(sweep.taps())?,
        })
    }

    #[inline(always)]
    fn compute(&mut self, rows: &Shown<'_, V>, row: usize, first_nan: usize, results: &mut [f64]) {
        let Nearest { numbering, taps, starts, window, below, values } = self;
        let numbers = &numbering.numbers[..];
        let has_nan = first_nan < numbering.values.len();
        numbering.starts(row, starts);
        window.clear();
        for &(start, len) in &*starts {
            numbers[start..start + len].iter().for_each(|&number| window.insert(number));
        }
        for (place, result) in results.iter_mut().enumerate() {
            if place > 0 {
                window.slide(numbers, starts, place - 1);
            }
            let has_nan = has_nan && window.reaches(first_nan);
            let known = if has_nan { None } else { deviation(&numbering.values, window, below, *taps) };
            *result = known.unwrap_or_else(|| {
                numbering.window(rows, row, place, values);
                builtins::median_absolute_deviation(values)
            });
        }
    }
}

/// The median absolute deviation of so many values, those in the window; `None`: their median is infinite.
#[inline(always)]
fn deviation<V: Coded>(values: &[V], window: &mut Window, below: &mut [usize; 2], taps: usize) -> Option<f64> {
    let half = taps / 2;
    let mut at_rank = |cursor: usize, rank: usize| values[window.at_rank(cursor, rank)].to_f64();
    let upper = at_rank(0, half);
    let median = if taps % 2 == 1 { upper } else { builtins::middle(at_rank(0, half - 1), upper) };
    if !median.is_finite() {
        return None;
    }
    // How far a value is above the median, below it less than nothing: rounding leaves that in order, too.
    let mut above = |cursor: usize, rank: usize| at_rank(cursor, rank) - median;
    // The smallest that `len` values side by side go up to, which begin where so many are below.
    let mut smallest = |len: usize, below: &mut usize| {
        let places = taps - len + 1;
        let exceeds = |place: usize| above(2, place + len - 1) >= -above(1, place);
        let first = first_where(places, *below, exceeds);
        *below = first;
        let upwards = if first < places { above(2, first + len - 1) } else { f64::INFINITY };
        let downwards = if first > 0 { -above(1, first - 1) } else { f64::INFINITY };
        // Nothing has no sign.
        upwards.min(downwards).abs()
    };
    let [of_lower, of_upper] = below;
    let upper = smallest(half + 1, of_upper);
    Some(if taps % 2 == 1 { upper } else { builtins::middle(smallest(half, of_lower), upper) })
}

/// The first of so many places where something holds, or one beyond the last; after it, it holds everywhere. It is looked for
/// around a guess first.
#[inline(always)]
fn first_where(places: usize, guess: usize, mut holds: impl FnMut(usize) -> bool) -> usize {
    let guess = guess.min(places - 1);
    // It is one of `low..=high`.
    let (mut low, mut high) = (0, places);
    let mut step = 1;
    if holds(guess) {
        high = guess;
        while low < high {
            let place = high.saturating_sub(step);
            if !holds(place) {
                low = place + 1;
                break;
            }
            high = place;
            step *= 2;
        }
    } else {
        low = guess + 1;
        while low < high {
            let place = (low + step - 1).min(high - 1);
            if holds(place) {
                high = place;
                break;
            }
            low = place + 1;
            step *= 2;
        }
    }
    while low < high {
        let place = low.midpoint(high);
        if holds(place) {
            high = place;
        } else {
            low = place + 1;
        }
    }
    low
}

impl<V: Coded> RowKernel for Nearest<V> {
    type Value = V;
    type Result = f64;

    const SIZES: Sizes = numbering::sizes::<V>();

    fn band(&self) -> usize {
        self.numbering.band()
    }

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, f64>) {
        self.numbering.number(rows, results.rows, results.places, false);
        let first_nan = self.numbering.first_nan();
        for (row, results) in results.rows_mut().enumerate() {
            simd::wide(
                #[inline(always)]
                || self.compute(rows, row, first_nan, results),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_is_found_whatever_the_guess() {
        for places in 1..40 {
            for first in 0..=places {
                for guess in 0..places + 2 {
                    assert_eq!(first_where(places, guess, |place| place >= first), first, "of {places} from {guess}");
                }
            }
        }
    }
}

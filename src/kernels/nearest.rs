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
use crate::kernels::numbering::Numbering;
use crate::kernels::ordinals::{Coded, WORD, bit_at_rank};
use crate::memory;
use crate::simd;
use crate::sweep::{Results, RowKernel, Shown, Sizes, Sweep};

/// Median absolute deviations.
pub(crate) struct Nearest<V> {
    numbering: Numbering<V>,
    taps: usize,
    /// Where the runs of a row's first window begin among the numbers, and how long they are.
    starts: Vec<(usize, usize)>,
    window: Set,
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
            window: Set {
                words: memory::filled(numbering.capacity() / WORD + 1, 0)?,
                cursors: [Cursor::default(); CURSORS],
            },
            numbering,
            below: [0; 2],
            values: memory::reserved(sweep.taps())?,
        })
    }

    #[inline(always)]
    fn compute(&mut self, rows: &Shown<'_, V>, row: usize, first_nan: u32, results: &mut [f64]) {
        let Nearest { numbering, taps, starts, window, below, values } = self;
        let numbers = &numbering.numbers[..];
        let has_nan = (first_nan as usize) < numbering.values.len();
        numbering.starts(row, starts);
        window.clear();
        let mut nan = 0;
        for &(start, len) in &*starts {
            for &number in &numbers[start..start + len] {
                window.insert(number);
                nan += usize::from(number >= first_nan);
            }
        }
        for (place, result) in results.iter_mut().enumerate() {
            if place > 0 {
                if has_nan {
                    for &(start, len) in &*starts {
                        let (less, more) = (numbers[start + place - 1], numbers[start + place - 1 + len]);
                        nan = nan + usize::from(more >= first_nan) - usize::from(less >= first_nan);
                    }
                }
                window.slide(numbers, starts, place - 1);
            }
            let known = if nan == 0 { deviation(&numbering.values, window, below, *taps) } else { None };
            *result = known.unwrap_or_else(|| {
                numbering.window(rows, row, place, values);
                builtins::median_absolute_deviation(values)
            });
        }
    }
}

/// The median absolute deviation of so many values, those in the window; `None`: their median is infinite.
#[inline(always)]
fn deviation<V: Coded>(values: &[V], window: &mut Set, below: &mut [usize; 2], taps: usize) -> Option<f64> {
    let half = taps / 2;
    let mut at_rank = |cursor: usize, rank: usize| values[window.at_rank(cursor, rank)].to_f64();
    let upper = at_rank(0, half);
    let median = if taps % 2 == 1 { upper } else { builtins::middle(at_rank(0, half - 1), upper) };
    if !median.is_finite() {
        return None;
    }
    let mut distance = |cursor: usize, rank: usize| (at_rank(cursor, rank) - median).abs();
    // The smallest that `len` values side by side go up to, which begin where so many are below.
    let mut smallest = |len: usize, below: &mut usize| {
        let places = taps - len + 1;
        let exceeds = |place: usize| distance(2, place + len - 1) >= distance(1, place);
        let first = first_where(places, *below, exceeds);
        *below = first;
        let upwards = if first < places { distance(2, first + len - 1) } else { f64::INFINITY };
        let downwards = if first > 0 { distance(1, first - 1) } else { f64::INFINITY };
        upwards.min(downwards)
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

    const SIZES: Sizes =
        Sizes { short: 64, line: 128 * size_of::<V>(), row: 1024 * size_of::<V>(), only_line: 4096 * size_of::<V>() };

    fn band(&self) -> usize {
        self.numbering.band()
    }

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, f64>) {
        self.numbering.number(rows, results.rows, results.places, false);
        let first_nan = self.numbering.first_nan();
        for (row, results) in results.rows_mut().enumerate() {
            simd::widest(
                #[inline(always)]
                || self.compute(rows, row, first_nan, results),
            );
        }
    }
}

/// Places that are kept track of: around the median, and at the low end and the high end of the values nearest to it.
const CURSORS: usize = 3;

/// A set of numbers.
struct Set {
    words: Vec<u64>,
    cursors: [Cursor; CURSORS],
}

/// The word that a rank was last found in, and how many numbers there are before it.
#[derive(Clone, Copy, Default)]
struct Cursor {
    word: usize,
    before: usize,
}

impl Set {
    fn clear(&mut self) {
        self.words.fill(0);
        self.cursors.iter_mut().for_each(|cursor| cursor.before = 0);
    }

    #[inline(always)]
    fn insert(&mut self, number: u32) {
        let word = number as usize / WORD;
        self.words[word] |= 1 << (number as usize % WORD);
        self.cursors.iter_mut().for_each(|cursor| cursor.before += usize::from(word < cursor.word));
    }

    /// Each run loses its first number and gets the one after its last. They begin so far from `starts`.
    #[inline(always)]
    fn slide(&mut self, numbers: &[u32], starts: &[(usize, usize)], place: usize) {
        let words = &mut self.words[..];
        let [a, b, c] = self.cursors.map(|cursor| cursor.word);
        let (mut gone, mut come) = ([0; CURSORS], [0; CURSORS]);
        for &(start, len) in starts {
            let (less, more) = (numbers[start + place] as usize, numbers[start + place + len] as usize);
            words[less / WORD] &= !(1 << (less % WORD));
            words[more / WORD] |= 1 << (more % WORD);
            for (i, word) in [a, b, c].into_iter().enumerate() {
                gone[i] += usize::from(less / WORD < word);
                come[i] += usize::from(more / WORD < word);
            }
        }
        for (cursor, (come, gone)) in self.cursors.iter_mut().zip(come.into_iter().zip(gone)) {
            cursor.before = cursor.before + come - gone;
        }
    }

    /// The number that so many of the set are below.
    #[inline(always)]
    fn at_rank(&mut self, cursor: usize, rank: usize) -> usize {
        let Cursor { mut word, mut before } = self.cursors[cursor];
        while before > rank {
            word -= 1;
            before -= self.words[word].count_ones() as usize;
        }
        loop {
            let count = self.words[word].count_ones() as usize;
            if before + count > rank {
                break;
            }
            before += count;
            word += 1;
        }
        self.cursors[cursor] = Cursor { word, before };
        word * WORD + bit_at_rank(self.words[word], rank - before)
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

    #[test]
    fn numbers_are_found_by_their_rank_while_the_set_changes() {
        let numbers: Vec<u32> = (0..600).map(|i| i * 7919 % 600).collect();
        let mut set = Set { words: vec![0; 10], cursors: [Cursor::default(); CURSORS] };
        numbers[..50].iter().for_each(|&number| set.insert(number));
        for place in 0..550 {
            let mut sorted = numbers[place..place + 50].to_vec();
            sorted.sort_unstable();
            for (cursor, rank) in [(0, 25), (1, place % 50), (2, 49 - place % 50), (1, 3)] {
                assert_eq!(set.at_rank(cursor, rank), sorted[rank] as usize, "place {place}, rank {rank}");
            }
            if place < 549 {
                set.slide(&numbers, &[(0, 50)], place);
            }
        }
    }
}

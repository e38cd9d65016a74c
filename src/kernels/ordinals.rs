//! Order statistics of large windows of any values, by the values' places in the order of a whole tile.
//!
//! The values of a tile, and of what its windows show around it, are sorted once; from then on each is known by its number in
//! that order, and a window is a set of bits, one for each number. A window's neighbour is the same set but for the values
//! at the ends of its runs. The place of a rank is found by counting bits, word by word, from where the last one was: that
//! is seldom far. So a window costs about as much as it has runs, and the sorting.

use crate::dtype::Sample;
use crate::error::Error;
use crate::kernels::numbering::{self, Coded, Numbering};
use crate::kernels::ranks::Statistic;
use crate::kernels::set::Set;
use crate::memory;
use crate::simd;
use crate::sweep::{Results, RowKernel, Shown, Sizes, Sweep};

/// Order statistics.
pub(crate) struct Ordinals<'s, V, S> {
    statistic: &'s S,
    places: (usize, usize),
    numbering: Numbering<V>,
    /// Where the runs of a row's first window begin among the numbers, and how long they are.
    starts: Vec<(usize, usize)>,
    window: Set<1>,
    values: Vec<f64>,
}

impl<'s, V: Coded, S: Statistic<V>> Ordinals<'s, V, S> {
    pub(crate) fn new(sweep: &Sweep<'_>, statistic: &'s S) -> Result<Self, Error> {
        let numbering = Numbering::new(sweep)?;
        Ok(Ordinals {
            statistic,
            places: statistic.places(),
            starts: memory::reserved(sweep.runs().len())?,
            window: Set::new(numbering.capacity())?,
            numbering,
            values: memory::reserved(sweep.taps())?,
        })
    }

    /// Computes a row of results.
    #[inline(always)]
    fn select(&mut self, rows: &Shown<'_, V>, row: usize, first_nan: usize, results: &mut [S::Result]) {
        let Ordinals { statistic, places, numbering, starts, window, values } = self;
        let (numbers, sorted) = (&numbering.numbers[..], &numbering.values[..]);
        numbering.starts(row, starts);
        window.clear();
        let has_nan = first_nan < sorted.len();
        for &(start, len) in &*starts {
            numbers[start..start + len].iter().for_each(|&number| window.insert(number));
        }
        for (place, result) in results.iter_mut().enumerate() {
            if place > 0 {
                window.slide(numbers, starts, place - 1);
            }
            *result = if has_nan && window.reaches(first_nan) {
                numbering.window(rows, row, place, values);
                S::Result::from_f64(statistic.of_all(values))
            } else {
                let lower = sorted[window.at_rank(0, places.0)];
                let upper = if places.0 == places.1 { lower } else { sorted[window.at_rank(0, places.1)] };
                statistic.of(lower, upper)
            };
        }
    }
}

impl<V: Coded, S: Statistic<V>> RowKernel for Ordinals<'_, V, S> {
    type Value = V;
    type Result = S::Result;

    const SIZES: Sizes = numbering::sizes::<V>();

    fn band(&self) -> usize {
        self.numbering.band()
    }

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, S::Result>) {
        self.numbering.number(rows, results.rows, results.places, false);
        let first_nan = self.numbering.first_nan();
        for (row, results) in results.rows_mut().enumerate() {
            simd::wide(
                #[inline(always)]
                || self.select(rows, row, first_nan, results),
            );
        }
    }
}

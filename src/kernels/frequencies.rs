//! How often values occur in large windows: a count for each value of a tile, kept up to date along a row.
//!
//! The values of a tile are numbered, equal ones alike, and there is a count for each number. From one window to the next
//! only the values at the ends of the window's runs change: so a window costs as much as it has runs, and the numbering.
//!
//! How many counts are not zero is kept along with them. The most frequent value is that of the highest count. Few counts are
//! searched, on vectors; many are in blocks, each of which has a limit that none of its counts exceeds: a count that grows
//! lifts its block's, one that shrinks leaves it as it is. The block with the highest limit has the highest count, unless
//! its limit turns out to be too high, in which case it is set right and the search begins again. That happens no more often
//! than counts have shrunk.

use crate::convert::Value;
use crate::error::Error;
use crate::kernels::numbering::{self, Coded, Numbering};
use crate::kernels::pairs::{Distinct, Frequency, Mode};
use crate::memory;
use crate::simd;
use crate::sweep::{Results, RowKernel, Shown, Sizes, Sweep};

/// Counts that are searched without blocks, at most.
const FEW: usize = 1024;

/// Counts of a block.
const BLOCK: usize = 64;

/// What is kept of counts.
pub(crate) trait Tally: Sized {
    fn new(capacity: usize) -> Result<Self, Error>;

    /// Begins with a tile that has so many numbers. All counts are zero.
    fn begin(&mut self, numbers: usize);

    fn add(&mut self, number: u32);

    fn remove(&mut self, number: u32);

    /// Makes a number's count zero.
    fn clear(&mut self, number: u32);
}

/// Counts, and how many of them are not zero.
pub(crate) struct NotZero {
    counts: Vec<u32>,
    total: u32,
}

impl Tally for NotZero {
    fn new(capacity: usize) -> Result<Self, Error> {
        Ok(NotZero { counts: memory::filled(capacity, 0)?, total: 0 })
    }

    fn begin(&mut self, _: usize) {}

    #[inline(always)]
    fn add(&mut self, number: u32) {
        let count = &mut self.counts[number as usize];
        self.total += u32::from(*count == 0);
        *count += 1;
    }

    #[inline(always)]
    fn remove(&mut self, number: u32) {
        let count = &mut self.counts[number as usize];
        *count -= 1;
        self.total -= u32::from(*count == 0);
    }

    #[inline(always)]
    fn clear(&mut self, number: u32) {
        self.counts[number as usize] = 0;
        self.total = 0;
    }
}

/// Counts, and limits of blocks of them.
pub(crate) struct Highest {
    counts: Vec<u32>,
    limits: Vec<u32>,
    numbers: usize,
}

impl Tally for Highest {
    fn new(capacity: usize) -> Result<Self, Error> {
        let blocks = capacity.div_ceil(BLOCK);
        let counts = memory::filled(blocks * BLOCK, 0)?;
        Ok(Highest { counts, limits: memory::filled(blocks, 0)?, numbers: 0 })
    }

    fn begin(&mut self, numbers: usize) {
        self.numbers = numbers;
    }

    #[inline(always)]
    fn add(&mut self, number: u32) {
        let count = &mut self.counts[number as usize];
        *count += 1;
        if self.numbers > FEW {
            let limit = &mut self.limits[number as usize / BLOCK];
            *limit = (*count).max(*limit);
        }
    }

    #[inline(always)]
    fn remove(&mut self, number: u32) {
        self.counts[number as usize] -= 1;
    }

    #[inline(always)]
    fn clear(&mut self, number: u32) {
        self.counts[number as usize] = 0;
        self.limits[number as usize / BLOCK] = 0;
    }
}

impl Highest {
    /// The lowest number with the highest count.
    #[inline(always)]
    fn number(&mut self) -> usize {
        if self.numbers <= FEW {
            let counts = &self.counts[..self.numbers];
            return first_of(counts, highest_of(counts));
        }
        let limits = &mut self.limits[..self.numbers.div_ceil(BLOCK)];
        loop {
            let highest = highest_of(limits);
            let block = first_of(limits, highest);
            let counts = &self.counts[block * BLOCK..][..BLOCK];
            limits[block] = highest_of(counts);
            if limits[block] == highest {
                return block * BLOCK + first_of(counts, highest);
            }
        }
    }
}

#[inline(always)]
fn highest_of(counts: &[u32]) -> u32 {
    counts.iter().fold(0, |highest, &count| count.max(highest))
}

/// The place of the first one that is so high; there is one.
#[inline(always)]
fn first_of(counts: &[u32], high: u32) -> usize {
    // On vectors as far as none is: a search that may end anywhere compilers don't vectorise.
    const SOME: usize = 32;
    let has_it = |counts: &[u32]| counts.iter().fold(false, |any, &count| any | (count == high));
    let skipped = SOME * counts.chunks_exact(SOME).take_while(|counts| !has_it(counts)).count();
    skipped + counts[skipped..].iter().take_while(|&&count| count != high).count()
}

/// What is made of counts by numbers.
pub(crate) trait OfNumbers: Frequency {
    type Tally: Tally + Send;
    type Result<V: Value>: Value;

    /// `of_all` is the same from all values of the window.
    fn of<V: Coded>(
        tally: &mut Self::Tally,
        numbering: &Numbering<V>,
        first_nan: usize,
        of_all: impl FnOnce() -> f64,
    ) -> Self::Result<V>;
}

impl OfNumbers for Mode {
    type Tally = Highest;
    type Result<V: Value> = V;

    #[inline(always)]
    fn of<V: Coded>(
        tally: &mut Highest,
        numbering: &Numbering<V>,
        first_nan: usize,
        of_all: impl FnOnce() -> f64,
    ) -> V {
        if first_nan < tally.numbers && tally.counts[first_nan] > 0 {
            return V::NAN;
        }
        let mode = numbering.values[tally.number()];
        if numbering.has_minus_zero && mode == V::default() { V::from_f64(of_all()) } else { mode }
    }
}

impl OfNumbers for Distinct {
    type Tally = NotZero;
    type Result<V: Value> = u32;

    #[inline(always)]
    fn of<V: Coded>(tally: &mut NotZero, _: &Numbering<V>, _: usize, _: impl FnOnce() -> f64) -> u32 {
        tally.total
    }
}

/// How often values occur, in windows of any size.
pub(crate) struct Frequencies<V, F: OfNumbers> {
    numbering: Numbering<V>,
    tally: F::Tally,
    /// Where the runs of a row's first window begin among the numbers, and how long they are.
    starts: Vec<(usize, usize)>,
    values: Vec<f64>,
}

impl<V: Coded, F: OfNumbers> Frequencies<V, F> {
    pub(crate) fn new(sweep: &Sweep<'_>) -> Result<Self, Error> {
        let numbering = Numbering::new(sweep)?;
        Ok(Frequencies {
            tally: F::Tally::new(numbering.capacity())?,
            numbering,
            starts: memory::reserved(sweep.runs().len())?,
            values: memory::reserved(sweep.taps())?,
        })
    }

    /// Computes a row of results.
    #[inline(always)]
    fn compute(&mut self, rows: &Shown<'_, V>, row: usize, first_nan: usize, results: &mut [F::Result<V>]) {
        let Frequencies { numbering, tally, starts, values } = self;
        let numbers = &numbering.numbers[..];
        numbering.starts(row, starts);
        starts
            .iter()
            .for_each(|&(start, len)| numbers[start..start + len].iter().for_each(|&number| tally.add(number)));
        for (place, result) in results.iter_mut().enumerate() {
            if place > 0 {
                for &(start, len) in &*starts {
                    let (less, more) = (numbers[start + place - 1], numbers[start + place - 1 + len]);
                    // Where many values are equal, counts that go up and down would wait for each other.
                    if less != more {
                        tally.remove(less);
                        tally.add(more);
                    }
                }
            }
            *result = F::of(tally, numbering, first_nan, || {
                numbering.window(rows, row, place, values);
                F::of_all(values)
            });
        }
        for &(start, len) in &*starts {
            numbers[start + results.len() - 1..][..len].iter().for_each(|&number| tally.clear(number));
        }
    }
}

impl<V: Coded, F: OfNumbers> RowKernel for Frequencies<V, F> {
    type Value = V;
    type Result = F::Result<V>;

    const SIZES: Sizes = numbering::sizes::<V>();

    fn band(&self) -> usize {
        self.numbering.band()
    }

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, F::Result<V>>) {
        self.numbering.number(rows, results.rows, results.places, true);
        self.tally.begin(self.numbering.values.len());
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
    fn the_highest_count_is_found_whatever_limits_there_are() {
        for numbers in [5, FEW, FEW + 1, 20 * FEW] {
            let mut tally = Highest::new(numbers).unwrap();
            tally.begin(numbers);
            let mut counts = vec![0_u32; numbers];
            let mut random = 1_u32;
            for step in 0..3000 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let number = random >> 16;
                let number = number as usize % if step % 3 == 0 { 5 } else { numbers };
                if random >> 12 & 1 == 0 && counts[number] > 0 {
                    counts[number] -= 1;
                    tally.remove(number as u32);
                } else {
                    counts[number] += 1;
                    tally.add(number as u32);
                }
                let most = counts.iter().max();
                let expected = counts.iter().position(|count| Some(count) == most);
                assert_eq!(Some(tally.number()), expected, "{numbers} numbers, step {step}");
            }
        }
    }
}

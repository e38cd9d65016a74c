//! The medians of squares of 3 x 3 and 5 x 5 values, the smallest windows and the most used, as code of their own.
//!
//! The columns are put in order once, for all windows that have them. In a window, then, the rows: that leaves the columns
//! in order. Now the value in row `i` and column `j` has `(i + 1) * (j + 1)` values at or below it and as many at or above it
//! from the other corner, and the median must be on the diagonal between the corners of the highest and the lowest, or next
//! to it: of 3 x 3, it is the median of the diagonal; of 5 x 5, of the diagonal's median, the highest of the one before it
//! and the lowest of the one after it. (Any two values of the diagonal before have three above them in the diagonal itself,
//! and these three in the next: with the two, eight of those thirteen values, too many for the lower of the two to be the
//! median. And so on.) Of the rows' orders only so much is computed as is needed for that.

use std::array;

use crate::convert::Value;
use crate::error::Error;
use crate::kernels::network::{higher, lower};
use crate::memory::{Aligned, CACHE_LINE};
use crate::simd;

/// The largest side.
pub(crate) const SIDE_MAX: usize = 5;

/// Places of columns around those that are computed, at most.
const AROUND: usize = 40;

/// Whether there is code for squares of this side, with this step from one of their columns to the next.
pub(crate) fn is_known(side: usize, step: usize) -> bool {
    (side == 3 || side == SIDE_MAX) && (side - 1) * step <= AROUND
}

/// Bytes of places that are computed at a time.
const BYTES: usize = 1024;

/// Computes medians of squares.
pub(crate) struct Square<V> {
    side: usize,
    /// From one column to the next.
    step: usize,
    /// The columns in order: row by row, so many values each.
    columns: Aligned<V>,
}

impl<V: Value> Square<V> {
    pub(crate) fn new(side: usize, step: usize) -> Result<Self, Error> {
        assert!((side - 1) * step <= AROUND);
        Ok(Square { side, step, columns: Aligned::new(side * Self::PITCH, 0)? })
    }

    const LINE: usize = CACHE_LINE / size_of::<V>();

    /// Places that are computed at a time, at most.
    const PLACES: usize = BYTES / size_of::<V>();

    /// From one row of columns to the next: an odd number of cache lines, so that they don't all begin at the same place of
    /// a page.
    const PITCH: usize = Self::PLACES + 5 * Self::LINE;

    /// Computes the medians of windows whose rows begin there: the first window's at the beginning.
    pub(crate) fn run(&mut self, rows: &[&[V]], medians: &mut [V]) {
        match self.side {
            3 => self.run_side::<3>(rows, medians, sorted_3, Of3),
            _ => self.run_side::<5>(rows, medians, sorted_5, Of5),
        }
    }

    fn run_side<const N: usize>(
        &mut self,
        rows: &[&[V]],
        medians: &mut [V],
        sorted: impl Fn([V; N]) -> [V; N],
        median: impl Median<V>,
    ) {
        let (step, around) = (self.step, (N - 1) * self.step);
        for (i, medians) in medians.chunks_mut(Self::PLACES).enumerate() {
            let count = medians.len() + around;
            let start = i * Self::PLACES;
            assert!(rows.len() == N);
            let rows = array::from_fn(|row| rows[row][start..][..count].as_ptr());
            let columns = &mut self.columns[..N * Self::PITCH];
            simd::widest(
                #[inline(always)]
                // SAFETY: rows have so many values, as was just looked up, and columns have room for more.
                || unsafe { sort_columns(rows, count, &sorted, columns) },
            );
            simd::widest(
                #[inline(always)]
                // SAFETY: the columns around all places have just been sorted.
                || unsafe { find_medians(columns, step, median, medians) },
            );
        }
    }
}

// In functions of their own compilers know that what they write is nothing of what they read.

/// # Safety
/// There are so many values in each row, and there is room for them, a pitch from row to row.
#[inline(always)]
unsafe fn sort_columns<V: Value, const N: usize>(
    rows: [*const V; N],
    count: usize,
    sorted: impl Fn([V; N]) -> [V; N],
    columns: &mut [V],
) {
    let columns = columns.as_mut_ptr();
    for place in 0..count {
        // SAFETY: the caller has them.
        let column = sorted(array::from_fn(|row| unsafe { *rows[row].add(place) }));
        for (row, value) in column.into_iter().enumerate() {
            // SAFETY: the caller has room.
            unsafe { *columns.add(row * Square::<V>::PITCH + place) = value };
        }
    }
}

/// # Safety
/// The columns around all places are there.
#[inline(always)]
unsafe fn find_medians<V: Value>(columns: &[V], step: usize, median: impl Median<V>, medians: &mut [V]) {
    let columns = columns.as_ptr();
    for (place, result) in medians.iter_mut().enumerate() {
        let value = |row: usize, column: usize| {
            // SAFETY: the caller has it.
            unsafe { *columns.add(row * Square::<V>::PITCH + column * step + place) }
        };
        *result = median.of(value);
    }
}

#[inline(always)]
fn pair<V: Value>(a: V, b: V) -> [V; 2] {
    [lower(a, b), higher(a, b)]
}

#[inline(always)]
fn sorted_3<V: Value>([a, b, c]: [V; 3]) -> [V; 3] {
    let [a, b] = pair(a, b);
    [lower(a, c), higher(a, lower(b, c)), higher(b, c)]
}

#[inline(always)]
fn sorted_4<V: Value>([a, b, c, d]: [V; 4]) -> [V; 4] {
    let ([a, b], [c, d]) = (pair(a, b), pair(c, d));
    let ([lowest, c], [b, highest]) = (pair(a, c), pair(b, d));
    let [b, c] = pair(b, c);
    [lowest, b, c, highest]
}

#[inline(always)]
fn sorted_5<V: Value>([a, b, c, d, e]: [V; 5]) -> [V; 5] {
    let [a, b, c, d] = sorted_4([a, b, c, d]);
    [lower(a, e), higher(a, lower(b, e)), higher(b, lower(c, e)), higher(c, lower(d, e)), higher(d, e)]
}

#[inline(always)]
fn lowest_of<V: Value>([a, b, c, d]: [V; 4]) -> V {
    lower(lower(a, b), lower(c, d))
}

#[inline(always)]
fn highest_of<V: Value>([a, b, c, d]: [V; 4]) -> V {
    higher(higher(a, b), higher(c, d))
}

/// The median of values, by row and column.
trait Median<V>: Copy {
    fn of(self, value: impl Fn(usize, usize) -> V) -> V;
}

#[derive(Clone, Copy)]
struct Of3;

#[derive(Clone, Copy)]
struct Of5;

impl<V: Value> Median<V> for Of3 {
    #[inline(always)]
    fn of(self, value: impl Fn(usize, usize) -> V) -> V {
        let row = |row| sorted_3([value(row, 0), value(row, 1), value(row, 2)]);
        let (a, b, c) = (row(0), row(1), row(2));
        sorted_3([a[2], b[1], c[0]])[1]
    }
}

impl<V: Value> Median<V> for Of5 {
    #[inline(always)]
    fn of(self, value: impl Fn(usize, usize) -> V) -> V {
        let row = |row| sorted_5([value(row, 0), value(row, 1), value(row, 2), value(row, 3), value(row, 4)]);
        let (a, b, c, d, e) = (row(0), row(1), row(2), row(3), row(4));
        let before = highest_of([a[3], b[2], c[1], d[0]]);
        let between = sorted_5([a[4], b[3], c[2], d[1], e[0]])[2];
        let after = lowest_of([b[4], c[3], d[2], e[1]]);
        sorted_3([before, between, after])[1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the 0-1 principle, comparisons that are right for zeros and ones are right for everything; and sorted columns are
    /// known by how many ones each has.
    #[test]
    fn medians_are_right_for_all_squares_of_zeros_and_ones() {
        fn check<const N: usize>(median: impl Median<u8>) {
            for mut number in 0..(N + 1).pow(N as u32) {
                let ones: [usize; N] = array::from_fn(|_| {
                    let ones = number % (N + 1);
                    number /= N + 1;
                    ones
                });
                let value = |row: usize, column: usize| u8::from(row + ones[column] >= N);
                assert_eq!(median.of(value), u8::from(2 * ones.iter().sum::<usize>() > N * N), "{ones:?}");
            }
        }
        check::<3>(Of3);
        check::<5>(Of5);
    }

    #[test]
    fn columns_are_sorted() {
        for number in 0..3_u32.pow(5) {
            let values: [u8; 5] = array::from_fn(|i| (number / 3_u32.pow(i as u32) % 3) as u8);
            assert!(sorted_5(values).is_sorted() && sorted_4([values[0], values[1], values[2], values[3]]).is_sorted());
        }
    }
}

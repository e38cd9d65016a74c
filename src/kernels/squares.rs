//! The medians of squares of 3 x 3 and 5 x 5 values, the smallest windows and the most used, as code of their own.
//!
//! Columns are put in order, then rows, or the other way round: the second leaves the first in order. Now the value in row
//! `i` and column `j` has `(i + 1) * (j + 1)` values at or below it and as many at or above it from the other corner, and the
//! median must be on the diagonal between the corners of the highest and the lowest, or next to it: of 3 x 3, it is the median
//! of the diagonal; of 5 x 5, of the diagonal's median, the highest of the one before it and the lowest of the one after it.
//! (Any two values of the diagonal before have three above them in the diagonal itself, and these three in the next: with the
//! two, eight of those thirteen values, too many for the lower of the two to be the median. And so on.) Of the second orders
//! only so much is computed as is needed for that.
//!
//! Of 5 x 5 columns are put in order first, once for all windows that have them; of 3 x 3 rows are, once for two windows one
//! below the other, which share two rows.

use std::array;

use crate::convert::Value;
use crate::error::Error;
use crate::kernels::extremal::{Extremal, has_special};
use crate::kernels::network::{higher, lower};
use crate::kernels::ranks::Statistic;
use crate::kernels::specials::Specials;
use crate::memory::{self, Aligned, CACHE_LINE};
use crate::simd;
use crate::sweep::{Results, RowKernel, Shown, Sweep};

/// The largest side.
const SIDE_MAX: usize = 5;

/// Places of columns around those that are computed, at most.
const AROUND: usize = 40;

/// Whether a box of these extents, in an array of those, is a square that there is code for.
pub(crate) fn is_known(extents: &[usize], shape: &[usize]) -> bool {
    let mut wide = extents.iter().enumerate().filter(|&(_, &extent)| extent > 1);
    match (wide.next(), wide.next(), wide.next()) {
        (Some((_, 3)), Some((_, 3)), None) => true,
        (Some((_, &SIDE_MAX)), Some((axis, &SIDE_MAX)), None) => {
            (SIDE_MAX - 1) * shape[axis + 1..].iter().product::<usize>() <= AROUND
        }
        _ => false,
    }
}

/// Bytes of places that columns are put in order for at a time.
const BYTES: usize = 1024;

/// Rows of the smallest squares' medians that are computed together, and at a time.
const PAIR: usize = 2;
const BAND: usize = 2 * PAIR;

/// Medians of squares.
pub(crate) struct Squares<'s, V, S> {
    statistic: &'s S,
    side: usize,
    /// From one column to the next.
    step: usize,
    /// Where the rows of a window begin: in which row, at which place.
    begin: Vec<(usize, usize)>,
    /// Larger squares' columns in order: row by row, so many values each.
    columns: Aligned<V>,
    height: usize,
    /// Nothing is special in the rows that were shown last.
    clean: bool,
    specials: Specials,
    /// Medians on their way to results of another type.
    medians: Aligned<V>,
}

impl<'s, V: Extremal, S: Statistic<V>> Squares<'s, V, S> {
    /// For a window that [is known](is_known).
    pub(crate) fn new(sweep: &Sweep<'_>, statistic: &'s S) -> Result<Self, Error> {
        let mut wide = sweep.widths().filter(|&(width, _)| width > 1);
        let (side, down, step) = match (wide.next(), wide.next()) {
            (Some((width, step)), None) => (width, None, step),
            (Some((_, down)), Some((width, step))) => (width, Some(down), step),
            _ => panic!("squares have two axes"),
        };
        assert!(side == 3 || (side == SIDE_MAX && (side - 1) * step <= AROUND));
        let begin = (0..side).map(|i| down.map_or((i, 0), |down| (0, i * down)));
        Ok(Squares {
            statistic,
            side,
            step,
            begin: memory::collected(begin)?,
            columns: Aligned::new(if side == 3 { 0 } else { side * pitch::<V>() }, 0)?,
            height: sweep.height(),
            clean: false,
            specials: Specials::new(sweep, BAND)?,
            medians: Aligned::new(sweep.pitch(), 0)?,
        })
    }

    /// Computes rows of results two by two, if that is quicker, and looks at the new rows meanwhile. `None`: it did not; else
    /// whether something may be special.
    fn pairs(&mut self, rows: &Shown<'_, V>, results: &mut Results<'_, S::Result>) -> Option<bool> {
        let are_pairs = self.side == 3 && results.rows.is_multiple_of(PAIR) && rows.known > 0 && self.clean;
        let are_pairs = are_pairs && results.places >= simd::line_of::<V>();
        let medians = S::as_values(results.values).filter(|_| are_pairs)?;
        let (step, count, apart) = (self.step, results.places, results.apart);
        let mut found = false;
        for (first, medians) in (0..results.rows).step_by(PAIR).zip(medians.chunks_mut(PAIR * apart)) {
            let (medians, others) = medians.split_at_mut(apart);
            let (medians, others) = (&mut medians[..count], &mut others[..count]);
            let window: [&[V]; PAIR + 2] = array::from_fn(|i| &rows.row(first + i)[..count + 2 * step]);
            let coming = array::from_fn(|i| rows.coming(first + window.len() + i).as_ptr());
            let next = [medians.as_ptr(), others.as_ptr()].map(|row| row.wrapping_add(PAIR * apart));
            // The middle columns are looked at, and what is to their sides at the ends.
            let ends = window[2..].iter().flat_map(|row| row[..step].iter().chain(&row[count + step..]));
            let ends = ends.fold(V::Mark::default(), |so_far, value| value.suspect(so_far));
            let (window, around) = (window.map(<[V]>::as_ptr), [coming, next]);
            // SAFETY: rows have as many values as there are places, and those around them.
            found |= unsafe { pairs_of_medians_of_3(window, step, medians, others, around) } || V::are_suspects(ends);
        }
        Some(found)
    }

    /// Computes a row of results as if nothing were special, and marks those that are zero.
    /// Meanwhile memory brings the next row and its results, which are so many behind these.
    fn row(&mut self, rows: &Shown<'_, V>, first: usize, mark_zeros: bool, results: &mut [S::Result], next: usize) {
        let (count, around, step) = (results.len(), (self.side - 1) * self.step, self.step);
        let mut window = [&[][..]; SIDE_MAX];
        for (values, &(row, at)) in window.iter_mut().zip(&self.begin) {
            *values = &rows.row(first + row)[at..][..count + around];
        }
        let at = |places: usize, row: usize| window[row].as_ptr().wrapping_add(places);
        let coming = rows.coming(first + self.height);
        let next = results.as_ptr().wrapping_add(next);
        let is_direct = S::as_values(results).is_some();
        let medians = match S::as_values(results) {
            Some(medians) => medians,
            None => &mut self.medians[..count],
        };
        for places in simd::strides(medians, BYTES) {
            let (start, medians) = (places.start, &mut medians[places]);
            simd::fetch(next.wrapping_add(start), medians.len() * size_of::<S::Result>());
            if let Some(coming) = coming.get(start..) {
                simd::fetch(coming.as_ptr(), size_of_val(medians));
            }
            if self.side == 3 {
                let rows = array::from_fn(|row| at(start, row));
                simd::widest(
                    #[inline(always)]
                    // SAFETY: rows have as many values as there are places, and those around them.
                    || unsafe { medians_of_3(rows, step, medians) },
                );
            } else {
                // SAFETY: likewise; the columns have room for so many.
                unsafe { medians_of_5(array::from_fn(|row| at(start, row)), step, &mut self.columns, medians) }
            }
        }
        if mark_zeros {
            self.specials
                .marks(first)
                .iter_mut()
                .zip(&*medians)
                .for_each(|(mark, &median)| *mark = median == V::default());
        }
        if !is_direct {
            let medians = &self.medians[..count];
            results.iter_mut().zip(medians).for_each(|(result, &median)| *result = self.statistic.of(median, median));
        }
    }
}

impl<V: Extremal, S: Statistic<V>> RowKernel for Squares<'_, V, S> {
    type Value = V;
    type Result = S::Result;

    const IS_EXACT: bool = true;

    fn band(&self) -> usize {
        if self.side == 3 { BAND } else { 1 }
    }

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, S::Result>) {
        let needed = self.height - 1 + results.rows;
        let is_done = match self.pairs(rows, &mut results) {
            Some(false) => return,
            found => found.is_some(),
        };
        let new = if self.clean { rows.known } else { 0 };
        let special = (new..needed).any(|row| has_special::<V, true>(&rows.row(row)[..rows.width]));
        self.clean = !special;
        if is_done && !special {
            return;
        }
        if special {
            self.specials.receive(rows, 0, results.rows);
        }
        let mark_zeros = special && self.specials.has_minus_zero();
        let next = results.apart;
        for (first, results) in results.rows_mut().enumerate() {
            self.row(rows, first, mark_zeros, results, next);
            if special {
                self.specials.amend(rows, first, results, |values| self.statistic.of_all(values));
            }
        }
    }
}

/// From one row of columns to the next: an odd number of cache lines, so that they don't all begin at the same place of a
/// page.
const fn pitch<V>() -> usize {
    (BYTES + 5 * CACHE_LINE) / size_of::<V>()
}

/// # Safety
/// As [`medians_of_3`]; the columns have room for as many and a cache line, a pitch from row to row.
unsafe fn medians_of_5<V: Value>(rows: [*const V; 5], step: usize, columns: &mut [V], medians: &mut [V]) {
    let count = medians.len() + (SIDE_MAX - 1) * step;
    simd::widest(
        #[inline(always)]
        // SAFETY: passed on.
        || unsafe { sort_columns(rows, count, columns) },
    );
    simd::widest(
        #[inline(always)]
        // SAFETY: the columns around all places have just been sorted.
        || unsafe { find_medians(columns, step, medians) },
    );
}

// In functions of their own compilers know that what they write is nothing of what they read.

/// # Safety
/// There are as many values in each row as medians, and those of the squares around them.
#[inline(always)]
unsafe fn medians_of_3<V: Value>([a, b, c]: [*const V; 3], step: usize, medians: &mut [V]) {
    for (place, median) in medians.iter_mut().enumerate() {
        // SAFETY: the caller has them.
        let [a, b, c] = unsafe { [values(a.add(place), step), values(b.add(place), step), values(c.add(place), step)] };
        *median = Middle::of(sorted_3(a), sorted_3(b)).median_with(sorted_3(c));
    }
}

simd::widest_fn! {
    /// The same for squares and those a row further down, of which there are a line or more. Meanwhile memory brings the rows
    /// that are `coming`, of the array and of results. Returns whether something special may be in the middle columns of the
    /// last two rows.
    ///
    /// # Safety
    /// As [`medians_of_3`]; as many of the others.
    unsafe fn pairs_of_medians_of_3<V: Extremal>(
        rows: [*const V; PAIR + 2],
        step: usize,
        medians: &mut [V],
        others: &mut [V],
        coming: [[*const V; PAIR]; 2],
    ) -> bool {
        let (len, medians, others) = (medians.len(), medians.as_mut_ptr(), others.as_mut_ptr());
        let [above, a, b, below] = rows;
        let mut marks = V::Marks::default();
        simd::by_lines(
            medians,
            len,
            #[inline(always)]
            |start| {
                for row in coming.as_flattened() {
                    simd::prefetch(row.wrapping_add(start));
                }
                // SAFETY: the caller has them.
                unsafe {
                    let b = lines(b.add(start), step);
                    let middle = Middle::of(sorted_3(lines(a.add(start), step)), sorted_3(b));
                    let above = middle.median_with(sorted_3(lines(above.add(start), step)));
                    let below = lines(below.add(start), step);
                    let other = middle.median_with(sorted_3(below));
                    // Last: processors hold up what is read at the same place of another page after such a store.
                    V::set_line(medians.add(start), above.0);
                    V::set_line(others.add(start), other.0);
                    marks = V::suspect_line(below[1].0, V::suspect_line(b[1].0, marks));
                }
            },
        );
        V::has_suspects(marks)
    }
}

/// Three values, a step from one to the next.
///
/// # Safety
/// They are there.
#[inline(always)]
unsafe fn values<V: Value>(row: *const V, step: usize) -> [V; 3] {
    // SAFETY: so the caller has it.
    unsafe { [*row, *row.add(step), *row.add(2 * step)] }
}

/// A line of each.
///
/// # Safety
/// They are there.
#[inline(always)]
unsafe fn lines<V: Extremal>(row: *const V, step: usize) -> [Line<V>; 3] {
    // SAFETY: so the caller has it.
    unsafe { [Line(V::line(row)), Line(V::line(row.add(step))), Line(V::line(row.add(2 * step)))] }
}

/// # Safety
/// There are so many values in each row, and there is room for them, a pitch from row to row.
#[inline(always)]
unsafe fn sort_columns<V: Value>(rows: [*const V; 5], count: usize, columns: &mut [V]) {
    let columns = columns.as_mut_ptr();
    for place in 0..count {
        // SAFETY: the caller has them.
        let column = sorted_5(array::from_fn(|row| unsafe { *rows[row].add(place) }));
        for (row, value) in column.into_iter().enumerate() {
            // SAFETY: the caller has room.
            unsafe { *columns.add(row * pitch::<V>() + place) = value };
        }
    }
}

/// # Safety
/// The columns around all places are there.
#[inline(always)]
unsafe fn find_medians<V: Value>(columns: &[V], step: usize, medians: &mut [V]) {
    let columns = columns.as_ptr();
    for (place, result) in medians.iter_mut().enumerate() {
        let value = |row: usize, column: usize| {
            // SAFETY: the caller has it.
            unsafe { *columns.add(row * pitch::<V>() + column * step + place) }
        };
        *result = median_of_5(value);
    }
}

/// What can be put in order: values, and lines of them, place by place.
trait Ordered: Copy {
    fn lower(self, other: Self) -> Self;
    fn higher(self, other: Self) -> Self;
}

impl<V: Value> Ordered for V {
    #[inline(always)]
    fn lower(self, other: Self) -> Self {
        lower(self, other)
    }

    #[inline(always)]
    fn higher(self, other: Self) -> Self {
        higher(self, other)
    }
}

#[derive(Clone, Copy)]
struct Line<V: Extremal>(V::Line);

impl<V: Extremal> Ordered for Line<V> {
    #[inline(always)]
    fn lower(self, other: Self) -> Self {
        Line(V::merge(self.0, other.0, lower))
    }

    #[inline(always)]
    fn higher(self, other: Self) -> Self {
        Line(V::merge(self.0, other.0, higher))
    }
}

#[inline(always)]
fn pair<T: Ordered>(a: T, b: T) -> [T; 2] {
    [T::lower(a, b), T::higher(a, b)]
}

/// Two values in order with another one.
#[inline(always)]
fn with<T: Ordered>([a, b]: [T; 2], c: T) -> [T; 3] {
    [T::lower(a, c), T::higher(a, T::lower(b, c)), T::higher(b, c)]
}

#[inline(always)]
fn sorted_3<T: Ordered>([a, b, c]: [T; 3]) -> [T; 3] {
    with(pair(a, b), c)
}

#[inline(always)]
fn sorted_4<T: Ordered>([a, b, c, d]: [T; 4]) -> [T; 4] {
    let ([a, b], [c, d]) = (pair(a, b), pair(c, d));
    let ([lowest, c], [b, highest]) = (pair(a, c), pair(b, d));
    let [b, c] = pair(b, c);
    [lowest, b, c, highest]
}

#[inline(always)]
fn sorted_5<T: Ordered>([a, b, c, d, e]: [T; 5]) -> [T; 5] {
    let [a, b, c, d] = sorted_4([a, b, c, d]);
    [
        T::lower(a, e),
        T::higher(a, T::lower(b, e)),
        T::higher(b, T::lower(c, e)),
        T::higher(c, T::lower(d, e)),
        T::higher(d, e),
    ]
}

#[inline(always)]
fn lowest_of<T: Ordered>([a, b, c, d]: [T; 4]) -> T {
    T::lower(T::lower(a, b), T::lower(c, d))
}

#[inline(always)]
fn highest_of<T: Ordered>([a, b, c, d]: [T; 4]) -> T {
    T::higher(T::higher(a, b), T::higher(c, d))
}

/// What two rows of three values in order tell of the median of a square that has them: the highest of the lowest ones, the
/// middle ones in order, the lowest of the highest ones.
#[derive(Clone, Copy)]
struct Middle<T>(T, [T; 2], T);

impl<T: Ordered> Middle<T> {
    #[inline(always)]
    fn of(a: [T; 3], b: [T; 3]) -> Self {
        Middle(T::higher(a[0], b[0]), pair(a[1], b[1]), T::lower(a[2], b[2]))
    }

    /// The median of the square whose third row is this one, in order.
    #[inline(always)]
    fn median_with(self, row: [T; 3]) -> T {
        let Middle(lowest, middle, highest) = self;
        let diagonal = [T::higher(lowest, row[0]), with(middle, row[1])[1], T::lower(highest, row[2])];
        sorted_3(diagonal)[1]
    }
}

/// The median of 5 x 5 values by row and column, of which the columns are in order.
#[inline(always)]
fn median_of_5<V: Value>(value: impl Fn(usize, usize) -> V) -> V {
    let row = |row| sorted_5([value(row, 0), value(row, 1), value(row, 2), value(row, 3), value(row, 4)]);
    let (a, b, c, d, e) = (row(0), row(1), row(2), row(3), row(4));
    let before = highest_of([a[3], b[2], c[1], d[0]]);
    let between = sorted_5([a[4], b[3], c[2], d[1], e[0]])[2];
    let after = lowest_of([b[4], c[3], d[2], e[1]]);
    sorted_3([before, between, after])[1]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the 0-1 principle, comparisons that are right for zeros and ones are right for everything; and sorted columns are
    /// known by how many ones each has.
    #[test]
    fn medians_are_right_for_all_squares_of_zeros_and_ones() {
        fn check<const N: usize>(median: impl Fn([[u8; N]; N]) -> u8) {
            for mut number in 0..(N + 1).pow(N as u32) {
                let ones: [usize; N] = array::from_fn(|_| {
                    let ones = number % (N + 1);
                    number /= N + 1;
                    ones
                });
                let lines = ones.map(|ones| array::from_fn(|i| u8::from(i + ones >= N)));
                assert_eq!(median(lines), u8::from(2 * ones.iter().sum::<usize>() > N * N), "{ones:?}");
            }
        }
        check::<3>(|[a, b, c]| Middle::of(a, b).median_with(c));
        check::<5>(|columns| median_of_5(|row, column| columns[column][row]));
    }

    #[test]
    fn columns_are_sorted() {
        for number in 0..3_u32.pow(5) {
            let values: [u8; 5] = array::from_fn(|i| (number / 3_u32.pow(i as u32) % 3) as u8);
            assert!(sorted_5(values).is_sorted() && sorted_4([values[0], values[1], values[2], values[3]]).is_sorted());
        }
    }
}

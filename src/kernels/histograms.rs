//! Order statistics of bytes in large windows, by histograms: the time does not depend on the window's area.
//!
//! Every column of the window has a histogram, and going down the rows it is told of the value that comes and the one that
//! leaves. The window's is the sum of its columns'; going along a row a column is added and one taken away (Perreault and
//! Hébert). Histograms have two levels, the 16 upper halves of a byte and for each the 16 lower ones, and are cumulative:
//! the place of a value is then how many sums do not exceed its rank, which takes no branch. Of the lower level only the two
//! parts go along that were needed last, so that nothing waits for which of them is needed next: near the middle of a random
//! image's values nobody can tell. The others stay where they were last needed.
//!
//! A window that is no box has one histogram, which is told of the values at the ends of each run.

use std::marker::PhantomData;
use std::{array, hint, iter};

use crate::convert::Value;
use crate::error::Error;
use crate::kernels::ranks::Statistic;
use crate::memory;
use crate::simd::{self, Instructions};
use crate::sweep::{Results, RowKernel, Run, Shown, Sizes, Sweep};

/// Values of half a byte.
const HALF: usize = 16;

/// Values of one byte, in order.
pub(crate) trait Byte: Value {
    fn number(self) -> u8;

    fn from_number(number: u8) -> Self;
}

impl Byte for u8 {
    #[inline(always)]
    fn number(self) -> u8 {
        self
    }

    #[inline(always)]
    fn from_number(number: u8) -> Self {
        number
    }
}

impl Byte for i8 {
    #[inline(always)]
    fn number(self) -> u8 {
        self.cast_unsigned() ^ 0x80
    }

    #[inline(always)]
    fn from_number(number: u8) -> Self {
        (number ^ 0x80).cast_signed()
    }
}

/// For each half what it adds to cumulative counts: nothing to those before it, one to its own and those after it.
///
/// Not a constant: compilers would read its rows piece by piece, leaving out what they know.
struct Steps([[u8; HALF]; HALF]);

impl Steps {
    fn new() -> Self {
        Steps(hint::black_box(array::from_fn(|half| array::from_fn(|i| u8::from(i >= half)))))
    }

    /// Of the upper half of a number and of the lower one.
    #[inline(always)]
    fn of(&self, number: u8) -> (usize, [u8; HALF], [u8; HALF]) {
        let upper = usize::from(number >> 4);
        (upper, self.0[upper], self.0[usize::from(number & 15)])
    }
}

/// The types of counts, of columns and of windows.
pub(crate) trait Counts: Copy + Sync {
    type Column: Copy + Default;
    type Window: Copy + Default;

    /// How many values there may be in a column and in a window.
    const MOST: (usize, usize);

    /// With a value more from that half on, or less.
    fn counted<const MORE: bool>(column: [Self::Column; HALF], steps: [u8; HALF]) -> [Self::Column; HALF];

    fn counted_in_window<const MORE: bool>(window: [Self::Window; HALF], steps: [u8; HALF]) -> [Self::Window; HALF];

    /// A window with one column more and another less.
    fn slid(
        window: [Self::Window; HALF],
        more: [Self::Column; HALF],
        less: [Self::Column; HALF],
    ) -> [Self::Window; HALF];

    fn with(window: [Self::Window; HALF], more: [Self::Column; HALF]) -> [Self::Window; HALF];

    /// The first of two, or the second.
    fn either(first: [Self::Window; HALF], second: [Self::Window; HALF], which: usize) -> [Self::Window; HALF];

    /// The first half whose count exceeds a rank, and the count before it.
    fn found(window: [Self::Window; HALF], rank: usize, instructions: Instructions) -> (usize, usize);
}

/// Columns of up to 255 values; columns of up to 65535.
#[derive(Clone, Copy)]
pub(crate) struct Small;

#[derive(Clone, Copy)]
pub(crate) struct Large;

macro_rules! counts {
    ($($name:ident: $column:ty, $window:ty, $not_above:expr;)*) => {$(
        impl Counts for $name {
            type Column = $column;
            type Window = $window;

            const MOST: (usize, usize) = (<$column>::MAX as usize, <$window>::MAX as usize);

            #[inline(always)]
            fn counted<const MORE: bool>(column: [$column; HALF], steps: [u8; HALF]) -> [$column; HALF] {
                array::from_fn(|i| {
                    let step = <$column>::from(steps[i]);
                    if MORE { column[i].wrapping_add(step) } else { column[i].wrapping_sub(step) }
                })
            }

            #[inline(always)]
            fn counted_in_window<const MORE: bool>(window: [$window; HALF], steps: [u8; HALF]) -> [$window; HALF] {
                array::from_fn(|i| {
                    let step = <$window>::from(steps[i]);
                    if MORE { window[i].wrapping_add(step) } else { window[i].wrapping_sub(step) }
                })
            }

            #[inline(always)]
            fn slid(window: [$window; HALF], more: [$column; HALF], less: [$column; HALF]) -> [$window; HALF] {
                array::from_fn(|i| window[i].wrapping_add(more[i] as $window).wrapping_sub(less[i] as $window))
            }

            #[inline(always)]
            fn with(window: [$window; HALF], more: [$column; HALF]) -> [$window; HALF] {
                array::from_fn(|i| window[i].wrapping_add(more[i] as $window))
            }

            #[inline(always)]
            fn either(first: [$window; HALF], second: [$window; HALF], which: usize) -> [$window; HALF] {
                let mask = (which as $window).wrapping_neg();
                array::from_fn(|i| first[i] ^ (first[i] ^ second[i]) & mask)
            }

            #[inline(always)]
            fn found(window: [$window; HALF], rank: usize, instructions: Instructions) -> (usize, usize) {
                let half = $not_above(&window, rank as $window, instructions) as usize & (HALF - 1);
                let mut before = [0; HALF + 1];
                before[1..].copy_from_slice(&window);
                (half, before[half] as usize)
            }
        }
    )*};
}
counts! {
    Small: u8, u16, simd::not_above;
    Large: u16, u32, |counts: &[u32; HALF], limit, _| {
        counts.iter().enumerate().fold(0_u32, |bits, (i, &count)| bits | u32::from(count <= limit) << i).count_ones()
    };
}

type Column<C> = [<C as Counts>::Column; HALF];
type Window<C> = [<C as Counts>::Window; HALF];

/// Order statistics of boxes, along columns.
pub(crate) struct Boxes<'s, V, S, C: Counts> {
    statistic: &'s S,
    places: [usize; 2],
    /// The values of a column in a row: their offsets. The window's height and width.
    offsets: Vec<usize>,
    height: usize,
    width: usize,
    /// Of each column the upper level; and the lower, by the upper half first. Before them is one that has no values.
    upper: Vec<Column<C>>,
    lower: Vec<[Column<C>; HALF]>,
    steps: Steps,
    value: PhantomData<V>,
}

/// Whether columns and windows of a box have no more values than can be counted.
pub(crate) fn fits<C: Counts>(extents: &[usize]) -> bool {
    let taps: usize = extents.iter().product();
    taps / extents.last().copied().unwrap_or(1) <= C::MOST.0 && taps <= C::MOST.1
}

impl<'s, V: Byte, S: Statistic<V>, C: Counts> Boxes<'s, V, S, C> {
    pub(crate) fn new(sweep: &Sweep<'_>, statistic: &'s S) -> Result<Self, Error> {
        let width = sweep.widths().next_back().map_or(1, |(width, _)| width);
        let offsets = sweep.runs().iter().filter(|run| run.row == 0).map(|run| run.at);
        let mut listed = memory::reserved(sweep.taps() / width / sweep.height())?;
        // Runs that follow each other are one run: of rows without anything between them.
        for (run, offset) in sweep.runs().iter().filter(|run| run.row == 0).zip(offsets) {
            listed.extend((0..run.len / width).map(|i| offset + i * width));
        }
        Ok(Boxes {
            statistic,
            places: statistic.places().into(),
            offsets: listed,
            height: sweep.height(),
            width,
            upper: memory::filled(1 + sweep.pitch(), [C::Column::default(); HALF])?,
            lower: memory::filled(1 + sweep.pitch(), [[C::Column::default(); HALF]; HALF])?,
            steps: Steps::new(),
            value: PhantomData,
        })
    }

    /// Tells columns of a row's values.
    #[inline(always)]
    fn count<const MORE: bool>(&mut self, row: &[V], columns: usize) {
        for &offset in &self.offsets {
            let values = &row[offset..][..columns];
            for ((value, upper), lower) in values.iter().zip(&mut self.upper[1..]).zip(&mut self.lower[1..]) {
                let (half, upper_steps, lower_steps) = self.steps.of(value.number());
                *upper = C::counted::<MORE>(*upper, upper_steps);
                lower[half] = C::counted::<MORE>(lower[half], lower_steps);
            }
        }
    }

    /// Goes along a row.
    #[inline(always)]
    fn select(&self, results: &mut [S::Result], instructions: Instructions) {
        let (width, [low, high]) = (self.width, self.places);
        let (upper, lower) = (&self.upper[..results.len() + width], &self.lower[..results.len() + width]);
        let none = [C::Window::default(); HALF];
        let mut sums = upper[..width].iter().fold(none, |sums, &column| C::with(sums, column));
        let mut parts = Parts::<C>::new(&lower[1..], width, instructions);
        let mut resting = [(usize::MAX, none); HALF];
        let slides = iter::zip(&upper[width..], upper).zip(iter::zip(&lower[width..], lower));
        for ((place, result), (upper, lower)) in results.iter_mut().enumerate().zip(slides) {
            sums = C::slid(sums, *upper.0, *upper.1);
            parts.slide(lower.0, lower.1);
            let low_value = parts.value(sums, place, low, &mut resting);
            let high_value = if low == high { low_value } else { parts.value(sums, place, high, &mut resting) };
            *result = self.statistic.of(V::from_number(low_value), V::from_number(high_value));
        }
    }
}

/// What the lower level of a window's histogram has of one upper half.
#[derive(Clone, Copy)]
struct Part<C: Counts> {
    half: usize,
    sums: Window<C>,
}

/// The two parts of the lower level that were needed last. They go along with the window, so that nothing waits for which one
/// is needed next.
struct Parts<'c, C: Counts> {
    /// All columns, and how many of them a window has.
    columns: &'c [[Column<C>; HALF]],
    width: usize,
    one: Part<C>,
    other: Part<C>,
    /// Their halves: a bit for each.
    halves: u32,
    /// Which was needed last.
    is_other: usize,
    instructions: Instructions,
}

/// The other parts: the first columns of the windows that they are for, where they were last needed, and their sums.
type Resting<C> = [(usize, Window<C>); HALF];

impl<'c, C: Counts> Parts<'c, C> {
    /// None of any half as yet.
    #[inline(always)]
    fn new(columns: &'c [[Column<C>; HALF]], width: usize, instructions: Instructions) -> Self {
        let none = Part { half: HALF, sums: [C::Window::default(); HALF] };
        Parts { columns, width, one: none, other: none, halves: 0, is_other: 0, instructions }
    }

    /// Goes along with a window that has one column more and another less.
    #[inline(always)]
    fn slide(&mut self, more: &[Column<C>; HALF], less: &[Column<C>; HALF]) {
        let [one, other] = [self.one.half % HALF, self.other.half % HALF];
        self.one.sums = C::slid(self.one.sums, more[one], less[one]);
        self.other.sums = C::slid(self.other.sums, more[other], less[other]);
    }

    /// The value of a rank in the window that begins at column `place`, of which these are the sums of the upper level.
    #[inline(always)]
    fn value(&mut self, upper: Window<C>, place: usize, rank: usize, resting: &mut Resting<C>) -> u8 {
        let (half, before) = C::found(upper, rank, self.instructions);
        if self.halves >> half & 1 == 0 {
            self.fetch(half, place, resting);
        }
        self.is_other = usize::from(self.other.half == half);
        let sums = C::either(self.one.sums, self.other.sums, self.is_other);
        let (low, _) = C::found(sums, rank - before, self.instructions);
        (half * HALF + low) as u8
    }

    /// Has a part go along instead of the one that was not needed last.
    #[inline(always)]
    fn fetch(&mut self, half: usize, place: usize, resting: &mut Resting<C>) {
        // Values are chosen, not places: what goes along is to stay in registers.
        let Parts { columns, width, one, other, is_other, .. } = *self;
        let (stays, leaves) = if is_other == 1 { (other.half, one.half) } else { (one.half, other.half) };
        if let Some(rest) = resting.get_mut(leaves) {
            *rest = (place, C::either(other.sums, one.sums, is_other));
        }
        self.one = Part { half: stays, sums: C::either(one.sums, other.sums, is_other) };
        let (start, mut sums) = resting[half];
        if start <= place && place - start < width {
            for (less, more) in iter::zip(&columns[start..place], &columns[start + width..]) {
                sums = C::slid(sums, more[half], less[half]);
            }
        } else {
            sums = [C::Window::default(); HALF];
            for column in &columns[place..place + width] {
                sums = C::with(sums, column[half]);
            }
        }
        self.other = Part { half, sums };
        self.halves = 1 << stays | 1 << half;
    }
}

impl<V: Byte, S: Statistic<V>, C: Counts> RowKernel for Boxes<'_, V, S, C> {
    type Value = V;
    type Result = S::Result;

    // So many columns that their histograms fit the L2 cache, and what is looked at the L1 cache.
    const SIZES: Sizes = Sizes { short: 64, line: 256, only_line: 256, row: 1024 };

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, S::Result>) {
        let columns = results.places + self.width - 1;
        let height = self.height;
        for (first, results) in results.rows_mut().enumerate() {
            let mut known = if first == 0 { rows.known } else { height - 1 };
            if known == 0 {
                self.upper.fill([C::Column::default(); HALF]);
                self.lower.fill([[C::Column::default(); HALF]; HALF]);
            }
            simd::wide_with(
                #[inline(always)]
                |instructions| {
                    while known < height {
                        self.count::<true>(rows.row(first + known), columns);
                        known += 1;
                    }
                    self.select(results, instructions);
                    self.count::<false>(rows.row(first), columns);
                },
            );
        }
    }
}

/// Order statistics of windows of any form.
pub(crate) struct Any<'s, V, S> {
    statistic: &'s S,
    places: [usize; 2],
    runs: Vec<Run>,
    steps: Steps,
    value: PhantomData<V>,
}

impl<'s, V: Byte, S: Statistic<V>> Any<'s, V, S> {
    pub(crate) fn new(sweep: &Sweep<'_>, statistic: &'s S) -> Result<Self, Error> {
        let runs = memory::collected(sweep.runs().iter().copied())?;
        Ok(Any { statistic, places: statistic.places().into(), runs, steps: Steps::new(), value: PhantomData })
    }

    /// Tells a window's histogram of a value.
    #[inline(always)]
    fn count<const MORE: bool>(&self, value: V, upper: &mut Window<Large>, lower: &mut [Window<Large>; HALF]) {
        let (half, upper_steps, lower_steps) = self.steps.of(value.number());
        *upper = Large::counted_in_window::<MORE>(*upper, upper_steps);
        lower[half] = Large::counted_in_window::<MORE>(lower[half], lower_steps);
    }

    #[inline(always)]
    fn select(&self, rows: &Shown<'_, V>, first: usize, results: &mut [S::Result]) {
        let mut upper: Window<Large> = [0; HALF];
        let mut lower: [Window<Large>; HALF] = [upper; HALF];
        for run in &self.runs {
            for &value in &rows.row(first + run.row)[run.at..][..run.len] {
                self.count::<true>(value, &mut upper, &mut lower);
            }
        }
        for (place, result) in results.iter_mut().enumerate() {
            if place > 0 {
                for run in &self.runs {
                    let row = &rows.row(first + run.row)[run.at + place - 1..][..run.len + 1];
                    self.count::<true>(row[run.len], &mut upper, &mut lower);
                    self.count::<false>(row[0], &mut upper, &mut lower);
                }
            }
            let [low, high] = self.places.map(|rank| V::from_number(value_in(upper, &lower, rank)));
            *result = self.statistic.of(low, high);
        }
    }
}

/// The value of a rank. (Counts so large are compared in the same way by all instructions.)
#[inline(always)]
fn value_in(upper: Window<Large>, lower: &[Window<Large>; HALF], rank: usize) -> u8 {
    let (half, before) = Large::found(upper, rank, Instructions::Baseline);
    let (low, _) = Large::found(lower[half], rank - before, Instructions::Baseline);
    (half * HALF + low) as u8
}

impl<V: Byte, S: Statistic<V>> RowKernel for Any<'_, V, S> {
    type Value = V;
    type Result = S::Result;

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, S::Result>) {
        for (first, results) in results.rows_mut().enumerate() {
            simd::wide(
                #[inline(always)]
                || self.select(rows, first, results),
            );
        }
    }
}

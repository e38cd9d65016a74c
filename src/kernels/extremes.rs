//! Minimum, maximum and range: the extremes of windows from those of parts that windows share.
//!
//! The extreme of a box is that of its extents one after the other. Along the axes of a row, the extremes of 2, 3 or 4
//! places become those of up to four times as many, until they are as many as the window's: for 11, of 4 and then of three
//! overlapping fours. From row to row, a low box is taken as it is. A higher one is van Herk's and Gil and Werman's: rows are
//! received in groups as many as the box is high. When a group is complete, each of its rows is replaced by the extreme
//! from there to the group's end; those of the next group are taken together from its start on. A window is the end of one
//! group and the start of the next, so it costs three operations, whatever its height.
//!
//! A footprint that is no box is made of runs of taps: of each length that runs have, the rows received are made rows of
//! run's extremes, and kept; a window is the extreme of its runs.
//!
//! # The order of floating-point numbers
//! -0.0 is below 0.0, and NaN beats everything. The machine's instructions know neither, so a row is searched for NaN and
//! -0.0 when it comes, and while some may be about a slower operation is used.

use std::marker::PhantomData;

use crate::convert::Value;
use crate::error::Error;
use crate::memory::{self, Aligned};
use crate::simd;
use crate::sweep::{RowKernel, Run, SPARE, Shown, Sweep};

/// A box that is no higher than this is taken row by row.
const LOW: usize = 4;

/// A window of no more taps than this, that is no box, is taken tap by tap.
const FEW: usize = 6;

/// Sources that are combined at a time, at most.
const MOST: usize = 8;

/// Places that the extremes of a run are made of at a time.
const RADIX: usize = 4;

/// What extremes ask of values.
pub(crate) trait Extremal: Value {
    const NAN: Self;

    fn is_nan(self) -> bool;

    /// Whether comparisons alone don't put it where it belongs.
    fn is_special(self) -> bool;

    /// The bits that one of two values has, or both have.
    fn either(self, other: Self) -> Self;
    fn both(self, other: Self) -> Self;
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Extremal for $type {
            const NAN: Self = 0;

            #[inline(always)]
            fn is_nan(self) -> bool {
                false
            }

            #[inline(always)]
            fn is_special(self) -> bool {
                false
            }

            #[inline(always)]
            fn either(self, other: Self) -> Self {
                self | other
            }

            #[inline(always)]
            fn both(self, other: Self) -> Self {
                self & other
            }
        }
    )*};
}
integers!(i8 i16 i32 u8 u16 u32);

macro_rules! floats {
    ($($type:ty)*) => {$(
        impl Extremal for $type {
            const NAN: Self = <$type>::NAN;

            #[inline(always)]
            fn is_nan(self) -> bool {
                self.is_nan()
            }

            #[inline(always)]
            fn is_special(self) -> bool {
                self.is_nan() | (self.to_bits() == (-0.0 as $type).to_bits())
            }

            #[inline(always)]
            fn either(self, other: Self) -> Self {
                <$type>::from_bits(self.to_bits() | other.to_bits())
            }

            #[inline(always)]
            fn both(self, other: Self) -> Self {
                <$type>::from_bits(self.to_bits() & other.to_bits())
            }
        }
    )*};
}
floats!(f32 f64);

/// Which of two values is meant.
pub(crate) trait Extreme: Sync {
    /// Of values that are not special.
    fn of<V: Extremal>(a: V, b: V) -> V;

    /// Of any.
    fn of_any<V: Extremal>(a: V, b: V) -> V;
}

/// The lower one, the higher one; NaN if one is.
pub(crate) struct Lower;
pub(crate) struct Higher;

/// The one, unless it is NaN.
pub(crate) struct Skipping<E>(E);

impl Extreme for Lower {
    #[inline(always)]
    fn of<V: Extremal>(a: V, b: V) -> V {
        if b < a { b } else { a }
    }

    #[inline(always)]
    fn of_any<V: Extremal>(a: V, b: V) -> V {
        // Of a zero and -0.0 they are one each: together they have the sign.
        let lower = Self::of(a, b).either(Self::of(b, a));
        if a.is_nan() | b.is_nan() { V::NAN } else { lower }
    }
}

impl Extreme for Higher {
    #[inline(always)]
    fn of<V: Extremal>(a: V, b: V) -> V {
        if b > a { b } else { a }
    }

    #[inline(always)]
    fn of_any<V: Extremal>(a: V, b: V) -> V {
        let higher = Self::of(a, b).both(Self::of(b, a));
        if a.is_nan() | b.is_nan() { V::NAN } else { higher }
    }
}

impl<E: Extreme> Extreme for Skipping<E> {
    #[inline(always)]
    fn of<V: Extremal>(a: V, b: V) -> V {
        E::of(a, b)
    }

    #[inline(always)]
    fn of_any<V: Extremal>(a: V, b: V) -> V {
        let both = E::of_any(a, b);
        let known = if a.is_nan() { b } else { both };
        if b.is_nan() { a } else { known }
    }
}

/// The extremes of windows.
pub(crate) struct Extremes<V, E> {
    window: Window<V>,
    pitch: usize,
    height: usize,
    /// Rows yet to come until none is about that had something special.
    special: usize,
    scratch: Scratch<V>,
    extreme: PhantomData<E>,
}

enum Window<V> {
    /// The taps' offsets from the first row on.
    Few(Vec<usize>),
    /// A low box: its rows, and then passes along them.
    Low(Vec<usize>, Vec<Pass>),
    High(Groups<V>),
    Runs(Runs<V>),
}

impl<V: Extremal, E: Extreme> Extremes<V, E> {
    pub(crate) fn new(sweep: &Sweep<'_>) -> Result<Self, Error> {
        let (pitch, height) = (sweep.pitch(), sweep.height());
        let window = if sweep.is_box() {
            let mut passes = Vec::new();
            for (width, step) in sweep.widths() {
                add_passes(&mut passes, width, step)?;
            }
            if height <= LOW {
                Window::Low(memory::collected((0..height).map(|row| row * pitch))?, passes)
            } else {
                Window::High(Groups::new(pitch, height, passes)?)
            }
        } else if sweep.taps() <= FEW {
            let mut taps = memory::reserved(sweep.taps())?;
            for run in sweep.runs() {
                taps.extend((run.at..run.at + run.len).map(|at| run.row * pitch + at));
            }
            Window::Few(taps)
        } else {
            Window::Runs(Runs::new(sweep)?)
        };
        let scratch = Scratch { rows: [Aligned::new(pitch + SPARE, 0)?, Aligned::new(pitch + SPARE, 0)?] };
        Ok(Extremes { window, pitch, height, special: 0, scratch, extreme: PhantomData })
    }

    fn row(&mut self, row: &[V], last: bool, results: &mut [V]) {
        let special = self.special > 0;
        match &mut self.window {
            Window::High(groups) => groups.add::<E>(row, special, last, results, &mut self.scratch),
            Window::Runs(runs) => runs.add::<E>(row, special, &mut self.scratch),
            Window::Few(_) | Window::Low(..) => {}
        }
    }
}

impl<V: Extremal, E: Extreme> RowKernel for Extremes<V, E> {
    type Value = V;
    type Result = V;

    fn run(&mut self, rows: Shown<'_, V>, results: &mut [V]) {
        if rows.known == 0 {
            self.special = 0;
            if let Window::High(groups) = &mut self.window {
                groups.received = 0;
            }
        }
        for i in rows.known..self.height {
            let row = &rows.values[i * self.pitch..];
            self.special = self.special.saturating_sub(1);
            if has_special(&row[..self.pitch]) {
                // A group and the one before it.
                self.special = 2 * self.height;
            }
            self.row(row, i + 1 == self.height, results);
        }
        let special = self.special > 0;
        match &mut self.window {
            Window::Few(taps) => combine::<V, E>(rows.values, taps, special, results),
            Window::Low(low, passes) => {
                if passes.is_empty() {
                    combine::<V, E>(rows.values, low, special, results);
                } else {
                    let [of_rows, rest] = &mut self.scratch.rows;
                    let needed = results.len() + passes.iter().map(Pass::reach).sum::<usize>();
                    combine::<V, E>(rows.values, low, special, &mut of_rows[..needed]);
                    run_passes::<V, E>(passes, special, of_rows, rest, results);
                }
            }
            Window::High(_) => {}
            Window::Runs(runs) => runs.combine::<E>(rows.values, special, results),
        }
        if special {
            results.iter_mut().filter(|result| result.is_nan()).for_each(|result| *result = V::NAN);
        }
    }
}

/// Rows to compute in.
struct Scratch<V> {
    rows: [Aligned<V>; 2],
}

/// The extreme of places at these offsets from each other.
struct Pass {
    offsets: Vec<usize>,
}

impl Pass {
    /// How far it looks ahead.
    fn reach(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }
}

/// Adds the passes for windows of `width` places, `step` from one to the next.
fn add_passes(passes: &mut Vec<Pass>, width: usize, step: usize) -> Result<(), Error> {
    let mut known = 1;
    while known < width {
        let next = width.min(RADIX * known);
        let parts = next.div_ceil(known);
        let offsets = (0..parts).map(|i| (i * known).min(next - known) * step);
        memory::push(passes, Pass { offsets: memory::collected(offsets)? })?;
        known = next;
    }
    Ok(())
}

/// Runs passes, at least one, over the values of a row; `spare` is another to compute in.
fn run_passes<V: Extremal, E: Extreme>(
    passes: &[Pass],
    special: bool,
    row: &mut [V],
    spare: &mut [V],
    results: &mut [V],
) {
    let (last, first) = passes.split_last().expect("at least one");
    let mut needed = results.len() + passes.iter().map(Pass::reach).sum::<usize>();
    let (mut from, mut to) = (row, spare);
    for pass in first {
        needed -= pass.reach();
        combine::<V, E>(from, &pass.offsets, special, &mut to[..needed]);
        (from, to) = (to, from);
    }
    combine::<V, E>(from, &last.offsets, special, results);
}

/// A box from row to row: the group that rows are received in, and before it what is left of the last.
struct Groups<V> {
    passes: Vec<Pass>,
    pitch: usize,
    /// The rows of the group so far; after them, from each row of the last group to its end.
    rows: Aligned<V>,
    height: usize,
    received: usize,
    /// The extremes from the first row of the group on.
    together: Aligned<V>,
}

impl<V: Extremal> Groups<V> {
    fn new(pitch: usize, height: usize, passes: Vec<Pass>) -> Result<Self, Error> {
        let len = pitch.checked_mul(height).ok_or_else(|| memory::out_of_memory::<V>(usize::MAX))?;
        Ok(Groups {
            passes,
            pitch,
            rows: Aligned::new(len, 0)?,
            height,
            received: 0,
            together: Aligned::new(pitch, 0)?,
        })
    }

    /// Receives a row; those from one group's height before it on make results, if they are `complete`.
    fn add<E: Extreme>(
        &mut self,
        row: &[V],
        special: bool,
        complete: bool,
        results: &mut [V],
        scratch: &mut Scratch<V>,
    ) {
        let count = results.len();
        let (pitch, n) = (self.pitch, self.received);
        let (before, after) = self.rows.split_at_mut((n + 1) * pitch);
        let own = &mut before[n * pitch..][..count];
        match self.passes.split_first() {
            None => own.copy_from_slice(&row[..count]),
            Some((first, [])) => combine::<V, E>(row, &first.offsets, special, own),
            Some((first, rest)) => {
                let [one, other] = &mut scratch.rows;
                let needed = count + rest.iter().map(Pass::reach).sum::<usize>();
                combine::<V, E>(row, &first.offsets, special, &mut one[..needed]);
                run_passes::<V, E>(rest, special, one, other, own);
            }
        }
        self.received = (n + 1) % self.height;
        if self.received > 0 {
            let ends = complete.then(|| (&after[..count], results));
            take_together::<V, E>(own, &mut self.together[..count], n == 0, special, ends);
        } else {
            for i in (0..n).rev() {
                let (this, next) = self.rows[i * pitch..].split_at_mut(pitch);
                accumulate::<V, E>(&mut this[..count], &next[..count], special);
            }
            if complete {
                results.copy_from_slice(&self.rows[..count]);
            }
        }
    }
}

/// The extremes of the runs of a footprint.
struct Runs<V> {
    pitch: usize,
    /// For each length but 1, the passes that make rows of such runs' extremes, and these rows, as many as the window is
    /// high: row number `i` of all received is the one at `i % height`.
    lengths: Vec<(usize, Vec<Pass>, Aligned<V>)>,
    height: usize,
    received: usize,
    /// Where the runs are: their rows, the offsets in them, and which length they have.
    runs: Vec<(Run, usize)>,
    /// The sources of a window.
    sources: Vec<*const V>,
}

// SAFETY: the pointers are set and used within one call.
unsafe impl<V: Send> Send for Runs<V> {}

impl<V: Extremal> Runs<V> {
    fn new(sweep: &Sweep<'_>) -> Result<Self, Error> {
        let (pitch, height) = (sweep.pitch(), sweep.height());
        let mut lengths: Vec<(usize, Vec<Pass>, Aligned<V>)> = Vec::new();
        let mut runs = memory::reserved(sweep.runs().len())?;
        for &run in sweep.runs() {
            let known = lengths.iter().position(|&(len, ..)| len == run.len);
            let number = match known {
                _ if run.len == 1 => usize::MAX,
                Some(number) => number,
                None => {
                    let mut passes = Vec::new();
                    add_passes(&mut passes, run.len, 1)?;
                    let len = pitch.checked_mul(height).ok_or_else(|| memory::out_of_memory::<V>(usize::MAX))?;
                    memory::push(&mut lengths, (run.len, passes, Aligned::new(len + SPARE, 0)?))?;
                    lengths.len() - 1
                }
            };
            runs.push((run, number));
        }
        let sources = memory::reserved(runs.len())?;
        Ok(Runs { pitch, lengths, height, received: 0, runs, sources })
    }

    fn add<E: Extreme>(&mut self, row: &[V], special: bool, scratch: &mut Scratch<V>) {
        let slot = self.received % self.height * self.pitch;
        self.received += 1;
        for (len, passes, rows) in &mut self.lengths {
            let own = &mut rows[slot..][..self.pitch - (*len - 1)];
            match passes.split_first() {
                None => {}
                Some((first, [])) => combine::<V, E>(row, &first.offsets, special, own),
                Some((first, rest)) => {
                    let [one, other] = &mut scratch.rows;
                    combine::<V, E>(row, &first.offsets, special, &mut one[..self.pitch - first.reach()]);
                    run_passes::<V, E>(rest, special, one, other, own);
                }
            }
        }
    }

    fn combine<E: Extreme>(&mut self, values: &[V], special: bool, results: &mut [V]) {
        self.sources.clear();
        for &(run, number) in &self.runs {
            let source = match self.lengths.get(number) {
                None => &values[run.row * self.pitch + run.at..][..results.len()],
                Some((.., rows)) => {
                    // The row received last is the window's last.
                    let slot = (self.received + run.row) % self.height;
                    &rows[slot * self.pitch + run.at..][..results.len()]
                }
            };
            self.sources.push(source.as_ptr());
        }
        // SAFETY: as many values as results were just found at each source, which are not the results.
        unsafe { combine_sources::<V, E>(&self.sources, special, results) };
    }
}

/// The extremes of the values at these offsets from each result's own.
fn combine<V: Extremal, E: Extreme>(values: &[V], offsets: &[usize], special: bool, results: &mut [V]) {
    let mut sources = [values.as_ptr(); MOST];
    for (source, &offset) in sources.iter_mut().zip(offsets) {
        *source = values[offset..][..results.len()].as_ptr();
    }
    // SAFETY: as many values as results were just found at each offset, and results are others.
    unsafe { combine_sources::<V, E>(&sources[..offsets.len()], special, results) };
}

/// The extremes of the values that each result has at each source.
///
/// # Safety
/// There are as many as results, and results are others.
unsafe fn combine_sources<V: Extremal, E: Extreme>(sources: &[*const V], special: bool, results: &mut [V]) {
    let (first, rest) = sources.split_at(sources.len().min(MOST));
    macro_rules! by_count {
        ($($n:literal)*) => {
            match first.len() {
                // SAFETY: passed on.
                $($n => unsafe { combine_n::<V, E, $n>(first, special, results) },)*
                n => unreachable!("{n} sources"),
            }
        };
    }
    by_count!(1 2 3 4 5 6 7 8);
    for &source in rest {
        // SAFETY: the caller has so many values there.
        accumulate::<V, E>(results, unsafe { std::slice::from_raw_parts(source, results.len()) }, special);
    }
}

/// # Safety
/// As [`combine_sources`].
unsafe fn combine_n<V: Extremal, E: Extreme, const N: usize>(sources: &[*const V], special: bool, results: &mut [V]) {
    let sources: [*const V; N] = sources.try_into().expect("N is the number of sources");
    #[inline(always)]
    unsafe fn each<V: Extremal, const N: usize>(sources: [*const V; N], results: &mut [V], of: impl Fn(V, V) -> V) {
        for (i, result) in results.iter_mut().enumerate() {
            // SAFETY: the caller has so many values there.
            let mut extreme = unsafe { *sources[0].add(i) };
            for source in &sources[1..] {
                // SAFETY: likewise.
                extreme = of(extreme, unsafe { *source.add(i) });
            }
            *result = extreme;
        }
    }
    simd::widest(
        #[inline(always)]
        // SAFETY: passed on.
        || unsafe {
            if special {
                each(sources, results, E::of_any);
            } else {
                each(sources, results, E::of);
            }
        },
    );
}

/// Takes other values in.
fn accumulate<V: Extremal, E: Extreme>(extremes: &mut [V], others: &[V], special: bool) {
    #[inline(always)]
    fn each<V: Extremal>(extremes: &mut [V], others: &[V], of: impl Fn(V, V) -> V) {
        extremes.iter_mut().zip(others).for_each(|(extreme, &other)| *extreme = of(*extreme, other));
    }
    simd::widest(
        #[inline(always)]
        || if special { each(extremes, others, E::of_any) } else { each(extremes, others, E::of) },
    );
}

/// Takes a row in to those before it of its group; with the ends of the last group, they make the results.
fn take_together<V: Extremal, E: Extreme>(
    row: &[V],
    together: &mut [V],
    is_first: bool,
    special: bool,
    ends: Option<(&[V], &mut [V])>,
) {
    #[inline(always)]
    fn each<V: Extremal>(
        row: &[V],
        together: &mut [V],
        is_first: bool,
        ends: Option<(&[V], &mut [V])>,
        of: impl Fn(V, V) -> V,
    ) {
        if is_first {
            together.copy_from_slice(row);
        } else if let Some((ends, results)) = ends {
            for (((together, &row), &end), result) in together.iter_mut().zip(row).zip(ends).zip(results) {
                *together = of(*together, row);
                *result = of(*together, end);
            }
            return;
        } else {
            together.iter_mut().zip(row).for_each(|(together, &row)| *together = of(*together, row));
        }
        if let Some((ends, results)) = ends {
            results.iter_mut().zip(&*together).zip(ends).for_each(|((result, &one), &end)| *result = of(one, end));
        }
    }
    simd::widest(
        #[inline(always)]
        || {
            if special {
                each(row, together, is_first, ends, E::of_any);
            } else {
                each(row, together, is_first, ends, E::of);
            }
        },
    );
}

/// Whether a row has values that comparisons alone don't put where they belong.
fn has_special<V: Extremal>(row: &[V]) -> bool {
    simd::widest(
        #[inline(always)]
        || row.chunks(64).any(|block| block.iter().fold(false, |any, value| any | value.is_special())),
    )
}

/// The largest value less the smallest.
pub(crate) struct Range<V> {
    lowest: Extremes<V, Lower>,
    highest: Extremes<V, Higher>,
    rows: [Aligned<V>; 2],
}

impl<V: Extremal> Range<V> {
    pub(crate) fn new(sweep: &Sweep<'_>) -> Result<Self, Error> {
        let row = || Aligned::new(sweep.pitch(), 0);
        Ok(Range { lowest: Extremes::new(sweep)?, highest: Extremes::new(sweep)?, rows: [row()?, row()?] })
    }
}

impl<V: Extremal> RowKernel for Range<V> {
    type Value = V;
    type Result = f64;

    fn run(&mut self, rows: Shown<'_, V>, results: &mut [f64]) {
        let [lows, highs] = &mut self.rows;
        let (lows, highs) = (&mut lows[..results.len()], &mut highs[..results.len()]);
        let Shown { values, known, wanted } = rows;
        self.lowest.run(Shown { values, known, wanted }, lows);
        self.highest.run(rows, highs);
        for ((result, low), high) in results.iter_mut().zip(&*lows).zip(&*highs) {
            let range = high.to_f64() - low.to_f64();
            *result = if range.is_nan() { f64::NAN } else { range };
        }
    }
}

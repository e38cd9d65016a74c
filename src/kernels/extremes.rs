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
use std::{array, ptr};

use crate::convert::Value;
use crate::error::Error;
use crate::memory::{self, Aligned, CACHE_LINE};
use crate::simd;
use crate::sweep::{Results, RowKernel, Run, SPARE, Shown, Sweep};

/// A box that is no higher than this is taken row by row.
const LOW: usize = 4;

/// A window of no more taps than this, that is no box, is taken tap by tap.
const FEW: usize = 6;

/// Bytes of rows that are computed from bottom to top before those beside them.
const STRIP: usize = 2048;

/// Bytes of results that one pass after the other is run for, if windows reach no further than a fraction of that.
const PIECE: usize = 4096;
const REACHES: usize = 8;

/// Bytes that are read or written between two looks ahead, and how far memory is to be ahead.
const BLOCK: usize = 512;
const AHEAD: usize = 4096;

/// Rows that are computed at a time: less to do for each.
const BAND: usize = 4;

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
    height: usize,
    /// Rows yet to come until none is about that had something special.
    special: usize,
    scratch: Scratch<V>,
    extreme: PhantomData<E>,
}

enum Window<V> {
    /// The taps' rows and offsets in them.
    Few(Vec<(usize, usize)>),
    /// A low box: passes along what its rows come to.
    Low(Vec<Pass>),
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
            if height <= LOW { Window::Low(passes) } else { Window::High(Groups::new(pitch, height, passes)?) }
        } else if sweep.taps() <= FEW {
            let mut taps = memory::reserved(sweep.taps())?;
            for run in sweep.runs() {
                taps.extend((run.at..run.at + run.len).map(|at| (run.row, at)));
            }
            Window::Few(taps)
        } else {
            Window::Runs(Runs::new(sweep)?)
        };
        let scratch = Scratch { rows: [Aligned::new(pitch + SPARE, 0)?, Aligned::new(pitch + SPARE, 0)?] };
        Ok(Extremes { window, height, special: 0, scratch, extreme: PhantomData })
    }

    /// Takes in the next row.
    fn receive(&mut self, row: &[V]) {
        self.special = self.special.saturating_sub(1);
        if has_special(row) {
            // A group and the one before it.
            self.special = 2 * self.height;
        }
    }

    /// Computes a row of results from the `height` rows from `first` on; `known` of them were there before.
    fn compute(&mut self, rows: &Shown<'_, V>, first: usize, known: usize, results: &mut [V]) {
        for i in known..self.height {
            let row = &rows.row(first + i)[..rows.width];
            self.receive(row);
            let special = self.special > 0;
            match &mut self.window {
                Window::High(groups) => {
                    let results = (i + 1 == self.height).then_some(&mut *results);
                    groups.add::<E>(row, special, results, &mut self.scratch);
                }
                Window::Runs(runs) => runs.add::<E>(row, special, &mut self.scratch),
                Window::Few(_) | Window::Low(_) => {}
            }
        }
        let special = self.special > 0;
        match &mut self.window {
            Window::Few(taps) => {
                let taps = taps.iter().map(|&(row, at)| &rows.row(first + row)[at..]);
                combine::<V, E>(taps, special, results, To::Memory);
            }
            Window::Low(passes) => {
                let of_rows = (first..first + self.height).map(|row| rows.row(row));
                combine_and_pass::<V, E>(of_rows, passes, special, results, &mut self.scratch, To::Memory);
            }
            Window::High(_) => {}
            Window::Runs(runs) => runs.combine::<E>(rows, first, special, results, &mut self.scratch),
        }
        if special {
            results.iter_mut().filter(|result| result.is_nan()).for_each(|result| *result = V::NAN);
        }
    }
}

impl<V: Extremal, E: Extreme> RowKernel for Extremes<V, E> {
    type Value = V;
    type Result = V;

    fn band(&self) -> usize {
        BAND
    }

    fn is_exact(&self) -> bool {
        true
    }

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, V>) {
        if rows.known == 0 {
            self.special = 0;
            if let Window::High(groups) = &mut self.window {
                groups.received = 0;
            }
        }
        for (first, results) in results.rows_mut().enumerate() {
            let known = if first == 0 { rows.known } else { self.height - 1 };
            self.compute(rows, first, known, results);
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

    /// The rows that it is the extreme of.
    fn sources<'r, V>(&self, row: &'r [V]) -> impl ExactSizeIterator<Item = &'r [V]> + Clone {
        self.offsets.iter().map(move |&offset| &row[offset..])
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

/// The extremes of some rows, and then passes along these: for some places after the others, so that what a pass reads is
/// still where it was written.
fn combine_and_pass<'r, V: Extremal, E: Extreme>(
    rows: impl ExactSizeIterator<Item = &'r [V]> + Clone,
    passes: &[Pass],
    special: bool,
    results: &mut [V],
    scratch: &mut Scratch<V>,
    to: To,
) {
    let Some((last, first)) = passes.split_last() else {
        return combine::<V, E>(rows, special, results, to);
    };
    let reach = passes.iter().map(Pass::reach).sum::<usize>();
    let piece = (PIECE / size_of::<V>()).max(REACHES * reach);
    for (i, results) in results.chunks_mut(piece).enumerate() {
        let rows = rows.clone().map(|row| &row[i * piece..]);
        let [one, other] = &mut scratch.rows;
        let (mut from, mut next) = (&mut **one, &mut **other);
        let mut needed = results.len() + reach;
        combine::<V, E>(rows, special, &mut from[..needed], To::Cache);
        for pass in first {
            needed -= pass.reach();
            combine::<V, E>(pass.sources(from), special, &mut next[..needed], To::Cache);
            (from, next) = (next, from);
        }
        combine::<V, E>(last.sources(from), special, results, to);
    }
}

/// Runs passes along a row.
fn pass_along<V: Extremal, E: Extreme>(
    passes: &[Pass],
    special: bool,
    row: &[V],
    results: &mut [V],
    scratch: &mut Scratch<V>,
) {
    match passes.split_first() {
        None => results.copy_from_slice(&row[..results.len()]),
        Some((first, rest)) => {
            combine_and_pass::<V, E>(first.sources(row), rest, special, results, scratch, To::Cache);
        }
    }
}

/// Where results go: what is in memory has to be fetched first.
#[derive(Clone, Copy, PartialEq)]
enum To {
    Memory,
    Cache,
}

/// A box from row to row: the group that rows are received in, and before it what is left of the last.
///
/// No row is computed in place, which some compilers make masked stores of. So there is one slot more than a group has
/// rows: row `n` is received in slot `n`, the last one in the slot after that; and when the group is complete, the extremes
/// from row `n` to the end go to slot `n + 1`, where they are no longer needed when that slot is received in.
struct Groups<V> {
    passes: Vec<Pass>,
    pitch: usize,
    slots: Aligned<V>,
    height: usize,
    received: usize,
    /// The extremes from the first row of the group on; those of a row earlier.
    together: [Aligned<V>; 2],
}

impl<V: Extremal> Groups<V> {
    fn new(pitch: usize, height: usize, passes: Vec<Pass>) -> Result<Self, Error> {
        let len = pitch.checked_mul(height + 1).ok_or_else(|| memory::out_of_memory::<V>(usize::MAX))?;
        let row = || Aligned::new(pitch, 0);
        Ok(Groups { passes, pitch, slots: Aligned::new(len, 0)?, height, received: 0, together: [row()?, row()?] })
    }

    /// Receives a row; those from one group's height before it on make results, if these are wanted.
    fn add<E: Extreme>(&mut self, row: &[V], special: bool, results: Option<&mut [V]>, scratch: &mut Scratch<V>) {
        let reach = self.passes.iter().map(Pass::reach).sum::<usize>();
        let (n, count) = (self.received, row.len() - reach);
        let is_last = n + 1 == self.height;
        let at = if is_last { n + 1 } else { n } * self.pitch;
        let own = &mut self.slots[at..][..count];
        pass_along::<V, E>(&self.passes, special, row, own, scratch);
        self.received = if is_last { 0 } else { n + 1 };
        if is_last {
            self.close::<E>(special, count);
            if let Some(results) = results {
                results.copy_from_slice(&self.slots[self.pitch..][..results.len()]);
            }
            return;
        }
        let slot = |n: usize| &self.slots[n * self.pitch..][..count];
        // The extremes from row `n + 1` of the last group to its end.
        let ends = slot(n + 2);
        if n == 0 {
            if let Some(results) = results {
                combine::<V, E>([slot(0), ends].into_iter(), special, results, To::Memory);
            }
            return;
        }
        let [even, odd] = &mut self.together;
        let (before, together) = if n % 2 == 0 { (odd, even) } else { (even, odd) };
        let before = if n == 1 { slot(0) } else { &before[..count] };
        let together = &mut together[..count];
        match results {
            Some(results) => take_together::<V, E>([before, slot(n), ends], special, together, results),
            None => combine::<V, E>([before, slot(n)].into_iter(), special, together, To::Cache),
        }
    }

    /// Replaces the rows of a complete group by the extremes from there on.
    fn close<E: Extreme>(&mut self, special: bool, count: usize) {
        let strip = STRIP / size_of::<V>();
        for start in (0..count).step_by(strip) {
            let len = strip.min(count - start);
            for n in (0..self.height - 1).rev() {
                let (before, after) = self.slots[n * self.pitch + start..].split_at_mut(self.pitch);
                let (between, after) = after.split_at_mut(self.pitch);
                let sources = [&before[..len], &after[..len]].into_iter();
                combine::<V, E>(sources, special, &mut between[..len], To::Cache);
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
}

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
        Ok(Runs { pitch, lengths, height, received: 0, runs })
    }

    fn add<E: Extreme>(&mut self, row: &[V], special: bool, scratch: &mut Scratch<V>) {
        let slot = self.received % self.height * self.pitch;
        self.received += 1;
        for (len, passes, rows) in &mut self.lengths {
            let own = &mut rows[slot..][..row.len() - (*len - 1)];
            pass_along::<V, E>(passes, special, row, own, scratch);
        }
    }

    fn combine<E: Extreme>(
        &self,
        rows: &Shown<'_, V>,
        first: usize,
        special: bool,
        results: &mut [V],
        scratch: &mut Scratch<V>,
    ) {
        let source = |&(run, number): &(Run, usize)| match self.lengths.get(number) {
            None => &rows.row(first + run.row)[run.at..],
            Some((.., extremes)) => {
                // The row received last is the window's last.
                let slot = (self.received + run.row) % self.height;
                &extremes[slot * self.pitch + run.at..]
            }
        };
        let (first_runs, rest) = self.runs.split_at(self.runs.len().min(MOST));
        if rest.is_empty() {
            return combine::<V, E>(first_runs.iter().map(source), special, results, To::Cache);
        }
        let [one, other] = &mut scratch.rows;
        let (mut so_far, mut next) = (&mut one[..results.len()], &mut other[..results.len()]);
        combine::<V, E>(first_runs.iter().map(source), special, so_far, To::Cache);
        let groups = rest.chunks(MOST - 1);
        let last = groups.len() - 1;
        for (i, runs) in groups.enumerate() {
            let to = if i == last { &mut *results } else { &mut *next };
            let mut sources = [&so_far[..]; MOST];
            sources.iter_mut().skip(1).zip(runs).for_each(|(to, run)| *to = source(run));
            combine::<V, E>(sources[..=runs.len()].iter().copied(), special, to, To::Cache);
            (so_far, next) = (next, so_far);
        }
    }
}

/// The extremes of the values that results have in up to [`MOST`] rows.
fn combine<'r, V: Extremal, E: Extreme>(
    rows: impl ExactSizeIterator<Item = &'r [V]>,
    special: bool,
    results: &mut [V],
    to: To,
) {
    let mut sources = [ptr::null(); MOST];
    let count = rows.len();
    for (source, row) in sources.iter_mut().zip(rows) {
        *source = row[..results.len()].as_ptr();
    }
    macro_rules! by_count {
        ($($n:literal)*) => {
            match count {
                // SAFETY: each row has as many values as there are results, and results are others.
                $($n => unsafe { combine_n::<V, E, $n>(&sources, special, results, to) },)*
                n => unreachable!("{n} sources"),
            }
        };
    }
    by_count!(1 2 3 4 5 6 7 8);
}

/// The extremes of the values that each result has at each source.
///
/// # Safety
/// There are as many as results, and results are others.
unsafe fn combine_n<V: Extremal, E: Extreme, const N: usize>(
    sources: &[*const V; MOST],
    special: bool,
    results: &mut [V],
    to: To,
) {
    let sources: [*const V; N] = array::from_fn(|i| sources[i]);
    #[inline(always)]
    unsafe fn each<V: Extremal, const N: usize>(
        sources: [*const V; N],
        results: &mut [V],
        to: To,
        of: impl Fn(V, V) -> V,
    ) {
        let values = BLOCK / size_of::<V>();
        for (block, results) in results.chunks_mut(values).enumerate() {
            if to == To::Memory {
                fetch_ahead(results);
            }
            let sources = sources.map(|source| source.wrapping_add(block * values));
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
    }
    simd::widest(
        #[inline(always)]
        // SAFETY: passed on.
        || unsafe {
            if special {
                each(sources, results, to, E::of_any);
            } else {
                each(sources, results, to, E::of);
            }
        },
    );
}

/// Takes a row in to those before it of its group; with the ends of the last group, they make the results.
fn take_together<V: Extremal, E: Extreme>(sources: [&[V]; 3], special: bool, together: &mut [V], results: &mut [V]) {
    #[inline(always)]
    fn each<V: Extremal>(
        of: impl Fn(V, V) -> V,
        [before, row, ends]: [&[V]; 3],
        together: &mut [V],
        results: &mut [V],
    ) {
        let values = BLOCK / size_of::<V>();
        let sources = before.chunks(values).zip(row.chunks(values)).zip(ends.chunks(values));
        let targets = together.chunks_mut(values).zip(results.chunks_mut(values));
        for (((before, row), ends), (together, results)) in sources.zip(targets) {
            fetch_ahead(results);
            let sources = before.iter().zip(row).zip(ends);
            for (((&before, &row), &end), (together, result)) in sources.zip(together.iter_mut().zip(results)) {
                *together = of(before, row);
                *result = of(*together, end);
            }
        }
    }
    simd::widest(
        #[inline(always)]
        || {
            if special {
                each(E::of_any, sources, together, results);
            } else {
                each(E::of, sources, together, results);
            }
        },
    );
}

/// Whether a row has values that comparisons alone don't put where they belong. It is brought from memory meanwhile.
pub(crate) fn has_special<V: Extremal>(row: &[V]) -> bool {
    simd::widest(
        #[inline(always)]
        || {
            row.chunks(BLOCK / size_of::<V>()).any(|block| {
                fetch_ahead(block);
                block.iter().fold(false, |any, value| any | value.is_special())
            })
        },
    )
}

/// Has memory bring what lies some way behind a block of values.
#[inline(always)]
fn fetch_ahead<V>(block: &[V]) {
    for byte in (0..BLOCK).step_by(CACHE_LINE) {
        simd::prefetch(block.as_ptr().wrapping_byte_add(AHEAD + byte));
    }
}

/// The largest value less the smallest.
pub(crate) struct Range<V> {
    lowest: Extremes<V, Lower>,
    highest: Extremes<V, Higher>,
    pitch: usize,
    rows: [Aligned<V>; 2],
}

impl<V: Extremal> Range<V> {
    pub(crate) fn new(sweep: &Sweep<'_>) -> Result<Self, Error> {
        let pitch = sweep.pitch();
        let len = pitch.checked_mul(BAND).ok_or_else(|| memory::out_of_memory::<V>(usize::MAX))?;
        let row = || Aligned::new(len, 0);
        Ok(Range { pitch, lowest: Extremes::new(sweep)?, highest: Extremes::new(sweep)?, rows: [row()?, row()?] })
    }
}

impl<V: Extremal> RowKernel for Range<V> {
    type Value = V;
    type Result = f64;

    fn band(&self) -> usize {
        BAND
    }

    fn is_exact(&self) -> bool {
        true
    }

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, f64>) {
        let [lows, highs] = &mut self.rows;
        let (rows_wanted, places) = (results.rows, results.places);
        self.lowest.run(rows, Results { values: lows, rows: rows_wanted, apart: self.pitch, places });
        self.highest.run(rows, Results { values: highs, rows: rows_wanted, apart: self.pitch, places });
        let (lows, highs) = (lows.chunks(self.pitch), highs.chunks(self.pitch));
        for ((results, lows), highs) in results.rows_mut().zip(lows).zip(highs) {
            for ((result, low), high) in results.iter_mut().zip(lows).zip(highs) {
                let range = high.to_f64() - low.to_f64();
                *result = if range.is_nan() { f64::NAN } else { range };
            }
        }
    }
}

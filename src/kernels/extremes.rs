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
use std::ops::{self, BitOr};
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
const STRIP: usize = 8192;

/// Bytes of results that one pass after the other is run for, if windows reach no further than a fraction of that.
const PIECE: usize = 8192;
const REACHES: usize = 8;

/// Bytes that are read or written between two looks ahead.
const BLOCK: usize = 512;

/// Rows that are computed at a time: less to do for each.
const BAND: usize = 4;

/// Sources that are combined at a time, at most.
const MOST: usize = 8;

/// Places that the extremes of a run are made of at a time.
const RADIX: usize = 4;

/// What extremes ask of values.
pub(crate) trait Extremal: Value {
    const NAN: Self;

    /// Whether there are values that comparisons alone don't put where they belong: see [`mark`](Self::mark).
    const HAS_SPECIAL: bool;

    fn is_nan(self) -> bool;

    /// As wide as the value, for vectors.
    type Mark: Copy + Default + PartialEq + BitOr<Output = Self::Mark>;

    /// Not the default if comparisons alone don't put it where it belongs.
    fn mark(self) -> Self::Mark;

    #[inline(always)]
    fn is_special(self) -> bool {
        self.mark() != Self::Mark::default()
    }

    /// Takes a value into what tells whether some of many may be special: by operations on integers, which machines do
    /// while they compare. Zeros are suspects too.
    fn suspect(self, so_far: Self::Mark) -> Self::Mark;

    fn are_suspects(so_far: Self::Mark) -> bool;

    /// The bits that one of two values has, or both have.
    fn either(self, other: Self) -> Self;
    fn both(self, other: Self) -> Self;

    /// A cache line of values. What is done with all values of an array is done with vectors.
    type Line: Copy;

    /// For each of them, what [`suspect`](Self::suspect) tells.
    type Marks: Copy + Default;

    /// The line that begins there.
    ///
    /// # Safety
    /// There is one.
    #[inline(always)]
    unsafe fn line(at: *const Self) -> Self::Line {
        // SAFETY: so the caller has it.
        unsafe { at.cast::<Self::Line>().read_unaligned() }
    }

    /// # Safety
    /// There is room for a line.
    #[inline(always)]
    unsafe fn set_line(at: *mut Self, line: Self::Line) {
        // SAFETY: so the caller has it.
        unsafe { at.cast::<Self::Line>().write_unaligned(line) }
    }

    fn merge(a: Self::Line, b: Self::Line, of: impl Fn(Self, Self) -> Self) -> Self::Line;

    fn suspect_line(line: Self::Line, so_far: Self::Marks) -> Self::Marks;

    fn has_suspects(marks: Self::Marks) -> bool;
}

macro_rules! line {
    ($type:ty) => {
        type Line = [$type; CACHE_LINE / size_of::<$type>()];

        #[inline(always)]
        fn merge(mut a: Self::Line, b: Self::Line, of: impl Fn(Self, Self) -> Self) -> Self::Line {
            // (What iterators do last, compilers have done in another way.)
            for i in 0..a.len() {
                a[i] = of(a[i], b[i]);
            }
            a
        }
    };
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Extremal for $type {
            const NAN: Self = 0;
            const HAS_SPECIAL: bool = false;

            #[inline(always)]
            fn is_nan(self) -> bool {
                false
            }

            type Mark = u8;

            #[inline(always)]
            fn mark(self) -> u8 {
                0
            }

            #[inline(always)]
            fn suspect(self, _: u8) -> u8 {
                0
            }

            fn are_suspects(_: u8) -> bool {
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

            line!($type);

            type Marks = ();

            fn suspect_line(_: Self::Line, _: ()) {}

            fn has_suspects(_: ()) -> bool {
                false
            }
        }
    )*};
}
integers!(i8 i16 i32 u8 u16 u32);

macro_rules! floats {
    ($($type:ty: $mark:ty),*) => {$(
        impl Extremal for $type {
            const NAN: Self = <$type>::NAN;
            const HAS_SPECIAL: bool = true;

            #[inline(always)]
            fn is_nan(self) -> bool {
                self.is_nan()
            }

            type Mark = $mark;

            #[inline(always)]
            fn mark(self) -> $mark {
                <$mark>::from(self.is_nan() | (self.to_bits() == (-0.0 as $type).to_bits()))
            }

            #[inline(always)]
            fn suspect(self, so_far: $mark) -> $mark {
                // Without its sign, and with zero as the highest.
                so_far.max((self.to_bits() << 1).wrapping_sub(1))
            }

            fn are_suspects(so_far: $mark) -> bool {
                so_far >= <$type>::INFINITY.to_bits() << 1
            }

            #[inline(always)]
            fn either(self, other: Self) -> Self {
                <$type>::from_bits(self.to_bits() | other.to_bits())
            }

            #[inline(always)]
            fn both(self, other: Self) -> Self {
                <$type>::from_bits(self.to_bits() & other.to_bits())
            }

            line!($type);

            type Marks = [$mark; CACHE_LINE / size_of::<$type>()];

            #[inline(always)]
            fn suspect_line(line: Self::Line, mut so_far: Self::Marks) -> Self::Marks {
                for i in 0..line.len() {
                    so_far[i] = line[i].suspect(so_far[i]);
                }
                so_far
            }

            fn has_suspects(marks: Self::Marks) -> bool {
                marks.into_iter().any(Self::are_suspects)
            }
        }
    )*};
}
floats!(f32: u32, f64: u64);

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

    /// What is known of the rows of the window, and the group before it.
    fn order(&self) -> Order {
        if self.special > 0 { Order::Special } else { Order::Plain }
    }

    /// Receives the next row.
    fn receive(&mut self, row: &[V]) {
        self.special = self.special.saturating_sub(1);
        if has_special::<V, true>(row) {
            self.special = self.height;
        }
        let order = self.order();
        if let Window::Runs(runs) = &mut self.window {
            runs.add::<E>(row, order, &mut self.scratch);
        }
    }

    /// Computes a row of results from the `height` rows from `first` on; `known` of them were there before.
    fn compute(&mut self, rows: &Shown<'_, V>, first: usize, known: usize, results: &mut [V]) {
        for i in known..self.height {
            self.receive(&rows.row(first + i)[..rows.width]);
        }
        let order = self.order();
        match &mut self.window {
            Window::Few(taps) => {
                let taps = taps.iter().map(|&(row, at)| &rows.row(first + row)[at..]);
                combine::<V, E>(taps, order, results, To::Memory);
            }
            Window::Low(passes) => {
                let of_rows = (first..first + self.height).map(|row| rows.row(row));
                combine_and_pass::<V, E>(of_rows, passes, order, results, &mut self.scratch, To::Memory);
            }
            Window::High(_) => unreachable!("its groups compute several rows at a time"),
            Window::Runs(runs) => runs.combine::<E>(rows, first, order, results, &mut self.scratch),
        }
        order.settle(results);
    }
}

impl<V: Extremal, E: Extreme> RowKernel for Extremes<V, E> {
    type Value = V;
    type Result = V;

    const IS_EXACT: bool = true;

    fn band(&self) -> usize {
        BAND
    }

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, V>) {
        if rows.known == 0 {
            self.special = 0;
        }
        if let Window::High(groups) = &mut self.window {
            return groups.run::<E>(rows, &mut results, &mut self.special, &mut self.scratch);
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
/// still where it was written. Returns whether something special may have been found, if that was unknown.
fn combine_and_pass<'r, V: Extremal, E: Extreme>(
    rows: impl ExactSizeIterator<Item = &'r [V]> + Clone,
    passes: &[Pass],
    order: Order,
    results: &mut [V],
    scratch: &mut Scratch<V>,
    to: To,
) -> bool {
    let Some((last, first)) = passes.split_last() else {
        return combine::<V, E>(rows, order, results, to);
    };
    let rest = if order == Order::Special { order } else { Order::Plain };
    let reach = passes.iter().map(Pass::reach).sum::<usize>();
    let piece = (PIECE / size_of::<V>()).max(REACHES * reach);
    let mut found = false;
    for (i, results) in results.chunks_mut(piece).enumerate() {
        let rows = rows.clone().map(|row| &row[i * piece..]);
        let [one, other] = &mut scratch.rows;
        let (mut from, mut next) = (&mut **one, &mut **other);
        let mut needed = results.len() + reach;
        found |= combine::<V, E>(rows, order, &mut from[..needed], To::Cache);
        for pass in first {
            needed -= pass.reach();
            combine::<V, E>(pass.sources(from), rest, &mut next[..needed], To::Cache);
            (from, next) = (next, from);
        }
        combine::<V, E>(last.sources(from), rest, results, to);
    }
    found
}

/// Runs passes along a row. Returns whether something special may be in it, if that was unknown.
fn pass_along<V: Extremal, E: Extreme>(
    passes: &[Pass],
    row: &[V],
    order: Order,
    results: &mut [V],
    scratch: &mut Scratch<V>,
) -> bool {
    match passes.split_first() {
        None => combine::<V, E>([row].into_iter(), order, results, To::Cache),
        Some((first, rest)) => {
            let found = combine_and_pass::<V, E>(first.sources(row), rest, order, results, scratch, To::Cache);
            // The first of its sources ends before the row does.
            found || order == Order::Unknown && has_special::<V, false>(&row[row.len() - first.reach()..])
        }
    }
}

/// Where results go: what is in memory has to be fetched first.
#[derive(Clone, Copy, PartialEq)]
enum To {
    Memory,
    Cache,
}

/// What is known of values.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    /// Comparisons put them where they belong.
    Plain,
    /// Some are special.
    Special,
    /// Those of the first row are to be looked at, none of the others is special.
    Unknown,
}

impl Order {
    /// There is one NaN.
    fn settle<V: Extremal>(self, results: &mut [V]) {
        if self == Order::Special {
            results.iter_mut().filter(|result| result.is_nan()).for_each(|result| *result = V::NAN);
        }
    }
}

/// A box from row to row: the group that rows are received in, and before it what is left of the last.
///
/// They are in slots around a ring: row `n` of a group in slot `n` from where it begins, the last one in the slot after that.
/// When the group is complete, the extremes from row `n` to its end go to slot `n + 1`: no row is computed in place, which
/// some compilers make masked stores of. The next group begins behind it. Some rows are received together, while the ends of
/// the last group that results are made with are still there: so there are as many slots more than a group has rows.
struct Groups<V> {
    passes: Vec<Pass>,
    pitch: usize,
    ring: Aligned<V>,
    slots: usize,
    height: usize,
    /// The slot that the group begins in, and its rows that were received.
    first: usize,
    received: usize,
    /// The extremes from the first row of the group on; those of a row earlier.
    together: [Aligned<V>; 2],
}

impl<V: Extremal> Groups<V> {
    fn new(pitch: usize, height: usize, passes: Vec<Pass>) -> Result<Self, Error> {
        let slots = height + BAND;
        let len = pitch.checked_mul(slots).ok_or_else(|| memory::out_of_memory::<V>(usize::MAX))?;
        let (ring, row) = (Aligned::new(len, 0)?, || Aligned::new(pitch, 0));
        Ok(Groups { passes, pitch, ring, slots, height, first: 0, received: 0, together: [row()?, row()?] })
    }

    /// Receives the rows that are new, and computes the results that are wanted. `special` is how many rows are yet to come
    /// until none is about that had something special.
    fn run<E: Extreme>(
        &mut self,
        rows: &Shown<'_, V>,
        results: &mut Results<'_, V>,
        special: &mut usize,
        scratch: &mut Scratch<V>,
    ) {
        if rows.known == 0 {
            (self.first, self.received) = (0, 0);
        }
        let (mut next, end) = (rows.known, self.height - 1 + results.rows);
        while next < end {
            let count = (end - next).min(self.height - self.received).min(BAND);
            let mut order = Order::Plain;
            for i in 0..count {
                let row = &rows.row(next + i)[..rows.width];
                *special = special.saturating_sub(1);
                if self.enter::<E>(self.received + i, row, *special > 0, scratch) {
                    *special = self.height;
                }
                if *special > 0 {
                    order = Order::Special;
                }
            }
            // Before the first result, rows only wait for their group to be complete.
            let before = self.height - 1;
            if next + count > before {
                let first = next.saturating_sub(before);
                let rows = next + count - before - first;
                let Results { ref mut values, apart, places, .. } = *results;
                let results = Results { values: &mut values[first * apart..], rows, apart, places };
                self.combine::<E>(count, order, results);
            }
            self.received += count;
            if self.received == self.height {
                (self.first, self.received) = ((self.first + self.height + 1) % self.slots, 0);
            }
            next += count;
        }
    }

    /// Enters row `n` of the group, as extremes along it. Returns whether it has something special.
    fn enter<E: Extreme>(&mut self, n: usize, row: &[V], is_special: bool, scratch: &mut Scratch<V>) -> bool {
        let slot = (self.first + if n + 1 == self.height { self.height } else { n }) % self.slots;
        let count = row.len() - self.passes.iter().map(Pass::reach).sum::<usize>();
        let own = &mut self.ring[slot * self.pitch..][..count];
        let mut pass = |order| pass_along::<V, E>(&self.passes, row, order, own, scratch);
        // The first pass over the row looks at it, and suspects zeros too.
        let found =
            if is_special { has_special::<V, true>(row) } else { pass(Order::Unknown) && has_special::<V, false>(row) };
        if found || is_special {
            pass(Order::Special);
        }
        found
    }

    /// Computes the results that end with the last of so many rows, which were just entered. Of the first group, that is only
    /// the last row's.
    fn combine<E: Extreme>(&mut self, count: usize, order: Order, mut results: Results<'_, V>) {
        let end = self.received + count;
        let places = results.places;
        let strip = STRIP / size_of::<V>();
        for start in (0..places).step_by(strip) {
            let strip = start..places.min(start + strip);
            let first = end - results.rows;
            for (n, results) in (first..).zip(results.rows_mut().map(|row| &mut row[strip.clone()])) {
                if n + 1 == self.height {
                    self.close::<E>(order, strip.clone(), results);
                } else {
                    self.take::<E>(n, order, strip.clone(), results);
                }
            }
        }
        results.rows_mut().for_each(|results| order.settle(results));
    }

    /// The results of row `n` of the group, which is not the last.
    fn take<E: Extreme>(&mut self, n: usize, order: Order, strip: ops::Range<usize>, results: &mut [V]) {
        let Groups { ref ring, slots, first, pitch, height, ref mut together, .. } = *self;
        let in_slot = |number: usize| &ring[number % slots * pitch..][strip.clone()];
        let row = in_slot(first + n);
        // The extremes from row `n + 1` of the last group to its end.
        let ends = in_slot(first + slots - height + n + 1);
        if n == 0 {
            combine::<V, E>([row, ends].into_iter(), order, results, To::Memory);
            return;
        }
        let [even, odd] = together;
        let (before, together) = if n.is_multiple_of(2) { (odd, even) } else { (even, odd) };
        let before = if n == 1 { in_slot(first) } else { &before[strip.clone()] };
        take_together::<V, E>([before, row, ends], order, &mut together[strip], results);
    }

    /// Replaces the rows of the complete group by the extremes from there on. All of them together are results.
    fn close<E: Extreme>(&mut self, order: Order, strip: ops::Range<usize>, results: &mut [V]) {
        let Groups { ref mut ring, slots, first, pitch, height, .. } = *self;
        let at = |n: usize| {
            let slot = (first + n) % slots * pitch;
            slot + strip.start..slot + strip.end
        };
        for n in (1..height - 1).rev() {
            let rows = ring.get_disjoint_mut([at(n), at(n + 1), at(n + 2)]);
            let [row, ends, after] = rows.expect("a ring has more slots");
            combine::<V, E>([&*row, &*after].into_iter(), order, ends, To::Cache);
        }
        combine::<V, E>([&ring[at(0)], &ring[at(2)]].into_iter(), order, results, To::Memory);
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

    fn add<E: Extreme>(&mut self, row: &[V], order: Order, scratch: &mut Scratch<V>) {
        let slot = self.received % self.height * self.pitch;
        self.received += 1;
        for (len, passes, rows) in &mut self.lengths {
            let own = &mut rows[slot..][..row.len() - (*len - 1)];
            pass_along::<V, E>(passes, row, order, own, scratch);
        }
    }

    fn combine<E: Extreme>(
        &self,
        rows: &Shown<'_, V>,
        first: usize,
        order: Order,
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
            combine::<V, E>(first_runs.iter().map(source), order, results, To::Memory);
            return;
        }
        let [one, other] = &mut scratch.rows;
        let (mut so_far, mut next) = (&mut one[..results.len()], &mut other[..results.len()]);
        combine::<V, E>(first_runs.iter().map(source), order, so_far, To::Cache);
        let groups = rest.chunks(MOST - 1);
        let last = groups.len() - 1;
        for (i, runs) in groups.enumerate() {
            let to = if i == last { &mut *results } else { &mut *next };
            let mut sources = [&so_far[..]; MOST];
            sources.iter_mut().skip(1).zip(runs).for_each(|(to, run)| *to = source(run));
            combine::<V, E>(sources[..=runs.len()].iter().copied(), order, to, To::Cache);
            (so_far, next) = (next, so_far);
        }
    }
}

/// The extremes of the values that results have in up to [`MOST`] rows. Returns whether something special may have been found,
/// if that was unknown.
fn combine<'r, V: Extremal, E: Extreme>(
    rows: impl ExactSizeIterator<Item = &'r [V]>,
    order: Order,
    results: &mut [V],
    to: To,
) -> bool {
    let mut sources = [ptr::null(); MOST];
    let count = rows.len();
    for (source, row) in sources.iter_mut().zip(rows) {
        *source = row[..results.len()].as_ptr();
    }
    macro_rules! by_count {
        ($($n:literal)*) => {
            match count {
                // SAFETY: each row has as many values as there are results, and results are others.
                $($n => unsafe { combine_n::<V, E, $n>(array::from_fn(|i| sources[i]), order, results, to) },)*
                n => unreachable!("{n} sources"),
            }
        };
    }
    by_count!(1 2 3 4 5 6 7 8)
}

simd::widest_fn! {
    /// The extremes of the values that each result has at each source.
    ///
    /// # Safety
    /// There are as many as results, and results are others.
    unsafe fn combine_n<V: Extremal, E: Extreme; const N: usize>(
        sources: [*const V; N],
        order: Order,
        results: &mut [V],
        to: To,
    ) -> bool {
        // SAFETY: passed on.
        unsafe {
            match order {
                Order::Special if V::HAS_SPECIAL => combine_by::<V, N, false>(sources, results, to, E::of_any),
                // Only passes along a row come with rows that are unknown.
                Order::Unknown if V::HAS_SPECIAL && N <= RADIX => {
                    combine_by::<V, N, true>(sources, results, to, E::of)
                }
                _ => combine_by::<V, N, false>(sources, results, to, E::of),
            }
        }
    }
}

/// # Safety
/// As [`combine_n`].
#[inline(always)]
unsafe fn combine_by<V: Extremal, const N: usize, const LOOK: bool>(
    sources: [*const V; N],
    results: &mut [V],
    to: To,
    of: impl Fn(V, V) -> V,
) -> bool {
    if results.len() < simd::line_of::<V>() {
        let mut mark = V::Mark::default();
        for (i, result) in results.iter_mut().enumerate() {
            // SAFETY: the caller has so many values there.
            let value = |source: *const V| unsafe { *source.add(i) };
            mark = if LOOK { value(sources[0]).suspect(mark) } else { mark };
            *result = sources[1..].iter().fold(value(sources[0]), |extreme, &source| of(extreme, value(source)));
        }
        return LOOK && V::are_suspects(mark);
    }
    let (len, results) = (results.len(), results.as_mut_ptr());
    let mut marks = V::Marks::default();
    simd::by_lines(
        results,
        len,
        #[inline(always)]
        |start| {
            let result = results.wrapping_add(start);
            if to == To::Memory {
                simd::fetch_ahead(result, 1);
            }
            if LOOK {
                simd::fetch_ahead(sources[0].wrapping_add(start), 1);
            }
            // SAFETY: a line lies within what the caller has.
            unsafe {
                let mut extremes = V::line(sources[0].add(start));
                marks = if LOOK { V::suspect_line(extremes, marks) } else { marks };
                for source in &sources[1..] {
                    extremes = V::merge(extremes, V::line(source.add(start)), &of);
                }
                V::set_line(result, extremes);
            }
        },
    );
    LOOK && V::has_suspects(marks)
}

/// Takes a row in to those before it of its group; with the ends of the last group, they make the results.
fn take_together<V: Extremal, E: Extreme>(sources: [&[V]; 3], order: Order, together: &mut [V], results: &mut [V]) {
    let count = results.len();
    let (sources, together) = (sources.map(|source| source[..count].as_ptr()), &mut together[..count]);
    // SAFETY: as many as there are results.
    unsafe { take_n_together::<V, E>(sources, order, together, results) }
}

simd::widest_fn! {
    /// # Safety
    /// There are as many values at each source, and to be taken together, as results; the latter two are others.
    unsafe fn take_n_together<V: Extremal, E: Extreme>(
        sources: [*const V; 3],
        order: Order,
        together: &mut [V],
        results: &mut [V],
    ) -> () {
        // SAFETY: passed on.
        unsafe {
            if V::HAS_SPECIAL && order == Order::Special {
                take_together_by(sources, together, results, E::of_any);
            } else {
                take_together_by(sources, together, results, E::of);
            }
        }
    }
}

/// # Safety
/// As [`take_n_together`].
#[inline(always)]
unsafe fn take_together_by<V: Extremal>(
    sources: [*const V; 3],
    together: &mut [V],
    results: &mut [V],
    of: impl Fn(V, V) -> V,
) {
    if results.len() < simd::line_of::<V>() {
        for (i, (together, result)) in together.iter_mut().zip(results).enumerate() {
            // SAFETY: the caller has so many values there.
            let [before, row, end] = sources.map(|source| unsafe { *source.add(i) });
            *together = of(before, row);
            *result = of(*together, end);
        }
        return;
    }
    let (len, results, together) = (results.len(), results.as_mut_ptr(), together.as_mut_ptr());
    let [before, row, ends] = sources;
    simd::by_lines(
        results,
        len,
        #[inline(always)]
        |start| {
            let result = results.wrapping_add(start);
            simd::fetch_ahead(result, 1);
            // SAFETY: a line lies within what the caller has.
            unsafe {
                let so_far = V::merge(V::line(before.add(start)), V::line(row.add(start)), &of);
                V::set_line(together.add(start), so_far);
                V::set_line(result, V::merge(so_far, V::line(ends.add(start)), &of));
            }
        },
    );
}

/// Whether a row has values that comparisons alone don't put where they belong. It may be brought from memory meanwhile.
pub(crate) fn has_special<V: Extremal, const FETCH: bool>(row: &[V]) -> bool {
    if !V::HAS_SPECIAL {
        return false;
    }
    simd::widest(
        #[inline(always)]
        || {
            row.chunks(BLOCK / size_of::<V>()).any(|block| {
                if FETCH {
                    simd::fetch_ahead(block.as_ptr(), block.len());
                }
                block.iter().fold(V::Mark::default(), |any, value| any | value.mark()) != V::Mark::default()
            })
        },
    )
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

    const IS_EXACT: bool = true;

    fn band(&self) -> usize {
        BAND
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

//! The extremes of rows, and passes along rows.
//!
//! A pass makes extremes of 2, 3 or 4 places into those of up to four times as many, until they are as many as the window's:
//! for 11, of 4 and then of three overlapping fours.

use std::{array, ptr};

use crate::error::Error;
use crate::kernels::extremal::{Extremal, has_special};
use crate::memory::{self, Aligned, CACHE_LINE};
use crate::past::Detour;
use crate::simd;
use crate::sweep::SPARE;

/// Bytes of results that one pass after the other is run for, if windows reach no further than a fraction of that.
const PIECE: usize = 8192;
const REACHES: usize = 8;

/// Sources that are combined at a time, at most.
pub(super) const MOST: usize = 8;

/// Places that the extremes of a run are made of at a time.
pub(super) const RADIX: usize = 4;

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

/// Rows to compute in.
pub(super) struct Scratch<V>(pub(super) [Aligned<V>; 2]);

impl<V: Extremal> Scratch<V> {
    pub(super) fn new(width: usize) -> Result<Self, Error> {
        Ok(Scratch([Aligned::new(width + SPARE, 0)?, Aligned::new(width + SPARE, 0)?]))
    }
}

/// The extreme of places at these offsets from each other.
pub(super) struct Pass {
    pub(super) offsets: Vec<usize>,
}

impl Pass {
    /// How far it looks ahead.
    pub(super) fn reach(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// A pass that leaves things as they are.
    pub(super) fn none() -> Result<Self, Error> {
        Ok(Pass { offsets: memory::filled(1, 0)? })
    }

    /// The rows that it is the extreme of.
    fn sources<'r, V>(&self, row: &'r [V]) -> impl ExactSizeIterator<Item = &'r [V]> + Clone {
        self.offsets.iter().map(move |&offset| &row[offset..])
    }
}

/// Adds the passes for windows of `width` places, `step` from one to the next.
pub(super) fn add_passes(passes: &mut Vec<Pass>, width: usize, step: usize) -> Result<(), Error> {
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
pub(super) fn combine_and_pass<'r, V: Extremal, E: Extreme>(
    rows: impl ExactSizeIterator<Item = &'r [V]> + Clone,
    passes: &[Pass],
    order: Order,
    results: &mut [V],
    scratch: &mut Scratch<V>,
    mut to: To<'_, V>,
) -> bool {
    let Some((last, first)) = passes.split_last() else {
        return combine::<V, E>(rows, order, results, to);
    };
    let rest = if order == Order::Special { order } else { Order::Plain };
    let reach = passes.iter().map(Pass::reach).sum::<usize>();
    let piece = (PIECE / size_of::<V>()).max(REACHES * reach);
    let mut found = false;
    // The pieces after the first begin with a cache line.
    let first_piece = piece - results.as_ptr().addr() % CACHE_LINE / size_of::<V>();
    let mut done = 0;
    while done < results.len() {
        let next = if done == 0 { first_piece } else { done + piece };
        let end = if next + piece / 2 < results.len() { next } else { results.len() };
        let rows = rows.clone().map(|row| &row[done..]);
        let results = &mut results[done..end];
        let [one, other] = &mut scratch.0;
        let (mut from, mut next) = (&mut **one, &mut **other);
        let mut needed = results.len() + reach;
        found |= combine::<V, E>(rows, order, &mut from[..needed], To::Cache);
        for pass in first {
            needed -= pass.reach();
            combine::<V, E>(pass.sources(from), rest, &mut next[..needed], To::Cache);
            (from, next) = (next, from);
        }
        combine::<V, E>(last.sources(from), rest, results, to.again());
        done = end;
    }
    found
}

/// Runs passes along a row. Returns whether something special may be in it, if that was unknown.
pub(super) fn pass_along<V: Extremal, E: Extreme>(
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

/// Where results go.
pub(super) enum To<'d, V> {
    /// What is not in the cache has to be fetched first ...
    Memory,
    Cache,
    /// ... unless it goes past it.
    Past(&'d mut Detour<V>),
}

impl<V> To<'_, V> {
    /// The same once more.
    fn again(&mut self) -> To<'_, V> {
        match self {
            To::Memory => To::Memory,
            To::Cache => To::Cache,
            To::Past(detour) => To::Past(detour),
        }
    }
}

/// What is known of values.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Order {
    /// Comparisons put them where they belong.
    Plain,
    /// Some are special.
    Special,
    /// Those of the first row are to be looked at, none of the others is special.
    Unknown,
}

impl Order {
    /// There is one NaN.
    pub(super) fn settle<V: Extremal>(self, results: &mut [V]) {
        if self == Order::Special {
            results.iter_mut().filter(|result| result.is_nan()).for_each(|result| *result = V::NAN);
        }
    }
}

/// The extremes of the values that results have in up to [`MOST`] rows. Returns whether something special may have been found,
/// if that was unknown.
pub(super) fn combine<'r, V: Extremal, E: Extreme>(
    rows: impl ExactSizeIterator<Item = &'r [V]>,
    order: Order,
    results: &mut [V],
    to: To<'_, V>,
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
        to: To<'_, V>,
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
    to: To<'_, V>,
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
    let len = results.len();
    if let To::Past(detour) = to {
        detour.take(
            results,
            #[inline(always)]
            |start, results| {
                V::set_lines(
                    results,
                    start,
                    len,
                    #[inline(always)]
                    |start| {
                        // (Without this, compilers make vectors of values that are a line apart.)
                        simd::fetch_ahead(sources[N - 1].wrapping_add(start), 1);
                        // SAFETY: a line lies within what the caller has.
                        unsafe { line_of(sources, start, &of) }
                    },
                );
            },
        );
        return false;
    }
    let mut marks = V::Marks::default();
    let results = results.as_mut_ptr();
    simd::by_lines(
        results,
        len,
        #[inline(always)]
        |start| {
            let result = results.wrapping_add(start);
            if matches!(to, To::Memory) {
                simd::fetch_ahead(result, 1);
            }
            if LOOK {
                simd::fetch_ahead(sources[0].wrapping_add(start), 1);
            }
            // SAFETY: as above.
            unsafe {
                marks = if LOOK { V::suspect_line(V::line(sources[0].add(start)), marks) } else { marks };
                V::set_line(result, line_of(sources, start, &of));
            }
        },
    );
    LOOK && V::has_suspects(marks)
}

/// The extremes of lines that begin at these places.
///
/// # Safety
/// They do.
#[inline(always)]
pub(super) unsafe fn line_of<V: Extremal, const N: usize>(
    sources: [*const V; N],
    start: usize,
    of: impl Fn(V, V) -> V,
) -> V::Line {
    // SAFETY: so the caller has it.
    unsafe {
        let mut extremes = V::line(sources[0].add(start));
        for source in &sources[1..] {
            extremes = V::merge(extremes, V::line(source.add(start)), &of);
        }
        extremes
    }
}

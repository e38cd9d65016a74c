//! How often the values of small windows occur, all pairs of taps compared, on vectors of places.
//!
//! Put the taps in some order and count for each how many later ones equal it. The most frequent value is then that of the
//! tap with the highest count, its first one; and there are as many different values as taps with the count zero, the last
//! of each. That is n (n - 1) / 2 comparisons of n taps, but windows share them: let the order be column by column, and the
//! taps that come after one of a column are those that come after the one beside it in the next column, taken one place
//! further back, and one column more. So along a row of the window counts go on from tap to tap, and n times the number of
//! its rows are enough. Of footprints that are no box, taps share where they can.

use std::marker::PhantomData;

use crate::builtins;
use crate::error::Error;
use crate::kernels::extremal::Extremal;
use crate::kernels::specials::Specials;
use crate::memory::{self, Aligned};
use crate::simd;
use crate::sweep::{Results, RowKernel, Shown, Sweep};

/// Bytes of places that are computed at a time.
const BYTES: usize = 2048;

/// Taps of which the one's counts go on from the other's are no further apart.
const NEAR: usize = 64;

/// Sources that are compared at a time, at most.
const MOST: usize = 8;

/// Taps of a window, at most: counts of bytes are bytes with a sign.
pub(crate) const TAPS_MAX: usize = i8::MAX as usize;

/// Values that are counted in integers of their size.
pub(crate) trait Countable: Extremal {
    type Count: Copy + Default + PartialOrd + Send + Sync;

    /// Below all counts.
    const BELOW: Self::Count;

    /// With one more, if so.
    fn counted(count: Self::Count, more: bool) -> Self::Count;

    /// The next integer, if so.
    fn next_if(self, so: bool) -> Self;
}

macro_rules! countable {
    ($($type:ty: $count:ty, $one:literal;)*) => {$(
        impl Countable for $type {
            type Count = $count;

            const BELOW: $count = -1;

            #[inline(always)]
            fn counted(count: $count, more: bool) -> $count {
                count.wrapping_add(<$count>::from(more))
            }

            #[inline(always)]
            fn next_if(self, so: bool) -> Self {
                self + if so { $one } else { Self::default() }
            }
        }
    )*};
}
countable! {
    i8: i8, 1;
    u8: i8, 1;
    i16: i16, 1;
    u16: i16, 1;
    i32: i32, 1;
    u32: i32, 1;
    f32: i32, 1.0;
    f64: i64, 1.0;
}

/// The most frequent value, the smallest of them.
pub(crate) struct Mode;

/// How many different values there are.
pub(crate) struct Distinct;

/// What is made of the counts of a window's taps.
pub(crate) trait Frequency: Sync {
    /// Whether it may be another zero if one is negative.
    const MINDS_ZEROS: bool;

    /// Takes in one tap of each place: makes results of those before, zero at first, and of the highest counts so far.
    ///
    /// Results are not computed in place, which some compilers make masked stores of.
    fn take<V: Countable>(counts: &[V::Count], values: &[V], highest: &mut [V::Count], before: &[V], results: &mut [V]);

    /// The same from all values of a window.
    fn of_all(values: &mut [f64]) -> f64;
}

impl Frequency for Mode {
    const MINDS_ZEROS: bool = true;

    #[inline(always)]
    fn take<V: Countable>(
        counts: &[V::Count],
        values: &[V],
        highest: &mut [V::Count],
        before: &[V],
        results: &mut [V],
    ) {
        let taps = counts.iter().zip(values).zip(before);
        for (((&count, &value), &before), (highest, result)) in taps.zip(highest.iter_mut().zip(results)) {
            // A higher count, or the same and a lower value.
            let is_mode = V::counted(count, value < before) > *highest;
            *result = if is_mode { value } else { before };
            *highest = if count > *highest { count } else { *highest };
        }
    }

    fn of_all(values: &mut [f64]) -> f64 {
        builtins::mode(values)
    }
}

impl Frequency for Distinct {
    const MINDS_ZEROS: bool = false;

    #[inline(always)]
    fn take<V: Countable>(counts: &[V::Count], _: &[V], _: &mut [V::Count], before: &[V], results: &mut [V]) {
        for ((&count, &before), result) in counts.iter().zip(before).zip(results) {
            *result = before.next_if(count == V::Count::default());
        }
    }

    fn of_all(values: &mut [f64]) -> f64 {
        builtins::distinct(values)
    }
}

/// How often values occur, in windows of up to [`TAPS_MAX`] taps.
pub(crate) struct Pairs<V: Countable, F> {
    chains: Vec<Chain>,
    counts: Aligned<V::Count>,
    highest: Aligned<V::Count>,
    /// Results so far, of the tap before and of the next.
    so_far: [Aligned<V>; 2],
    specials: Specials,
    frequency: PhantomData<F>,
}

/// Taps of a row each of which has all later taps that the one before it has, seen from where it is, and some more.
struct Chain {
    row: usize,
    links: Vec<Link>,
}

struct Link {
    /// The tap's offset in the row.
    at: usize,
    /// The later taps that those before it have not: their rows, and how far ahead they are.
    sources: Vec<(usize, isize)>,
}

impl Chain {
    /// The lowest of the taps' offsets, which the last one has.
    fn at(&self) -> usize {
        self.links.last().map_or(0, |link| link.at)
    }
}

/// The chains of a window's taps: their rows, and offsets in them. From one column of the last axis to itself along the one
/// before it are so many places.
fn chains(mut taps: Vec<(usize, usize)>, step: usize) -> Result<Vec<Chain>, Error> {
    taps.sort_unstable_by_key(|&(row, at)| (at % step, at, row));
    let mut chains: Vec<(Chain, Vec<(usize, isize)>)> = Vec::new();
    for (i, &(row, at)) in taps.iter().enumerate().rev() {
        let later = taps[i + 1..].iter().map(|&(row, other)| (row, other as isize - at as isize));
        let later = memory::collected(later)?;
        let is_before = |(chain, known): &&mut (Chain, Vec<_>)| {
            chain.row == row
                && (at..=at + NEAR).contains(&chain.links[0].at)
                && at < chain.at()
                && later.starts_with(known)
        };
        match chains.iter_mut().filter(is_before).max_by_key(|(_, known)| known.len()) {
            Some((chain, known)) => {
                memory::push(&mut chain.links, Link { at, sources: memory::copied(&later[known.len()..])? })?;
                *known = later;
            }
            None => {
                let mut links = memory::reserved(1)?;
                links.push(Link { at, sources: memory::copied(&later)? });
                memory::push(&mut chains, (Chain { row, links }, later))?;
            }
        }
    }
    memory::collected(chains.into_iter().map(|(chain, _)| chain))
}

impl<V: Countable, F: Frequency> Pairs<V, F> {
    /// Places that are computed at a time.
    const PLACES: usize = BYTES / size_of::<V>();

    pub(crate) fn new(sweep: &Sweep<'_>) -> Result<Self, Error> {
        assert!(sweep.taps() <= TAPS_MAX);
        let taps = sweep.runs().iter().flat_map(|run| (run.at..run.at + run.len).map(|at| (run.row, at)));
        let step = sweep.widths().rev().nth(1).map_or(usize::MAX, |(_, step)| step);
        Ok(Pairs {
            chains: chains(memory::collected(taps)?, step)?,
            counts: Aligned::new(Self::PLACES + NEAR, 0)?,
            highest: Aligned::new(Self::PLACES, 0)?,
            so_far: [Aligned::new(Self::PLACES, 0)?, Aligned::new(Self::PLACES, 0)?],
            specials: Specials::new(sweep, 1)?,
            frequency: PhantomData,
        })
    }

    /// Computes results from place `start` on, up to [`PLACES`](Self::PLACES).
    fn compute(&mut self, rows: &Shown<'_, V>, first: usize, start: usize, results: &mut [V]) {
        let highest = &mut self.highest[..results.len()];
        highest.fill(V::BELOW);
        let [one, other] = &mut self.so_far;
        let (mut before, mut next) = (&mut one[..results.len()], &mut other[..results.len()]);
        before.fill(V::default());
        for chain in &self.chains {
            let at = start + chain.at();
            let row = &rows.row(first + chain.row)[at..];
            for (i, link) in chain.links.iter().enumerate() {
                let reach = link.at - chain.at();
                // Those after it are at lower offsets, and need fewer places.
                let counts = &mut self.counts[..reach + results.len()];
                if i == 0 {
                    counts.fill(V::Count::default());
                }
                for sources in link.sources.chunks(MOST) {
                    let sources =
                        sources.iter().map(|&(row, ahead)| &rows.row(first + row)[at.wrapping_add_signed(ahead)..]);
                    count::<V>(sources, row, counts);
                }
                let (counts, values) = (&counts[reach..], &row[reach..][..results.len()]);
                simd::widest(
                    #[inline(always)]
                    || F::take(counts, values, highest, before, next),
                );
                (before, next) = (next, before);
            }
        }
        results.copy_from_slice(before);
    }
}

impl<V: Countable, F: Frequency> RowKernel for Pairs<V, F> {
    type Value = V;
    type Result = V;

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, V>) {
        self.specials.receive(rows, rows.known, results.rows);
        for (first, results) in results.rows_mut().enumerate() {
            for (i, results) in results.chunks_mut(Self::PLACES).enumerate() {
                self.compute(rows, first, i * Self::PLACES, results);
            }
            if F::MINDS_ZEROS && self.specials.has_minus_zero() {
                let marks = self.specials.marks(first).iter_mut();
                marks.zip(&*results).for_each(|(mark, &result)| *mark = result == V::default());
            }
            self.specials.amend(rows, first, results, F::of_all);
        }
    }
}

/// Counts for each of a row's values how many of up to [`MOST`] sources equal it.
fn count<'r, V: Countable>(sources: impl ExactSizeIterator<Item = &'r [V]>, row: &[V], counts: &mut [V::Count]) {
    let row = row[..counts.len()].as_ptr();
    let mut pointers = [row; MOST];
    let number = sources.len();
    for (pointer, source) in pointers.iter_mut().zip(sources) {
        *pointer = source[..counts.len()].as_ptr();
    }
    macro_rules! by_number {
        ($($n:literal)*) => {
            match number {
                // SAFETY: the row and each source have as many values as there are counts.
                $($n => unsafe { count_n::<V, $n>(&pointers, row, counts) },)*
                n => unreachable!("{n} sources"),
            }
        };
    }
    by_number!(1 2 3 4 5 6 7 8);
}

/// # Safety
/// There are so many values at each of the first `N` sources and in the row.
unsafe fn count_n<V: Countable, const N: usize>(sources: &[*const V; MOST], row: *const V, counts: &mut [V::Count]) {
    let sources: [*const V; N] = std::array::from_fn(|i| sources[i]);
    // A function that has the sources as its own, so that compilers know that counts are none of them.
    #[inline(always)]
    unsafe fn each<V: Countable, const N: usize>(sources: [*const V; N], row: *const V, counts: &mut [V::Count]) {
        for (i, count) in counts.iter_mut().enumerate() {
            // SAFETY: the caller has so many.
            let value = unsafe { *row.add(i) };
            let mut sum = *count;
            for source in &sources {
                // SAFETY: likewise.
                sum = V::counted(sum, value == unsafe { *source.add(i) });
            }
            *count = sum;
        }
    }
    simd::widest(
        #[inline(always)]
        // SAFETY: passed on.
        || unsafe { each(sources, row, counts) },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For each tap, the later ones that its counts are of: as many of them as come after it in the order of chains.
    fn pairs(chains: &[Chain]) -> Vec<((usize, usize), (usize, usize))> {
        let mut pairs = Vec::new();
        for chain in chains {
            let mut sources = Vec::new();
            for link in &chain.links {
                sources.extend(&link.sources);
                let tap = |&(row, ahead): &(usize, isize)| (row, link.at.wrapping_add_signed(ahead));
                pairs.extend(sources.iter().map(|source| ((chain.row, link.at), tap(source))));
            }
        }
        pairs
    }

    #[test]
    fn every_pair_of_taps_is_compared_once() {
        let boxed = |height: usize, offsets: &[usize]| -> Vec<(usize, usize)> {
            (0..height).flat_map(|row| offsets.iter().map(move |&at| (row, at))).collect()
        };
        let cross = vec![(0, 1), (1, 0), (1, 1), (1, 2), (2, 1)];
        let windows = [
            (boxed(1, &[0]), usize::MAX),
            (boxed(3, &[0, 1, 2]), usize::MAX),
            (boxed(1, &(0..120).collect::<Vec<_>>()), usize::MAX),
            (boxed(2, &[0, 1, 2, 20, 21, 22, 40, 41, 42]), 20),
            (cross, usize::MAX),
        ];
        for (taps, step) in windows {
            let mut found = pairs(&chains(taps.clone(), step).unwrap());
            found.iter_mut().for_each(|(one, other)| {
                if one > other {
                    std::mem::swap(one, other);
                }
            });
            found.sort_unstable();
            let mut all = Vec::new();
            for (i, &one) in taps.iter().enumerate() {
                all.extend(taps[i + 1..].iter().map(|&other| (one.min(other), one.max(other))));
            }
            all.sort_unstable();
            assert_eq!(found, all, "{taps:?}");
        }
    }

    #[test]
    fn rows_of_a_box_are_a_chain_each() {
        let taps = (0..5).flat_map(|row| (0..5).map(move |at| (row, at))).collect();
        let chains = chains(taps, usize::MAX).unwrap();
        let compared: usize = chains.iter().flat_map(|chain| &chain.links).map(|link| link.sources.len()).sum();
        assert_eq!((chains.len(), compared), (5, 5 * 4 * 5 + 4 + 3 + 2 + 1));
    }
}

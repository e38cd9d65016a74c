//! Gathering: the taps of neighbouring elements become neighbourhoods, side by side in a buffer.
//!
//! Neighbours in a line have neighbouring taps, so a run of taps that lie side by side is a copy of fixed size, one
//! further in the line for each element, one neighbourhood further in the buffer. Runs are copied in quads, and a single
//! tap that is left of one by itself. A quad at the end of a run may bring too much: what follows overwrites it, and
//! behind the last one there is room. So a 3 x 3 box is three loads and three stores.

use std::{array, ptr};

use crate::error::Error;
use crate::lines::{SPARE, TapRun};
use crate::memory::{self, CACHE_LINE};
use crate::simd;

/// Doubles that are copied at a time: a vector of AVX, two of SSE2 or NEON.
const QUAD: usize = 4;
const _: () = assert!(QUAD - 2 <= SPARE);

/// Neighbourhoods that are gathered at a time if they are not too large.
pub(crate) const GROUP: usize = 64;

/// Gathers neighbourhoods of one window.
pub(crate) struct Gather {
    quads: Vec<Chunk>,
    singles: Vec<Chunk>,
    /// Doubles from one neighbourhood to the next.
    pitch: usize,
    copy: CopyFn,
}

#[derive(Clone, Copy)]
struct Chunk {
    /// Where it is read, for an element at place 0.
    from: *const f64,
    /// Where it lies in the neighbourhood.
    to: usize,
}

/// Copies the quads, then the singles, of `count` elements from `place` on to the buffer: what a quad brought too much is
/// overwritten by those after it.
///
/// # Safety
/// They can be read, and the buffer holds them.
type CopyFn = unsafe fn(gather: &Gather, place: usize, buffer: *mut f64, count: usize);

impl Gather {
    /// For windows whose runs have these lengths.
    pub(crate) fn new(run_lengths: impl Iterator<Item = usize> + Clone) -> Result<Self, Error> {
        let (mut quads, mut singles) = (0, 0);
        for len in run_lengths.clone() {
            quads += len / QUAD + usize::from(len % QUAD > 1);
            singles += usize::from(len % QUAD == 1);
        }
        let copy = copy_function(quads, singles);
        let (mut quads, mut singles) = (memory::reserved(quads)?, memory::reserved(singles)?);
        let mut taps = 0;
        for len in run_lengths {
            for (from, size) in chunks(taps, len) {
                let chunks = if size == QUAD { &mut quads } else { &mut singles };
                chunks.push(Chunk { from: ptr::null(), to: from });
            }
            taps += len;
        }
        let end = quads.last().map_or(taps, |last| taps.max(last.to + QUAD));
        // Small neighbourhoods lie within cache lines: copies across the border of two take twice the time.
        let pitch = if end <= CACHE_LINE / size_of::<f64>() { end.next_power_of_two() } else { end };
        Ok(Gather { quads, singles, pitch, copy })
    }

    /// Doubles from one neighbourhood to the next.
    pub(crate) fn pitch(&self) -> usize {
        self.pitch
    }

    /// From now on it gathers these runs of taps, of the lengths it was made for.
    pub(crate) fn aim(&mut self, runs: &[TapRun]) {
        let (mut quads, mut singles) = (self.quads.iter_mut(), self.singles.iter_mut());
        for run in runs {
            for (from, size) in chunks(0, run.len) {
                let chunk = if size == QUAD { quads.next() } else { singles.next() };
                chunk.expect("the runs have the lengths that they had").from = run.start.wrapping_add(from);
            }
        }
        assert!(quads.next().is_none() && singles.next().is_none());
    }

    /// Copies the taps of `count` elements side by side, the first at `place`, into the buffer.
    ///
    /// # Safety
    /// The taps it was last aimed at can be read for these elements, and [`SPARE`] doubles behind them.
    #[inline]
    pub(crate) unsafe fn gather(&self, place: usize, count: usize, buffer: &mut [f64]) {
        assert!(count * self.pitch <= buffer.len());
        // SAFETY: no chunk reaches further behind the taps than into what is spare there, as the caller has it, nor in the
        // buffer beyond its neighbourhood's pitch, which counts in the end of the last.
        unsafe { (self.copy)(self, place, buffer.as_mut_ptr(), count) };
    }
}

/// Start and size of each chunk of a run.
fn chunks(start: usize, len: usize) -> impl Iterator<Item = (usize, usize)> {
    let end = start + len;
    (start..end).step_by(QUAD).map(move |from| (from, if end - from > 1 { QUAD } else { 1 }))
}

/// The fastest way to copy so many quads and singles. Common numbers are known at compile time: 5 to 10 % less time for
/// a whole filter.
fn copy_function(quads: usize, singles: usize) -> CopyFn {
    macro_rules! known_or_any {
        ($($q:literal: $($s:literal)*,)*) => {
            match (quads, singles) {
                $($(($q, $s) => copy_known::<$q, $s>,)*)*
                _ => copy_any,
            }
        };
    }
    known_or_any! {
        0: 1 2 3 4 5 6 7 8 9,
        1: 0 1 2 3 4 5 6,
        2: 0 1 2 3 4,
        3: 0 1 2 3 4,
        4: 0 1 2 3 4,
        5: 0 1 2 3 4 5,
        6: 0,
        9: 0,
    }
}

/// Copies element by element.
unsafe fn copy_known<const Q: usize, const S: usize>(gather: &Gather, place: usize, buffer: *mut f64, count: usize) {
    simd::wide(
        #[inline(always)]
        move || {
            let pitch = gather.pitch;
            let quads = placed::<Q>(&gather.quads, place);
            let singles = placed::<S>(&gather.singles, place);
            let mut neighbourhood = buffer;
            for i in 0..count {
                for (from, to) in quads {
                    // SAFETY: the caller vouches for the memory.
                    unsafe { copy::<QUAD>(from.add(i), neighbourhood.add(to)) };
                }
                for (from, to) in singles {
                    // SAFETY: likewise.
                    unsafe { copy::<1>(from.add(i), neighbourhood.add(to)) };
                }
                neighbourhood = neighbourhood.wrapping_add(pitch);
            }
        },
    );
}

/// The chunks for the element at `place`, in registers.
#[inline(always)]
fn placed<const N: usize>(chunks: &[Chunk], place: usize) -> [(*const f64, usize); N] {
    let chunks: &[Chunk; N] = chunks.try_into().expect("the function is chosen by the number of chunks");
    array::from_fn(|k| (chunks[k].from.wrapping_add(place), chunks[k].to))
}

/// Copies chunk by chunk.
unsafe fn copy_any(gather: &Gather, place: usize, buffer: *mut f64, count: usize) {
    simd::wide(
        #[inline(always)]
        move || {
            // SAFETY: passed on.
            unsafe {
                if count == GROUP {
                    copy_chunks::<QUAD>(&gather.quads, place, buffer, gather.pitch, GROUP);
                    copy_chunks::<1>(&gather.singles, place, buffer, gather.pitch, GROUP);
                } else {
                    copy_chunks::<QUAD>(&gather.quads, place, buffer, gather.pitch, count);
                    copy_chunks::<1>(&gather.singles, place, buffer, gather.pitch, count);
                }
            }
        },
    );
}

#[inline(always)]
unsafe fn copy_chunks<const N: usize>(chunks: &[Chunk], place: usize, buffer: *mut f64, pitch: usize, count: usize) {
    for &Chunk { from, to } in chunks {
        let (mut from, mut to) = (from.wrapping_add(place), buffer.wrapping_add(to));
        for _ in 0..count {
            // SAFETY: the caller vouches for the memory.
            unsafe { copy::<N>(from, to) };
            (from, to) = (from.wrapping_add(1), to.wrapping_add(pitch));
        }
    }
}

#[inline(always)]
unsafe fn copy<const N: usize>(from: *const f64, to: *mut f64) {
    // SAFETY: passed on.
    unsafe { to.cast::<[f64; N]>().write_unaligned(from.cast::<[f64; N]>().read_unaligned()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows of so many runs of each length, to meet every copy function.
    fn windows() -> impl Iterator<Item = Vec<usize>> {
        (0..8).flat_map(|long| (0..11).flat_map(move |short| [1, 2, 3, 4, 5, 11].map(|len| (long, short, len)))).map(
            |(long, short, len)| {
                let mut lengths = vec![len; long];
                (0..short).for_each(|i| lengths.insert(lengths.len() * i / short, 1));
                lengths
            },
        )
    }

    #[test]
    fn neighbourhoods_are_the_taps_in_order() {
        let lines: Vec<f64> = (0..1000).map(f64::from).collect();
        for lengths in windows() {
            let starts = (0..lengths.len()).map(|i| (37 * i + 5) % 800);
            let runs: Vec<_> =
                starts.zip(&lengths).map(|(at, &len)| TapRun { start: lines[at..].as_ptr(), len }).collect();
            let taps = runs.iter().flat_map(|run| (0..run.len).map(|k| run.start.wrapping_add(k)));
            let taps: Vec<_> = taps.collect();
            let mut gather = Gather::new(lengths.iter().copied()).unwrap();
            gather.aim(&runs);
            for count in [1, 2, 3, GROUP - 1, GROUP] {
                let mut buffer = vec![f64::NAN; count * gather.pitch()];
                // SAFETY: the last tap of the last element lies well within the thousand.
                unsafe { gather.gather(9, count, &mut buffer) };
                for i in 0..count {
                    // SAFETY: likewise.
                    let taps: Vec<_> = taps.iter().map(|tap| unsafe { *tap.add(9 + i) }).collect();
                    assert_eq!(buffer[i * gather.pitch()..][..taps.len()], taps, "{lengths:?}, {i} of {count}");
                }
            }
        }
    }
}

//! Functions that work on many windows at a time, with the taps where they lie: nothing is gathered.
//!
//! Along a stretch, tap `k` of neighbouring elements lies side by side. So a pointer for each tap is all a function needs to
//! run over as many elements as it likes, one vector after the other.

use std::ptr;

use crate::error::Error;
use crate::gate::{Gate, Halt, Pace};
use crate::kernels::{Block, Kernel};
use crate::lines::TapRun;
use crate::memory::{self, CACHE_LINE};
use crate::simd;
use crate::writer::Writer;

/// A function of the windows of a strip: elements whose taps lie side by side.
pub(crate) trait Strip {
    /// Whether a strip is always a whole batch; otherwise strips are as long as the gate allows.
    const WHOLE_BATCHES: bool;

    /// Computes the results of elements from index `first` on, and says of how many: all, unless it gives up.
    ///
    /// # Safety
    /// Tap `k` of element `j` lies at `taps[k].add(j)`, and as many doubles can be read there as make
    /// `results.len()` a multiple of [`LANES`](crate::lines::LANES).
    unsafe fn run(&mut self, first: usize, taps: &[*const f64], results: &mut [f64]) -> usize;
}

/// How many elements memory is to be ahead, and how many are computed before it is told again.
const AHEAD: usize = 512;
pub(crate) const AT_A_TIME: usize = 64;

/// With more taps than this, it is not memory that a function waits for.
const FETCHED_TAPS: usize = 64;

/// Has memory bring what will be needed soon: what lies ahead of these results, which are those of the elements from `j`
/// on, if they are `stored` there, and ahead of their last taps, where an input is read for the first time.
#[inline(always)]
pub(crate) fn fetch_ahead(taps: &[*const f64], j: usize, results: &[f64], stored: bool) {
    if let Some(last) = taps.last().filter(|_| taps.len() <= FETCHED_TAPS) {
        for i in (AHEAD..AHEAD + results.len()).step_by(CACHE_LINE / size_of::<f64>()) {
            simd::prefetch(last.wrapping_add(j + i));
            if stored {
                simd::prefetch(results.as_ptr().wrapping_add(i));
            }
        }
    }
}

/// Runs a [`Strip`] along a line.
pub(crate) struct Strips<S> {
    strip: S,
    taps: Vec<*const f64>,
}

impl<S: Strip> Strips<S> {
    /// For windows of so many taps.
    pub(crate) fn new(taps: usize, strip: S) -> Result<Self, Error> {
        Ok(Strips { strip, taps: memory::filled(taps, ptr::null())? })
    }

    /// Lets the taps begin at those of the element at `place`.
    fn aim(&mut self, runs: &[TapRun], place: usize) {
        let mut taps = &mut self.taps[..];
        for run in runs {
            let (own, rest) = taps.split_at_mut(run.len);
            own.iter_mut().enumerate().for_each(|(i, tap)| *tap = run.start.wrapping_add(place + i));
            taps = rest;
        }
    }

    /// Has them go on.
    fn shift(&mut self, places: usize) {
        self.taps.iter_mut().for_each(|tap| *tap = tap.wrapping_add(places));
    }
}

impl<S: Strip> Kernel for Strips<S> {
    const PACE: Pace = if S::WHOLE_BATCHES { Pace::Steady } else { Pace::Running };
    const WHOLE_BATCHES: bool = S::WHOLE_BATCHES;

    fn run(&mut self, block: &Block<'_>, results: &mut Writer<'_, '_>, gate: &mut Gate<'_>) -> Result<(), Halt> {
        let start = results.next();
        let next_line = block.taps.is_copied().then(|| block.taps.next_line());
        let mut aimed = None;
        for &(place, count) in block.taps.stretches {
            let mut left = count;
            while left > 0 {
                let at = place + count - left;
                match aimed {
                    // (Places may go back, too.)
                    Some(before) => self.shift(at.wrapping_sub(before)),
                    None => self.aim(block.taps.runs, at),
                }
                aimed = Some(at);
                let first = results.next();
                let allowed = if S::WHOLE_BATCHES {
                    gate.allow_whole(first, left)
                } else {
                    gate.allow(first, left.min(results.most()))
                };
                if allowed == 0 {
                    return Err(Halt);
                }
                if let Some(next_line) = next_line {
                    next_line.fetch(first - start..first - start + allowed);
                }
                // SAFETY: these are the taps of elements in the block's stretches, which can be read.
                let computed = unsafe { self.strip.run(first, &self.taps, results.room(allowed)) };
                results.advance(computed);
                left -= computed;
                if computed < allowed {
                    gate.fail(first + computed);
                    return Err(Halt);
                }
            }
        }
        Ok(())
    }
}

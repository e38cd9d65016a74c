//! Pixel callbacks: one call for each window, its taps gathered into a buffer.
//!
//! Several neighbourhoods are gathered before the first call. A callback that loads its buffer with wide vectors right
//! after our narrow stores would stall on store forwarding: twice as slow on the cross footprint. Few taps are gathered
//! one by one with their number known at compile time; many taps are copied run by run, in chunks of fixed size that may
//! go past a run's end, since what comes after overwrites them.

use crate::error::Error;
use crate::gate::{Gate, Halt};
use crate::kernels::Kernel;
use crate::lines::{SLACK, Taps};
use crate::memory;

/// Neighbourhoods gathered ahead of the calls, at most ...
const AHEAD: usize = 64;

/// ... and the doubles they may take: they should still be in the L1 cache when their turn comes.
const AHEAD_DOUBLES: usize = 2048;

/// Up to this many taps are gathered one by one.
const FEW: usize = 27;

/// Copies the taps of `count` elements from element `j` on into the buffer, one neighbourhood after the other.
type Gather = fn(taps: &Taps<'_>, j: usize, count: usize, buffer: &mut [f64]);

/// Calls `function` with each neighbourhood, which it may overwrite, and the result to set, which is 0 so far. It gives
/// up with `false`.
pub(crate) struct Pixel<F> {
    function: F,
    taps: usize,
    ahead: usize,
    gather: Gather,
    buffer: Vec<f64>,
}

impl<F: FnMut(&mut [f64], &mut f64) -> bool> Pixel<F> {
    pub(crate) fn new(taps: usize, function: F) -> Result<Self, Error> {
        let ahead = (AHEAD_DOUBLES / taps.max(1)).clamp(1, AHEAD);
        let len = taps.checked_mul(ahead).and_then(|len| len.checked_add(SLACK));
        let buffer = memory::filled(len.ok_or(memory::out_of_memory::<f64>(usize::MAX))?, 0.0)?;
        Ok(Pixel { function, taps, ahead, gather: gather_for(taps), buffer })
    }
}

impl<F: FnMut(&mut [f64], &mut f64) -> bool> Kernel for Pixel<F> {
    fn run(&mut self, taps: &Taps<'_>, first: usize, results: &mut [f64], gate: &mut Gate<'_>) -> Result<(), Halt> {
        let mut done = 0;
        while done < results.len() {
            let count = self.ahead.min(results.len() - done);
            (self.gather)(taps, done, count, &mut self.buffer);
            let mut neighbourhoods = &mut self.buffer[..count * self.taps];
            for (i, result) in results[done..done + count].iter_mut().enumerate() {
                let index = first + done + i;
                if !gate.admits(index) {
                    return Err(Halt { done: done + i });
                }
                let (values, later) = neighbourhoods.split_at_mut(self.taps);
                neighbourhoods = later;
                *result = 0.0;
                if !(self.function)(values, result) {
                    return Err(gate.fail(index, done + i));
                }
            }
            done += count;
        }
        Ok(())
    }
}

fn gather_for(taps: usize) -> Gather {
    macro_rules! table {
        ($($n:literal)*) => {
            [$(gather_each::<$n> as Gather),*]
        };
    }
    const TABLE: [Gather; FEW + 1] = table!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27);
    TABLE.get(taps).copied().unwrap_or(gather_runs)
}

/// For few taps.
fn gather_each<const N: usize>(taps: &Taps<'_>, j: usize, count: usize, buffer: &mut [f64]) {
    let mut tap = [&[][..]; N];
    let mut k = 0;
    for &(start, len) in taps.runs {
        for i in 0..len {
            tap[k] = &taps.doubles[start + taps.at + j + i..][..count];
            k += 1;
        }
    }
    assert!(k == N && N * count <= buffer.len());
    let tap: [*const f64; N] = tap.map(<[f64]>::as_ptr);
    let buffer = buffer.as_mut_ptr();
    for i in 0..count {
        for (k, tap) in tap.iter().enumerate() {
            // SAFETY: every tap has `count` elements, and the buffer has N for each.
            unsafe { *buffer.add(i * N + k) = *tap.add(i) };
        }
    }
}

/// For many taps.
fn gather_runs(taps: &Taps<'_>, j: usize, count: usize, buffer: &mut [f64]) {
    let size: usize = taps.runs.iter().map(|&(_, len)| len).sum();
    let reach = taps.runs.iter().map(|&(start, len)| start + len).max().unwrap_or(0);
    assert!(reach + taps.at + j + count + SLACK <= taps.doubles.len() + 1);
    assert!(size * count + SLACK <= buffer.len());
    let mut to = buffer.as_mut_ptr();
    for i in 0..count {
        // SAFETY: within `doubles`, as asserted.
        let element = unsafe { taps.doubles.as_ptr().add(taps.at + j + i) };
        for &(start, len) in taps.runs {
            // SAFETY: a run is copied in chunks that end less than SLACK elements behind it, where both the doubles and
            // the buffer still have some, as asserted; they are different vectors.
            unsafe {
                let from = element.add(start);
                let mut k = 0;
                while k + 4 < len {
                    to.add(k).cast::<[f64; 8]>().write_unaligned(from.add(k).cast::<[f64; 8]>().read_unaligned());
                    k += 8;
                }
                if k < len {
                    to.add(k).cast::<[f64; 4]>().write_unaligned(from.add(k).cast::<[f64; 4]>().read_unaligned());
                }
                to = to.add(len);
            }
        }
    }
}

//! Pixel callbacks: one call for each window, its taps gathered into a buffer.
//!
//! Several neighbourhoods are gathered before the first call. A callback that loads its buffer with wide vectors right
//! after our narrow stores would stall on store forwarding: twice as slow on the cross footprint.

use std::slice;

use crate::error::Error;
use crate::gate::{Gate, Halt};
use crate::kernels::gather::gather;
use crate::kernels::{Batch, Kernel};
use crate::memory;

/// Neighbourhoods gathered ahead of the calls, at most ...
const AHEAD: usize = 64;

/// ... and the doubles they may take: they should still be in the L1 cache when their turn comes.
const AHEAD_DOUBLES: usize = 2048;

/// Runs of fewer taps than this are gathered for at least as many elements at a time: what is fetched for one tap holds
/// the same tap of its neighbours.
const SHORT_RUN: usize = 8;

/// Calls `function` with each neighbourhood, which it may overwrite, and the result to set, which is 0 so far. It gives
/// up with `false`.
pub(crate) struct Pixel<F> {
    function: F,
    taps: usize,
    ahead: usize,
    buffer: Vec<f64>,
}

impl<F: FnMut(&mut [f64], &mut f64) -> bool> Pixel<F> {
    /// For windows of so many taps in so many runs.
    pub(crate) fn new((taps, runs): (usize, usize), function: F) -> Result<Self, Error> {
        let least = if taps < SHORT_RUN * runs { SHORT_RUN } else { 1 };
        let ahead = (AHEAD_DOUBLES / taps.max(1)).clamp(least, AHEAD);
        let len = taps.checked_mul(ahead);
        let buffer = memory::filled(len.ok_or(memory::out_of_memory::<f64>(usize::MAX))?, 0.0)?;
        Ok(Pixel { function, taps, ahead, buffer })
    }
}

impl<F: FnMut(&mut [f64], &mut f64) -> bool> Kernel for Pixel<F> {
    fn run(&mut self, batch: &Batch<'_>, results: &mut [f64], gate: &mut Gate<'_>) -> Result<(), Halt> {
        let Batch { first, taps, output } = batch;
        let mut stretches = taps.stretches.iter().copied();
        let mut stretch = (0, 0);
        let mut done = 0;
        let mut gathered = 0..0;
        while done < results.len() {
            if done == gathered.end {
                gathered = done..results.len().min(done + self.ahead);
                taps.next_line.fetch(gathered.clone());
                output.fetch(gathered.clone());
                let mut buffer = &mut self.buffer[..gathered.len() * self.taps];
                let mut left = gathered.len();
                while left > 0 {
                    if stretch.1 == 0 {
                        stretch = stretches.next().expect("there are as many elements as results");
                    }
                    let (place, count) = (stretch.0, stretch.1.min(left));
                    let (now, later) = buffer.split_at_mut(count * self.taps);
                    gather(taps, place, count, self.taps, now);
                    buffer = later;
                    stretch = (place + count, stretch.1 - count);
                    left -= count;
                }
            }
            let count = gate.allow(first + done, gathered.end - done);
            let values = &mut self.buffer[(done - gathered.start) * self.taps..][..count * self.taps];
            let results = &mut results[done..done + count];
            let called = call_each(&mut self.function, values, self.taps, results, first + done, gate);
            done += called;
            if count == 0 || called < count {
                return Err(Halt { done });
            }
        }
        Ok(())
    }
}

/// Calls `function` for each result with its `taps` values, and returns how often until it gave up or the gate shut.
///
/// A function of its own because this is where the time goes: the loop should have the registers to itself.
#[inline(never)]
fn call_each<F: FnMut(&mut [f64], &mut f64) -> bool>(
    function: &mut F,
    values: &mut [f64],
    taps: usize,
    results: &mut [f64],
    first: usize,
    gate: &Gate<'_>,
) -> usize {
    assert!(values.len() == taps * results.len());
    let mut neighbourhood = values.as_mut_ptr();
    for (index, result) in (first..).zip(results.iter_mut()) {
        if gate.is_shut(index) {
            return index - first;
        }
        *result = 0.0;
        // SAFETY: there are `taps` values for each result, as asserted, and none is lent twice.
        let values = unsafe { slice::from_raw_parts_mut(neighbourhood, taps) };
        if !function(values, result) {
            gate.fail(index);
            return index - first;
        }
        // SAFETY: at most the end of the values.
        neighbourhood = unsafe { neighbourhood.add(taps) };
    }
    results.len()
}

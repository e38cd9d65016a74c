//! Pixel callbacks: one call for each window, its taps gathered into a buffer.
//!
//! Several neighbourhoods are gathered before the first call. A callback that loads its buffer with wide vectors right
//! after our narrow stores would stall on store forwarding: twice as slow on the cross footprint. And calls that follow
//! each other closely overlap in the processor.

use std::slice;

use crate::error::Error;
use crate::gate::{Gate, Halt, Pace};
use crate::kernels::gather::{GROUP, Gather};
use crate::kernels::{Block, Kernel};
use crate::lines::Taps;
use crate::memory::{self, Aligned};
use crate::writer::Writer;

/// Doubles that a group of neighbourhoods may take: they should still be in the L1 cache when their turn comes.
const GROUP_DOUBLES: usize = 2048;

/// Runs of fewer taps than this are gathered for at least as many elements at a time: what is fetched for one tap holds
/// the same tap of its neighbours.
const SHORT_RUN: usize = 8;

/// Calls `function` with each neighbourhood, which it may overwrite, and the result to set, which is 0 so far. It gives
/// up with `false`.
pub(crate) struct Pixel<F> {
    function: F,
    taps: usize,
    gather: Gather,
    /// Neighbourhoods that are gathered at a time.
    group: usize,
    buffer: Aligned,
}

impl<F: FnMut(&mut [f64], &mut f64) -> bool> Pixel<F> {
    /// For windows whose runs have these lengths.
    pub(crate) fn new(run_lengths: impl Iterator<Item = usize> + Clone, function: F) -> Result<Self, Error> {
        let taps = run_lengths.clone().sum();
        let least = if taps < SHORT_RUN * run_lengths.clone().count() { SHORT_RUN } else { 1 };
        let gather = Gather::new(run_lengths)?;
        let group = (GROUP_DOUBLES / gather.pitch().max(1)).clamp(least, GROUP);
        let len = gather.pitch().checked_mul(group).ok_or(memory::out_of_memory::<f64>(usize::MAX))?;
        let buffer = Aligned::new(len, 0)?;
        Ok(Pixel { function, taps, gather, group, buffer })
    }
}

impl<F: FnMut(&mut [f64], &mut f64) -> bool> Kernel for Pixel<F> {
    const PACE: Pace = Pace::Steady;
    const WHOLE_BATCHES: bool = false;

    fn run(&mut self, block: &Block<'_>, results: &mut Writer<'_, '_>, gate: &mut Gate<'_>) -> Result<(), Halt> {
        let pitch = self.gather.pitch();
        self.gather.aim(block.taps.runs);
        let mut source = Source::new(&self.gather, &block.taps);
        let next_line = block.taps.next_line();
        let buffer = &mut self.buffer[..];
        let mut done = 0;
        while done < block.count {
            let group = done..block.count.min(done + self.group);
            source.gather(group.len(), buffer);
            // While the callbacks work the memory is idle.
            next_line.fetch(group.clone());
            block.output.fetch(group.clone());
            while done < group.end {
                let first = results.next();
                let count = gate.allow(first, group.end - done);
                let values = &mut buffer[(done - group.start) * pitch..];
                let calls = Calls { first, values, pitch, taps: self.taps, results: results.room(count) };
                let called = if gate.has_others() {
                    calls.make(&mut self.function, |index| gate.is_shut(index))
                } else {
                    calls.make(&mut self.function, |_| false)
                };
                results.advance(called);
                done += called;
                if called < count {
                    // Where the call was not wanted any more, a lower element failed: this changes nothing then.
                    gate.fail(first + called);
                }
                if called < count || count == 0 {
                    return Err(Halt);
                }
            }
        }
        Ok(())
    }
}

/// The elements of a block, to be gathered in groups.
struct Source<'a> {
    gather: &'a Gather,
    stretches: slice::Iter<'a, (usize, usize)>,
    /// What is left of the current stretch.
    place: usize,
    left: usize,
}

impl<'a> Source<'a> {
    fn new(gather: &'a Gather, taps: &Taps<'a>) -> Self {
        Source { gather, stretches: taps.stretches.iter(), place: 0, left: 0 }
    }

    /// Gathers the next `count` elements.
    fn gather(&mut self, count: usize, buffer: &mut [f64]) {
        let mut gathered = 0;
        while gathered < count {
            if self.left == 0 {
                (self.place, self.left) = *self.stretches.next().expect("there are as many elements as results");
            }
            let now = self.left.min(count - gathered);
            // SAFETY: these are elements of the block's stretches, whose taps the gather was aimed at.
            unsafe { self.gather.gather(self.place, now, &mut buffer[gathered * self.gather.pitch()..]) };
            self.place += now;
            self.left -= now;
            gathered += now;
        }
    }
}

/// Calls to be made: one for each result, with `taps` values that lie `pitch` apart.
struct Calls<'a> {
    /// Index of the first element.
    first: usize,
    values: &'a mut [f64],
    pitch: usize,
    taps: usize,
    results: &'a mut [f64],
}

impl Calls<'_> {
    /// Makes the calls until one gives up or stops being wanted. Returns how many did neither.
    ///
    /// A function of its own because this is where the time goes: the loop should have the registers to itself.
    #[inline(never)]
    fn make(
        self,
        function: &mut impl FnMut(&mut [f64], &mut f64) -> bool,
        is_unwanted: impl Fn(usize) -> bool,
    ) -> usize {
        let Calls { first, values, pitch, taps, results } = self;
        assert!(taps <= pitch && results.len() * pitch <= values.len());
        let mut neighbourhood = values.as_mut_ptr();
        for (i, result) in results.iter_mut().enumerate() {
            if is_unwanted(first + i) {
                return i;
            }
            *result = 0.0;
            // SAFETY: there are `taps` values for each result, as asserted, and none is lent twice.
            let values = unsafe { slice::from_raw_parts_mut(neighbourhood, taps) };
            if !function(values, result) {
                return i;
            }
            neighbourhood = neighbourhood.wrapping_add(pitch);
        }
        results.len()
    }
}

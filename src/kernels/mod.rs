//! What runs along a line.

mod gather;
pub(crate) mod pixel;

use crate::array::Prefetch;
use crate::gate::{Gate, Halt};
use crate::lines::Taps;

/// Consecutive output elements.
pub(crate) struct Batch<'a> {
    /// The first one's index in C order.
    pub(crate) first: usize,
    pub(crate) taps: Taps<'a>,
    /// Where the results will be written.
    pub(crate) output: Prefetch,
}

/// Computes output elements from their taps.
pub(crate) trait Kernel {
    /// Fills in the `results` of a batch, asking `gate` whether to. `Err`: it stopped early; what it says to be done is.
    fn run(&mut self, batch: &Batch<'_>, results: &mut [f64], gate: &mut Gate<'_>) -> Result<(), Halt>;
}

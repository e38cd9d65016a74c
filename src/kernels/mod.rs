//! What runs along a line.

pub(crate) mod deviations;
pub(crate) mod extremal;
pub(crate) mod extremes;
mod fours;
pub(crate) mod frequencies;
mod gather;
pub(crate) mod histograms;
pub(crate) mod lanes;
pub(crate) mod moments;
pub(crate) mod nearest;
mod network;
pub(crate) mod numbering;
pub(crate) mod ordinals;
pub(crate) mod pairs;
pub(crate) mod passes;
mod phases;
pub(crate) mod pixel;
mod radix;
pub(crate) mod ranks;
mod set;
mod specials;
pub(crate) mod squares;
pub(crate) mod strip;
pub(crate) mod sums;
mod tiles;
pub(crate) mod values;

use crate::array::Prefetch;
use crate::gate::{Gate, Halt, Pace};
use crate::lines::Taps;
use crate::writer::Writer;

/// Consecutive output elements, the next ones.
pub(crate) struct Block<'a> {
    pub(crate) count: usize,
    pub(crate) taps: Taps<'a>,
    /// Where the results will be written.
    pub(crate) output: Prefetch,
}

/// Computes output elements from their taps.
pub(crate) trait Kernel {
    const PACE: Pace;

    /// Whether it is handed whole batches only.
    const WHOLE_BATCHES: bool;

    /// Computes the `results` of a block, asking `gate` whether to. `Err`: it stopped early.
    fn run(&mut self, block: &Block<'_>, results: &mut Writer<'_, '_>, gate: &mut Gate<'_>) -> Result<(), Halt>;
}

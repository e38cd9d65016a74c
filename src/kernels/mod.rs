//! What runs along a line.

mod gather;
pub(crate) mod pixel;

use crate::array::Prefetch;
use crate::gate::{Gate, Halt};
use crate::lines::Taps;

/// Output elements that lie side by side.
pub(crate) struct Stretch<'a> {
    /// The first one's index in C order.
    pub(crate) first: usize,
    pub(crate) taps: Taps<'a>,
    /// Where the results will be written.
    pub(crate) output: Prefetch,
}

/// Computes output elements from their taps.
pub(crate) trait Kernel {
    /// Fills in the `results` of a stretch, asking `gate` whether to. `Err`: it stopped early; what it says to be done is.
    fn run(&mut self, stretch: &Stretch<'_>, results: &mut [f64], gate: &mut Gate<'_>) -> Result<(), Halt>;
}

//! What runs along a line.

mod gather;
pub(crate) mod pixel;

use crate::gate::{Gate, Halt};
use crate::lines::Taps;

/// Computes output elements that lie side by side from their taps.
pub(crate) trait Kernel {
    /// Fills `results`, whose first is output element `first` in C order, asking `gate` whether to. `Err`: it stopped
    /// early; what it says to be done is.
    fn run(&mut self, taps: &Taps<'_>, first: usize, results: &mut [f64], gate: &mut Gate<'_>) -> Result<(), Halt>;
}

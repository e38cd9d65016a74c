//! Functions generic over lanes: several windows at a time, whatever the number of taps.

use crate::kernels::strip::Strip;
use crate::lanes::{LaneFunction, LaneValues};
use crate::lines::LANES;
use crate::simd;

/// Lanes that are worked on at a time where there are so many: a function such as a minimum waits for itself at every tap,
/// the less the more of it goes on side by side.
const WIDE: usize = 2 * LANES;

/// Calls `function` with the values of as many windows as there are lanes.
pub(crate) struct Lanewise<F>(pub(crate) F);

impl<F: LaneFunction> Strip for Lanewise<&F> {
    const WHOLE_BATCHES: bool = false;

    unsafe fn run(&mut self, _: usize, taps: &[*const f64], results: &mut [f64]) -> usize {
        let function = self.0;
        simd::widest(
            #[inline(always)]
            || {
                // SAFETY: the taps of all results lie there, as the caller has it ...
                let done = unsafe { groups::<WIDE>(function, taps, 0, results) };
                // SAFETY: ... and what lies behind them up to a multiple of LANES can be read too.
                unsafe { groups::<LANES>(function, taps, done, results) };
            },
        );
        results.len()
    }
}

/// Sets the results from `done` on in groups of `N`, and says where that ended: of the narrowest groups, the last need not
/// be full.
///
/// # Safety
/// The taps of so many elements can be read.
#[inline(always)]
unsafe fn groups<const N: usize>(
    function: &impl LaneFunction,
    taps: &[*const f64],
    done: usize,
    results: &mut [f64],
) -> usize {
    let mut done = done;
    while done < results.len() && (N == LANES || done + N <= results.len()) {
        // SAFETY: passed on.
        let group = function.call(unsafe { LaneValues::<N>::new(taps, done) }).into_array();
        let rest = &mut results[done..];
        match rest.first_chunk_mut() {
            Some(whole) => *whole = group,
            None => rest.copy_from_slice(&group[..rest.len()]),
        }
        done += N;
    }
    done
}

//! Functions generic over lanes: several windows at a time, whatever the number of taps.

use crate::kernels::strip::{Strip, fetch_ahead};
use crate::lanes::{LaneFunction, LaneValues};
use crate::lines::LANES;
use crate::simd;

/// Calls `function` with the values of as many windows as there are lanes.
pub(crate) struct Lanewise<F>(pub(crate) F);

impl<F: LaneFunction> Strip for Lanewise<&F> {
    const WHOLE_BATCHES: bool = false;

    unsafe fn run(&mut self, _: usize, taps: &[*const f64], results: &mut [f64]) -> usize {
        let function = self.0;
        simd::widest(
            #[inline(always)]
            || {
                let (groups, rest) = results.as_chunks_mut::<LANES>();
                let done = groups.len() * LANES;
                for (i, group) in groups.iter_mut().enumerate() {
                    fetch_ahead(taps, i * LANES, group);
                    // SAFETY: these taps lie there, as the caller has it.
                    *group = function.call(unsafe { LaneValues::new(taps, i * LANES) }).into_array();
                }
                if !rest.is_empty() {
                    // SAFETY: likewise; what lies behind the last of them can be read too.
                    let last: [f64; LANES] = function.call(unsafe { LaneValues::new(taps, done) }).into_array();
                    rest.copy_from_slice(&last[..rest.len()]);
                }
            },
        );
        results.len()
    }
}

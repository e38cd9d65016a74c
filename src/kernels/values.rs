//! Functions of a window's values, compiled for each small number of them.
//!
//! With the number known, the values are an array that lives in registers, and the loop over the elements, the caller's
//! function inside, becomes one over vectors of them, unless the function does what vectors can't.

use std::array;

use crate::kernels::strip::{AT_A_TIME, Strip, fetch_ahead};
use crate::simd;

/// The most taps that are worth it. From about 50 on compilers give up.
pub(crate) const VALUES_MAX: usize = 32;

/// Calls `function` with the values of each window and the result to set. It gives up with `false`.
pub(crate) struct Values<F>(pub(crate) F);

impl<F: FnMut(&[f64], &mut f64) -> bool> Strip for Values<F> {
    const WHOLE_BATCHES: bool = false;

    unsafe fn run(&mut self, _: usize, taps: &[*const f64], results: &mut [f64]) -> usize {
        let function = &mut self.0;
        macro_rules! by_count {
            ($($n:literal)*) => {
                match taps.len() {
                    $($n => simd::widest(
                        #[inline(always)]
                        // SAFETY: passed on.
                        move || unsafe { each::<$n>(function, taps, results) },
                    ),)*
                    n => unreachable!("windows of {n} taps are run otherwise"),
                }
            };
        }
        by_count!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32)
    }
}

/// Sets the results one after the other, and says how many.
///
/// # Safety
/// As [`Strip::run`].
#[inline(always)]
unsafe fn each<const N: usize>(
    function: &mut impl FnMut(&[f64], &mut f64) -> bool,
    taps: &[*const f64],
    results: &mut [f64],
) -> usize {
    let taps: [*const f64; N] = taps.try_into().expect("N is the number of taps");
    let mut j = 0;
    for results in results.chunks_mut(AT_A_TIME) {
        fetch_ahead(&taps, j, results, true);
        for result in results {
            // SAFETY: tap k of element j lies here, as the caller has it.
            let values: [f64; N] = array::from_fn(|k| unsafe { *taps[k].add(j) });
            if !function(&values, result) {
                return j;
            }
            j += 1;
        }
    }
    j
}

//! The built-in filters: which kernel computes what a callback would be called for.

use crate::builtins::Builtin;
use crate::convert::with_value;
use crate::error::Error;
use crate::filter::{Job, Ready};
use crate::kernels::extremes::{Extreme, Extremes, Higher, Lower, Range, Skipping};
use crate::kernels::lanes::Lanewise;
use crate::kernels::moments::{
    All, Count, GreyDilation, GreyErosion, Mean, Numbers, StandardDeviation, Sum, Variance, WeightedSum,
};
use crate::kernels::pixel::Pixel;
use crate::kernels::strip::Strips;
use crate::lanes::LaneFunction;
use crate::lines::Plan;

/// Runs a built-in filter. What no kernel is made for, `pixel` computes window after window.
pub(crate) fn filter<F: FnMut(&mut [f64], &mut f64) -> bool>(
    job: Job<'_, '_>,
    builtin: Builtin<'_>,
    pixel: impl Fn(&Plan<'_>) -> Result<Pixel<F>, Error> + Sync,
) -> Result<(), Error> {
    let Some(ready) = Ready::new(job)? else { return Ok(()) };
    if !ready.has_rows() {
        return ready.filter(pixel);
    }
    match builtin {
        Builtin::Minimum => extremes::<Lower>(ready),
        Builtin::Maximum => extremes::<Higher>(ready),
        Builtin::NanMinimum => extremes::<Skipping<Lower>>(ready),
        Builtin::NanMaximum => extremes::<Skipping<Higher>>(ready),
        Builtin::Range => with_value!(ready.dtype(), V => ready.sweep(Range::<V>::new)),

        Builtin::Sum => lanes(ready, Sum(All)),
        Builtin::Mean => lanes(ready, Mean(All)),
        Builtin::Variance => lanes(ready, Variance(All)),
        Builtin::StandardDeviation => lanes(ready, StandardDeviation(All)),
        Builtin::WeightedSum(weights) => lanes(ready, WeightedSum(weights)),
        Builtin::GreyErosion(structure) => lanes(ready, GreyErosion(structure)),
        Builtin::GreyDilation(structure) => lanes(ready, GreyDilation(structure)),
        Builtin::NanCount => lanes(ready, Count(Numbers)),
        Builtin::NanSum => lanes(ready, Sum(Numbers)),
        Builtin::NanMean => lanes(ready, Mean(Numbers)),
        Builtin::NanVariance => lanes(ready, Variance(Numbers)),
        Builtin::NanStandardDeviation => lanes(ready, StandardDeviation(Numbers)),
        _ => ready.filter(pixel),
    }
}

fn extremes<E: Extreme>(ready: Ready<'_, '_>) -> Result<(), Error> {
    with_value!(ready.dtype(), V => ready.sweep(Extremes::<V, E>::new))
}

fn lanes(ready: Ready<'_, '_>, function: impl LaneFunction + Sync) -> Result<(), Error> {
    ready.filter(|plan| Strips::new(plan.taps(), Lanewise(&function)))
}

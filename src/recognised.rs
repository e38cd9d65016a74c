//! The built-in filters: which kernel computes what a callback would be called for.

use crate::builtins::{self, Builtin};
use crate::convert::with_value;
use crate::error::Error;
use crate::filter::{Job, Ready};
use crate::kernels::extremes::{Extreme, Extremes, Higher, Lower, Range, Skipping};
use crate::kernels::lanes::Lanewise;
use crate::kernels::moments::{
    All, Count, GreyDilation, GreyErosion, Mean, Numbers, StandardDeviation, Sum, Variance, WeightedSum,
};
use crate::kernels::pixel::Pixel;
use crate::kernels::ranks::{AtPlace, Between, Ranks};
use crate::kernels::strip::Strips;
use crate::lanes::LaneFunction;
use crate::lines::Plan;

/// Taps of a window, at most, that a selection network is made for.
const NETWORK_MAX: usize = 160;

/// Runs a kernel for order statistics.
macro_rules! ranks {
    ($ready:ident, $statistic:expr) => {{
        let statistic = $statistic;
        with_value!($ready.dtype(), V => $ready.sweep(|sweep| Ranks::<V, _>::new(sweep, &statistic)))
    }};
}
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

        // Larger windows cost more than finding the place among all values does.
        _ if ready.taps() > NETWORK_MAX => ready.filter(pixel),
        Builtin::Median => median(ready),
        Builtin::NanMedian => nan_median(ready),
        Builtin::Rank(rank) => {
            let place = if rank < 0 { rank + ready.taps() as isize } else { rank } as usize;
            at_place(ready, place, move |values| builtins::rank(values, rank).unwrap_or(f64::NAN))
        }
        Builtin::Percentile(percent) => {
            let place = builtins::percentile_place(ready.taps(), percent);
            at_place(ready, place, move |values| builtins::percentile(values, percent))
        }
        Builtin::Quantile(fraction) => quantile(ready, fraction, builtins::quantile),
        Builtin::NanQuantile(fraction) => quantile(ready, fraction, builtins::nan_quantile),
        _ => ready.filter(pixel),
    }
}

fn median(ready: Ready<'_, '_>) -> Result<(), Error> {
    let half = ready.taps() / 2;
    if ready.taps() % 2 == 1 {
        return at_place(ready, half, builtins::median);
    }
    ranks!(ready, Between { places: (half - 1, half), of: builtins::middle, of_all: builtins::median })
}

/// Without NaN as any median; but where some values are left out the others may be an even number.
fn nan_median(ready: Ready<'_, '_>) -> Result<(), Error> {
    let places = ((ready.taps() - 1) / 2, ready.taps() / 2);
    let of = move |lower, upper| if places.0 == places.1 { lower } else { builtins::middle(lower, upper) };
    ranks!(ready, Between { places, of, of_all: builtins::nan_median })
}

fn quantile(ready: Ready<'_, '_>, fraction: f64, of_all: fn(&mut [f64], f64) -> f64) -> Result<(), Error> {
    let (place, along) = builtins::quantile_place(ready.taps(), fraction);
    let places = (place, (place + 1).min(ready.taps() - 1));
    let of = move |lower, upper| builtins::interpolated(lower, upper, along);
    ranks!(ready, Between { places, of, of_all: move |values: &mut [f64]| of_all(values, fraction) })
}

fn at_place(ready: Ready<'_, '_>, place: usize, of_all: impl Fn(&mut [f64]) -> f64 + Sync) -> Result<(), Error> {
    ranks!(ready, AtPlace { place, of_all })
}

fn extremes<E: Extreme>(ready: Ready<'_, '_>) -> Result<(), Error> {
    with_value!(ready.dtype(), V => ready.sweep(Extremes::<V, E>::new))
}

fn lanes(ready: Ready<'_, '_>, function: impl LaneFunction + Sync) -> Result<(), Error> {
    ready.filter(|plan| Strips::new(plan.taps(), Lanewise(&function)))
}

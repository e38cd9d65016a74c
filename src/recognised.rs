//! The built-in filters: which kernel computes what a callback would be called for.

use crate::builtins::{self, Builtin};
use crate::convert::with_value;
use crate::dtype::DType;
use crate::error::Error;
use crate::filter::{Job, Ready};
use crate::kernels::deviations::{Deviations, Double, Exact, Metric};
use crate::kernels::extremal::Extremal;
use crate::kernels::extremes::{Extremes, Range};
use crate::kernels::frequencies::{Frequencies, OfNumbers};
use crate::kernels::histograms::{self, Byte, Large, Small};
use crate::kernels::lanes::{LanesOfRows, Lanewise};
use crate::kernels::moments::{
    All, Count, GreyDilation, GreyErosion, Mean, Numbers, StandardDeviation, Sum, Variance, WeightedSum,
};
use crate::kernels::nearest::Nearest;
use crate::kernels::numbering::Coded;
use crate::kernels::ordinals::Ordinals;
use crate::kernels::pairs::{self, Distinct, Mode, Pairs};
use crate::kernels::passes::{Extreme, Higher, Lower, Skipping};
use crate::kernels::pixel::Pixel;
use crate::kernels::ranks::{AtPlace, Between, OfAnyValues, Ranks, Statistic};
use crate::kernels::squares::{self, Squares};
use crate::kernels::strip::Strips;
use crate::kernels::sums::{self, Sums};
use crate::lanes::LaneFunction;
use crate::lines::Plan;
use crate::parallel::Once;

/// Taps of a window, at most, that a selection network is made for: by the bytes of a value, as many are compared at a time.
/// Where windows overlap along rows they share most of it.
fn network_taps(dtype: DType, extents: Option<&[usize]>) -> usize {
    let is_wide = extents.is_some_and(|extents| extents.last().is_some_and(|&width| width > 1));
    let is_line = is_wide && extents.is_some_and(|extents| extents.iter().filter(|&&extent| extent > 1).count() == 1);
    match (dtype.size(), extents) {
        // Boxes of bytes have histograms instead.
        (1, Some(_)) if !is_line => 200,
        (1 | 2 | 4, _) if is_wide => 400,
        (_, _) if is_wide => 300,
        (1 | 2, _) => 225,
        (4, _) => 130,
        _ => 100,
    }
}

/// Networks of so few taps are made in no time; of others, an array is to have so many elements for each tap.
const FEW: usize = 25;
const ELEMENTS: usize = 64;

/// Taps, at most, that a network is worth making for, if it is one for up to so many otherwise.
fn worth(ready: &Ready<'_, '_>, most: usize) -> usize {
    let elements: usize = ready.shape().iter().product();
    if elements / ELEMENTS < ready.taps() { FEW } else { most }
}

/// Runs a kernel for order statistics.
fn ranks(ready: Ready<'_, '_>, statistic: impl OfAnyValues) -> Result<(), Error> {
    let (taps, statistic) = (ready.taps(), &statistic);
    let extents = ready.box_extents()?;
    let elements: usize = ready.shape().iter().product();
    let most = worth(&ready, network_taps(ready.dtype(), extents.as_deref()));
    if let Some(extents) = &extents
        && squares::is_known(extents, ready.shape())
        && <_ as Statistic<f64>>::places(statistic) == (taps / 2, taps / 2)
    {
        return with_value!(ready.dtype(), V => ready.sweep(|sweep| Squares::<V, _>::new(sweep, statistic)));
    }
    match (ready.dtype(), extents) {
        (DType::UInt8 | DType::Bool, Some(extents)) if taps > most => bytes::<u8, _>(ready, statistic, &extents),
        (DType::Int8, Some(extents)) if taps > most => bytes::<i8, _>(ready, statistic, &extents),
        (DType::UInt8 | DType::Bool, None) if taps > most => {
            ready.sweep(|sweep| histograms::Any::<u8, _>::new(sweep, statistic))
        }
        (DType::Int8, None) if taps > most => ready.sweep(|sweep| histograms::Any::<i8, _>::new(sweep, statistic)),
        _ if taps > most => {
            with_value!(ready.dtype(), V => ready.sweep(|sweep| Ordinals::<V, _>::new(sweep, statistic)))
        }
        _ => with_value!(ready.dtype(), V => {
            let shared = Once::new();
            ready.sweep(|sweep| Ranks::<V, _>::new(sweep, statistic, elements, &shared))
        }),
    }
}

/// Boxes of bytes, by histograms of columns if they can be counted; but not of boxes larger than the array, which would have
/// more columns than it has elements.
fn bytes<V: Byte + Coded, S: Statistic<V>>(
    ready: Ready<'_, '_>,
    statistic: &S,
    extents: &[usize],
) -> Result<(), Error> {
    if extents.iter().zip(ready.shape()).any(|(window, array)| window > array) {
        ready.sweep(|sweep| Ordinals::<V, _>::new(sweep, statistic))
    } else if histograms::fits::<Small>(extents) {
        ready.sweep(|sweep| histograms::Boxes::<V, _, Small>::new(sweep, statistic))
    } else if histograms::fits::<Large>(extents) {
        ready.sweep(|sweep| histograms::Boxes::<V, _, Large>::new(sweep, statistic))
    } else {
        ready.sweep(|sweep| histograms::Any::<V, _>::new(sweep, statistic))
    }
}

/// Runs a built-in filter. Windows without taps, arrays without axes, and outputs whose elements share memory are left to
/// `pixel`.
pub(crate) fn filter<F: FnMut(&mut [f64], &mut f64) -> bool>(
    job: Job<'_, '_>,
    builtin: Builtin<'_>,
    pixel: impl Fn(&Plan<'_>) -> Result<Pixel<F>, Error> + Sync,
) -> Result<(), Error> {
    let Some(ready) = Ready::new(job)? else { return Ok(()) };
    if !ready.can_be_swept() {
        return ready.filter(pixel);
    }
    let taps = ready.taps();
    match builtin {
        Builtin::Minimum => extremes::<Lower>(ready),
        Builtin::Maximum => extremes::<Higher>(ready),
        Builtin::NanMinimum => extremes_of_numbers::<Lower>(ready),
        Builtin::NanMaximum => extremes_of_numbers::<Higher>(ready),
        Builtin::Range => with_value!(ready.dtype(), V => ready.sweep(Range::<V>::new)),

        Builtin::Sum => sums(ready, false, Sum(All)),
        Builtin::Mean => sums(ready, true, Mean(All)),
        Builtin::Variance => lanes(ready, Variance(All)),
        Builtin::StandardDeviation => lanes(ready, StandardDeviation(All)),
        Builtin::WeightedSum(weights) => lanes(ready, WeightedSum(weights)),
        Builtin::GreyErosion(structure) => lanes(ready, GreyErosion(structure)),
        Builtin::GreyDilation(structure) => lanes(ready, GreyDilation(structure)),
        Builtin::NanCount => lanes(ready, Count(Numbers)),
        Builtin::NanSum => sums(ready, false, Sum(Numbers)),
        Builtin::NanMean => sums(ready, true, Mean(Numbers)),
        Builtin::NanVariance => lanes(ready, Variance(Numbers)),
        Builtin::NanStandardDeviation => lanes(ready, StandardDeviation(Numbers)),

        Builtin::Median if taps % 2 == 1 => ranks(ready, AtPlace { place: taps / 2, of_all: &builtins::median }),
        Builtin::Median => {
            let places = (taps / 2 - 1, taps / 2);
            ranks(ready, Between { places, along: None, of_all: &builtins::median })
        }
        // Without NaN as any median; but where some values are left out the others may be an even number.
        Builtin::NanMedian => {
            let places = ((taps - 1) / 2, taps / 2);
            ranks(ready, Between { places, along: None, of_all: &builtins::nan_median })
        }
        Builtin::Rank(rank) => {
            let place = if rank < 0 { rank + taps as isize } else { rank } as usize;
            let of_all = |values: &mut [f64]| builtins::rank(values, rank).unwrap_or(f64::NAN);
            ranks(ready, AtPlace { place, of_all: &of_all })
        }
        Builtin::Percentile(percent) => {
            let place = builtins::percentile_place(taps, percent);
            let of_all = |values: &mut [f64]| builtins::percentile(values, percent);
            ranks(ready, AtPlace { place, of_all: &of_all })
        }
        Builtin::Quantile(fraction) => {
            let of_all = |values: &mut [f64]| builtins::quantile(values, fraction);
            ranks(ready, Between::quantile(taps, fraction, &of_all))
        }
        Builtin::NanQuantile(fraction) => {
            let of_all = |values: &mut [f64]| builtins::nan_quantile(values, fraction);
            ranks(ready, Between::quantile(taps, fraction, &of_all))
        }
        Builtin::Mode => frequencies::<Mode>(ready, |size| if size <= 4 { 121 } else { 81 }),
        Builtin::Distinct => frequencies::<Distinct>(ready, |size| [121, 81, 81, 49][size.ilog2() as usize]),
        Builtin::MedianAbsoluteDeviation => deviations(ready),
    }
}

fn extremes<E: Extreme>(ready: Ready<'_, '_>) -> Result<(), Error> {
    with_value!(ready.dtype(), V => ready.sweep(Extremes::<V, E>::new))
}

/// The same without NaN, which integers don't have.
fn extremes_of_numbers<E: Extreme>(ready: Ready<'_, '_>) -> Result<(), Error> {
    match ready.dtype() {
        DType::Float32 => ready.sweep(Extremes::<f32, Skipping<E>>::new),
        DType::Float64 | DType::Int64 | DType::UInt64 => ready.sweep(Extremes::<f64, Skipping<E>>::new),
        _ => extremes::<E>(ready),
    }
}

fn lanes(ready: Ready<'_, '_>, function: impl LaneFunction + Sync) -> Result<(), Error> {
    if ready.shows_doubles() && ready.taps() <= SWEPT_MAX {
        ready.sweep(|sweep| LanesOfRows::new(sweep, &function))
    } else {
        ready.filter(|plan| Strips::new(plan.taps(), Lanewise(&function)))
    }
}

/// Taps of windows on lanes whose rows are swept, at most: a row is not interrupted.
const SWEPT_MAX: usize = 1024;

/// Taps of a window that are worth running sums.
const RUNNING_MIN: usize = 9;

/// Sums or means: running ones of integers in boxes, where they are exact; of everything else on lanes.
fn sums(ready: Ready<'_, '_>, is_mean: bool, function: impl LaneFunction + Sync) -> Result<(), Error> {
    if !(RUNNING_MIN..=sums::TAPS_MAX).contains(&ready.taps()) || ready.box_extents()?.is_none() {
        return lanes(ready, function);
    }
    match ready.dtype() {
        DType::Bool | DType::UInt8 => ready.sweep(|sweep| Sums::<u8>::new(sweep, is_mean)),
        DType::Int8 => ready.sweep(|sweep| Sums::<i8>::new(sweep, is_mean)),
        DType::UInt16 => ready.sweep(|sweep| Sums::<u16>::new(sweep, is_mean)),
        DType::Int16 => ready.sweep(|sweep| Sums::<i16>::new(sweep, is_mean)),
        DType::UInt32 => ready.sweep(|sweep| Sums::<u32>::new(sweep, is_mean)),
        DType::Int32 => ready.sweep(|sweep| Sums::<i32>::new(sweep, is_mean)),
        DType::Int64 | DType::UInt64 | DType::Float32 | DType::Float64 => lanes(ready, function),
    }
}

/// Runs a kernel for how often values occur. Windows of up to so many taps are compared tap by tap: by the bytes of a value, as
/// many are compared at a time. Of windows that are no box not much is shared.
fn frequencies<F: OfNumbers>(ready: Ready<'_, '_>, most: impl Fn(usize) -> usize) -> Result<(), Error> {
    let most = most(ready.dtype().size());
    let most = if ready.box_extents()?.is_some() { most } else { most / 2 };
    if ready.taps() <= most.min(pairs::TAPS_MAX) {
        with_value!(ready.dtype(), V => ready.sweep(Pairs::<V, F>::new))
    } else {
        with_value!(ready.dtype(), V => ready.sweep(Frequencies::<V, F>::new))
    }
}

/// Runs a kernel for median absolute deviations: networks that put windows in order, of more taps the fewer bytes a value has.
fn deviations(ready: Ready<'_, '_>) -> Result<(), Error> {
    let taps = ready.taps();
    let most = [400, 400, 300, 225][ready.dtype().size().ilog2() as usize];
    if taps > worth(&ready, most) {
        return with_value!(ready.dtype(), V => ready.sweep(Nearest::<V>::new));
    }
    if taps.is_multiple_of(2) {
        return with_value!(ready.dtype(), V => sorted_deviations::<V, Double<false>>(ready));
    }
    match ready.dtype() {
        DType::Bool | DType::UInt8 => sorted_deviations::<u8, Exact>(ready),
        DType::Int8 => sorted_deviations::<i8, Exact>(ready),
        DType::UInt16 => sorted_deviations::<u16, Exact>(ready),
        DType::Int16 => sorted_deviations::<i16, Exact>(ready),
        DType::UInt32 => sorted_deviations::<u32, Exact>(ready),
        DType::Int32 => sorted_deviations::<i32, Exact>(ready),
        DType::Float32 => sorted_deviations::<f32, Double<true>>(ready),
        DType::Int64 | DType::UInt64 | DType::Float64 => sorted_deviations::<f64, Double<true>>(ready),
    }
}

fn sorted_deviations<V: Extremal, M: Metric<V>>(ready: Ready<'_, '_>) -> Result<(), Error> {
    let shared = Once::new();
    ready.sweep(|sweep| Deviations::<V, M>::new(sweep, &shared))
}

//! The built-in filters as callbacks: what `builtins` computes, behind SciPy's signature.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::fmt::{Arguments, Display};
use std::slice;

use super::answer::Failure;
use super::read;
use super::types::llc_filter_fn;
use crate::builtins::{self, Builtin};
use crate::error::Error;

type Callback = unsafe extern "C" fn(*mut f64, isize, *mut f64, *mut c_void) -> c_int;

/// Sets the result of a function of the values.
///
/// # Safety
/// The pointers are what an `llc_filter_fn` gets.
unsafe fn set(
    buffer: *mut f64,
    filter_size: isize,
    value: *mut f64,
    f: impl FnOnce(&mut [f64]) -> Option<f64>,
) -> c_int {
    let values: &mut [f64] = match usize::try_from(filter_size) {
        // SAFETY: the caller's word.
        Ok(len) if len > 0 => unsafe { slice::from_raw_parts_mut(buffer, len) },
        _ => &mut [],
    };
    match f(values) {
        Some(result) => {
            // SAFETY: the caller's word.
            unsafe { *value = result };
            1
        }
        None => 0,
    }
}

/// The parameter of one number.
///
/// # Safety
/// `user_data` is NULL or points to one.
unsafe fn number<T: Copy>(user_data: *mut c_void) -> Option<T> {
    // SAFETY: the caller's word.
    unsafe { user_data.cast::<T>().as_ref().copied() }
}

/// The parameter of as many numbers as there are values.
///
/// # Safety
/// `user_data` is NULL or points to so many.
unsafe fn numbers<'a>(user_data: *mut c_void, count: usize) -> Option<&'a [f64]> {
    if count == 0 {
        return Some(&[]);
    }
    // SAFETY: the caller's word.
    (!user_data.is_null()).then(|| unsafe { slice::from_raw_parts(user_data.cast(), count) })
}

/// Built-in callbacks: llc_minimum and those below it, for llc_generic_filter, and for SciPy as they are.
///
/// All have these rules in common. -0.0 is below 0.0. A NaN among the values makes the result NaN; the functions whose
/// names begin with llc_nan leave NaN out instead. Without values, which is what a footprint without taps has, the result
/// is NaN, or 0 where it says so. They overwrite their buffer. What they take as user_data is said with each; the others
/// do not look at it. With a parameter that is not allowed they return 0; llc_generic_filter finds that out beforehand,
/// for those that llc_builtin_name knows, and says what is wrong.
///
/// Those that llc_builtin_name knows llc_generic_filter does not call for every element, but computes all at once, which is
/// many times as fast. Results are the same, to the bit. What user_data points to is read during the call, and must not
/// change.
///
/// llc_minimum: The smallest value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_minimum(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::minimum(values))) }
}

/// The largest value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_maximum(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::maximum(values))) }
}

/// The largest value less the smallest (peak to peak).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_range(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::range(values))) }
}

/// The sum of the values in the order of the taps, from 0.0 on. 0 without values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_sum(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::sum(values))) }
}

/// The sum divided by the number of values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_mean(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::mean(values))) }
}

/// The mean of the squares of the differences from the mean (numpy.var: divided by the number of values).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_variance(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::variance(values))) }
}

/// The square root of the variance (numpy.std).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_standard_deviation(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::standard_deviation(values))) }
}

/// The middle value; with an even number of values the mean of the two in the middle (numpy.median).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_median(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::median(values))) }
}

/// The median of the magnitudes of the differences from the median; not scaled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_median_absolute_deviation(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::median_absolute_deviation(values))) }
}

/// The most frequent value; the smallest if several are. 0.0 and -0.0 are one value, -0.0 if one of them is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_mode(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::mode(values))) }
}

/// How many different values there are. 0.0 and -0.0 are one value, all NaN are another. 0 without values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_distinct(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::distinct(values))) }
}

/// The value at place *user_data, a const intptr_t, from the smallest on; negative places count from one beyond
/// the largest (scipy.ndimage.rank_filter). It is to be from -filter_size to filter_size - 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_rank(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| builtins::rank(values, number(user_data)?)) }
}

/// The value at place filter_size * p / 100, rounded down, or the largest, for p = *user_data, a const double from -100
/// to 100; below 0 it stands for p + 100 (scipy.ndimage.percentile_filter).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_percentile(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    // SAFETY: passed on.
    unsafe {
        set(buffer, filter_size, return_value, |values| {
            number(user_data).filter(|&p| builtins::is_percent(p)).map(|p| builtins::percentile(values, p))
        })
    }
}

/// The value at place (filter_size - 1) * q, interpolated linearly, for q = *user_data, a const double from 0 to 1
/// (numpy.quantile).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_quantile(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    // SAFETY: passed on.
    unsafe {
        set(buffer, filter_size, return_value, |values| {
            number(user_data).filter(|&p| builtins::is_fraction(p)).map(|p| builtins::quantile(values, p))
        })
    }
}

/// The sum of the values in the order of the taps, each times its weight, from 0.0 on (scipy.ndimage.correlate).
/// user_data: const double[filter_size], one weight for each tap. 0 without values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_weighted_sum(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    // SAFETY: passed on.
    unsafe {
        set(buffer, filter_size, return_value, |values| {
            Some(builtins::weighted_sum(values, numbers(user_data, values.len())?))
        })
    }
}

/// The smallest of the values less their structure's (scipy.ndimage.grey_erosion).
/// user_data: const double[filter_size], one for each tap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_grey_erosion(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    // SAFETY: passed on.
    unsafe {
        set(buffer, filter_size, return_value, |values| {
            Some(builtins::grey_erosion(values, numbers(user_data, values.len())?))
        })
    }
}

/// The largest of the values plus their structure's, tap by tap (scipy.ndimage.grey_dilation mirrors its structure).
/// user_data: const double[filter_size], one for each tap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_grey_dilation(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    // SAFETY: passed on.
    unsafe {
        set(buffer, filter_size, return_value, |values| {
            Some(builtins::grey_dilation(values, numbers(user_data, values.len())?))
        })
    }
}

/// How many values are not NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_nan_count(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::nan_count(values))) }
}

/// llc_minimum of the values that are not NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_nan_minimum(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::nan_minimum(values))) }
}

/// llc_maximum of the values that are not NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_nan_maximum(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::nan_maximum(values))) }
}

/// llc_sum of the values that are not NaN. 0 if there are none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_nan_sum(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::nan_sum(values))) }
}

/// llc_mean of the values that are not NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_nan_mean(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::nan_mean(values))) }
}

/// llc_variance of the values that are not NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_nan_variance(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::nan_variance(values))) }
}

/// llc_standard_deviation of the values that are not NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_nan_standard_deviation(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::nan_standard_deviation(values))) }
}

/// llc_median of the values that are not NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_nan_median(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    let _ = user_data;
    // SAFETY: passed on.
    unsafe { set(buffer, filter_size, return_value, |values| Some(builtins::nan_median(values))) }
}

/// llc_quantile of the values that are not NaN, with the same user_data.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_nan_quantile(
    buffer: *mut f64,
    filter_size: isize,
    return_value: *mut f64,
    user_data: *mut c_void,
) -> c_int {
    // SAFETY: passed on.
    unsafe {
        set(buffer, filter_size, return_value, |values| {
            number(user_data).filter(|&p| builtins::is_fraction(p)).map(|p| builtins::nan_quantile(values, p))
        })
    }
}

/// What a callback's user_data is, and what they are together.
enum Takes {
    Nothing(Builtin<'static>),
    Rank(fn(isize) -> Builtin<'static>),
    Percent(fn(f64) -> Builtin<'static>),
    Fraction(fn(f64) -> Builtin<'static>),
    /// As many doubles as there are taps.
    Values(for<'a> fn(&'a [f64]) -> Builtin<'a>),
}

static BUILTINS: &[(&CStr, Callback, Takes)] = &[
    (c"minimum", llc_minimum, Takes::Nothing(Builtin::Minimum)),
    (c"maximum", llc_maximum, Takes::Nothing(Builtin::Maximum)),
    (c"range", llc_range, Takes::Nothing(Builtin::Range)),
    (c"sum", llc_sum, Takes::Nothing(Builtin::Sum)),
    (c"mean", llc_mean, Takes::Nothing(Builtin::Mean)),
    (c"variance", llc_variance, Takes::Nothing(Builtin::Variance)),
    (c"standard_deviation", llc_standard_deviation, Takes::Nothing(Builtin::StandardDeviation)),
    (c"median", llc_median, Takes::Nothing(Builtin::Median)),
    (c"median_absolute_deviation", llc_median_absolute_deviation, Takes::Nothing(Builtin::MedianAbsoluteDeviation)),
    (c"mode", llc_mode, Takes::Nothing(Builtin::Mode)),
    (c"distinct", llc_distinct, Takes::Nothing(Builtin::Distinct)),
    (c"rank", llc_rank, Takes::Rank(Builtin::Rank)),
    (c"percentile", llc_percentile, Takes::Percent(Builtin::Percentile)),
    (c"quantile", llc_quantile, Takes::Fraction(Builtin::Quantile)),
    (c"weighted_sum", llc_weighted_sum, Takes::Values(|values| Builtin::WeightedSum(values))),
    (c"grey_erosion", llc_grey_erosion, Takes::Values(|values| Builtin::GreyErosion(values))),
    (c"grey_dilation", llc_grey_dilation, Takes::Values(|values| Builtin::GreyDilation(values))),
    (c"nan_count", llc_nan_count, Takes::Nothing(Builtin::NanCount)),
    (c"nan_minimum", llc_nan_minimum, Takes::Nothing(Builtin::NanMinimum)),
    (c"nan_maximum", llc_nan_maximum, Takes::Nothing(Builtin::NanMaximum)),
    (c"nan_sum", llc_nan_sum, Takes::Nothing(Builtin::NanSum)),
    (c"nan_mean", llc_nan_mean, Takes::Nothing(Builtin::NanMean)),
    (c"nan_variance", llc_nan_variance, Takes::Nothing(Builtin::NanVariance)),
    (c"nan_standard_deviation", llc_nan_standard_deviation, Takes::Nothing(Builtin::NanStandardDeviation)),
    (c"nan_median", llc_nan_median, Takes::Nothing(Builtin::NanMedian)),
    (c"nan_quantile", llc_nan_quantile, Takes::Fraction(Builtin::NanQuantile)),
];

/// The built-in callback of a name, without llc_: "median" is llc_median. NULL if there is none, or name is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_builtin(name: *const c_char) -> llc_filter_fn {
    if name.is_null() {
        return None;
    }
    // SAFETY: the caller's word: a text that ends with 0.
    let name = unsafe { CStr::from_ptr(name) };
    BUILTINS.iter().find(|builtin| builtin.0 == name).map(|&(_, callback, _)| callback)
}

/// The name of a built-in callback, static text. NULL for all other functions, and for a built-in one whose address in
/// the program is another than in the library, as linkers may have it: llc_builtin's is always the library's.
#[unsafe(no_mangle)]
pub extern "C" fn llc_builtin_name(function: llc_filter_fn) -> *const c_char {
    find(function).map_or(std::ptr::null(), |(name, ..)| name.as_ptr())
}

fn find(function: llc_filter_fn) -> Option<&'static (&'static CStr, Callback, Takes)> {
    let address = function? as usize;
    BUILTINS.iter().find(|builtin| builtin.1 as usize == address)
}

/// What a function is, if it is built in, with its parameters. Those that are not allowed are errors.
///
/// # Safety
/// `user_data` is what the built-in callback wants, or NULL, during `'a`.
pub(super) unsafe fn recognised<'a>(
    function: llc_filter_fn,
    user_data: *mut c_void,
    taps: usize,
) -> Result<Option<Builtin<'a>>, Failure> {
    let Some((name, _, takes)) = find(function) else { return Ok(None) };
    let name = name.to_str().expect("the names are ASCII");
    let number = |is_allowed: fn(f64) -> bool, allowed: &str| {
        // SAFETY: the caller's word.
        let number = *unsafe { read::required(user_data.cast::<f64>(), format_args!("user_data of llc_{name}"))? };
        if is_allowed(number) { Ok(number) } else { Err(not_allowed(name, number, format_args!("{allowed}"))) }
    };
    Ok(Some(match *takes {
        Takes::Nothing(builtin) => builtin,
        Takes::Percent(builtin) => builtin(number(builtins::is_percent, "from -100 to 100")?),
        Takes::Fraction(builtin) => builtin(number(builtins::is_fraction, "from 0 to 1")?),
        Takes::Rank(builtin) => {
            // SAFETY: the caller's word.
            let rank = *unsafe { read::required(user_data.cast::<isize>(), format_args!("user_data of llc_{name}"))? };
            let count = taps as isize;
            if taps > 0 && !(-count..count).contains(&rank) {
                let allowed = format_args!("from -{taps} to {} for {taps} taps", taps - 1);
                return Err(not_allowed(name, rank, allowed));
            }
            builtin(rank)
        }
        Takes::Values(builtin) => {
            // SAFETY: the caller's word.
            builtin(unsafe { read::list(user_data.cast(), taps, format_args!("user_data of llc_{name}"))? })
        }
    }))
}

fn not_allowed(name: &str, value: impl Display, allowed: Arguments<'_>) -> Failure {
    Error::argument(format_args!("user_data of llc_{name} is {value}, but must be {allowed}")).into()
}

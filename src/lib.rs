//! Runs your own function over every neighbourhood of an n-dimensional array: what `scipy.ndimage.generic_filter` does,
//! with the same results, on all cores.
//!
//! ```
//! use llc::{Options, Threads, Window, generic_filter};
//! use ndarray::Array2;
//!
//! let image = Array2::from_shape_fn((480, 640), |(y, x)| ((x * y) % 251) as u8);
//! let mut range = Array2::<u8>::zeros(image.raw_dim());
//! generic_filter(
//!     image.view(),
//!     range.view_mut(),
//!     &Window::new(&[3, 3]),
//!     Options::new().threads(Threads::AllCores),
//!     |values| {
//!         let (mut low, mut high) = (values[0], values[0]);
//!         for &value in values {
//!             if value < low { low = value }
//!             if value > high { high = value }
//!         }
//!         high - low
//!     },
//! )?;
//! # assert_eq!(range[[1, 1]], 4);
//! # Ok::<(), llc::Error>(())
//! ```
//!
//! | what the function is like | how to pass it |
//! |---|---|
//! | it reads its values | [`generic_filter`] |
//! | the window has more than 32 taps | [`generic_filter_lanes`] |
//! | it overwrites its values, to sort them for example | [`generic_filter_mut`] |
//! | it has state that changes | [`generic_filter_seq`] |
//! | it may give up | [`try_generic_filter`] |
//!
//! The same engine stands behind a C ABI, `include/llc.h`; the shared and the static library export it.

#![cfg_attr(test, allow(dead_code, unused_imports, reason = "much of the crate is there for the C ABI"))]

/// The guide's programs in Rust, as tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/guide/first-filter.md")]
mod guide {}

mod array;
mod boundary;
mod builtins;
// Unit tests need none of what the C ABI exports, which is every kernel for every type: minutes of building.
#[cfg(not(test))]
mod capi;
mod convert;
mod cores;
mod crew;
mod dtype;
mod error;
mod filter;
mod gate;
mod kernels;
mod lanes;
mod lines;
mod memory;
mod parallel;
mod past;
mod recognised;
mod signals;
mod simd;
mod stopwatch;
mod sweep;
mod window;
mod writer;

use ndarray::{ArrayView, ArrayViewMut, Dimension};

pub use boundary::Mode;
pub use dtype::Element;
pub use error::Error;
pub use filter::Options;
pub use lanes::{LaneFunction, LaneIter, LaneMask, LaneValues, Lanes};
pub use parallel::Threads;
pub use window::Window;

/// Applies `function` to the window around every element of `input`.
///
/// `output` has the shape of `input`; both may have any memory layout. The window's values reach `function` as `f64`, in
/// C order of the footprint's true elements. What it returns is cast to the output's type, see [`Element`]. The semantics
/// are those of `scipy.ndimage.generic_filter` 1.17, but for what the README lists.
///
/// For windows of up to 32 taps the function is compiled once for each number of them, for several instruction sets, and
/// works on several elements at once with vector instructions, if it is one that compilers can vectorise: with
/// `opt-level = 3`, without calls that are not inlined, and with short branches only (`if x < least { least = x }`; that is
/// up to twice as fast as `f64::min`). For larger windows, [`generic_filter_lanes`] does so.
///
/// With [`Options::threads`] the function runs on several threads at once. If it panics, the others stop and the panic
/// comes out here.
///
/// # Errors
/// [`Error::Shape`] if the shapes of input and output differ, if the window has not as many extents as it has axes, or if
/// one of them is 0 or too large. [`Error::Argument`] if an axis, an origin or the number of modes does not fit.
/// [`Error::Memory`] if memory runs out. [`Error::Cancelled`] if [`Options::progress`] asked for it.
pub fn generic_filter<A, B, D, F>(
    input: ArrayView<'_, A, D>,
    output: ArrayViewMut<'_, B, D>,
    window: &Window<'_>,
    options: Options<'_>,
    function: F,
) -> Result<(), Error>
where
    A: Element,
    B: Element,
    D: Dimension,
    F: Fn(&[f64]) -> f64 + Sync,
{
    filter::values(job(input, output, window, options)?, function)
}

/// As [`generic_filter`], for a [`LaneFunction`], which computes the results of several windows at a time: vectorised for
/// windows of any size.
///
/// See [`lane_function!`] for an example.
///
/// # Errors
/// As [`generic_filter`].
pub fn generic_filter_lanes<A, B, D, F>(
    input: ArrayView<'_, A, D>,
    output: ArrayViewMut<'_, B, D>,
    window: &Window<'_>,
    options: Options<'_>,
    function: F,
) -> Result<(), Error>
where
    A: Element,
    B: Element,
    D: Dimension,
    F: LaneFunction + Sync,
{
    filter::lanes(job(input, output, window, options)?, function)
}

/// As [`generic_filter`], for a function that may overwrite its values, to sort them for example.
///
/// ```
/// use llc::{Options, Window, generic_filter_mut};
/// use ndarray::array;
///
/// let signal = array![3.0, 1.0, 2.0, 5.0, 4.0];
/// let mut median = signal.clone();
/// generic_filter_mut(signal.view(), median.view_mut(), &Window::new(&[3]), Options::new(), |values| {
///     *values.select_nth_unstable_by(1, f64::total_cmp).1
/// })?;
/// assert_eq!(median, array![3.0, 2.0, 2.0, 4.0, 4.0]);
/// # Ok::<(), llc::Error>(())
/// ```
///
/// # Errors
/// As [`generic_filter`].
pub fn generic_filter_mut<A, B, D, F>(
    input: ArrayView<'_, A, D>,
    output: ArrayViewMut<'_, B, D>,
    window: &Window<'_>,
    options: Options<'_>,
    function: F,
) -> Result<(), Error>
where
    A: Element,
    B: Element,
    D: Dimension,
    F: Fn(&mut [f64]) -> f64 + Sync,
{
    filter::pixels(job(input, output, window, options)?, function)
}

/// As [`generic_filter`], for a function that keeps state: it runs on the calling thread only, in C order of the output.
///
/// ```
/// use llc::{Options, Window, generic_filter_seq};
/// use ndarray::array;
///
/// let signal = array![3.0, 1.0, 2.0, 5.0];
/// let mut smallest = signal.clone();
/// let mut windows = 0;
/// generic_filter_seq(signal.view(), smallest.view_mut(), &Window::new(&[3]), Options::new(), |values| {
///     windows += 1;
///     values.iter().copied().fold(f64::INFINITY, f64::min)
/// })?;
/// assert_eq!(smallest, array![1.0, 1.0, 1.0, 2.0]);
/// assert_eq!(windows, 4);
/// # Ok::<(), llc::Error>(())
/// ```
///
/// # Errors
/// As [`generic_filter`].
pub fn generic_filter_seq<A, B, D, F>(
    input: ArrayView<'_, A, D>,
    output: ArrayViewMut<'_, B, D>,
    window: &Window<'_>,
    options: Options<'_>,
    function: F,
) -> Result<(), Error>
where
    A: Element,
    B: Element,
    D: Dimension,
    F: FnMut(&[f64]) -> f64,
{
    filter::values_seq(job(input, output, window, options)?, function)
}

/// As [`generic_filter`], for a function that may give up by returning `None`.
///
/// ```
/// use llc::{Error, Options, Window, try_generic_filter};
/// use ndarray::array;
///
/// let signal = array![1.0, 4.0, -9.0, 16.0];
/// let mut roots = signal.clone();
/// let result = try_generic_filter(signal.view(), roots.view_mut(), &Window::new(&[1]), Options::new(), |values| {
///     (values[0] >= 0.0).then(|| values[0].sqrt())
/// });
/// assert_eq!(result, Err(Error::Callback { index: 2 }));
/// assert_eq!(roots[1], 2.0);
/// ```
///
/// # Errors
/// As [`generic_filter`], and [`Error::Callback`] with the lowest element at which the function gave up.
pub fn try_generic_filter<A, B, D, F>(
    input: ArrayView<'_, A, D>,
    output: ArrayViewMut<'_, B, D>,
    window: &Window<'_>,
    options: Options<'_>,
    function: F,
) -> Result<(), Error>
where
    A: Element,
    B: Element,
    D: Dimension,
    F: Fn(&[f64]) -> Option<f64> + Sync,
{
    filter::values(job(input, output, window, options)?, function)
}

fn job<'a, 'o, A: Element, B: Element, D: Dimension>(
    input: ArrayView<'a, A, D>,
    mut output: ArrayViewMut<'a, B, D>,
    window: &'a Window<'a>,
    options: Options<'o>,
) -> Result<filter::Job<'a, 'o>, Error> {
    let bytes = |name: &str, strides: &[isize], size: usize| {
        memory::try_collected(strides.iter().map(|stride| {
            let overflow = || Error::shape(format_args!("{name}.strides: {stride} elements overflow isize in bytes"));
            stride.checked_mul(size as isize).ok_or_else(overflow)
        }))
    };
    let shape = |shape: &[usize]| memory::collected(shape.iter().copied());

    let strides = bytes("input", input.strides(), size_of::<A>())?;
    // SAFETY: the elements of an ArrayView can be read during its life, and nobody writes them.
    let input =
        unsafe { array::Input::new("input", input.as_ptr().cast(), A::DTYPE, shape(input.shape())?, Some(strides))? };

    let strides = bytes("output", output.strides(), size_of::<B>())?;
    let extents = shape(output.shape())?;
    // SAFETY: the elements of an ArrayViewMut are its own during its life.
    let output = unsafe { array::Output::new("output", output.as_mut_ptr().cast(), B::DTYPE, extents, Some(strides))? };
    Ok(filter::Job { input, output, window, options })
}

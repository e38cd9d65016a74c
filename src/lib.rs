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
//!         for &value in &*values {
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
//! The same engine stands behind a C ABI, `include/llc.h`; the shared and the static library export it.

mod array;
mod boundary;
mod capi;
mod dtype;
mod error;
mod filter;
mod gate;
mod kernels;
mod lines;
mod memory;
mod parallel;
mod signals;
mod simd;
mod stopwatch;
mod window;

use ndarray::{ArrayView, ArrayViewMut, Dimension};

use kernels::pixel::Pixel;

pub use boundary::Mode;
pub use dtype::Element;
pub use error::Error;
pub use filter::Options;
pub use parallel::Threads;
pub use window::Window;

/// Applies `function` to the window around every element of `input`.
///
/// `output` has the shape of `input`; both may have any memory layout. The window's values reach `function` as `f64`, in
/// C order of the footprint's true elements; it may overwrite them, to sort them in place for example. What it returns
/// is cast to the output's type, see [`Element`].
///
/// With [`Options::threads`] the function runs on several threads at once. If it panics, the others stop and the panic
/// comes out here.
///
/// # Errors
/// [`Error::Shape`] if the shapes of input and output differ, or an extent of the window is 0, or they are too many or too
/// large. [`Error::Argument`] if an axis, an origin or the number of modes does not fit. [`Error::Memory`] if memory runs
/// out. [`Error::Cancelled`] if [`Options::progress`] asked for it.
///
/// Semantics: `scipy.ndimage.generic_filter` 1.17.
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
    F: Fn(&mut [f64]) -> f64 + Sync,
{
    filter_pixels(job(input, output, window, options)?, |values, result| {
        *result = function(values);
        true
    })
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
    mut function: F,
) -> Result<(), Error>
where
    A: Element,
    B: Element,
    D: Dimension,
    F: FnMut(&mut [f64]) -> f64,
{
    filter::filter_seq(job(input, output, window, options)?, |plan| {
        Pixel::new(plan.run_lengths(), |values: &mut [f64], result: &mut f64| {
            *result = function(values);
            true
        })
    })
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
    F: Fn(&mut [f64]) -> Option<f64> + Sync,
{
    filter_pixels(job(input, output, window, options)?, |values, result| {
        let value = function(values);
        *result = value.unwrap_or_default();
        value.is_some()
    })
}

fn filter_pixels(
    job: filter::Job<'_, '_>,
    function: impl Fn(&mut [f64], &mut f64) -> bool + Sync,
) -> Result<(), Error> {
    filter::filter(job, |plan| Pixel::new(plan.run_lengths(), &function))
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

//! The C ABI and nothing else: pointers in, checked values out, the calls of the crate, a status back.

#![allow(non_camel_case_types)]
// cbindgen exports what is `pub`.
#![allow(unreachable_pub)]
// The doc comments are the C header's; what C calls a contract, Rust calls safety.
#![allow(clippy::missing_safety_doc)]

mod answer;
mod builtins;
mod read;
mod types;

use std::ffi::{CStr, c_char, c_int, c_void};

use crate::filter;
use crate::kernels::pixel::Pixel;
use crate::kernels::strip::{Strip, Strips};
use crate::lines::{BATCH_MAX, LANES, Plan};
use crate::recognised;
use answer::{Failure, answer};
pub use types::*;

/// Calls function on the window around every element of input and writes the values that it sets to output.
///
/// Arrays of any dtype and layout, 0 to 64 axes; output has the extents of input and any dtype. Elements reach the
/// callback as double. The values it sets are cast to the output's dtype: truncated toward zero, then wrapped modulo
/// 2^bits; NaN becomes 0, magnitudes of 2^64 and more become the type's nearest limit; LLC_BOOL is (truncated != 0);
/// LLC_FLOAT32 is rounded. If input and output share memory, the result is as if input had been copied first. If
/// elements of output share memory with each other (zero strides), the calling thread does all the work, in C order.
///
/// input, output, window and function must not be NULL. user_data is passed on as it is and may be NULL. options: NULL
/// for all defaults. error: filled in if not NULL, whatever it held. Structs and lists are aligned as their types ask.
///
/// Returns LLC_OK or an LLC_ERROR_*. Errors in the arguments are found before anything is written. If a callback
/// returned 0, error->index is the lowest such element in C order, whatever the number of threads: all elements before
/// it are written, later ones may be. An array with an extent of 0 has no elements: no callback is called.
///
/// Any function here may be called from any thread, by several at once, from callbacks, and in a child after fork. The
/// library keeps no state between calls and no threads; if workers can't be started, fewer run. During a call nobody
/// else may write to input or touch output; several calls may read the same input. What was written before the call is
/// seen by the callbacks, and what they write after it. errno and the floating-point flags are unspecified afterwards.
///
/// Same results as scipy.ndimage.generic_filter of SciPy 1.17 with the callback as LowLevelCallable, except where SciPy's
/// are wrong or undefined (the README lists these cases).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_generic_filter(
    input: *const llc_array,
    output: *const llc_array,
    window: *const llc_window,
    function: llc_filter_fn,
    user_data: *mut c_void,
    options: *const llc_options,
    error: *mut llc_error,
) -> llc_status {
    let user_data = UserData(user_data);
    answer(error, || {
        let function = function.ok_or_else(|| read::null(format_args!("function")))?;
        let call = move |buffer: &mut [f64], value: &mut f64| {
            // SAFETY: the caller's function, called as the header says it is.
            unsafe { function(buffer.as_mut_ptr(), buffer.len() as isize, value, user_data.pointer()) != 0 }
        };
        let kernel = |plan: &Plan<'_>| Pixel::new(plan.run_lengths(), call);
        // SAFETY: the caller's pointers are what the header says.
        unsafe {
            run(input, output, window, options, |job| {
                match builtins::recognised(Some(function), user_data.pointer(), job.window.taps())? {
                    Some(builtin) => Ok(recognised::filter(job, builtin, kernel)?),
                    None => Ok(filter::filter(job, kernel)?),
                }
            })
        }
    })
}

/// Calls function on many windows at a time and writes the values that it sets to output.
///
/// Everything else is as llc_generic_filter has it: arguments, semantics, errors, threads, progress; and so are the
/// results, to the bit, of functions that compute the same from the same values. What function is handed and may rely on,
/// llc_batch_fn says. If it returned 0, error->index is the first element of the lowest such batch.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llc_batch_filter(
    input: *const llc_array,
    output: *const llc_array,
    window: *const llc_window,
    function: llc_batch_fn,
    user_data: *mut c_void,
    options: *const llc_options,
    error: *mut llc_error,
) -> llc_status {
    let user_data = UserData(user_data);
    answer(error, || {
        let function = function.ok_or_else(|| read::null(format_args!("function")))?;
        let kernel = |plan: &Plan<'_>| Strips::new(plan.taps(), Batches { function, user_data, shape: plan.shape() });
        // SAFETY: the caller's pointers are what the header says.
        unsafe { run(input, output, window, options, |job| Ok(filter::filter(job, kernel)?)) }
    })
}

const _: () = assert!(LLC_BATCH_MAX as usize == BATCH_MAX && LLC_LANES as usize == LANES);

/// A caller's batch callback.
struct Batches {
    function: unsafe extern "C" fn(*const *const f64, isize, *mut f64, isize, *const llc_batch, *mut c_void) -> c_int,
    user_data: UserData,
    /// The plan's, which outlives all that works by it.
    shape: *const [usize],
}

impl Strip for Batches {
    const WHOLE_BATCHES: bool = true;

    unsafe fn run(&mut self, first: usize, taps: &[*const f64], results: &mut [f64]) -> usize {
        let batch = llc_batch {
            struct_size: size_of::<llc_batch>(),
            first: first as isize,
            ndim: self.shape.len() as isize,
            shape: self.shape.cast(),
        };
        let (filter_size, count) = (taps.len() as isize, results.len() as isize);
        let (results_at, user_data) = (results.as_mut_ptr(), self.user_data.pointer());
        // SAFETY: the caller's function, called as the header says it is.
        let go_on = unsafe { (self.function)(taps.as_ptr(), filter_size, results_at, count, &batch, user_data) };
        if go_on != 0 { results.len() } else { 0 }
    }
}

/// Reads what both kinds of filter are called with, and runs them.
///
/// # Safety
/// The pointers are what the header says.
unsafe fn run(
    input: *const llc_array,
    output: *const llc_array,
    window: *const llc_window,
    options: *const llc_options,
    filter: impl FnOnce(filter::Job<'_, '_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    // SAFETY: passed on.
    let (input, output, window, options) = unsafe {
        (read::input(input)?, read::output(output)?, read::WindowParts::new(window)?, read::options(options)?)
    };
    // SAFETY: as above.
    let modes = unsafe { read::axis_modes(&options, window.ndim())? };
    let plain = read::plain_options(&options, modes.as_deref())?;
    let mut progress = |fraction| {
        // SAFETY: the caller's function, called as the header says it is.
        options.progress.is_none_or(|progress| unsafe { progress(fraction, options.progress_data) != 0 })
    };
    let options = if options.progress.is_some() { plain.progress(&mut progress) } else { plain };
    filter(filter::Job { input, output, window: &window.window(), options })
}

/// What a status means, in a few English words. Never NULL: any number has a text, static and zero-terminated.
#[unsafe(no_mangle)]
pub extern "C" fn llc_status_string(status: llc_status) -> *const c_char {
    let text: &CStr = match status {
        LLC_OK => c"success",
        LLC_ERROR_NULL => c"a pointer is NULL that must not be",
        LLC_ERROR_ARGUMENT => c"an argument's value is not allowed",
        LLC_ERROR_SHAPE => c"extents are not allowed or do not fit each other",
        LLC_ERROR_DTYPE => c"unknown dtype",
        LLC_ERROR_MEMORY => c"out of memory",
        LLC_ERROR_CALLBACK => c"the callback returned 0",
        LLC_ERROR_CANCELLED => c"cancelled by the progress function",
        LLC_ERROR_INTERNAL => c"internal error: a defect of libllc",
        _ => c"unknown status",
    };
    text.as_ptr()
}

/// The version of the library that runs, "MAJOR.MINOR.PATCH"; LLC_VERSION_STRING is that of this header. Static text.
#[unsafe(no_mangle)]
pub extern "C" fn llc_version_string() -> *const c_char {
    const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("a version has no zero byte"),
    };
    VERSION.as_ptr()
}

/// The pointer that a callback gets back. What several threads may do with it is the callback's affair.
#[derive(Clone, Copy)]
struct UserData(*mut c_void);

// SAFETY: the library only passes it on; the header says that callbacks of a parallel call run at the same time.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl UserData {
    /// A method, so that closures take the whole UserData along, not its pointer, which is not Sync.
    fn pointer(self) -> *mut c_void {
        self.0
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod layout {
    use std::mem::offset_of;

    use super::*;

    /// The numbers that c_tests/layout.c asserts on the C side.
    #[test]
    fn structs_are_laid_out_as_in_c() {
        assert_eq!(size_of::<llc_error>(), 288);
        assert_eq!(
            [
                offset_of!(llc_error, status),
                offset_of!(llc_error, reserved0),
                offset_of!(llc_error, index),
                offset_of!(llc_error, reserved),
                offset_of!(llc_error, message)
            ],
            [0, 4, 8, 16, 32]
        );
        assert_eq!(size_of::<llc_array>(), 32);
        assert_eq!(
            [
                offset_of!(llc_array, data),
                offset_of!(llc_array, dtype),
                offset_of!(llc_array, ndim),
                offset_of!(llc_array, shape),
                offset_of!(llc_array, strides)
            ],
            [0, 8, 12, 16, 24]
        );
        assert_eq!(size_of::<llc_window>(), 40);
        assert_eq!(
            [
                offset_of!(llc_window, ndim),
                offset_of!(llc_window, flags),
                offset_of!(llc_window, shape),
                offset_of!(llc_window, footprint),
                offset_of!(llc_window, origins),
                offset_of!(llc_window, axes)
            ],
            [0, 4, 8, 16, 24, 32]
        );
        assert_eq!(size_of::<llc_batch>(), 32);
        assert_eq!(
            [
                offset_of!(llc_batch, struct_size),
                offset_of!(llc_batch, first),
                offset_of!(llc_batch, ndim),
                offset_of!(llc_batch, shape)
            ],
            [0, 8, 16, 24]
        );
        assert_eq!(size_of::<llc_options>(), 48);
        assert_eq!(
            [
                offset_of!(llc_options, struct_size),
                offset_of!(llc_options, mode),
                offset_of!(llc_options, threads),
                offset_of!(llc_options, cval),
                offset_of!(llc_options, axis_modes),
                offset_of!(llc_options, progress),
                offset_of!(llc_options, progress_data)
            ],
            [0, 8, 12, 16, 24, 32, 40]
        );
    }
}

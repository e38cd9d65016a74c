//! The C ABI and nothing else: pointers in, checked values out, the calls of the crate, a status back.

#![allow(non_camel_case_types)]
// The doc comments are the C header's; what C calls a contract, Rust calls safety.
#![allow(clippy::missing_safety_doc)]

mod guard;
mod read;
mod types;

use std::ffi::{CStr, c_char, c_void};

use crate::filter;
use guard::guarded;
pub use types::*;

/// Applies function to the window around every element of input and writes what it returns to output.
///
/// Arrays of any dtype and layout, 0 to 64 axes; output has the extents of input and any dtype. Elements reach the
/// callback as double. What it returns is cast to the output's dtype: truncated toward zero, then wrapped modulo
/// 2^bits; NaN becomes 0, magnitudes of 2^64 and more become the type's nearest limit; LLC_BOOL is (truncated != 0);
/// LLC_FLOAT32 is rounded. If input and output share memory, the result is as if input had been copied first. If
/// elements of output share memory with each other (zero strides), the calling thread does all the work, in C order.
///
/// function and user_data: see llc_filter_fn. options: NULL for all defaults. error: filled in if not NULL.
///
/// Returns LLC_OK or an LLC_ERROR_*. Errors in the arguments are found before anything is written. If a callback
/// returned 0, error->index is the lowest such element in C order, whatever the number of threads: all elements before
/// it are written, later ones may be. An array with an extent of 0 has no elements: no callback is called.
///
/// May be called from any thread, by several at once, and from callbacks. The library keeps no state between calls and
/// no threads; errno and the floating-point flags are unspecified afterwards.
///
/// Same results as scipy.ndimage.generic_filter of SciPy 1.17, with the callback as LowLevelCallable.
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
    todo!()
}

/// What a status means, in a few English words. Never NULL: any number has a text, static and zero-terminated.
#[unsafe(no_mangle)]
pub extern "C" fn llc_status_string(status: llc_status) -> *const c_char {
    todo!()
}

/// The version of the library that runs, "MAJOR.MINOR.PATCH"; LLC_VERSION_STRING is that of this header. Static text.
#[unsafe(no_mangle)]
pub extern "C" fn llc_version_string() -> *const c_char {
    todo!()
}

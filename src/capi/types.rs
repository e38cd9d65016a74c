//! The types and constants of the C ABI. Their doc comments are the text of `llc.h`, written for a C reader.

use std::ffi::{c_char, c_int, c_void};

// cbindgen knows it by this name.
type size_t = usize;

/// What a call came to: LLC_OK (0), or one of the negative LLC_ERROR_* numbers. Numbers are never reused.
pub type llc_status = i32;

/// Status: everything was done. All other statuses are negative.
pub const LLC_OK: i32 = 0;
/// Status: a pointer that must not be NULL is NULL.
pub const LLC_ERROR_NULL: i32 = -1;
/// Status: a value is not allowed: a mode, an axis, an origin, a thread count, a flag, a struct_size; a pointer that is
/// not aligned.
pub const LLC_ERROR_ARGUMENT: i32 = -2;
/// Status: extents are not allowed (negative, too many, too large to address), or do not fit each other.
pub const LLC_ERROR_SHAPE: i32 = -3;
/// Status: a dtype is not one of LLC_BOOL ... LLC_FLOAT64.
pub const LLC_ERROR_DTYPE: i32 = -4;
/// Status: memory ran out. Nothing was written.
pub const LLC_ERROR_MEMORY: i32 = -5;
/// Status: a callback returned 0. llc_error.index says for which output element.
pub const LLC_ERROR_CALLBACK: i32 = -6;
/// Status: the progress function returned 0. The output may be partly written.
pub const LLC_ERROR_CANCELLED: i32 = -7;
/// Status: a defect of the library itself. Please report it. The output may be partly written.
pub const LLC_ERROR_INTERNAL: i32 = -8;

/// How a call ended, in full. Optional: pass NULL where the status alone is enough.
///
/// Every call fills it, successful ones too (status LLC_OK, index -1, an empty message). This struct never changes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct llc_error {
    /// The same status that the call returns.
    pub status: llc_status,
    /// Written as 0.
    pub reserved0: i32,
    /// For LLC_ERROR_CALLBACK the output element whose callback returned 0, counted in C order; otherwise -1.
    pub index: isize,
    /// Written as 0.
    pub reserved: [isize; 2],
    /// UTF-8, ended by a zero byte: which argument, its value, what is allowed.
    pub message: [c_char; 256],
}

/// dtype of one byte: 0 is false, anything else true. Read as 0.0 or 1.0; written as 0 or 1.
///
/// Dtypes are DLPack's: type code (int 0, uint 1, float 2, bool 6) in the low byte, bits above it. 0 is never one.
pub const LLC_BOOL: i32 = 6 | 8 << 8;
/// dtype of int8_t.
pub const LLC_INT8: i32 = 8 << 8;
/// dtype of int16_t.
pub const LLC_INT16: i32 = 16 << 8;
/// dtype of int32_t.
pub const LLC_INT32: i32 = 32 << 8;
/// dtype of int64_t. Values beyond 2^53 are rounded when they become double, as in SciPy.
pub const LLC_INT64: i32 = 64 << 8;
/// dtype of uint8_t.
pub const LLC_UINT8: i32 = 1 | 8 << 8;
/// dtype of uint16_t.
pub const LLC_UINT16: i32 = 1 | 16 << 8;
/// dtype of uint32_t.
pub const LLC_UINT32: i32 = 1 | 32 << 8;
/// dtype of uint64_t. Values beyond 2^53 are rounded when they become double, as in SciPy.
pub const LLC_UINT64: i32 = 1 | 64 << 8;
/// dtype of float (IEEE 754 binary32).
pub const LLC_FLOAT32: i32 = 2 | 32 << 8;
/// dtype of double (IEEE 754 binary64).
pub const LLC_FLOAT64: i32 = 2 | 64 << 8;

/// The largest number of axes an array may have.
pub const LLC_MAX_NDIM: i32 = 64;

/// A view of the caller's n-dimensional array. The library reads or writes the elements and keeps nothing.
///
/// In C, LLC_ARRAY(data, dtype, extents...) makes one. This struct never changes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct llc_array {
    /// Address of element [0, ..., 0], whatever the signs of the strides. Needs no alignment.
    /// May be NULL if the array has no elements. Memory of an input is only read.
    pub data: *mut c_void,
    /// LLC_BOOL ... LLC_FLOAT64.
    pub dtype: i32,
    /// Number of axes, 0 to LLC_MAX_NDIM. An array of no axes has one element.
    pub ndim: i32,
    /// ndim extents in elements, 0 or more each. May be NULL if ndim is 0.
    pub shape: *const isize,
    /// ndim steps in BYTES from an element to the next along the axis: any sign, zero, or no multiple of the
    /// element's size. NULL: C order without gaps, the last axis fastest.
    pub strides: *const isize,
}

/// The window around an output element: which neighbours the callback gets to see. They are called the taps.
///
/// Output element p sees, along an axis with extent L and origin o, the input elements p - L/2 - o + k for
/// k = 0 ... L-1 (integer division: an even L reaches one element further towards lower indices).
/// In C, LLC_BOX(extents...) makes one for all axes of an array. This struct never changes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct llc_window {
    /// Number of filtered axes: the array's ndim, or fewer with axes given. 0: a window of the one element itself.
    pub ndim: i32,
    /// Must be 0.
    pub flags: i32,
    /// Extents, one for each filtered axis, 1 or more; a window may be larger than the array.
    pub shape: *const isize,
    /// Mask with the extents of shape, in C order without gaps; the elements that are not 0 are taps, and reach the
    /// callback in this order. All may be 0: filter_size is 0 then. NULL: every element is a tap.
    pub footprint: *const u8,
    /// Shifts, one for each filtered axis, from -(L/2) to (L-1)/2; a positive one moves the window towards lower
    /// indices. NULL: all 0, that is centred.
    pub origins: *const isize,
    /// The array axes that the entries above are for, in any order, none twice; negative ones count from the end.
    /// Along the other axes the window has extent 1. NULL: all axes of the array, in order.
    pub axes: *const i32,
}

/// Boundary mode: the function's own. For filters that is LLC_MODE_REFLECT.
///
/// A boundary mode says which value a tap has whose coordinate c lies outside 0 ... n-1, however far. The comments
/// show what surrounds a line a b c d.
pub const LLC_MODE_DEFAULT: i32 = 0;
/// d c b a | a b c d | d c b a
pub const LLC_MODE_REFLECT: i32 = 1;
/// a a a a | a b c d | d d d d
pub const LLC_MODE_NEAREST: i32 = 2;
/// d c b | a b c d | c b a: the edge elements are not repeated (a line of one element repeats it).
pub const LLC_MODE_MIRROR: i32 = 3;
/// a b c d | a b c d | a b c d
pub const LLC_MODE_WRAP: i32 = 4;
/// v v v v | a b c d | v v v v, where v is llc_options.cval, not cast to the array's dtype.
pub const LLC_MODE_CONSTANT: i32 = 5;
/// For filters the same as LLC_MODE_CONSTANT.
pub const LLC_MODE_GRID_CONSTANT: i32 = 6;
/// For filters the same as LLC_MODE_REFLECT.
pub const LLC_MODE_GRID_MIRROR: i32 = 7;
/// For filters the same as LLC_MODE_WRAP.
pub const LLC_MODE_GRID_WRAP: i32 = 8;

/// For llc_options.threads: as many threads as the process may use cores.
pub const LLC_ALL_CORES: i32 = -1;

/// Hears how far a call has come; may cancel it.
///
/// Called on the thread that made the call: at least every 50 ms while callbacks return, and, if nothing failed, once
/// more at the end with fraction 1, for arrays without elements too. (The clock is read after every eighth fast
/// callback; if they turn slow all of a sudden, the first time may be up to eight callbacks late. With batch callbacks it
/// is read before each.) fraction never falls.
///
/// Returns non-zero to go on; 0 cancels: the call ends with LLC_ERROR_CANCELLED as soon as the callbacks under way have
/// returned, also when all is done. Must not throw, longjmp, end the thread or alter the arrays, structs and lists of
/// the running call; it may call this library.
pub type llc_progress_fn = Option<unsafe extern "C" fn(fraction: f64, progress_data: *mut c_void) -> c_int>;

/// How to run. Zero in any field means its default, so LLC_OPTIONS_INIT, or zeros after struct_size, are all defaults.
///
/// Later versions add fields at the end. A program compiled with this header works with them unchanged.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct llc_options {
    /// sizeof(llc_options). Fields that a smaller one leaves out count as 0. Bytes of a larger one that this version
    /// of the library does not know must be 0 (and no more than 4096 in all).
    pub struct_size: size_t,
    /// Boundary mode along every filtered axis, LLC_MODE_*.
    pub mode: i32,
    /// 0 or 1: the calling thread only, which calls back in C order of the output. n: at most n threads, of which the
    /// calling thread is one. LLC_ALL_CORES: as many as the process may use cores. Callbacks on several threads come in
    /// no particular order; results are the same for any number. Small jobs stay on the calling thread.
    pub threads: i32,
    /// Value of the taps outside the array in LLC_MODE_CONSTANT and LLC_MODE_GRID_CONSTANT.
    pub cval: f64,
    /// Boundary modes, one for each filtered axis (entry i is for the window's axes[i]), instead of mode. NULL: mode.
    pub axis_modes: *const i32,
    /// Called now and then, see llc_progress_fn. NULL: nobody listens.
    pub progress: llc_progress_fn,
    /// Passed to progress.
    pub progress_data: *mut c_void,
}

/// The function applied to every window, a pixel callback: what scipy.LowLevelCallable takes, unchanged.
///
/// Sets *return_value, 0.0 on entry, from the filter_size doubles in buffer: the taps in C order of the footprint. It
/// may overwrite the buffer. Returns non-zero to go on; 0 stops the call, which then ends with LLC_ERROR_CALLBACK.
///
/// buffer and return_value are valid during the call only; if filter_size is 0, there is nothing in the buffer.
///
/// With more than one thread it runs on several at a time, with the same user_data. Workers block asynchronous signals,
/// have stacks of at least 2 MiB and the caller's floating-point environment. It must not throw, longjmp, end the thread
/// or alter the arrays, structs and lists of the running call; it may call this library.
pub type llc_filter_fn = Option<
    unsafe extern "C" fn(buffer: *mut f64, filter_size: isize, return_value: *mut f64, user_data: *mut c_void) -> c_int,
>;

/// The largest count that a batch callback is called with.
pub const LLC_BATCH_MAX: i32 = 1024;

/// The taps of a batch can be read up to count rounded up to a multiple of this.
pub const LLC_LANES: i32 = 16;

/// Which elements a batch callback works on. Later versions add fields at the end.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct llc_batch {
    /// Bytes that the library has filled in: at least those of the fields that this header shows.
    pub struct_size: size_t,
    /// The first element of the batch: its index in the output, counted in C order.
    pub first: isize,
    /// Number of axes of the output.
    pub ndim: isize,
    /// Extents of the output.
    pub shape: *const isize,
}

/// A function applied to many windows at a time, a batch callback: it can work on several elements at once, with vector
/// instructions. LLC_FUNCTION makes one from a function of one window's values.
///
/// Sets return_values[j] for each j in 0 ... count-1, from the taps of that element: taps[k][j], for k in 0 ...
/// filter_size-1, in C order of the footprint. The elements follow each other in C order of the output, beginning with
/// element batch->first; count is 1 to LLC_BATCH_MAX. Which elements make up a batch does not depend on the number of
/// threads. filter_size is the number of taps; a later version may leave some out, so any number from 0 to that must do.
///
/// taps[k] points to doubles that are only to be read: count of them, and behind those as many as make count a multiple
/// of LLC_LANES, which have no meaning but let vectors be read whole. Taps overlap each other. return_values overlaps
/// none of them (it may be declared restrict), has room for count doubles and no more, and holds anything on entry. All
/// pointers are aligned for doubles, no more. They and the memory behind them are valid during the call only.
///
/// Returns non-zero to go on; 0 stops the call, which then ends with LLC_ERROR_CALLBACK. What llc_filter_fn says of
/// threads, and of what a callback must not do, holds here too.
pub type llc_batch_fn = Option<
    unsafe extern "C" fn(
        taps: *const *const f64,
        filter_size: isize,
        return_values: *mut f64,
        count: isize,
        batch: *const llc_batch,
        user_data: *mut c_void,
    ) -> c_int,
>;

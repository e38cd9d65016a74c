//! From what C passes to the crate's own types: every pointer and every number is checked here or there.

use std::ffi::c_void;
use std::fmt::Arguments;
use std::mem::MaybeUninit;
use std::{ptr, slice};

use super::answer::Failure;
use super::types::*;
use crate::array::{Input, Output};
use crate::boundary::Mode;
use crate::dtype::DType;
use crate::error::{Error, message};
use crate::filter::Options;
use crate::memory;
use crate::parallel::Threads;
use crate::window::{self, Window};

/// What `pointer` points to; NULL is an error that names it.
///
/// # Safety
/// It is NULL or what its type says, during `'a`.
pub(super) unsafe fn required<'a, T>(pointer: *const T, name: Arguments<'_>) -> Result<&'a T, Failure> {
    check_pointer(pointer, name)?;
    // SAFETY: neither NULL nor misaligned, and otherwise the caller's word.
    Ok(unsafe { &*pointer })
}

/// A list of `len` items; NULL is an error unless there are none.
///
/// # Safety
/// It is NULL or points to so many, during `'a`.
pub(super) unsafe fn list<'a, T>(pointer: *const T, len: usize, name: Arguments<'_>) -> Result<&'a [T], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    check_pointer(pointer, name)?;
    if len > isize::MAX as usize / size_of::<T>() {
        return Err(memory::out_of_memory::<T>(len).into());
    }
    // SAFETY: neither NULL nor misaligned, not longer than memory, and otherwise the caller's word.
    Ok(unsafe { slice::from_raw_parts(pointer, len) })
}

/// A list that may be left out.
///
/// # Safety
/// As [`list`].
unsafe fn optional_list<'a, T>(pointer: *const T, len: usize, name: Arguments<'_>) -> Result<Option<&'a [T]>, Failure> {
    // SAFETY: passed on.
    if pointer.is_null() { Ok(None) } else { unsafe { list(pointer, len, name) }.map(Some) }
}

/// Checks a pointer that is to point to something.
fn check_pointer<T>(pointer: *const T, name: Arguments<'_>) -> Result<(), Failure> {
    if pointer.is_null() {
        return Err(null(name));
    }
    if !pointer.is_aligned() {
        return Err(Error::argument(format_args!(
            "{name} is {pointer:p}, but must be a multiple of {} as any pointer to its type",
            align_of::<T>()
        ))
        .into());
    }
    Ok(())
}

pub(super) fn null(name: Arguments<'_>) -> Failure {
    message(format_args!("{name} is NULL, which is not allowed here")).map_or_else(Failure::Engine, Failure::Null)
}

/// The input array.
///
/// # Safety
/// `array` is what the header says, and its elements can be read, during `'a`.
pub(super) unsafe fn input<'a>(array: *const llc_array) -> Result<Input<'a>, Failure> {
    // SAFETY: passed on.
    unsafe {
        let (data, dtype, shape, strides) = parts(array, "input")?;
        Ok(Input::new("input", data.cast(), dtype, shape, strides)?)
    }
}

/// The output array.
///
/// # Safety
/// `array` is what the header says, and its elements can be written, during `'a`.
pub(super) unsafe fn output<'a>(array: *const llc_array) -> Result<Output<'a>, Failure> {
    // SAFETY: passed on.
    unsafe {
        let (data, dtype, shape, strides) = parts(array, "output")?;
        Ok(Output::new("output", data.cast(), dtype, shape, strides)?)
    }
}

type Parts = (*mut c_void, DType, Vec<usize>, Option<Vec<isize>>);

/// # Safety
/// `array` is what the header says.
unsafe fn parts(array: *const llc_array, name: &str) -> Result<Parts, Failure> {
    // SAFETY: passed on.
    let array = unsafe { required(array, format_args!("{name}"))? };
    let dtype = dtype(array.dtype, name)?;
    let ndim = ndim(array.ndim, name)?;
    // SAFETY: passed on: ndim entries each.
    let (shape, strides) = unsafe {
        (
            list(array.shape, ndim, format_args!("{name}.shape"))?,
            optional_list(array.strides, ndim, format_args!("{name}.strides"))?,
        )
    };
    let shape = extents(shape, name)?;
    let strides = strides.map(|strides| memory::collected(strides.iter().copied())).transpose()?;
    if array.data.is_null() && !shape.contains(&0) {
        return Err(null(format_args!("{name}.data")));
    }
    Ok((array.data, dtype, shape, strides))
}

fn dtype(code: i32, name: &str) -> Result<DType, Failure> {
    Ok(match code {
        LLC_BOOL => DType::Bool,
        LLC_INT8 => DType::Int8,
        LLC_INT16 => DType::Int16,
        LLC_INT32 => DType::Int32,
        LLC_INT64 => DType::Int64,
        LLC_UINT8 => DType::UInt8,
        LLC_UINT16 => DType::UInt16,
        LLC_UINT32 => DType::UInt32,
        LLC_UINT64 => DType::UInt64,
        LLC_FLOAT32 => DType::Float32,
        LLC_FLOAT64 => DType::Float64,
        _ => {
            let text = message(format_args!(
                "{name}.dtype is {code} ({code:#x}), but must be one of LLC_BOOL, LLC_INT8 ... LLC_FLOAT64"
            ));
            return Err(text.map_or_else(Failure::Engine, Failure::DType));
        }
    })
}

fn ndim(ndim: i32, name: &str) -> Result<usize, Failure> {
    match usize::try_from(ndim) {
        Ok(ndim) if ndim <= LLC_MAX_NDIM as usize => Ok(ndim),
        _ => Err(Error::shape(format_args!("{name}.ndim is {ndim}, but 0..={LLC_MAX_NDIM} is allowed")).into()),
    }
}

fn extents(shape: &[isize], name: &str) -> Result<Vec<usize>, Failure> {
    Ok(memory::try_collected(shape.iter().enumerate().map(|(i, &extent)| {
        let negative = |_| Error::shape(format_args!("{name}.shape[{i}] is {extent}, but extents are not negative"));
        usize::try_from(extent).map_err(negative)
    }))?)
}

/// A window as C describes it, kept where the crate's own can borrow it.
pub(super) struct WindowParts<'a> {
    shape: Vec<usize>,
    footprint: Option<&'a [u8]>,
    origins: Option<&'a [isize]>,
    axes: Option<Vec<isize>>,
}

impl<'a> WindowParts<'a> {
    /// # Safety
    /// `window` is what the header says, during `'a`.
    pub(super) unsafe fn new(window: *const llc_window) -> Result<Self, Failure> {
        // SAFETY: passed on.
        let window = unsafe { required(window, format_args!("window"))? };
        let ndim = ndim(window.ndim, "window")?;
        if window.flags != 0 {
            return Err(Error::argument(format_args!("window.flags is {}, but must be 0", window.flags)).into());
        }
        // SAFETY: passed on: ndim entries each.
        let (shape, origins, axes) = unsafe {
            (
                list(window.shape, ndim, format_args!("window.shape"))?,
                optional_list(window.origins, ndim, format_args!("window.origins"))?,
                optional_list(window.axes, ndim, format_args!("window.axes"))?,
            )
        };
        let shape = extents(shape, "window")?;
        let volume = window::volume(&shape)?;
        // SAFETY: passed on: a mask has the window's extents.
        let footprint = unsafe { optional_list(window.footprint, volume, format_args!("window.footprint"))? };
        let axes = axes.map(|axes| memory::collected(axes.iter().map(|&axis| axis as isize))).transpose()?;
        Ok(WindowParts { shape, footprint, origins, axes })
    }

    pub(super) fn window(&self) -> Window<'_> {
        let mut window = Window::from_parts((&self.shape[..]).into(), self.footprint.map(Into::into));
        if let Some(origins) = self.origins {
            window = window.origins(origins);
        }
        if let Some(axes) = &self.axes {
            window = window.axes(axes);
        }
        window
    }

    /// Entries of the lists that go with the window.
    pub(super) fn ndim(&self) -> usize {
        self.shape.len()
    }
}

/// The caller's options as this version knows them: fields that its struct does not have are 0.
///
/// # Safety
/// `options` is NULL or points to as many bytes as the struct_size at its start says.
pub(super) unsafe fn options(options: *const llc_options) -> Result<llc_options, Failure> {
    const OLDEST: usize = size_of::<llc_options>();
    // SAFETY: a struct of zeros is all defaults, apart from its size.
    let mut known = llc_options { struct_size: OLDEST, ..unsafe { MaybeUninit::zeroed().assume_init() } };
    if !options.is_null() {
        check_pointer(options, format_args!("options"))?;
        // SAFETY: passed on; the struct's first field is its size.
        let size = unsafe { options.cast::<usize>().read() };
        // SAFETY: the caller's struct has `size` bytes, and `known` is plain data.
        unsafe { copy_struct(options.cast(), size, OLDEST, &mut known)? };
    }
    Ok(known)
}

/// The largest struct_size that is believed.
const STRUCT_SIZE_MAX: usize = 4096;

/// Copies what two versions of a struct have in common. What the caller's lacks stays as it is; what it has beyond must
/// be 0.
///
/// # Safety
/// `from` points to `size` bytes, and any bytes are a `T`.
unsafe fn copy_struct<T>(from: *const u8, size: usize, oldest: usize, to: &mut T) -> Result<(), Failure> {
    if !(oldest..=STRUCT_SIZE_MAX).contains(&size) {
        return Err(Error::argument(format_args!(
            "options.struct_size is {size}, but {oldest}..={STRUCT_SIZE_MAX} is allowed: set it to sizeof(llc_options)"
        ))
        .into());
    }
    // SAFETY: `size` bytes, as promised.
    let bytes = unsafe { slice::from_raw_parts(from, size) };
    let common = size.min(size_of::<T>());
    if let Some(i) = bytes[common..].iter().position(|&byte| byte != 0) {
        return Err(Error::argument(format_args!(
            "options.struct_size is {size}, and byte {} is {}, but this version knows {} bytes and further ones must be 0",
            common + i,
            bytes[common + i],
            size_of::<T>()
        ))
        .into());
    }
    // SAFETY: both have `common` bytes, and `to` is ours alone.
    unsafe { ptr::copy_nonoverlapping(from, ptr::from_mut(to).cast::<u8>(), common) };
    Ok(())
}

/// The boundary modes for a window of `ndim` entries, if they are given one by one.
///
/// # Safety
/// `options.axis_modes` is NULL or has `ndim` entries.
pub(super) unsafe fn axis_modes(options: &llc_options, ndim: usize) -> Result<Option<Vec<Mode>>, Failure> {
    // SAFETY: passed on.
    let codes = unsafe { optional_list(options.axis_modes, ndim, format_args!("options.axis_modes"))? };
    let Some(codes) = codes else { return Ok(None) };
    let mode = |(i, &code): (usize, &i32)| {
        mode(code).ok_or_else(|| unknown_mode(format_args!("options.axis_modes[{i}]"), code))
    };
    Ok(Some(memory::try_collected(codes.iter().enumerate().map(mode))?))
}

/// All but progress.
pub(super) fn plain_options<'a>(options: &llc_options, axis_modes: Option<&'a [Mode]>) -> Result<Options<'a>, Failure> {
    let mode = mode(options.mode).ok_or_else(|| unknown_mode(format_args!("options.mode"), options.mode))?;
    let threads = match options.threads {
        0 | 1 => Threads::Caller,
        LLC_ALL_CORES => Threads::AllCores,
        n => Threads::Count(usize::try_from(n).map_err(|_| {
            Error::argument(format_args!("options.threads is {n}, but 0 and up or LLC_ALL_CORES (-1) is allowed"))
        })?),
    };
    let plain = Options::new().mode(mode).cval(options.cval).threads(threads);
    Ok(match axis_modes {
        Some(modes) => plain.axis_modes(modes),
        None => plain,
    })
}

fn mode(code: i32) -> Option<Mode> {
    Some(match code {
        LLC_MODE_DEFAULT | LLC_MODE_REFLECT => Mode::Reflect,
        LLC_MODE_NEAREST => Mode::Nearest,
        LLC_MODE_MIRROR => Mode::Mirror,
        LLC_MODE_WRAP => Mode::Wrap,
        LLC_MODE_CONSTANT => Mode::Constant,
        LLC_MODE_GRID_CONSTANT => Mode::GridConstant,
        LLC_MODE_GRID_MIRROR => Mode::GridMirror,
        LLC_MODE_GRID_WRAP => Mode::GridWrap,
        _ => return None,
    })
}

fn unknown_mode(argument: Arguments<'_>, code: i32) -> Error {
    Error::argument(format_args!("{argument} is {code}, but {LLC_MODE_DEFAULT}..={LLC_MODE_GRID_WRAP} is allowed"))
}

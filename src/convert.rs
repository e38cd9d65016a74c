//! Runs of elements in memory, and the values that kernels compute with: from the one to the other and back.

use crate::dtype::{Bool, DType, Sample, with_sample};
use crate::simd;

/// A sample as a value of another type.
pub(crate) trait Convert<V>: Sample {
    fn convert(self) -> V;
}

impl<S: Sample> Convert<f64> for S {
    #[inline(always)]
    fn convert(self) -> f64 {
        self.to_f64()
    }
}

/// A type that kernels compute with.
///
/// Every dtype has one that holds its elements exactly, or else as the double that a callback would get: see
/// [`with_value`].
pub(crate) trait Value: Sample + PartialOrd + Default + Send + Sync + 'static {
    const DTYPE: DType;

    /// What reads elements of a dtype; `None`: they are not values of this type.
    fn reader(dtype: DType) -> Option<Reader<Self>>;
}

/// Functions that convert elements to values.
#[derive(Clone, Copy)]
pub(crate) struct Reader<V> {
    /// So many elements, so many bytes apart.
    pub(crate) run: unsafe fn(*const u8, isize, &mut [V]),
    /// Rows of a matrix, each to the start of another so many values.
    pub(crate) rows: ReadRows<V>,
}

/// From where, bytes from row to row and from element to element, rows and elements of each, to where, values from row to
/// row.
type ReadRows<V> = unsafe fn(*const u8, (isize, isize), (usize, usize), &mut [V], usize);

impl<V: Value> Reader<V> {
    fn of<S: Convert<V>>() -> Option<Self> {
        Some(Reader { run: read_run::<S, V>, rows: read_rows::<S, V> })
    }
}

impl Value for f64 {
    const DTYPE: DType = DType::Float64;

    fn reader(dtype: DType) -> Option<Reader<f64>> {
        with_sample!(dtype, S => Reader::of::<S>())
    }
}

macro_rules! values {
    ($($type:ty: $dtype:ident $(or $other:ident $sample:ty)?),*) => {$(
        impl Convert<$type> for $type {
            #[inline(always)]
            fn convert(self) -> $type {
                self
            }
        }

        impl Value for $type {
            const DTYPE: DType = DType::$dtype;

            fn reader(dtype: DType) -> Option<Reader<$type>> {
                match dtype {
                    DType::$dtype => Reader::of::<$type>(),
                    $(DType::$other => Reader::of::<$sample>(),)?
                    _ => None,
                }
            }
        }
    )*};
}

values!(i8: Int8, i16: Int16, i32: Int32, u8: UInt8 or Bool Bool, u16: UInt16, u32: UInt32, f32: Float32);

impl Convert<u8> for Bool {
    #[inline(always)]
    fn convert(self) -> u8 {
        u8::from(self.0 != 0)
    }
}

/// Runs `$body` with `$V` standing for the [`Value`] type that holds a dtype's elements.
macro_rules! with_value {
    ($dtype:expr, $V:ident => $body:expr) => {{
        use $crate::dtype::DType;
        macro_rules! arm {
            ($type:ty) => {{
                type $V = $type;
                $body
            }};
        }
        match $dtype {
            DType::Bool | DType::UInt8 => arm!(u8),
            DType::Int8 => arm!(i8),
            DType::Int16 => arm!(i16),
            DType::Int32 => arm!(i32),
            DType::UInt16 => arm!(u16),
            DType::UInt32 => arm!(u32),
            DType::Float32 => arm!(f32),
            // Doubles do not hold all integers of 64 bits, but callbacks get doubles.
            DType::Int64 | DType::UInt64 | DType::Float64 => arm!(f64),
        }
    }};
}
pub(crate) use with_value;

/// Elements that are converted at a time.
const BLOCK: usize = 64;

/// Reads `values.len()` elements, `step` bytes apart.
///
/// # Safety
/// They can be read.
unsafe fn read_run<T: Convert<V>, V>(data: *const u8, step: isize, values: &mut [V]) {
    // SAFETY: passed on.
    simd::widest(
        #[inline(always)]
        move || unsafe { convert::<T, V>(data, step, values) },
    );
}

/// Reads `height` rows of `width` elements, `down` and `along` bytes apart.
///
/// # Safety
/// They can be read.
unsafe fn read_rows<T: Convert<V>, V>(
    data: *const u8,
    (down, along): (isize, isize),
    (height, width): (usize, usize),
    values: &mut [V],
    pitch: usize,
) {
    simd::widest(
        #[inline(always)]
        move || {
            for (i, row) in values.chunks_mut(pitch).take(height).enumerate() {
                // SAFETY: passed on.
                unsafe { convert::<T, V>(data.offset(down * i as isize), along, &mut row[..width]) };
            }
        },
    );
}

#[inline(always)]
unsafe fn convert<T: Convert<V>, V>(data: *const u8, step: isize, values: &mut [V]) {
    if step == size_of::<T>() as isize {
        for (block, values) in values.chunks_mut(BLOCK).enumerate() {
            let data = data.cast::<T>().wrapping_add(block * BLOCK);
            simd::fetch_ahead(data, BLOCK);
            for (i, value) in values.iter_mut().enumerate() {
                // SAFETY: the caller vouches for the elements; they need no alignment.
                *value = unsafe { data.add(i).read_unaligned() }.convert();
            }
        }
    } else {
        for (i, value) in values.iter_mut().enumerate() {
            // SAFETY: as above.
            *value = unsafe { data.offset(step * i as isize).cast::<T>().read_unaligned() }.convert();
        }
    }
}

/// Writes `values.len()` elements, `step` bytes apart.
///
/// # Safety
/// They can be written, and nobody else touches them.
pub(crate) unsafe fn write_run<T: Sample>(data: *mut u8, step: isize, values: &[f64]) {
    if step != size_of::<T>() as isize {
        for (i, &value) in values.iter().enumerate() {
            // SAFETY: the caller vouches for the element; it needs no alignment.
            unsafe { data.offset(step * i as isize).cast::<T>().write_unaligned(T::from_f64(value)) };
        }
        return;
    }
    // Runs of moderate values, nearly all there are, are cast by a loop that vectorises.
    simd::widest(
        #[inline(always)]
        move || {
            for (block, values) in values.chunks(BLOCK).enumerate() {
                let data = data.cast::<T>().wrapping_add(block * BLOCK);
                simd::fetch_ahead(data, BLOCK);
                let moderate = T::MODERATE == f64::INFINITY
                    || values.iter().fold(true, |all, value| all & (value.abs() < T::MODERATE));
                for (i, &value) in values.iter().enumerate() {
                    // SAFETY: the magnitude was compared; the caller vouches for the element.
                    let sample = if moderate { unsafe { T::from_moderate(value) } } else { T::from_f64(value) };
                    // SAFETY: likewise.
                    unsafe { data.add(i).write_unaligned(sample) };
                }
            }
        },
    );
}

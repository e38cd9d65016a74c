//! Element types, and how each becomes a double and a double becomes each.

/// What an element of an array is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DType {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float32,
    Float64,
}

/// Runs `$body` with `$T` standing for the [`Sample`] type of a dtype.
macro_rules! with_sample {
    ($dtype:expr, $T:ident => $body:expr) => {{
        use $crate::dtype::{Bool, DType};
        macro_rules! arm {
            ($type:ty) => {{
                type $T = $type;
                $body
            }};
        }
        match $dtype {
            DType::Bool => arm!(Bool),
            DType::Int8 => arm!(i8),
            DType::Int16 => arm!(i16),
            DType::Int32 => arm!(i32),
            DType::Int64 => arm!(i64),
            DType::UInt8 => arm!(u8),
            DType::UInt16 => arm!(u16),
            DType::UInt32 => arm!(u32),
            DType::UInt64 => arm!(u64),
            DType::Float32 => arm!(f32),
            DType::Float64 => arm!(f64),
        }
    }};
}
pub(crate) use with_sample;

impl DType {
    /// Bytes of an element.
    pub(crate) fn size(self) -> usize {
        with_sample!(self, T => size_of::<T>())
    }

    /// Whether elements can have this value exactly.
    pub(crate) fn holds(self, value: f64) -> bool {
        with_sample!(self, T => T::from_f64(value).to_f64().to_bits() == value.to_bits())
    }
}

/// A type that elements of arrays may have: `bool`, `i8` to `i64`, `u8` to `u64`, `f32` and `f64`.
///
/// # The cast to the output's type
/// A result is truncated toward zero, then wrapped modulo 2^bits, as SciPy does wherever C defines it: `-1.0` becomes
/// `255u8`, `300.0` becomes `44u8`. NaN becomes 0; magnitudes of 2^64 and more become the type's nearest limit. `bool`
/// is whether the truncated result differs from 0; `f32` is rounded to nearest.
pub trait Element: sealed::Typed {}

mod sealed {
    /// What the engine has to know of an [`Element`](super::Element), and a lock on who may be one.
    pub trait Typed: Copy + Send + Sync + 'static {
        #[expect(private_interfaces, reason = "sealed: nobody outside can name the trait")]
        const DTYPE: super::DType;
    }
}
pub(crate) use sealed::Typed;

macro_rules! elements {
    ($($type:ty => $dtype:ident),* $(,)?) => {$(
        impl Typed for $type {
            #[expect(private_interfaces, reason = "sealed: nobody outside can name the trait")]
            const DTYPE: DType = DType::$dtype;
        }
        impl Element for $type {}
    )*};
}

elements! {
    bool => Bool, i8 => Int8, i16 => Int16, i32 => Int32, i64 => Int64, u8 => UInt8, u16 => UInt16, u32 => UInt32,
    u64 => UInt64, f32 => Float32, f64 => Float64,
}

/// An element as it lies in memory: any bytes of its size are one.
pub(crate) trait Sample: Copy {
    /// Below this magnitude [`from_moderate`](Self::from_moderate) holds; infinite: for all values, NaN too.
    const MODERATE: f64;

    fn to_f64(self) -> f64;

    /// The cast described at [`Element`].
    fn from_f64(value: f64) -> Self;

    /// The same for magnitudes below [`MODERATE`](Self::MODERATE), in a way that vectorises.
    ///
    /// # Safety
    /// `value.abs() < Self::MODERATE`, if that is finite.
    unsafe fn from_moderate(value: f64) -> Self;
}

/// A truth value of one byte, whatever a caller's memory holds there.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Bool(pub(crate) u8);

impl Sample for Bool {
    const MODERATE: f64 = f64::INFINITY;

    fn to_f64(self) -> f64 {
        f64::from(u8::from(self.0 != 0))
    }

    fn from_f64(value: f64) -> Self {
        // Comparisons with NaN are false: it becomes 0.
        Bool(u8::from(value.abs() >= 1.0))
    }

    unsafe fn from_moderate(value: f64) -> Self {
        Self::from_f64(value)
    }
}

macro_rules! integer_samples {
    ($($type:ty, via $wide:ty);* $(;)?) => {$(
        impl Sample for $type {
            const MODERATE: f64 = -(<$wide>::MIN as f64);

            fn to_f64(self) -> f64 {
                self as f64
            }

            fn from_f64(value: f64) -> Self {
                const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;
                if value.abs() < TWO_TO_64 {
                    let magnitude = value.abs() as u64;
                    (if value < 0.0 { magnitude.wrapping_neg() } else { magnitude }) as $type
                } else if value.is_nan() {
                    0
                } else if value > 0.0 {
                    <$type>::MAX
                } else {
                    <$type>::MIN
                }
            }

            unsafe fn from_moderate(value: f64) -> Self {
                // SAFETY: the magnitude is below 2^31 or 2^63, so the truncated value fits the signed type.
                unsafe { value.to_int_unchecked::<$wide>() as $type }
            }
        }
    )*};
}

integer_samples! {
    i8, via i32;
    i16, via i32;
    i32, via i32;
    i64, via i64;
    u8, via i32;
    u16, via i32;
    u32, via i32;
    u64, via i64;
}

macro_rules! float_samples {
    ($($type:ty),*) => {$(
        impl Sample for $type {
            const MODERATE: f64 = f64::INFINITY;

            fn to_f64(self) -> f64 {
                self as f64
            }

            fn from_f64(value: f64) -> Self {
                value as $type
            }

            unsafe fn from_moderate(value: f64) -> Self {
                value as $type
            }
        }
    )*};
}

float_samples!(f32, f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_truncate_wrap_and_saturate() {
        assert_eq!([-1.0, 300.0, 256.0, -0.5, -1.9, 255.9].map(u8::from_f64), [255, 44, 0, 0, 255, 255]);
        assert_eq!([128.0, -129.0, 127.9, 1e19].map(i8::from_f64), [-128, 127, 127, 0]);
        assert_eq!([3e9, -3e9, 1e20, -1e20].map(i32::from_f64), [-1_294_967_296, 1_294_967_296, i32::MAX, i32::MIN]);
        assert_eq!([1e300, -1e300, f64::INFINITY, f64::NEG_INFINITY].map(u16::from_f64), [u16::MAX, 0, u16::MAX, 0]);
        assert_eq!(
            [-1.0, 1.8e19, 1.9e19, -1e19].map(u64::from_f64),
            [u64::MAX, 18_000_000_000_000_000_000, u64::MAX, 8_446_744_073_709_551_616]
        );
        assert_eq!(
            [9.3e18, -9.3e18, 1e30].map(i64::from_f64),
            [9_300_000_000_000_000_000_u64 as i64, 9_300_000_000_000_000_000_u64.wrapping_neg() as i64, i64::MAX]
        );
        assert_eq!(
            [f64::NAN, 0.9, -0.9, 1.0, 256.0, f64::NEG_INFINITY].map(|x| Bool::from_f64(x).0),
            [0, 0, 0, 1, 1, 1]
        );
        assert_eq!(i16::from_f64(f64::NAN), 0);
        assert_eq!([0, 1, 2, 255].map(|byte| Bool(byte).to_f64()), [0.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn the_vectorised_cast_is_the_cast() {
        fn check<T: Sample + PartialEq + std::fmt::Debug>() {
            let mut value = 0.3;
            while value < T::MODERATE.min(1e30) {
                for x in [value, -value] {
                    // SAFETY: the loop keeps the magnitude below the limit.
                    assert_eq!(unsafe { T::from_moderate(x) }, T::from_f64(x), "{x}");
                }
                value = value * 1.37 + 0.5;
            }
        }
        check::<i8>();
        check::<i16>();
        check::<i32>();
        check::<i64>();
        check::<u8>();
        check::<u16>();
        check::<u32>();
        check::<u64>();
        check::<f32>();
        check::<f64>();
    }
}

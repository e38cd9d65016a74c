//! Values that have extremes, one by one and as the lines that vectors are made of; and which of them are special.
//!
//! -0.0 is below 0.0, and NaN beats everything. The machine's instructions know neither, so rows are searched for NaN and
//! -0.0 when they come, and while some may be about slower operations are used.

use std::ops::BitOr;
use std::ptr;

use crate::convert::Value;
use crate::memory::CACHE_LINE;
use crate::simd;

/// Bytes that are read or written between two looks ahead.
const BLOCK: usize = 512;

/// What extremes ask of values.
pub(crate) trait Extremal: Value {
    const NAN: Self;

    /// Whether there are values that comparisons alone don't put where they belong: see [`mark`](Self::mark).
    const HAS_SPECIAL: bool;

    fn is_nan(self) -> bool;

    /// As wide as the value, for vectors.
    type Mark: Copy + Default + PartialEq + BitOr<Output = Self::Mark>;

    /// Not the default if comparisons alone don't put it where it belongs.
    fn mark(self) -> Self::Mark;

    #[inline(always)]
    fn is_special(self) -> bool {
        self.mark() != Self::Mark::default()
    }

    /// Takes a value into what tells whether some of many may be special: by operations on integers, which machines do
    /// while they compare. Zeros are suspects too.
    fn suspect(self, so_far: Self::Mark) -> Self::Mark;

    fn are_suspects(so_far: Self::Mark) -> bool;

    /// The bits that one of two values has, or both have.
    fn either(self, other: Self) -> Self;
    fn both(self, other: Self) -> Self;

    /// A cache line of values. What is done with all values of an array is done with vectors.
    type Line: Copy;

    /// For each of them, what [`suspect`](Self::suspect) tells.
    type Marks: Copy + Default;

    /// The line that begins there.
    ///
    /// # Safety
    /// There is one.
    #[inline(always)]
    unsafe fn line(at: *const Self) -> Self::Line {
        // SAFETY: so the caller has it.
        unsafe { at.cast::<Self::Line>().read_unaligned() }
    }

    /// # Safety
    /// There is room for a line.
    #[inline(always)]
    unsafe fn set_line(at: *mut Self, line: Self::Line) {
        // SAFETY: so the caller has it.
        unsafe { at.cast::<Self::Line>().write_unaligned(line) }
    }

    /// Sets the values from number `start` on, of so many in all: at least a line. `line` makes the line that begins with one.
    #[inline(always)]
    fn set_lines(values: &mut [Self], start: usize, all: usize, mut line: impl FnMut(usize) -> Self::Line) {
        assert!(start + values.len() <= all && all >= simd::line_of::<Self>());
        let mut lines = values.chunks_exact_mut(simd::line_of::<Self>());
        let mut at = start;
        for values in &mut lines {
            // SAFETY: as many.
            unsafe { Self::set_line(values.as_mut_ptr(), line(at)) };
            at += simd::line_of::<Self>();
        }
        let rest = lines.into_remainder();
        if !rest.is_empty() {
            let from = at.min(all - simd::line_of::<Self>());
            let line = line(from);
            let values = ptr::from_ref(&line).cast::<Self>().wrapping_add(at - from);
            // SAFETY: they are some of that line, and lie elsewhere.
            unsafe { ptr::copy_nonoverlapping(values, rest.as_mut_ptr(), rest.len()) };
        }
    }

    fn merge(a: Self::Line, b: Self::Line, of: impl Fn(Self, Self) -> Self) -> Self::Line;

    fn suspect_line(line: Self::Line, so_far: Self::Marks) -> Self::Marks;

    fn has_suspects(marks: Self::Marks) -> bool;
}

macro_rules! line {
    ($type:ty) => {
        type Line = [$type; CACHE_LINE / size_of::<$type>()];

        #[inline(always)]
        fn merge(mut a: Self::Line, b: Self::Line, of: impl Fn(Self, Self) -> Self) -> Self::Line {
            // (What iterators do last, compilers have done in another way.)
            for i in 0..a.len() {
                a[i] = of(a[i], b[i]);
            }
            a
        }
    };
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Extremal for $type {
            const NAN: Self = 0;
            const HAS_SPECIAL: bool = false;

            #[inline(always)]
            fn is_nan(self) -> bool {
                false
            }

            type Mark = u8;

            #[inline(always)]
            fn mark(self) -> u8 {
                0
            }

            #[inline(always)]
            fn suspect(self, _: u8) -> u8 {
                0
            }

            fn are_suspects(_: u8) -> bool {
                false
            }

            #[inline(always)]
            fn either(self, other: Self) -> Self {
                self | other
            }

            #[inline(always)]
            fn both(self, other: Self) -> Self {
                self & other
            }

            line!($type);

            type Marks = ();

            fn suspect_line(_: Self::Line, _: ()) {}

            fn has_suspects(_: ()) -> bool {
                false
            }
        }
    )*};
}
integers!(i8 i16 i32 u8 u16 u32);

macro_rules! floats {
    ($($type:ty: $mark:ty),*) => {$(
        impl Extremal for $type {
            const NAN: Self = <$type>::NAN;
            const HAS_SPECIAL: bool = true;

            #[inline(always)]
            fn is_nan(self) -> bool {
                self.is_nan()
            }

            type Mark = $mark;

            #[inline(always)]
            fn mark(self) -> $mark {
                <$mark>::from(self.is_nan() | (self.to_bits() == (-0.0 as $type).to_bits()))
            }

            #[inline(always)]
            fn suspect(self, so_far: $mark) -> $mark {
                // Without its sign, and with zero as the highest.
                so_far.max((self.to_bits() << 1).wrapping_sub(1))
            }

            fn are_suspects(so_far: $mark) -> bool {
                so_far >= <$type>::INFINITY.to_bits() << 1
            }

            #[inline(always)]
            fn either(self, other: Self) -> Self {
                <$type>::from_bits(self.to_bits() | other.to_bits())
            }

            #[inline(always)]
            fn both(self, other: Self) -> Self {
                <$type>::from_bits(self.to_bits() & other.to_bits())
            }

            line!($type);

            type Marks = [$mark; CACHE_LINE / size_of::<$type>()];

            #[inline(always)]
            fn suspect_line(line: Self::Line, mut so_far: Self::Marks) -> Self::Marks {
                for i in 0..line.len() {
                    so_far[i] = line[i].suspect(so_far[i]);
                }
                so_far
            }

            fn has_suspects(marks: Self::Marks) -> bool {
                marks.into_iter().any(Self::are_suspects)
            }
        }
    )*};
}
floats!(f32: u32, f64: u64);

/// Whether a row has values that comparisons alone don't put where they belong. It may be brought from memory meanwhile.
pub(crate) fn has_special<V: Extremal, const FETCH: bool>(row: &[V]) -> bool {
    if !V::HAS_SPECIAL {
        return false;
    }
    simd::widest(
        #[inline(always)]
        || {
            row.chunks(BLOCK / size_of::<V>()).any(|block| {
                if FETCH {
                    simd::fetch_ahead(block.as_ptr(), block.len());
                }
                block.iter().fold(V::Mark::default(), |any, value| any | value.mark()) != V::Mark::default()
            })
        },
    )
}

//! Functions that work on several windows at once, and the values they work with.

use std::iter::FusedIterator;
use std::ops::{Add, AddAssign, BitAnd, BitOr, BitXor, Div, DivAssign, Mul, MulAssign, Neg, Not, Sub, SubAssign};
use std::{array, slice};

/// A function of the values of several windows at once: one in each lane.
///
/// [`generic_filter_lanes`](crate::generic_filter_lanes) applies one. [`lane_function!`](crate::lane_function) writes the
/// implementation for functions that need nothing but the values; others are structs of what they need:
///
/// ```
/// use llc::{LaneFunction, LaneValues, Lanes};
///
/// /// The mean of the values that differ from the window's first by no more than `tolerance`.
/// struct SimilarMean {
///     tolerance: f64,
/// }
///
/// impl LaneFunction for SimilarMean {
///     #[inline(always)]
///     fn call<const N: usize>(&self, values: LaneValues<'_, N>) -> Lanes<N> {
///         let zero = Lanes::splat(0.0);
///         let (mut sum, mut count) = (zero, zero);
///         for value in values {
///             let similar = (value - values.get(0)).abs().le(self.tolerance);
///             sum += similar.select(value, zero);
///             count += similar.select(1.0, zero);
///         }
///         sum / count
///     }
/// }
///
/// assert_eq!(SimilarMean { tolerance: 2.0 }.value(&[1.0, 9.0, 3.0]), 2.0);
/// ```
pub trait LaneFunction {
    /// The results, lane by lane, for as many windows as there are lanes: `N`, 16 in arrays and 1 in
    /// [`value`](Self::value), but write for any. Implementations should be marked
    /// `#[inline(always)]`: they are compiled for several instruction sets, as part of the loop that calls them.
    fn call<const N: usize>(&self, values: LaneValues<'_, N>) -> Lanes<N>;

    /// The result for one window: the same, bit for bit, as in any lane.
    fn value(&self, values: &[f64]) -> f64 {
        let taps: Vec<*const f64> = values.iter().map(std::ptr::from_ref).collect();
        // SAFETY: one value can be read at each address.
        self.call(unsafe { LaneValues::<1>::new(&taps, 0) }).0[0]
    }
}

/// Makes a [`LaneFunction`] of a function's body, which sees [`LaneValues`] and results in [`Lanes`].
///
/// ```
/// use llc::{Options, Window, generic_filter_lanes, lane_function};
/// use ndarray::Array2;
///
/// lane_function! {
///     /// The difference between the largest and the smallest value.
///     fn range(values) {
///         let (mut low, mut high) = (values.get(0), values.get(0));
///         for value in values {
///             low = low.min(value);
///             high = high.max(value);
///         }
///         high - low
///     }
/// }
///
/// let image = Array2::from_shape_fn((48, 64), |(y, x)| ((x * y) % 251) as f32);
/// let mut output = image.clone();
/// generic_filter_lanes(image.view(), output.view_mut(), &Window::new(&[11, 11]), Options::new(), range)?;
/// # assert_eq!(output[[0, 0]], 25.0);
/// # Ok::<(), llc::Error>(())
/// ```
#[macro_export]
macro_rules! lane_function {
    ($(#[$attribute:meta])* $visibility:vis fn $name:ident($values:ident) $body:block) => {
        $(#[$attribute])*
        #[allow(non_camel_case_types)]
        #[derive(Debug, Clone, Copy)]
        $visibility struct $name;

        impl $crate::LaneFunction for $name {
            #[inline(always)]
            fn call<const N: usize>(&self, $values: $crate::LaneValues<'_, N>) -> $crate::Lanes<N> $body
        }
    };
}

/// The values of as many windows as there are lanes, in C order of the footprint's true elements. They are read when they
/// are asked for.
#[derive(Clone, Copy)]
pub struct LaneValues<'a, const N: usize> {
    /// Where the first of those that are worked on at a time has its values.
    taps: &'a [*const f64],
    /// How much further the windows here have theirs.
    offset: usize,
}

impl<'a, const N: usize> LaneValues<'a, N> {
    /// # Safety
    /// `N` doubles can be read from `offset` on behind each of the `taps`, during `'a`.
    #[inline(always)]
    pub(crate) unsafe fn new(taps: &'a [*const f64], offset: usize) -> Self {
        LaneValues { taps, offset }
    }

    /// The number of values of a window.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.taps.len()
    }

    /// Whether windows have no values at all.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.taps.is_empty()
    }

    /// Value `k` of each window.
    ///
    /// # Panics
    /// If there is none.
    #[inline(always)]
    pub fn get(&self, k: usize) -> Lanes<N> {
        // SAFETY: so many doubles can be read there, as whoever made this knows; they need not be aligned as lanes are.
        Lanes(unsafe { self.taps[k].add(self.offset).cast::<[f64; N]>().read_unaligned() })
    }

    /// The values one after the other.
    #[inline(always)]
    pub fn iter(&self) -> LaneIter<'a, N> {
        LaneIter(self.taps.iter(), self.offset)
    }
}

impl<'a, const N: usize> IntoIterator for LaneValues<'a, N> {
    type Item = Lanes<N>;
    type IntoIter = LaneIter<'a, N>;

    #[inline(always)]
    fn into_iter(self) -> LaneIter<'a, N> {
        self.iter()
    }
}

/// Iterates over [`LaneValues`].
#[derive(Clone)]
pub struct LaneIter<'a, const N: usize>(slice::Iter<'a, *const f64>, usize);

impl<const N: usize> Iterator for LaneIter<'_, N> {
    type Item = Lanes<N>;

    #[inline(always)]
    fn next(&mut self) -> Option<Lanes<N>> {
        // SAFETY: as in LaneValues::get.
        self.0.next().map(|tap| Lanes(unsafe { tap.add(self.1).cast::<[f64; N]>().read_unaligned() }))
    }

    #[inline(always)]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<const N: usize> ExactSizeIterator for LaneIter<'_, N> {}
impl<const N: usize> FusedIterator for LaneIter<'_, N> {}

/// As many doubles as there are lanes, each of another window.
///
/// An operation does in every lane what it does with an `f64`, and rounds like it. Where another operand is wanted, an `f64`
/// stands for itself in every lane.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub struct Lanes<const N: usize>([f64; N]);

/// A truth value for each lane. `&`, `|`, `^` and `!` combine them.
#[derive(Debug, Clone, Copy)]
pub struct LaneMask<const N: usize>([bool; N]);

impl<const N: usize> Lanes<N> {
    /// The same value in every lane.
    #[inline(always)]
    pub fn splat(value: f64) -> Self {
        Lanes([value; N])
    }

    #[inline(always)]
    pub(crate) fn into_array(self) -> [f64; N] {
        self.0
    }

    #[inline(always)]
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Lanes(array::from_fn(|i| f(self.0[i])))
    }

    #[inline(always)]
    fn zip<T>(self, other: impl Into<Self>, f: impl Fn(f64, f64) -> T) -> [T; N] {
        let other = other.into();
        array::from_fn(|i| f(self.0[i], other.0[i]))
    }

    /// `other` where it is smaller, otherwise `self`. A NaN in `other` is dropped, one in `self` stays.
    #[inline(always)]
    pub fn min(self, other: impl Into<Self>) -> Self {
        Lanes(self.zip(other, |a, b| if b < a { b } else { a }))
    }

    /// `other` where it is larger, otherwise `self`. A NaN in `other` is dropped, one in `self` stays.
    #[inline(always)]
    pub fn max(self, other: impl Into<Self>) -> Self {
        Lanes(self.zip(other, |a, b| if a < b { b } else { a }))
    }

    /// The magnitudes.
    #[inline(always)]
    pub fn abs(self) -> Self {
        self.map(f64::abs)
    }

    /// The square roots.
    #[inline(always)]
    pub fn sqrt(self) -> Self {
        self.map(f64::sqrt)
    }
}

impl<const N: usize> LaneMask<N> {
    /// `yes` where the mask is true, `no` where it is false. Both have been computed.
    #[inline(always)]
    pub fn select(self, yes: impl Into<Lanes<N>>, no: impl Into<Lanes<N>>) -> Lanes<N> {
        let (yes, no) = (yes.into(), no.into());
        Lanes(array::from_fn(|i| if self.0[i] { yes.0[i] } else { no.0[i] }))
    }
}

impl<const N: usize> From<f64> for Lanes<N> {
    #[inline(always)]
    fn from(value: f64) -> Self {
        Lanes::splat(value)
    }
}

macro_rules! comparisons {
    ($($name:ident $operator:tt)*) => {
        impl<const N: usize> Lanes<N> {$(
            #[doc = concat!("Where `self ", stringify!($operator), " other`.")]
            #[inline(always)]
            pub fn $name(self, other: impl Into<Self>) -> LaneMask<N> {
                LaneMask(self.zip(other, |a, b| a $operator b))
            }
        )*}
    };
}
comparisons! { lt < le <= gt > ge >= eq == ne != }

macro_rules! arithmetic {
    ($($trait:ident $name:ident $operator:tt $assign:ident $assign_name:ident)*) => {$(
        impl<const N: usize, T: Into<Self>> $trait<T> for Lanes<N> {
            type Output = Self;

            #[inline(always)]
            fn $name(self, other: T) -> Self {
                Lanes(self.zip(other, |a, b| a $operator b))
            }
        }

        impl<const N: usize> $trait<Lanes<N>> for f64 {
            type Output = Lanes<N>;

            #[inline(always)]
            fn $name(self, other: Lanes<N>) -> Lanes<N> {
                Lanes::splat(self) $operator other
            }
        }

        impl<const N: usize, T: Into<Self>> $assign<T> for Lanes<N> {
            #[inline(always)]
            fn $assign_name(&mut self, other: T) {
                *self = *self $operator other;
            }
        }
    )*};
}
arithmetic! {
    Add add + AddAssign add_assign
    Sub sub - SubAssign sub_assign
    Mul mul * MulAssign mul_assign
    Div div / DivAssign div_assign
}

impl<const N: usize> Neg for Lanes<N> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|a| -a)
    }
}

macro_rules! logic {
    ($($trait:ident $name:ident $operator:tt)*) => {$(
        impl<const N: usize> $trait for LaneMask<N> {
            type Output = Self;

            #[inline(always)]
            fn $name(self, other: Self) -> Self {
                LaneMask(array::from_fn(|i| self.0[i] $operator other.0[i]))
            }
        }
    )*};
}
logic! { BitAnd bitand & BitOr bitor | BitXor bitxor ^ }

impl<const N: usize> Not for LaneMask<N> {
    type Output = Self;

    #[inline(always)]
    fn not(self) -> Self {
        LaneMask(self.0.map(|truth| !truth))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: usize = 4;

    #[test]
    fn lanes_do_what_doubles_do() {
        type OfLanes = fn(Lanes<N>, Lanes<N>) -> Lanes<N>;
        type OfDoubles = fn(f64, f64) -> f64;
        let pairs: &[(&str, OfLanes, OfDoubles)] = &[
            ("+", |a, b| a + b, |a, b| a + b),
            ("-", |a, b| a - b, |a, b| a - b),
            ("*", |a, b| a * b, |a, b| a * b),
            ("/", |a, b| a / b, |a, b| a / b),
            ("with doubles", |a, b| 2.0 - a * 3.0 + b / 7.0, |a, b| 2.0 - a * 3.0 + b / 7.0),
            ("negation", |a, _| -a, |a, _| -a),
            (
                "+=",
                |mut a, b| {
                    a += b;
                    a
                },
                |a, b| a + b,
            ),
            (
                "-=",
                |mut a, b| {
                    a -= b;
                    a
                },
                |a, b| a - b,
            ),
            (
                "*=",
                |mut a, b| {
                    a *= b;
                    a
                },
                |a, b| a * b,
            ),
            (
                "/=",
                |mut a, b| {
                    a /= b;
                    a
                },
                |a, b| a / b,
            ),
            ("min", |a, b| a.min(b), |a, b| if b < a { b } else { a }),
            ("max", |a, b| a.max(b), |a, b| if a < b { b } else { a }),
            ("abs", |a, _| a.abs(), |a, _| a.abs()),
            ("sqrt", |a, _| a.sqrt(), |a, _| a.sqrt()),
            ("<", |a, b| a.lt(b).select(1.0, 2.0), |a, b| if a < b { 1.0 } else { 2.0 }),
            ("<=", |a, b| a.le(b).select(1.0, 2.0), |a, b| if a <= b { 1.0 } else { 2.0 }),
            (">", |a, b| a.gt(b).select(1.0, 2.0), |a, b| if a > b { 1.0 } else { 2.0 }),
            (">=", |a, b| a.ge(b).select(1.0, 2.0), |a, b| if a >= b { 1.0 } else { 2.0 }),
            ("==", |a, b| a.eq(b).select(a, 2.0), |a, b| if a == b { a } else { 2.0 }),
            ("!=", |a, b| a.ne(b).select(a, b), |a, b| if a != b { a } else { b }),
            ("&", |a, b| (a.lt(b) & b.lt(3.0)).select(1.0, 2.0), |a, b| if a < b && b < 3.0 { 1.0 } else { 2.0 }),
            ("|", |a, b| (a.lt(b) | b.lt(3.0)).select(1.0, 2.0), |a, b| if a < b || b < 3.0 { 1.0 } else { 2.0 }),
            ("^", |a, b| (a.lt(b) ^ b.lt(3.0)).select(1.0, 2.0), |a, b| if (a < b) ^ (b < 3.0) { 1.0 } else { 2.0 }),
            ("!", |a, b| (!a.lt(b)).select(1.0, 2.0), |a, b| if a < b { 2.0 } else { 1.0 }),
        ];
        let numbers = [0.0, -0.0, 1.0, -1.0, 1.5e300, -2.5e-310, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
        for (name, of_lanes, of_doubles) in pairs {
            for a in numbers {
                for b in numbers {
                    let (left, right) = ([a, 4.0, a, -1.0], [b, b, 9.0, -1.0]);
                    let results = of_lanes(Lanes(left), Lanes(right)).into_array();
                    for lane in 0..N {
                        let expected = of_doubles(left[lane], right[lane]);
                        let same = results[lane].to_bits() == expected.to_bits()
                            || (results[lane].is_nan() && expected.is_nan());
                        assert!(same, "{name} of {a} and {b} in lane {lane}: {}, not {expected}", results[lane]);
                    }
                }
            }
        }
    }
}

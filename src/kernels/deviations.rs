//! Median absolute deviations of windows that are not too large, by sorting networks.
//!
//! Let the values of a window be in order, s, with the median m in the middle. Going down from it differences grow, and going
//! up too: so of n = 2 h + 1 values the h + 1 nearest to m lie side by side in s, m among them, and the furthest of these
//! is one of the two at the ends. The deviation is the smallest that any h + 1 side by side give:
//!
//! ```text
//! min over i = 0..=h of max(m - s[h - i], s[2 h - i] - m)
//! ```
//!
//! No second sorting is needed, and the first is shared among windows as that of a median is. Of n = 2 h values, two
//! differences are in the middle: the h-th and the next, by rows of h and of h + 1 values. Rounding leaves differences in
//! order, so they are those that the callback sorts.
//!
//! The differences of an odd number of integers are integers, which fit the type without a sign: they are computed in it.
//! Everything else is computed in double, as the callback does.
//!
//! Special values: windows that show a NaN, and those whose median is infinite, are computed one by one.

use std::{array, slice};

use crate::builtins;
use crate::convert::Value;
use crate::dtype::Sample;
use crate::error::Error;
use crate::kernels::extremal::Extremal;
use crate::kernels::network::{BYTES, Network, Program, higher, lower};
use crate::kernels::specials::Specials;
use crate::kernels::tiles::{NEAR, Shared, Source, Window};
use crate::memory::{Aligned, CACHE_LINE};
use crate::parallel::Once;
use crate::simd;
use crate::sweep::{Results, RowKernel, SPARE, Shown, Sweep};

// What a network reads behind a row's last place is there: see `Network::run`.
const _: () = assert!(BYTES + NEAR + CACHE_LINE <= SPARE);

/// Pairs of values that are taken in at a time, at most.
const MOST: usize = 4;

/// How values differ from a median.
pub(crate) trait Metric<V>: Send {
    type Middle: Copy + Default + Send;
    type Distance: Value;

    /// No distance is larger.
    const FURTHEST: Self::Distance;

    /// The median of the values in the middle.
    fn middle(lower: V, upper: V) -> Self::Middle;

    /// The distance of a value that is not above the median.
    fn below(value: V, middle: Self::Middle) -> Self::Distance;

    /// The distance of a value that is not below the median.
    fn above(value: V, middle: Self::Middle) -> Self::Distance;

    /// The median of the distances in the middle.
    fn result(lower: Self::Distance, upper: Self::Distance) -> Self::Distance;
}

/// In the values' own type without a sign: an odd number of integers.
pub(crate) struct Exact;

/// In double: an odd number of values, or an even one.
pub(crate) struct Double<const IS_ODD: bool>;

macro_rules! exact {
    ($($type:ty: $unsigned:ty;)*) => {$(
        impl Metric<$type> for Exact {
            type Middle = $type;
            type Distance = $unsigned;

            const FURTHEST: $unsigned = <$unsigned>::MAX;

            #[inline(always)]
            fn middle(lower: $type, _: $type) -> $type {
                lower
            }

            #[inline(always)]
            fn below(value: $type, middle: $type) -> $unsigned {
                middle.wrapping_sub(value) as $unsigned
            }

            #[inline(always)]
            fn above(value: $type, middle: $type) -> $unsigned {
                value.wrapping_sub(middle) as $unsigned
            }

            #[inline(always)]
            fn result(lower: $unsigned, _: $unsigned) -> $unsigned {
                lower
            }
        }
    )*};
}
exact! {
    i8: u8;
    u8: u8;
    i16: u16;
    u16: u16;
    i32: u32;
    u32: u32;
}

impl<V: Value, const IS_ODD: bool> Metric<V> for Double<IS_ODD> {
    type Middle = f64;
    type Distance = f64;

    const FURTHEST: f64 = f64::INFINITY;

    #[inline(always)]
    fn middle(lower: V, upper: V) -> f64 {
        // The mean of one value and itself would be another if the sum is too large.
        if IS_ODD { lower.to_f64() } else { builtins::middle(lower.to_f64(), upper.to_f64()) }
    }

    #[inline(always)]
    fn below(value: V, middle: f64) -> f64 {
        (value.to_f64() - middle).abs()
    }

    #[inline(always)]
    fn above(value: V, middle: f64) -> f64 {
        (value.to_f64() - middle).abs()
    }

    #[inline(always)]
    fn result(lower: f64, upper: f64) -> f64 {
        if IS_ODD { upper } else { builtins::middle(lower, upper) }
    }
}

/// A network that puts windows in order, which threads share.
pub(crate) struct Sorting<V> {
    program: Program<V>,
    sources: Vec<Source>,
}

impl<V: Extremal> Sorting<V> {
    fn new(sweep: &Sweep<'_>) -> Result<Self, Error> {
        let Shared { formulas, sources, results, .. } = Shared::alone(&Window::new(sweep, (0, sweep.taps() - 1))?)?;
        Ok(Sorting { program: Program::new(&formulas, &results[0])?, sources })
    }
}

/// Median absolute deviations.
pub(crate) struct Deviations<'s, V, M: Metric<V>> {
    network: Network<'s, V>,
    sources: &'s [Source],
    taps: usize,
    middles: Aligned<M::Middle>,
    /// The smallest distances so far, before some pairs and after: for the lower of the two in the middle and the upper.
    nearest: [[Aligned<M::Distance>; 2]; 2],
    specials: Specials,
}

impl<'s, V: Extremal, M: Metric<V>> Deviations<'s, V, M> {
    /// What threads share is made by the first of them.
    pub(crate) fn new(sweep: &Sweep<'_>, shared: &'s Once<Sorting<V>>) -> Result<Self, Error> {
        let Sorting { program, sources } = shared.get_or_make(|| Sorting::new(sweep))?;
        let network = Network::new(program)?;
        let places = network.places();
        let nearest = || Ok([Aligned::new(places, 0)?, Aligned::new(places, 0)?]);
        Ok(Deviations {
            network,
            sources,
            taps: sweep.taps(),
            middles: Aligned::new(places, 0)?,
            nearest: [nearest()?, nearest()?],
            specials: Specials::new(sweep, 1)?,
        })
    }

    /// Computes results from the values in order.
    fn compute(&mut self, results: &mut [M::Distance]) {
        let (half, count) = (self.taps / 2, results.len());
        // SAFETY: so many were computed.
        let sorted = |number| unsafe { slice::from_raw_parts(self.network.result(number), count) };
        let middles = &mut self.middles[..count];
        let is_odd = self.taps % 2 == 1;
        let below = if is_odd { half } else { half - 1 };
        let (lower, upper) = (sorted(below), sorted(half));
        simd::widest(
            #[inline(always)]
            || {
                for ((middle, &lower), &upper) in middles.iter_mut().zip(lower).zip(upper) {
                    *middle = M::middle(lower, upper);
                }
            },
        );
        // Rows of values, by their ends: of half + 1 values, and, if there are two distances in the middle, of half.
        let [of_lower, of_upper] = &mut self.nearest;
        let ends = |first: usize, len: usize| [sorted(first), sorted(first + len - 1)];
        let upper = nearest::<V, M>((0..=below).map(|first| ends(first, half + 1)), middles, of_upper);
        let lower =
            if is_odd { upper } else { nearest::<V, M>((0..=half).map(|first| ends(first, half)), middles, of_lower) };
        simd::widest(
            #[inline(always)]
            || {
                for ((result, &lower), &upper) in results.iter_mut().zip(lower).zip(upper) {
                    *result = M::result(lower, upper);
                }
            },
        );
    }
}

impl<V: Extremal, M: Metric<V>> RowKernel for Deviations<'_, V, M> {
    type Value = V;
    type Result = M::Distance;

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, M::Distance>) {
        self.specials.receive(rows, rows.known, results.rows);
        for (first, results) in results.rows_mut().enumerate() {
            let at_a_time = self.network.places();
            for (i, results) in results.chunks_mut(at_a_time).enumerate() {
                let start = i * at_a_time;
                let inputs =
                    self.sources.iter().map(|source| rows.row(first + source.row)[source.at + start..].as_ptr());
                // SAFETY: what windows show of the places is in the rows, and there is enough to spare behind them.
                unsafe { self.network.run(inputs, results.len()) };
                self.compute(results);
            }
            // An infinite median differs from itself by NaN, and leaves no distance finite.
            let is_doubtful = |distance: M::Distance| !distance.to_f64().is_finite();
            if V::HAS_SPECIAL && results.iter().any(|&distance| is_doubtful(distance)) {
                let marks = self.specials.marks(first).iter_mut();
                marks.zip(&*results).for_each(|(mark, &distance)| *mark = is_doubtful(distance));
            }
            self.specials.amend(rows, first, results, builtins::median_absolute_deviation);
        }
    }
}

/// The smallest distance that is the largest of one of the pairs, the one value not above the median and the other not below.
fn nearest<'n, 'v, V: Value, M: Metric<V>>(
    pairs: impl Iterator<Item = [&'v [V]; 2]>,
    middles: &[M::Middle],
    nearest: &'n mut [Aligned<M::Distance>; 2],
) -> &'n [M::Distance] {
    let [one, other] = nearest;
    let (mut before, mut next) = (&mut one[..middles.len()], &mut other[..middles.len()]);
    before.fill(M::FURTHEST);
    let mut pairs = pairs.peekable();
    while let Some(&pair) = pairs.peek() {
        // What is missing is a pair that is there already.
        let some: [_; MOST] = array::from_fn(|_| pairs.next().unwrap_or(pair));
        take_in::<V, M>(some, middles, before, next);
        (before, next) = (next, before);
    }
    before
}

fn take_in<V: Value, M: Metric<V>>(
    pairs: [[&[V]; 2]; MOST],
    middles: &[M::Middle],
    before: &[M::Distance],
    nearest: &mut [M::Distance],
) {
    #[inline(always)]
    fn each<V: Value, M: Metric<V>>(
        pairs: [[&[V]; 2]; MOST],
        middles: &[M::Middle],
        before: &[M::Distance],
        nearest: &mut [M::Distance],
    ) {
        let count = nearest.len();
        let (middles, before) = (&middles[..count], &before[..count]);
        let pairs = pairs.map(|pair| pair.map(|values| &values[..count]));
        for i in 0..count {
            let mut least = before[i];
            for [low, high] in pairs {
                let (below, above) = (M::below(low[i], middles[i]), M::above(high[i], middles[i]));
                least = lower(higher(below, above), least);
            }
            nearest[i] = least;
        }
    }
    simd::widest(
        #[inline(always)]
        || each::<V, M>(pairs, middles, before, nearest),
    );
}

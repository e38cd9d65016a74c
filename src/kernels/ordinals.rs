//! Order statistics of large windows of any values, by the values' places in the order of a whole tile.
//!
//! The values of a tile, and of what its windows show around it, are sorted once; from then on each is known by its number in
//! that order, and a window is a set of bits, one for each number. A window's neighbour is the same set but for the values
//! at the ends of its runs. The place of a rank is found by counting bits, word by word, from where the last one was: that
//! is seldom far. So a window costs about as much as it has runs, and the sorting.

use crate::dtype::Sample;
use crate::error::Error;
use crate::kernels::extremes::Extremal;
use crate::kernels::radix::Radix;
use crate::kernels::ranks::Statistic;
use crate::memory;
use crate::simd;
use crate::sweep::{Results, RowKernel, Run, Shown, Sizes, Sweep};

/// Values that are sorted together, about.
const TILE: usize = 1 << 15;

/// Rows of results that are computed together, at most.
const ROWS: usize = 128;

/// Bits of a word.
pub(crate) const WORD: usize = 64;

/// Order statistics.
pub(crate) struct Ordinals<'s, V, S> {
    statistic: &'s S,
    places: (usize, usize),
    runs: Vec<Run>,
    /// Where the runs of a row's first window begin among the numbers, and how long they are.
    starts: Vec<(usize, usize)>,
    pitch: usize,
    height: usize,
    band: usize,
    /// To be sorted: the upper halves of values' codes, or all of narrow ones, and where the values are.
    keys: Vec<u64>,
    radix: Radix,
    /// All of wide codes, by where the values are.
    codes: Vec<u64>,
    /// The numbers of the values of rows, and the values by their numbers.
    numbers: Vec<u32>,
    sorted: Vec<V>,
    window: Bits,
    values: Vec<f64>,
}

/// A value as a number that is in the same order, NaN being the highest.
pub(crate) trait Coded: Extremal {
    /// Whether the number has no more than 32 bits.
    const IS_NARROW: bool;

    fn code(self) -> u64;
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Coded for $type {
            const IS_NARROW: bool = true;

            #[inline(always)]
            fn code(self) -> u64 {
                (i64::from(self) - i64::from(<$type>::MIN)).cast_unsigned()
            }
        }
    )*};
}
integers!(i8 i16 i32 u8 u16 u32);

macro_rules! floats {
    ($($type:ty: $bits:ty, $narrow:literal;)*) => {$(
        impl Coded for $type {
            const IS_NARROW: bool = $narrow;

            #[inline(always)]
            fn code(self) -> u64 {
                const SIGN: $bits = 1 << (<$bits>::BITS - 1);
                let bits = self.to_bits();
                let code = if bits & SIGN == 0 { bits | SIGN } else { !bits };
                (if self.is_nan() { <$bits>::MAX } else { code }).into()
            }
        }
    )*};
}
floats! {
    f32: u32, true;
    f64: u64, false;
}

impl<'s, V: Coded, S: Statistic<V>> Ordinals<'s, V, S> {
    pub(crate) fn new(sweep: &Sweep<'_>, statistic: &'s S) -> Result<Self, Error> {
        let (pitch, height) = (sweep.pitch(), sweep.height());
        // At least as many rows as the window has: else most of what is sorted would be rows around.
        let band = (TILE / pitch).saturating_sub(height).max(height).clamp(1, ROWS.max(height)).min(sweep.rows());
        let count = pitch.checked_mul(band + height - 1).filter(|&count| u32::try_from(count).is_ok());
        let count = count.ok_or_else(|| memory::out_of_memory::<V>(usize::MAX))?;
        Ok(Ordinals {
            statistic,
            places: statistic.places(),
            runs: memory::collected(sweep.runs().iter().copied())?,
            starts: memory::reserved(sweep.runs().len())?,
            pitch,
            height,
            band,
            keys: memory::reserved(count)?,
            radix: Radix::new(count)?,
            codes: memory::filled(if V::IS_NARROW { 0 } else { count }, 0)?,
            numbers: memory::filled(count, 0)?,
            sorted: memory::reserved(count)?,
            window: Bits { words: memory::filled(count / WORD + 1, 0)?, word: 0, before: 0 },
            values: memory::reserved(sweep.taps())?,
        })
    }

    /// Numbers the values of some rows, `used` of each. Returns the number of the first NaN.
    fn sort(&mut self, rows: &Shown<'_, V>, count: usize, used: usize) -> u32 {
        self.sorted.clear();
        self.keys.clear();
        for (start, row) in (0..count).map(|row| (row * self.pitch, rows.row(row))) {
            for (at, value) in (start..).zip(&row[..used]) {
                let code = value.code();
                let upper = if V::IS_NARROW { code << 32 } else { code >> 32 << 32 };
                self.keys.push(upper | at as u64);
                if !V::IS_NARROW {
                    self.codes[at] = code;
                }
            }
        }
        self.radix.sort(&mut self.keys);
        if !V::IS_NARROW {
            for same in self.keys.chunk_by_mut(|one, next| one >> 32 == next >> 32).filter(|same| same.len() > 1) {
                same.sort_unstable_by_key(|&key| self.codes[key as u32 as usize]);
            }
        }
        for (number, &key) in self.keys.iter().enumerate() {
            let at = key as u32 as usize;
            self.numbers[at] = number as u32;
            self.sorted.push(rows.row(at / self.pitch)[at % self.pitch]);
        }
        self.sorted.partition_point(|value| !value.is_nan()) as u32
    }

    /// Computes a row of results.
    #[inline(always)]
    fn select(&mut self, rows: &Shown<'_, V>, row: usize, first_nan: u32, results: &mut [S::Result]) {
        self.window.clear();
        let row_start = row * self.pitch;
        let runs = self.runs.iter().map(|run| (row_start + run.row * self.pitch + run.at, run.len));
        self.starts.clear();
        self.starts.extend(runs);
        let has_nan = (first_nan as usize) < self.sorted.len();
        let mut nan = 0;
        for &(start, len) in &self.starts {
            for &number in &self.numbers[start..start + len] {
                self.window.insert(number);
                nan += usize::from(number >= first_nan);
            }
        }
        for (place, result) in results.iter_mut().enumerate() {
            if place > 0 {
                if has_nan {
                    for &(start, len) in &self.starts {
                        let (less, more) = (self.numbers[start + place - 1], self.numbers[start + place - 1 + len]);
                        nan = nan + usize::from(more >= first_nan) - usize::from(less >= first_nan);
                    }
                }
                self.window.slide(&self.numbers, &self.starts, place - 1);
            }
            *result = if nan > 0 {
                rows.window(&self.runs, row, place, &mut self.values);
                S::Result::from_f64(self.statistic.of_all(&mut self.values))
            } else {
                let lower = self.sorted[self.window.at_rank(self.places.0)];
                let upper = if self.places.0 == self.places.1 {
                    lower
                } else {
                    self.sorted[self.window.at_rank(self.places.1)]
                };
                self.statistic.of(lower, upper)
            };
        }
    }
}

impl<V: Coded, S: Statistic<V>> RowKernel for Ordinals<'_, V, S> {
    type Value = V;
    type Result = S::Result;

    const SIZES: Sizes =
        Sizes { short: 64, line: 128 * size_of::<V>(), row: 1024 * size_of::<V>(), only_line: 4096 * size_of::<V>() };

    fn band(&self) -> usize {
        self.band
    }

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, S::Result>) {
        let count = results.rows + self.height - 1;
        let last = self.runs.iter().map(|run| run.at + run.len).max().unwrap_or(1);
        let first_nan = self.sort(rows, count, results.places + last - 1);
        for (row, results) in results.rows_mut().enumerate() {
            simd::widest(
                #[inline(always)]
                || self.select(rows, row, first_nan, results),
            );
        }
    }
}

/// A set of numbers.
struct Bits {
    words: Vec<u64>,
    /// The word that a rank was last found in, and how many numbers there are before it.
    word: usize,
    before: usize,
}

impl Bits {
    fn clear(&mut self) {
        self.words.fill(0);
        (self.word, self.before) = (0, 0);
    }

    #[inline(always)]
    fn insert(&mut self, number: u32) {
        let word = number as usize / WORD;
        self.words[word] |= 1 << (number as usize % WORD);
        self.before += usize::from(word < self.word);
    }

    /// Each run loses its first number and gets the one after its last. They begin so far from `starts`.
    #[inline(always)]
    fn slide(&mut self, numbers: &[u32], starts: &[(usize, usize)], place: usize) {
        let (words, last) = (&mut self.words[..], self.word);
        let (mut gone, mut come) = (0, 0);
        for &(start, len) in starts {
            let (less, more) = (numbers[start + place] as usize, numbers[start + place + len] as usize);
            words[less / WORD] &= !(1 << (less % WORD));
            words[more / WORD] |= 1 << (more % WORD);
            gone += usize::from(less / WORD < last);
            come += usize::from(more / WORD < last);
        }
        self.before = self.before + come - gone;
    }

    /// The number that so many of the set are below.
    #[inline(always)]
    fn at_rank(&mut self, rank: usize) -> usize {
        while self.before > rank {
            self.word -= 1;
            self.before -= self.words[self.word].count_ones() as usize;
        }
        loop {
            let count = self.words[self.word].count_ones() as usize;
            if self.before + count > rank {
                break;
            }
            self.before += count;
            self.word += 1;
        }
        self.word * WORD + bit_at_rank(self.words[self.word], rank - self.before)
    }
}

/// The place of the set bit that so many are below.
#[inline(always)]
pub(crate) fn bit_at_rank(mut word: u64, mut rank: usize) -> usize {
    let mut place = 0;
    for half in [32, 16, 8] {
        let below = (word & ((1 << half) - 1)).count_ones() as usize;
        let is_above = below <= rank;
        if is_above {
            rank -= below;
            place += half;
            word >>= half;
        }
    }
    for _ in 0..rank {
        word &= word - 1;
    }
    place + word.trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_found_by_their_rank() {
        for word in [1, u64::MAX, 0x8000_0000_0000_0001, 0x0123_4567_89ab_cdef] {
            let set: Vec<usize> = (0..WORD).filter(|&place| word >> place & 1 == 1).collect();
            let found: Vec<usize> = (0..set.len()).map(|rank| bit_at_rank(word, rank)).collect();
            assert_eq!(found, set, "{word:x}");
        }
    }

    #[test]
    fn codes_are_in_order() {
        let values = [f64::NEG_INFINITY, -1.5, -1e-310, -0.0, 0.0, 1e-310, 1.0, f64::INFINITY, f64::NAN];
        assert!(values.map(Coded::code).is_sorted_by(|a, b| a < b));
        assert!(values.map(|value| (value as f32).code()).is_sorted());
        assert_eq!((-f64::NAN).code(), f64::NAN.code());
        assert!([i16::MIN, -1, 0, 7, i16::MAX].map(Coded::code).is_sorted_by(|a, b| a < b));
    }
}

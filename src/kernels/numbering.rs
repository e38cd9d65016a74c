//! Numbers for the values of a tile, in their order: for kernels of large windows, which keep account of numbers.
//!
//! Either each element has its own number, or equal values share one: 0.0 and -0.0 do then, and all NaN in either case
//! come last. Shared numbers of values of two bytes or one are found without sorting: values are marked in a table of all
//! there are, and a value's number is how many marks are before it.

use crate::error::Error;
use crate::kernels::extremal::{Extremal, has_special};
use crate::kernels::radix::Radix;
use crate::kernels::set::WORD;
use crate::memory;
use crate::simd;
use crate::sweep::{Run, Shown, Sizes, Sweep};

/// Values that are numbered together, about.
const TILE: usize = 1 << 15;

/// Rows of results that are computed together, at most.
const ROWS: usize = 128;

/// The rows that are best numbered.
pub(crate) const fn sizes<V>() -> Sizes {
    let size = size_of::<V>();
    Sizes { short: 64, line: 128 * size, row: 1024 * size, only_line: 4096 * size }
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

/// The numbers of a tile's values, and the values by their numbers.
pub(crate) struct Numbering<V> {
    pitch: usize,
    height: usize,
    band: usize,
    runs: Vec<Run>,
    /// The places of a row that windows show from one on.
    reach: usize,
    /// To be sorted: the upper halves of values' codes, or all of narrow ones, and where the values are.
    keys: Vec<u64>,
    radix: Radix,
    /// All of wide codes, by where the values are.
    codes: Vec<u64>,
    marks: Vec<u64>,
    /// How many marks are before each word of them.
    before: Vec<u32>,
    pub(crate) numbers: Vec<u32>,
    pub(crate) values: Vec<V>,
    /// Whether there is a -0.0 that has its number together with others.
    pub(crate) has_minus_zero: bool,
}

impl<V: Coded> Numbering<V> {
    pub(crate) fn new(sweep: &Sweep<'_>) -> Result<Self, Error> {
        let (pitch, height) = (sweep.pitch(), sweep.height());
        // At least as many rows as the window has: else most of what is numbered would be rows around.
        let band = (TILE / pitch).saturating_sub(height).max(height).clamp(1, ROWS.max(height)).min(sweep.rows());
        let count = pitch.checked_mul(band + height - 1).filter(|&count| u32::try_from(count).is_ok());
        let count = count.ok_or_else(|| memory::out_of_memory::<V>(usize::MAX))?;
        let words = if size_of::<V>() <= 2 { (1 << (8 * size_of::<V>())) / WORD } else { 0 };
        Ok(Numbering {
            pitch,
            height,
            band,
            runs: memory::collected(sweep.runs().iter().copied())?,
            reach: sweep.runs().iter().map(|run| run.at + run.len).max().unwrap_or(1),
            keys: memory::reserved(count)?,
            radix: Radix::new(count)?,
            codes: memory::filled(if V::IS_NARROW { 0 } else { count }, 0)?,
            marks: memory::filled(words, 0)?,
            before: memory::filled(words, 0)?,
            numbers: memory::filled(count, 0)?,
            values: memory::reserved(count)?,
            has_minus_zero: false,
        })
    }

    /// How many rows of results are computed together, at most.
    pub(crate) fn band(&self) -> usize {
        self.band
    }

    /// The most numbers that there may be.
    pub(crate) fn capacity(&self) -> usize {
        self.numbers.len()
    }

    /// Where the runs of the first window of a row begin among the numbers, and how long they are.
    pub(crate) fn starts(&self, row: usize, starts: &mut Vec<(usize, usize)>) {
        starts.clear();
        starts.extend(self.runs.iter().map(|run| ((row + run.row) * self.pitch + run.at, run.len)));
    }

    /// The number of the first NaN, or one beyond the last.
    pub(crate) fn first_nan(&self) -> usize {
        self.values.partition_point(|value| !value.is_nan())
    }

    /// All values of a window: of a row of results, at a place of it.
    pub(crate) fn window(&self, rows: &Shown<'_, V>, row: usize, place: usize, values: &mut Vec<f64>) {
        rows.window(&self.runs, row, place, values);
    }

    /// Numbers what so many rows of results show at so many places; `shared`: equal values alike.
    pub(crate) fn number(&mut self, rows: &Shown<'_, V>, results: usize, places: usize, shared: bool) {
        let (count, used) = (results + self.height - 1, places + self.reach - 1);
        self.values.clear();
        self.has_minus_zero = shared
            && (0..count).any(|row| {
                let row = &rows.row(row)[..used];
                has_special::<V, false>(row) && row.iter().any(|value| value.is_special() && !value.is_nan())
            });
        if shared && size_of::<V>() <= 2 {
            return simd::widest(
                #[inline(always)]
                || self.number_by_marks(rows, count, used),
            );
        }
        self.sort(rows, count, used, shared);
        let mut last = None;
        for &key in &self.keys {
            let at = key as u32 as usize;
            let code = if V::IS_NARROW { key >> 32 } else { self.codes[at] };
            if !shared || last != Some(code) {
                last = Some(code);
                self.values.push(rows.row(at / self.pitch)[at % self.pitch]);
            }
            self.numbers[at] = self.values.len() as u32 - 1;
        }
    }

    /// Puts the codes of values in order.
    fn sort(&mut self, rows: &Shown<'_, V>, count: usize, used: usize, shared: bool) {
        self.keys.clear();
        for (start, row) in (0..count).map(|row| (row * self.pitch, rows.row(row))) {
            for (at, &value) in (start..).zip(&row[..used]) {
                let code = if shared && value == V::default() { V::default().code() } else { value.code() };
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
    }

    #[inline(always)]
    fn number_by_marks(&mut self, rows: &Shown<'_, V>, count: usize, used: usize) {
        let place = |value: V| (value.code() as usize / WORD, value.code() as usize % WORD);
        self.marks.fill(0);
        for row in 0..count {
            for &value in &rows.row(row)[..used] {
                let (word, bit) = place(value);
                self.marks[word] |= 1 << bit;
            }
        }
        let mut sum = 0;
        for (&word, before) in self.marks.iter().zip(&mut self.before) {
            *before = sum;
            sum += word.count_ones();
        }
        self.values.resize(sum as usize, V::default());
        for row in 0..count {
            let numbers = &mut self.numbers[row * self.pitch..][..used];
            for (number, &value) in numbers.iter_mut().zip(rows.row(row)) {
                let (word, bit) = place(value);
                *number = self.before[word] + (self.marks[word] & ((1 << bit) - 1)).count_ones();
                self.values[*number as usize] = value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order() {
        let values = [f64::NEG_INFINITY, -1.5, -1e-310, -0.0, 0.0, 1e-310, 1.0, f64::INFINITY, f64::NAN];
        assert!(values.map(Coded::code).is_sorted_by(|a, b| a < b));
        assert!(values.map(|value| (value as f32).code()).is_sorted());
        assert_eq!((-f64::NAN).code(), f64::NAN.code());
        assert!([i16::MIN, -1, 0, 7, i16::MAX].map(Coded::code).is_sorted_by(|a, b| a < b));
    }
}

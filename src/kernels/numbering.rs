//! Numbers for the values of a tile, in their order: for kernels of large windows, which keep account of numbers.
//!
//! Either each element has its own number, or equal values share one: 0.0 and -0.0 do then, and all NaN in either case
//! come last. Shared numbers of values of two bytes or one are found without sorting: values are marked in a table of all
//! there are, and a value's number is how many marks are before it.

use crate::error::Error;
use crate::kernels::extremes::has_special;
use crate::kernels::ordinals::{Coded, WORD};
use crate::memory;
use crate::simd;
use crate::sweep::{Run, Shown, Sweep};

/// Values that are numbered together, about.
const TILE: usize = 1 << 15;

/// Rows of results that are computed together, at most.
const ROWS: usize = 128;

/// The numbers of a tile's values, and the values by their numbers.
pub(crate) struct Numbering<V> {
    pitch: usize,
    height: usize,
    band: usize,
    runs: Vec<Run>,
    /// The places of a row that windows show from one on.
    reach: usize,
    /// Values with where they are, to be sorted: either as one number.
    narrow: Vec<u64>,
    wide: Vec<u128>,
    marks: Vec<u64>,
    /// How many marks are before each word of them.
    before: Vec<u32>,
    pub(crate) numbers: Vec<u32>,
    pub(crate) values: Vec<V>,
    /// Whether there is a -0.0.
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
            narrow: memory::reserved(if V::IS_NARROW { count } else { 0 })?,
            wide: memory::reserved(if V::IS_NARROW { 0 } else { count })?,
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
    pub(crate) fn first_nan(&self) -> u32 {
        self.values.partition_point(|value| !value.is_nan()) as u32
    }

    /// All values of a window: of a row of results, at a place of it.
    pub(crate) fn window(&self, rows: &Shown<'_, V>, row: usize, place: usize, values: &mut Vec<f64>) {
        rows.window(&self.runs, row, place, values);
    }

    /// Numbers what so many rows of results show at so many places; `shared`: equal values alike.
    pub(crate) fn number(&mut self, rows: &Shown<'_, V>, results: usize, places: usize, shared: bool) {
        let (count, used) = (results + self.height - 1, places + self.reach - 1);
        self.values.clear();
        self.has_minus_zero = (0..count).any(|row| {
            let row = &rows.row(row)[..used];
            has_special::<V, false>(row) && row.iter().any(|value| value.is_special() && !value.is_nan())
        });
        if shared && size_of::<V>() <= 2 {
            return simd::widest(
                #[inline(always)]
                || self.number_by_marks(rows, count, used),
            );
        }
        let code = |value: V| if shared && value == V::default() { V::default().code() } else { value.code() };
        let value_at = |at: usize| rows.row(at / self.pitch)[at % self.pitch];
        let places = (0..count).flat_map(|row| rows.row(row)[..used].iter().zip(row * self.pitch..));
        // The codes in order, each with where it is.
        macro_rules! number {
            ($keys:expr, $key:ty) => {{
                $keys.clear();
                $keys.extend(places.map(|(&value, at)| <$key>::from(code(value)) << 32 | at as $key));
                $keys.sort_unstable();
                let mut last = None;
                for &key in &$keys {
                    let at = key as u32 as usize;
                    if !shared || last != Some(key >> 32) {
                        last = Some(key >> 32);
                        self.values.push(value_at(at));
                    }
                    self.numbers[at] = self.values.len() as u32 - 1;
                }
            }};
        }
        if V::IS_NARROW {
            number!(self.narrow, u64);
        } else {
            number!(self.wide, u128);
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

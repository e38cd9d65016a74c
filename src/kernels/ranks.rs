//! Order statistics of windows that are not too large, by selection networks.
//!
//! # The order of floating-point numbers
//! Comparisons put NaN nowhere and make no difference between 0.0 and -0.0. So rows are searched for these when they come.
//! Windows that show a NaN, and results that are zero while a -0.0 is about, are computed one by one from their values.

use std::slice;

use crate::builtins;
use crate::convert::Value;
use crate::dtype::Sample;
use crate::error::Error;
use crate::kernels::extremes::{Extremal, has_special};
use crate::kernels::network::{BYTES, Network};
use crate::kernels::phases::{self, Phases};
use crate::kernels::squares::{SIDE_MAX, Square, is_known};
use crate::kernels::tiles::{NEAR, Shared, Source, Tile, Window};
use crate::memory::{self, Aligned, CACHE_LINE};
use crate::sweep::{Results, RowKernel, Run, SPARE, Shown, Sizes, Sweep};

// What a network reads behind a row's last place is there: see `Network::run`.
const _: () = assert!(BYTES + NEAR + CACHE_LINE <= SPARE);

/// What is made of the values at one or two places in the order.
pub(crate) trait Statistic<V>: Sync {
    type Result: Value;

    /// The places; they may be the same.
    fn places(&self) -> (usize, usize);

    fn of(&self, lower: V, upper: V) -> Self::Result;

    /// The results as values, if they are the values at the first place.
    fn as_values(results: &mut [Self::Result]) -> Option<&mut [V]>;

    /// The same from all values of a window.
    fn of_all(&self, values: &mut [f64]) -> f64;
}

/// Order statistics.
pub(crate) struct Ranks<'s, V, S> {
    statistic: &'s S,
    way: Way<V>,
    pitch: usize,
    height: usize,
    /// Rows of results that are computed together, at most.
    band: usize,
    runs: Vec<Run>,
    /// What is special in the rows that windows show: of the first of them in `slot`, of the others after it and around.
    special: Vec<Special>,
    slot: usize,
    /// Rows of results that were computed last.
    done: usize,
    /// Which results are to be computed one by one, row by row.
    marks: Vec<bool>,
    values: Vec<f64>,
    medians: Aligned<V>,
}

/// How values are selected.
enum Way<V> {
    /// By a network for tiles of windows.
    Network(Tiled<V>),
    /// Medians of squares.
    Square(Square<V>),
}

/// A network with what it reads.
struct Tiled<V> {
    network: Network<V>,
    tile: Tile,
    sources: Vec<Source>,
    /// From one window of a tile to the next in a row.
    step: usize,
    /// The rows that windows show, if tiles are more than a window wide.
    phases: Option<Phases<V>>,
}

impl<V: Extremal> Way<V> {
    fn new(sweep: &Sweep<'_>, places: (usize, usize), elements: usize) -> Result<Self, Error> {
        if let Some((side, step)) = square(sweep).filter(|_| places == (sweep.taps() / 2, sweep.taps() / 2)) {
            return Ok(Way::Square(Square::new(side, step)?));
        }
        let window = Window::new(sweep, places)?;
        let Shared { tile, formulas, sources, results } = Shared::cheapest(&window, elements, sweep.rows())?;
        let network = Network::new(&formulas, results.as_flattened())?;
        // Behind where a phase begins, all of its places are read and what formulas look at beyond, in whole cache lines.
        let spare = sweep.pitch().div_ceil(tile.along) + window.step + NEAR + 2 * CACHE_LINE;
        let rows = sweep.height() - 1 + tile.rows;
        let phases = (tile.along > 1).then(|| Phases::new(rows, sweep.pitch(), tile.along, window.step, spare));
        Ok(Way::Network(Tiled { network, tile, sources, step: window.step, phases: phases.transpose()? }))
    }
}

/// The side of a window that is a square there is code for, and the step from one of its columns to the next.
fn square(sweep: &Sweep<'_>) -> Option<(usize, usize)> {
    let mut wide = sweep.widths().filter(|&(width, _)| width > 1);
    match (wide.next(), wide.next()) {
        (Some((width, step)), None) if sweep.is_box() && width == sweep.height() => {
            is_known(width, step).then_some((width, step))
        }
        _ => None,
    }
}

/// What a row has.
#[derive(Clone, Copy, Default)]
struct Special {
    nan: bool,
    minus_zero: bool,
}

impl<'s, V: Extremal, S: Statistic<V>> Ranks<'s, V, S> {
    /// For an array of so many elements.
    pub(crate) fn new(sweep: &Sweep<'_>, statistic: &'s S, elements: usize) -> Result<Self, Error> {
        let way = Way::new(sweep, statistic.places(), elements)?;
        let band = if let Way::Network(tiled) = &way { tiled.tile.rows } else { 1 };
        let rows = sweep.height() - 1 + band;
        Ok(Ranks {
            statistic,
            way,
            pitch: sweep.pitch(),
            height: sweep.height(),
            band,
            runs: memory::collected(sweep.runs().iter().copied())?,
            special: memory::filled(rows, Special::default())?,
            slot: 0,
            done: 0,
            marks: memory::filled(band * sweep.pitch(), false)?,
            values: memory::reserved(sweep.taps())?,
            medians: Aligned::new(sweep.pitch(), 0)?,
        })
    }

    /// Where what is known of a row is kept: of so many from the first one that is shown.
    fn slot(&self, row: usize) -> usize {
        (self.slot + row) % self.special.len()
    }

    /// Looks at a row that is new.
    fn receive(&mut self, rows: &Shown<'_, V>, number: usize) {
        let (slot, row) = (self.slot(number), rows.row(number));
        let own = &row[..self.pitch];
        self.special[slot] = Special::default();
        if has_special(own) {
            self.special[slot].nan = own.iter().any(|value| value.is_nan());
            self.special[slot].minus_zero = own.iter().any(|value| value.is_special() && !value.is_nan());
        }
        if let Way::Network(Tiled { phases: Some(phases), .. }) = &mut self.way {
            phases.receive(slot, own);
        }
    }

    /// Marks the windows that show a NaN in one of the rows that have some.
    fn mark_nan(&mut self, rows: &Shown<'_, V>, first: usize, count: usize) {
        let marks = &mut self.marks[first * self.pitch..][..count];
        for run in &self.runs {
            if !self.special[(self.slot + first + run.row) % self.special.len()].nan {
                continue;
            }
            let row = &rows.row(first + run.row)[run.at..][..count + run.len - 1];
            for (i, _) in row.iter().enumerate().filter(|(_, value)| value.is_nan()) {
                marks[(i + 1).saturating_sub(run.len)..count.min(i + 1)].fill(true);
            }
        }
    }

    /// A result from all values of its window.
    fn of_all(&mut self, rows: &Shown<'_, V>, first: usize, place: usize) -> S::Result {
        rows.window(&self.runs, first, place, &mut self.values);
        S::Result::from_f64(self.statistic.of_all(&mut self.values))
    }

    /// Computes results, and marks those that are zero.
    fn select(&mut self, rows: &Shown<'_, V>, mark_zeros: bool, results: &mut Results<'_, S::Result>) {
        // A tile may have more rows than there are results for: it is made of any.
        let last = self.height + results.rows - 2;
        match &mut self.way {
            Way::Network(tiled) => {
                let Tiled { network, tile, sources, step, phases } = tiled;
                let (pitch, slots) = (self.pitch, self.special.len());
                let places = phases::places(results.places, *step, tile.along);
                let part = places.div_ceil(places.div_ceil(network.places()));
                for done in (0..places).step_by(part) {
                    let inputs = sources.iter().map(|&source| match phases {
                        Some(phases) => phases.from((self.slot + source.row.min(last)) % slots, source, done),
                        None => rows.row(source.row.min(last))[source.at + done..].as_ptr(),
                    });
                    let count = part.min(places - done);
                    // SAFETY: what windows show of the places is in the rows, and there is enough to spare behind them.
                    unsafe { network.run(inputs, count) };
                    for (row, (results, marks)) in results.rows_mut().zip(self.marks.chunks_mut(pitch)).enumerate() {
                        let found = |i: usize| {
                            let number = 2 * (row * tile.along + i);
                            // SAFETY: so many were computed.
                            [number, number + 1].map(|n| unsafe { slice::from_raw_parts(network.result(n), count) })
                        };
                        let of = |lower, upper| self.statistic.of(lower, upper);
                        phases::collect(found, (*step, tile.along), done, of, results);
                        if mark_zeros {
                            let is_zero = |lower, upper| lower == V::default() || upper == V::default();
                            phases::collect(found, (*step, tile.along), done, is_zero, &mut marks[..results.len()]);
                        }
                    }
                }
            }
            Way::Square(square) => {
                let mut window = [&[][..]; SIDE_MAX];
                let window = &mut window[..self.height];
                window.iter_mut().enumerate().for_each(|(row, values)| *values = rows.row(row));
                for results in results.rows_mut() {
                    if !mark_zeros && let Some(medians) = S::as_values(results) {
                        square.run(window, medians);
                        continue;
                    }
                    let medians = &mut self.medians[..results.len()];
                    square.run(window, medians);
                    for ((result, mark), &median) in results.iter_mut().zip(&mut self.marks).zip(&*medians) {
                        *result = self.statistic.of(median, median);
                        *mark = median == V::default();
                    }
                }
            }
        }
    }
}

impl<V: Extremal, S: Statistic<V>> RowKernel for Ranks<'_, V, S> {
    type Value = V;
    type Result = S::Result;

    // A line is dealt out among as many as 32 phases, of each of which the network takes some hundred bytes at a time.
    const SIZES: Sizes = Sizes { short: 512, line: 16 << 10, only_line: 64 << 10, row: 48 << 10 };

    fn band(&self) -> usize {
        self.band
    }

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, S::Result>) {
        self.slot = self.slot(self.done);
        self.done = results.rows;
        for number in rows.known..self.height - 1 + results.rows {
            self.receive(rows, number);
        }
        let shown = (0..self.height - 1 + results.rows).map(|number| self.special[self.slot(number)]);
        let (has_nan, has_minus_zero) =
            shown.fold((false, false), |(nan, minus_zero), row| (nan | row.nan, minus_zero | row.minus_zero));
        if has_nan && !has_minus_zero {
            self.marks.fill(false);
        }
        self.select(rows, has_minus_zero, &mut results);
        if has_nan || has_minus_zero {
            for (first, results) in results.rows_mut().enumerate() {
                self.mark_nan(rows, first, results.len());
                for (place, result) in results.iter_mut().enumerate() {
                    if self.marks[first * self.pitch + place] {
                        *result = self.of_all(rows, first, place);
                    }
                }
            }
        }
    }
}

/// A statistic of any values that kernels compute with.
pub(crate) trait OfAnyValues:
    Statistic<i8>
    + Statistic<i16>
    + Statistic<i32>
    + Statistic<u8>
    + Statistic<u16>
    + Statistic<u32>
    + Statistic<f32>
    + Statistic<f64>
{
}

impl OfAnyValues for AtPlace<'_> {}
impl OfAnyValues for Between<'_> {}

/// The value at a place in the order.
pub(crate) struct AtPlace<'f> {
    pub(crate) place: usize,
    pub(crate) of_all: &'f (dyn Fn(&mut [f64]) -> f64 + Sync),
}

impl<V: Value> Statistic<V> for AtPlace<'_> {
    type Result = V;

    fn places(&self) -> (usize, usize) {
        (self.place, self.place)
    }

    #[inline(always)]
    fn of(&self, lower: V, _: V) -> V {
        lower
    }

    fn as_values(results: &mut [V]) -> Option<&mut [V]> {
        Some(results)
    }

    fn of_all(&self, values: &mut [f64]) -> f64 {
        (self.of_all)(values)
    }
}

/// What is between the values at two places.
pub(crate) struct Between<'f> {
    pub(crate) places: (usize, usize),
    /// How far on the way from the one to the other; `None`: in the middle.
    pub(crate) along: Option<f64>,
    pub(crate) of_all: &'f (dyn Fn(&mut [f64]) -> f64 + Sync),
}

impl<'f> Between<'f> {
    /// A quantile of so many values.
    pub(crate) fn quantile(count: usize, fraction: f64, of_all: &'f (dyn Fn(&mut [f64]) -> f64 + Sync)) -> Self {
        let (place, along) = builtins::quantile_place(count, fraction);
        Between { places: (place, (place + 1).min(count - 1)), along: Some(along), of_all }
    }
}

impl<V: Value> Statistic<V> for Between<'_> {
    type Result = f64;

    fn places(&self) -> (usize, usize) {
        self.places
    }

    #[inline(always)]
    fn of(&self, lower: V, upper: V) -> f64 {
        let (lower, upper) = (lower.to_f64(), upper.to_f64());
        match self.along {
            Some(along) => builtins::interpolated(lower, upper, along),
            None if self.places.0 == self.places.1 => lower,
            None => builtins::middle(lower, upper),
        }
    }

    fn as_values(_: &mut [f64]) -> Option<&mut [V]> {
        None
    }

    fn of_all(&self, values: &mut [f64]) -> f64 {
        (self.of_all)(values)
    }
}

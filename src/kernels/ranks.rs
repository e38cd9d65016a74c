//! Order statistics of windows that are not too large, by selection networks.
//!
//! Windows that show a NaN, and results that are zero while a -0.0 is about, are computed one by one: see
//! [`specials`](super::specials).

use std::slice;

use crate::builtins;
use crate::convert::Value;
use crate::error::Error;
use crate::kernels::extremal::Extremal;
use crate::kernels::network::{BYTES, Network, Program, Ref};
use crate::kernels::phases::{self, Phases};
use crate::kernels::specials::Specials;
use crate::kernels::tiles::{NEAR, Shared, Source, Tile, Window};
use crate::memory::{self, CACHE_LINE};
use crate::parallel::Once;
use crate::sweep::{Results, RowKernel, SPARE, Shown, Sizes, Sweep};

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

/// A network for tiles of windows, which threads share.
pub(crate) struct Tiled<V> {
    program: Program<V>,
    tile: Tile,
    sources: Vec<Source>,
    /// From one window of a tile to the next in a row.
    step: usize,
}

impl<V: Extremal> Tiled<V> {
    /// For an array of so many elements.
    fn new(sweep: &Sweep<'_>, places: (usize, usize), elements: usize) -> Result<Self, Error> {
        let window = Window::new(sweep, places)?;
        let bytes = elements.saturating_mul(size_of::<V>());
        let Shared { tile, formulas, sources, results } = Shared::cheapest(&window, bytes, sweep.rows())?;
        let both = |list: Vec<Ref>| [list[0], list[list.len() - 1]];
        let results = memory::collected(results.into_iter().flat_map(both))?;
        Ok(Tiled { program: Program::new(&formulas, &results)?, tile, sources, step: window.step })
    }
}

/// Order statistics.
pub(crate) struct Ranks<'s, V, S> {
    statistic: &'s S,
    tiled: &'s Tiled<V>,
    network: Network<'s, V>,
    /// The rows that windows show, if tiles are more than a window wide.
    phases: Option<Phases<V>>,
    height: usize,
    specials: Specials,
}

impl<'s, V: Extremal, S: Statistic<V>> Ranks<'s, V, S> {
    /// For an array of so many elements. What threads share is made by the first of them.
    pub(crate) fn new(
        sweep: &Sweep<'_>,
        statistic: &'s S,
        elements: usize,
        shared: &'s Once<Tiled<V>>,
    ) -> Result<Self, Error> {
        let tiled = shared.get_or_make(|| Tiled::new(sweep, statistic.places(), elements))?;
        let Tile { rows, along } = tiled.tile;
        // Behind where a phase begins, all of its places are read and what formulas look at beyond, in whole cache lines.
        let spare = sweep.pitch().div_ceil(along) + tiled.step + NEAR + 2 * CACHE_LINE;
        let shown = sweep.height() - 1 + rows;
        let phases = (along > 1).then(|| Phases::new(shown, sweep.pitch(), along, tiled.step, spare)).transpose()?;
        let (network, specials) = (Network::new(&tiled.program)?, Specials::new(sweep, rows)?);
        Ok(Ranks { statistic, tiled, network, phases, height: sweep.height(), specials })
    }

    /// Computes results, and marks those that are zero.
    fn select(&mut self, rows: &Shown<'_, V>, mark_zeros: bool, results: &mut Results<'_, S::Result>) {
        // A tile may have more rows than there are results for: it is made of any.
        let last = self.height + results.rows - 2;
        let Tiled { tile, sources, step, .. } = self.tiled;
        let Ranks { network, phases, specials, .. } = self;
        let places = phases::places(results.places, *step, tile.along);
        let part = places.div_ceil(places.div_ceil(network.places()));
        for done in (0..places).step_by(part) {
            let inputs = sources.iter().map(|&source| match phases {
                Some(phases) => phases.from(specials.slot(source.row.min(last)), source, done),
                None => rows.row(source.row.min(last))[source.at + done..].as_ptr(),
            });
            let count = part.min(places - done);
            // SAFETY: what windows show of the places is in the rows, and there is enough to spare behind them.
            unsafe { network.run(inputs, count) };
            for (row, results) in results.rows_mut().enumerate() {
                let found = |i: usize| {
                    let number = 2 * (row * tile.along + i);
                    // SAFETY: so many were computed.
                    [number, number + 1].map(|n| unsafe { slice::from_raw_parts(network.result(n), count) })
                };
                let of = |lower, upper| self.statistic.of(lower, upper);
                phases::collect(found, (*step, tile.along), done, of, results);
                if mark_zeros {
                    let is_zero = |lower, upper| lower == V::default() || upper == V::default();
                    let marks = &mut specials.marks(row)[..results.len()];
                    phases::collect(found, (*step, tile.along), done, is_zero, marks);
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
        self.tiled.tile.rows
    }

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, S::Result>) {
        self.specials.receive(rows, rows.known, results.rows);
        if let Some(phases) = &mut self.phases {
            for row in rows.known..self.height - 1 + results.rows {
                phases.receive(self.specials.slot(row), &rows.row(row)[..rows.width]);
            }
        }
        self.select(rows, self.specials.has_minus_zero(), &mut results);
        for (row, results) in results.rows_mut().enumerate() {
            self.specials.amend(rows, row, results, |values| self.statistic.of_all(values));
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

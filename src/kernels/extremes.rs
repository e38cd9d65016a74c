//! Minimum, maximum and range: the extremes of windows from those of parts that windows share.
//!
//! The extreme of a box is that of its extents one after the other: along the axes of a row by [`passes`](super::passes);
//! from row to row, a low box is taken as it is, and a higher one shares what rows have in common, see
//! [`fours`](super::fours).
//!
//! Rows of results are computed one by one. If they are short and lie one after the other, as those of the array do, they are
//! computed as if they were one: what comes to lie between them belongs to no window, and is written once more.
//!
//! A footprint that is no box is made of runs of taps: of each length that runs have, the rows received are made rows of
//! run's extremes, and kept; a window is the extreme of its runs.

use std::marker::PhantomData;
use std::ops;

use crate::error::Error;
use crate::kernels::extremal::{Extremal, has_special};
use crate::kernels::fours::{FOUR, Fours};
use crate::kernels::passes::{
    Extreme, Higher, Lower, MOST, Order, Pass, Scratch, To, add_passes, combine, combine_and_pass, pass_along,
};
use crate::memory::{self, Aligned};
use crate::past::Detour;
use crate::sweep::{Results, RowKernel, Run, SPARE, Shown, Sweep};

/// A box that is no higher than this is taken row by row.
const LOW: usize = 4;

/// A window of no more taps than this, that is no box, is taken tap by tap.
const FEW: usize = 6;

/// Bytes of rows that are joined, at most. Of longer ones their values make the work, not what is to be done for each row.
const SHORT: usize = 16 << 10;

/// The extremes of windows.
pub(crate) struct Extremes<V, E> {
    window: Window<V>,
    scratch: Scratch<V>,
    extreme: PhantomData<E>,
}

enum Window<V> {
    Fours(Fours<V>),
    RowByRow(RowByRow<V>),
}

impl<V: Extremal, E: Extreme> Extremes<V, E> {
    pub(crate) fn new(sweep: &Sweep<'_>) -> Result<Self, Error> {
        let (pitch, height) = (sweep.pitch(), sweep.height());
        let window = if sweep.is_box() && height > LOW {
            Window::Fours(Fours::new(pitch, height, passes_along(sweep)?)?)
        } else {
            Window::RowByRow(RowByRow { parts: Parts::new(sweep)?, height, special: 0, detour: Detour::new()? })
        };
        Ok(Extremes { window, scratch: Scratch::new(pitch.max(SHORT / size_of::<V>()))?, extreme: PhantomData })
    }
}

impl<V: Extremal, E: Extreme> RowKernel for Extremes<V, E> {
    type Value = V;
    type Result = V;

    const IS_EXACT: bool = true;

    fn band(&self) -> usize {
        FOUR
    }

    fn run(&mut self, rows: &Shown<'_, V>, results: Results<'_, V>) {
        match &mut self.window {
            Window::Fours(fours) => fours.run::<E>(rows, results, &mut self.scratch),
            Window::RowByRow(window) => window.run::<E>(rows, results, &mut self.scratch),
        }
    }
}

/// A window whose extremes are found for one row of results after the other.
struct RowByRow<V> {
    parts: Parts<V>,
    height: usize,
    /// Rows yet to come until none is about that had something special.
    special: usize,
    detour: Detour<V>,
}

/// What a window is the extreme of.
enum Parts<V> {
    /// Taps: their rows and offsets in them.
    Few(Vec<(usize, usize)>),
    /// The rows of a low box, along which these passes are made.
    Low(Vec<Pass>),
    Runs(Runs<V>),
}

impl<V: Extremal> Parts<V> {
    fn new(sweep: &Sweep<'_>) -> Result<Self, Error> {
        if sweep.is_box() {
            return Ok(Parts::Low(passes_along(sweep)?));
        }
        if sweep.taps() > FEW {
            return Ok(Parts::Runs(Runs::new(sweep)?));
        }
        let mut taps = memory::reserved(sweep.taps())?;
        for run in sweep.runs() {
            taps.extend((run.at..run.at + run.len).map(|at| (run.row, at)));
        }
        Ok(Parts::Few(taps))
    }
}

/// The passes along the rows of a box.
fn passes_along(sweep: &Sweep<'_>) -> Result<Vec<Pass>, Error> {
    let mut passes = Vec::new();
    for (width, step) in sweep.widths() {
        add_passes(&mut passes, width, step)?;
    }
    Ok(passes)
}

impl<V: Extremal> RowByRow<V> {
    fn run<E: Extreme>(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, V>, scratch: &mut Scratch<V>) {
        if rows.known == 0 {
            self.special = 0;
        }
        let (past, end) = (results.past, self.height - 1 + results.rows);
        let (mut known, mut order) = (rows.known, Order::Plain);
        if let Some(joined) = self.joined(rows, &results) {
            order = self.receive::<E>(rows, known..end, scratch);
            known = end;
            if order == Order::Plain {
                let places = joined.width + results.places - rows.width;
                return self.compute::<E>(&joined, 0, order, &mut results.values[..places], false, scratch);
            }
        }
        for (first, results) in results.rows_mut().enumerate() {
            if known < first + self.height {
                order = self.receive::<E>(rows, known..first + self.height, scratch);
                known = first + self.height;
            }
            self.compute::<E>(rows, first, order, results, past, scratch);
        }
    }

    /// All rows as one, if they can be, and results too; where it pays.
    fn joined<'r>(&self, rows: &Shown<'r, V>, results: &Results<'_, V>) -> Option<Shown<'r, V>> {
        if results.rows == 1 || !results.joinable || results.past || matches!(self.parts, Parts::Runs(_)) {
            return None;
        }
        let joined = rows.joined(results.rows, results.apart)?;
        (joined.width * size_of::<V>() <= SHORT).then_some(joined)
    }

    /// Receives rows. Returns what is known of all that windows show meanwhile.
    fn receive<E: Extreme>(&mut self, rows: &Shown<'_, V>, new: ops::Range<usize>, scratch: &mut Scratch<V>) -> Order {
        let mut all = Order::Plain;
        if !V::HAS_SPECIAL && !matches!(self.parts, Parts::Runs(_)) {
            return all;
        }
        for i in new {
            let row = &rows.row(i)[..rows.width];
            self.special = if has_special::<V, true>(row) { self.height } else { self.special.saturating_sub(1) };
            let order = if self.special > 0 { Order::Special } else { Order::Plain };
            if let Parts::Runs(runs) = &mut self.parts {
                runs.add::<E>(row, order, scratch);
            }
            all = if order == Order::Special { order } else { all };
        }
        all
    }

    /// Computes a row of results from the rows from `first` on.
    fn compute<E: Extreme>(
        &mut self,
        rows: &Shown<'_, V>,
        first: usize,
        order: Order,
        results: &mut [V],
        past: bool,
        scratch: &mut Scratch<V>,
    ) {
        // (What is settled is read again.)
        let to = if past && order == Order::Plain { To::Past(&mut self.detour) } else { To::Memory };
        match &self.parts {
            Parts::Few(taps) => {
                let taps = taps.iter().map(|&(row, at)| &rows.row(first + row)[at..]);
                combine::<V, E>(taps, order, results, to);
            }
            Parts::Low(passes) => {
                let of_rows = (first..first + self.height).map(|row| rows.row(row));
                combine_and_pass::<V, E>(of_rows, passes, order, results, scratch, to);
            }
            Parts::Runs(runs) => runs.combine::<E>(rows, first, order, results, scratch),
        }
        order.settle(results);
    }
}

/// The extremes of the runs of a footprint.
struct Runs<V> {
    pitch: usize,
    /// For each length but 1, the passes that make rows of such runs' extremes, and these rows, as many as the window is
    /// high: row number `i` of all received is the one at `i % height`.
    lengths: Vec<(usize, Vec<Pass>, Aligned<V>)>,
    height: usize,
    received: usize,
    /// Where the runs are: their rows, the offsets in them, and which length they have.
    runs: Vec<(Run, usize)>,
}

impl<V: Extremal> Runs<V> {
    fn new(sweep: &Sweep<'_>) -> Result<Self, Error> {
        let (pitch, height) = (sweep.pitch(), sweep.height());
        let mut lengths: Vec<(usize, Vec<Pass>, Aligned<V>)> = Vec::new();
        let mut runs = memory::reserved(sweep.runs().len())?;
        for &run in sweep.runs() {
            let known = lengths.iter().position(|&(len, ..)| len == run.len);
            let number = match known {
                _ if run.len == 1 => usize::MAX,
                Some(number) => number,
                None => {
                    let mut passes = Vec::new();
                    add_passes(&mut passes, run.len, 1)?;
                    let len = pitch.checked_mul(height).ok_or_else(|| memory::out_of_memory::<V>(usize::MAX))?;
                    memory::push(&mut lengths, (run.len, passes, Aligned::new(len + SPARE, 0)?))?;
                    lengths.len() - 1
                }
            };
            runs.push((run, number));
        }
        Ok(Runs { pitch, lengths, height, received: 0, runs })
    }

    fn add<E: Extreme>(&mut self, row: &[V], order: Order, scratch: &mut Scratch<V>) {
        let slot = self.received % self.height * self.pitch;
        self.received += 1;
        for (len, passes, rows) in &mut self.lengths {
            let own = &mut rows[slot..][..row.len() - (*len - 1)];
            pass_along::<V, E>(passes, row, order, own, scratch);
        }
    }

    fn combine<E: Extreme>(
        &self,
        rows: &Shown<'_, V>,
        first: usize,
        order: Order,
        results: &mut [V],
        scratch: &mut Scratch<V>,
    ) {
        let source = |&(run, number): &(Run, usize)| match self.lengths.get(number) {
            None => &rows.row(first + run.row)[run.at..],
            Some((.., extremes)) => {
                // The row received last is the window's last.
                let slot = (self.received + run.row) % self.height;
                &extremes[slot * self.pitch + run.at..]
            }
        };
        let (first_runs, rest) = self.runs.split_at(self.runs.len().min(MOST));
        if rest.is_empty() {
            combine::<V, E>(first_runs.iter().map(source), order, results, To::Memory);
            return;
        }
        let [one, other] = &mut scratch.0;
        let (mut so_far, mut next) = (&mut one[..results.len()], &mut other[..results.len()]);
        combine::<V, E>(first_runs.iter().map(source), order, so_far, To::Cache);
        let groups = rest.chunks(MOST - 1);
        let last = groups.len() - 1;
        for (i, runs) in groups.enumerate() {
            let to = if i == last { &mut *results } else { &mut *next };
            let mut sources = [&so_far[..]; MOST];
            sources.iter_mut().skip(1).zip(runs).for_each(|(to, run)| *to = source(run));
            combine::<V, E>(sources[..=runs.len()].iter().copied(), order, to, To::Cache);
            (so_far, next) = (next, so_far);
        }
    }
}

/// The largest value less the smallest.
pub(crate) struct Range<V> {
    lowest: Extremes<V, Lower>,
    highest: Extremes<V, Higher>,
    pitch: usize,
    rows: [Aligned<V>; 2],
}

impl<V: Extremal> Range<V> {
    pub(crate) fn new(sweep: &Sweep<'_>) -> Result<Self, Error> {
        let pitch = sweep.pitch();
        let len = pitch.checked_mul(FOUR).ok_or_else(|| memory::out_of_memory::<V>(usize::MAX))?;
        let row = || Aligned::new(len, 0);
        Ok(Range { pitch, lowest: Extremes::new(sweep)?, highest: Extremes::new(sweep)?, rows: [row()?, row()?] })
    }
}

impl<V: Extremal> RowKernel for Range<V> {
    type Value = V;
    type Result = f64;

    const IS_EXACT: bool = true;

    fn band(&self) -> usize {
        FOUR
    }

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, f64>) {
        let [lows, highs] = &mut self.rows;
        let (rows_wanted, places) = (results.rows, results.places);
        let (apart, joinable, past) = (self.pitch, true, false);
        self.lowest.run(rows, Results { values: lows, rows: rows_wanted, apart, places, joinable, past });
        self.highest.run(rows, Results { values: highs, rows: rows_wanted, apart, places, joinable, past });
        let (lows, highs) = (lows.chunks(self.pitch), highs.chunks(self.pitch));
        for ((results, lows), highs) in results.rows_mut().zip(lows).zip(highs) {
            for ((result, low), high) in results.iter_mut().zip(lows).zip(highs) {
                let range = high.to_f64() - low.to_f64();
                *result = if range.is_nan() { f64::NAN } else { range };
            }
        }
    }
}

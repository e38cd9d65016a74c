//! Order statistics of windows that are not too large, by selection networks.
//!
//! # The order of floating-point numbers
//! Comparisons put NaN nowhere and make no difference between 0.0 and -0.0. So rows are searched for these when they come.
//! Windows that show a NaN, and results that are zero while a -0.0 is about, are computed one by one from their values.

use crate::builtins;
use crate::convert::Value;
use crate::dtype::Sample;
use crate::error::Error;
use crate::kernels::extremes::{Extremal, has_special};
use crate::kernels::network::{Formulas, LONG, Network, Ref};
use crate::kernels::squares::{SIDE_MAX, Square, is_known};
use crate::memory::{self, Aligned, CACHE_LINE};
use crate::sweep::{Results, RowKernel, Run, SPARE, Shown, Sweep};

/// Taps that are further apart in a row are not looked for in the same places.
const NEAR: usize = 64;
// What a network reads behind a row's last place is there: see `Network::run`.
const _: () = assert!(LONG + NEAR + CACHE_LINE <= SPARE);

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
    runs: Vec<Run>,
    /// What is special in the rows of the window, in turn: the next to come goes here.
    special: Vec<Special>,
    next: usize,
    /// Which results of a row are to be computed one by one.
    marks: Vec<bool>,
    values: Vec<f64>,
    medians: Aligned<V>,
}

/// How values are selected.
enum Way<V> {
    /// By a network; each of its inputs begins in a row, at a place of it.
    Network(Network<V>, Vec<(usize, usize)>),
    /// Medians of squares.
    Square(Square<V>),
}

impl<V: Extremal> Way<V> {
    fn new(sweep: &Sweep<'_>, places: (usize, usize)) -> Result<Self, Error> {
        if let Some((side, step)) = square(sweep).filter(|_| places == (sweep.taps() / 2, sweep.taps() / 2)) {
            return Ok(Way::Square(Square::new(side, step)?));
        }
        let mut formulas = Formulas::default();
        let (inputs, columns) = columns(sweep, &mut formulas)?;
        let wanted = selected(&mut formulas, &columns, places);
        Ok(Way::Network(Network::new(&formulas, wanted)?, inputs))
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
    pub(crate) fn new(sweep: &Sweep<'_>, statistic: &'s S) -> Result<Self, Error> {
        Ok(Ranks {
            statistic,
            way: Way::new(sweep, statistic.places())?,
            pitch: sweep.pitch(),
            height: sweep.height(),
            runs: memory::collected(sweep.runs().iter().copied())?,
            special: memory::filled(sweep.height(), Special::default())?,
            next: 0,
            marks: memory::filled(sweep.pitch(), false)?,
            values: memory::reserved(sweep.taps())?,
            medians: Aligned::new(sweep.pitch(), 0)?,
        })
    }

    /// Looks at a row that is new.
    fn receive(&mut self, row: &[V]) {
        let special = &mut self.special[self.next];
        *special = Special::default();
        if has_special(row) {
            special.nan = row.iter().any(|value| value.is_nan());
            special.minus_zero = row.iter().any(|value| value.is_special() && !value.is_nan());
        }
        self.next = (self.next + 1) % self.height;
    }

    /// Marks the windows that show a NaN in one of the rows that have some.
    fn mark_nan(&mut self, rows: &Shown<'_, V>, first: usize, count: usize) {
        for run in &self.runs {
            if !self.special[(self.next + run.row) % self.height].nan {
                continue;
            }
            let row = &rows.row(first + run.row)[run.at..][..count + run.len - 1];
            for (i, _) in row.iter().enumerate().filter(|(_, value)| value.is_nan()) {
                self.marks[(i + 1).saturating_sub(run.len)..count.min(i + 1)].fill(true);
            }
        }
    }

    /// A result from all values of its window.
    fn of_all(&mut self, rows: &Shown<'_, V>, first: usize, place: usize) -> S::Result {
        rows.window(&self.runs, first, place, &mut self.values);
        S::Result::from_f64(self.statistic.of_all(&mut self.values))
    }

    /// Computes results, and marks those that are zero.
    fn select(&mut self, rows: &Shown<'_, V>, first: usize, mark_zeros: bool, results: &mut [S::Result]) {
        let count = results.len();
        let mut finish = |results: &mut [S::Result], done: usize, [lower, upper]: [&[V]; 2]| {
            let results = &mut results[done..done + lower.len()];
            for ((result, &lower), &upper) in results.iter_mut().zip(lower).zip(upper) {
                *result = self.statistic.of(lower, upper);
            }
            if mark_zeros {
                let marks = self.marks[..count][done..].iter_mut();
                for ((mark, &lower), &upper) in marks.zip(lower).zip(upper) {
                    *mark |= lower == V::default() || upper == V::default();
                }
            }
        };
        match &mut self.way {
            Way::Network(network, inputs) => {
                for done in (0..count).step_by(network.places()) {
                    let places = network.places().min(count - done);
                    let inputs = inputs.iter().map(|&(row, at)| rows.row(first + row)[at + done..].as_ptr());
                    // SAFETY: what windows show of the places is in the rows, and there is enough to spare behind them.
                    let found = unsafe { network.run(inputs) };
                    finish(results, done, found.map(|values| &values[..places]));
                }
            }
            Way::Square(square) => {
                let mut window = [&[][..]; SIDE_MAX];
                let window = &mut window[..self.height];
                window.iter_mut().enumerate().for_each(|(row, values)| *values = rows.row(first + row));
                if !mark_zeros && let Some(medians) = S::as_values(results) {
                    return square.run(window, medians);
                }
                let medians = &mut self.medians[..count];
                square.run(window, medians);
                finish(results, 0, [medians, medians]);
            }
        }
    }
}

impl<V: Extremal, S: Statistic<V>> RowKernel for Ranks<'_, V, S> {
    type Value = V;
    type Result = S::Result;

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, S::Result>) {
        for (first, results) in results.rows_mut().enumerate() {
            let known = if first == 0 { rows.known } else { self.height - 1 };
            for i in known..self.height {
                self.receive(&rows.row(first + i)[..self.pitch]);
            }
            let has_nan = self.special.iter().any(|row| row.nan);
            let has_minus_zero = self.special.iter().any(|row| row.minus_zero);
            if has_nan || has_minus_zero {
                self.marks.fill(false);
            }
            self.select(rows, first, has_minus_zero, results);
            if has_nan {
                self.mark_nan(rows, first, results.len());
            }
            if has_nan || has_minus_zero {
                for (place, result) in results.iter_mut().enumerate() {
                    if self.marks[place] {
                        *result = self.of_all(rows, first, place);
                    }
                }
            }
        }
    }
}

/// The window's taps as columns: those at the same offset in a row, at one after the other. Offsets that are near each
/// other are counted from the same place, each row's from there being an input: its row, and the place.
#[expect(clippy::type_complexity, reason = "a list of places and one of columns")]
fn columns(sweep: &Sweep<'_>, formulas: &mut Formulas) -> Result<(Vec<(usize, usize)>, Vec<Vec<Ref>>), Error> {
    let mut taps = memory::reserved(sweep.taps())?;
    for run in sweep.runs() {
        taps.extend((run.at..run.at + run.len).map(|at| (at, run.row)));
    }
    taps.sort_unstable();
    let mut inputs: Vec<(usize, usize)> = Vec::new();
    let mut columns: Vec<(usize, Vec<Ref>)> = Vec::new();
    let mut start = 0;
    for (at, row) in taps {
        if columns.is_empty() || at > start + NEAR {
            start = at;
        }
        let input = inputs.iter().position(|&input| input == (row, start)).unwrap_or_else(|| {
            inputs.push((row, start));
            inputs.len() - 1
        });
        let tap = formulas.input(input as u32, (at - start) as u32);
        match columns.last_mut() {
            Some((place, column)) if *place == at => column.push(tap),
            _ => columns.push((at, vec![tap])),
        }
    }
    Ok((inputs, columns.into_iter().map(|(_, column)| column).collect()))
}

/// The values at two places in the order, in the cheapest way known.
fn selected(formulas: &mut Formulas, columns: &[Vec<Ref>], places: (usize, usize)) -> [Ref; 2] {
    let all = merged(formulas, columns);
    let mut best = [all[places.0], all[places.1]];
    let height = columns[0].len();
    if columns.iter().all(|column| column.len() == height) {
        let (grid, below) = sorted_both_ways(formulas, columns, places);
        let by_rows: Vec<Vec<Ref>> = grid.iter().map(|row| row.iter().flatten().copied().collect()).collect();
        let column = |j: usize| grid.iter().filter_map(|row| row[j]).collect();
        let by_columns: Vec<Vec<Ref>> = (0..columns.len()).map(column).collect();
        for lists in [by_rows, by_columns] {
            let rest = merged_by_size(formulas, lists);
            let way = [rest[places.0 - below], rest[places.1 - below]];
            if formulas.cost(&way) < formulas.cost(&best) {
                best = way;
            }
        }
    }
    best
}

/// All taps in order. As many columns as a power of two are merged first, so that neighbours can have them too.
fn merged(formulas: &mut Formulas, columns: &[Vec<Ref>]) -> Vec<Ref> {
    if let [column] = columns {
        return formulas.sorted(column);
    }
    let (one, other) = columns.split_at(columns.len().next_power_of_two() / 2);
    let (one, other) = (merged(formulas, one), merged(formulas, other));
    formulas.merged(&one, &other)
}

/// The taps of a box with columns in order and then rows, which leaves the columns so; without those that can't be at the
/// places, of which so many are below.
///
/// What is in row `i` and column `j` has `(i + 1) * (j + 1)` values that are not above it, itself included, and as many that
/// are not below it as there are from there to the other corner.
fn sorted_both_ways(
    formulas: &mut Formulas,
    columns: &[Vec<Ref>],
    places: (usize, usize),
) -> (Vec<Vec<Option<Ref>>>, usize) {
    let (width, height) = (columns.len(), columns[0].len());
    let columns: Vec<Vec<Ref>> = columns.iter().map(|column| formulas.sorted(column)).collect();
    let mut below = 0;
    let mut grid = Vec::new();
    for i in 0..height {
        let row: Vec<Vec<Ref>> = columns.iter().map(|column| vec![column[i]]).collect();
        let row = merged(formulas, &row).into_iter().enumerate().map(|(j, value)| {
            let is_below = (height - i) * (width - j) > height * width - places.0;
            let is_above = (i + 1) * (j + 1) > places.1 + 1;
            below += usize::from(is_below);
            (!is_below && !is_above).then_some(value)
        });
        grid.push(row.collect());
    }
    (grid, below)
}

/// Lists in order as one: the shortest first.
fn merged_by_size(formulas: &mut Formulas, mut lists: Vec<Vec<Ref>>) -> Vec<Ref> {
    lists.retain(|list| !list.is_empty());
    while lists.len() > 1 {
        lists.sort_by_key(|list| std::cmp::Reverse(list.len()));
        let merged = lists.pop().zip(lists.pop()).map(|(one, other)| formulas.merged(&one, &other));
        lists.extend(merged);
    }
    lists.pop().unwrap_or_default()
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

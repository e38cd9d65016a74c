//! Windows that show values which the machine's comparisons don't put where they belong: NaN, and -0.0 beside 0.0.
//!
//! Rows are searched for these when they come. A kernel computes all results as if there were none; those that can't be
//! trusted are then computed again, one by one, from all values of their windows.

use crate::convert::Value;
use crate::error::Error;
use crate::kernels::extremal::{Extremal, has_special};
use crate::memory;
use crate::sweep::{Run, Shown, Sweep};

/// What is special in the rows that some rows of results depend on, and the results that it spoils.
pub(crate) struct Specials {
    pitch: usize,
    height: usize,
    runs: Vec<Run>,
    /// What the rows have: the first of them in `slot`, the others after it and around.
    rows: Vec<Special>,
    slot: usize,
    /// Rows of results that depend on them.
    results: usize,
    /// Which results are to be computed one by one, row by row; and whether some may be.
    marks: Vec<bool>,
    marked: bool,
    values: Vec<f64>,
}

/// What a row has.
#[derive(Clone, Copy, Default)]
struct Special {
    nan: bool,
    minus_zero: bool,
}

impl Specials {
    /// For up to `band` rows of results at a time.
    pub(crate) fn new(sweep: &Sweep<'_>, band: usize) -> Result<Self, Error> {
        Ok(Specials {
            pitch: sweep.pitch(),
            height: sweep.height(),
            runs: memory::collected(sweep.runs().iter().copied())?,
            rows: memory::filled(sweep.height() - 1 + band, Special::default())?,
            slot: 0,
            results: 0,
            marks: memory::filled(band * sweep.pitch(), false)?,
            marked: false,
            values: memory::reserved(sweep.taps())?,
        })
    }

    /// A number for a row that is shown: it keeps it as long as it is.
    pub(crate) fn slot(&self, row: usize) -> usize {
        (self.slot + row) % self.rows.len()
    }

    /// Looks at the rows that so many rows of results depend on, but for those that are `known`.
    pub(crate) fn receive<V: Extremal>(&mut self, rows: &Shown<'_, V>, known: usize, results: usize) {
        self.slot = self.slot(self.results);
        self.results = results;
        self.marked = false;
        if !V::HAS_SPECIAL {
            return;
        }
        for number in known..self.height - 1 + results {
            let (slot, row) = (self.slot(number), &rows.row(number)[..rows.width]);
            self.rows[slot] = Special::default();
            if has_special::<V, false>(row) {
                self.rows[slot].nan = row.iter().any(|value| value.is_nan());
                self.rows[slot].minus_zero = row.iter().any(|value| value.is_special() && !value.is_nan());
            }
        }
    }

    fn any(&self, has: impl Fn(Special) -> bool) -> bool {
        (0..self.height - 1 + self.results).any(|row| has(self.rows[self.slot(row)]))
    }

    /// Whether a -0.0 is about.
    pub(crate) fn has_minus_zero(&self) -> bool {
        self.any(|row| row.minus_zero)
    }

    /// To be set for results of a row that can't be trusted, whether windows show a NaN or not.
    pub(crate) fn marks(&mut self, row: usize) -> &mut [bool] {
        self.marked = true;
        &mut self.marks[row * self.pitch..][..self.pitch]
    }

    /// Computes those results of a row that are marked, and those of windows that show a NaN, from all values of the windows.
    pub(crate) fn amend<V: Extremal, R: Value>(
        &mut self,
        rows: &Shown<'_, V>,
        row: usize,
        results: &mut [R],
        of_all: impl Fn(&mut [f64]) -> f64,
    ) {
        if self.any(|row| row.nan) {
            self.mark_nan(rows, row, results.len());
        } else if !self.marked {
            return;
        }
        let marks = &mut self.marks[row * self.pitch..][..results.len()];
        for ((place, result), mark) in results.iter_mut().enumerate().zip(marks) {
            if *mark {
                rows.window(&self.runs, row, place, &mut self.values);
                *result = R::from_f64(of_all(&mut self.values));
                *mark = false;
            }
        }
    }

    /// Marks the windows that show a NaN in one of the rows that have some.
    fn mark_nan<V: Extremal>(&mut self, rows: &Shown<'_, V>, first: usize, count: usize) {
        for run in &self.runs {
            if !self.rows[self.slot(first + run.row)].nan {
                continue;
            }
            let marks = &mut self.marks[first * self.pitch..][..count];
            let row = &rows.row(first + run.row)[run.at..][..count + run.len - 1];
            for (i, _) in row.iter().enumerate().filter(|(_, value)| value.is_nan()) {
                marks[(i + 1).saturating_sub(run.len)..count.min(i + 1)].fill(true);
            }
        }
    }
}

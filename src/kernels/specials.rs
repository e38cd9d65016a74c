//! Windows that show values which the machine's comparisons don't put where they belong: NaN, and -0.0 beside 0.0.
//!
//! Rows are searched for these when they come. A kernel computes all results as if there were none; those that can't be
//! trusted are then computed again, one by one, from all values of their windows.

use crate::convert::Value;
use crate::error::Error;
use crate::kernels::extremes::{Extremal, has_special};
use crate::memory;
use crate::sweep::{Run, Shown, Sweep};

/// What is special in the rows of a window, and the results that it spoils.
pub(crate) struct Specials {
    pitch: usize,
    runs: Vec<Run>,
    /// The rows of the window, in turn: the next to come goes to `next`.
    rows: Vec<Special>,
    next: usize,
    /// Which results of a row are to be computed one by one.
    marks: Vec<bool>,
    values: Vec<f64>,
}

/// What a row has.
#[derive(Clone, Copy, Default)]
struct Special {
    nan: bool,
    minus_zero: bool,
}

impl Specials {
    pub(crate) fn new(sweep: &Sweep<'_>) -> Result<Self, Error> {
        Ok(Specials {
            pitch: sweep.pitch(),
            runs: memory::collected(sweep.runs().iter().copied())?,
            rows: memory::filled(sweep.height(), Special::default())?,
            next: 0,
            marks: memory::filled(sweep.pitch(), false)?,
            values: memory::reserved(sweep.taps())?,
        })
    }

    /// Looks at the rows of a window that are new: those from number `known` of it on. It begins with row `first`.
    pub(crate) fn receive<V: Extremal>(&mut self, rows: &Shown<'_, V>, first: usize, known: usize) {
        let height = self.rows.len();
        for i in known..height {
            let row = &rows.row(first + i)[..self.pitch];
            let special = &mut self.rows[self.next];
            *special = Special::default();
            if has_special::<V, false>(row) {
                special.nan = row.iter().any(|value| value.is_nan());
                special.minus_zero = row.iter().any(|value| value.is_special() && !value.is_nan());
            }
            self.next = (self.next + 1) % height;
        }
    }

    /// Whether a -0.0 is about.
    pub(crate) fn has_minus_zero(&self) -> bool {
        self.rows.iter().any(|row| row.minus_zero)
    }

    /// Computes the results of windows that show a NaN, and those that are `doubtful`, from all values of their windows.
    pub(crate) fn amend<V: Extremal, R: Value>(
        &mut self,
        rows: &Shown<'_, V>,
        first: usize,
        results: &mut [R],
        doubtful: Option<impl Fn(R) -> bool>,
        of_all: impl Fn(&mut [f64]) -> f64,
    ) {
        let has_nan = self.rows.iter().any(|row| row.nan);
        if !has_nan && doubtful.is_none() {
            return;
        }
        let marks = &mut self.marks[..results.len()];
        match doubtful {
            Some(doubtful) => marks.iter_mut().zip(&*results).for_each(|(mark, &result)| *mark = doubtful(result)),
            None => marks.fill(false),
        }
        if has_nan {
            self.mark_nan(rows, first, results.len());
        }
        for (place, result) in results.iter_mut().enumerate().filter(|&(place, _)| self.marks[place]) {
            rows.window(&self.runs, first, place, &mut self.values);
            *result = R::from_f64(of_all(&mut self.values));
        }
    }

    /// Marks the windows that show a NaN in one of the rows that have some.
    fn mark_nan<V: Extremal>(&mut self, rows: &Shown<'_, V>, first: usize, count: usize) {
        for run in &self.runs {
            if !self.rows[(self.next + run.row) % self.rows.len()].nan {
                continue;
            }
            let row = &rows.row(first + run.row)[run.at..][..count + run.len - 1];
            for (i, _) in row.iter().enumerate().filter(|(_, value)| value.is_nan()) {
                self.marks[(i + 1).saturating_sub(run.len)..count.min(i + 1)].fill(true);
            }
        }
    }
}

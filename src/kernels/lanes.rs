//! Functions generic over lanes: several windows at a time, whatever the number of taps.

use std::ptr;

use crate::error::Error;
use crate::kernels::strip::{Strip, fetch_ahead};
use crate::lanes::{LaneFunction, LaneValues};
use crate::lines::LANES;
use crate::memory;
use crate::past::Detour;
use crate::simd;
use crate::sweep::{Results, RowKernel, Run, Shown, Sweep};

/// Calls `function` with the values of as many windows as there are lanes.
pub(crate) struct Lanewise<F>(pub(crate) F);

impl<F: LaneFunction> Strip for Lanewise<&F> {
    const WHOLE_BATCHES: bool = false;

    unsafe fn run(&mut self, _: usize, taps: &[*const f64], results: &mut [f64]) -> usize {
        let function = self.0;
        simd::widest(
            #[inline(always)]
            || {
                let (groups, rest) = results.as_chunks_mut::<LANES>();
                let done = groups.len() * LANES;
                for (i, group) in groups.iter_mut().enumerate() {
                    fetch_ahead(taps, i * LANES, group, true);
                    // SAFETY: these taps lie there, as the caller has it.
                    *group = function.call(unsafe { LaneValues::new(taps, i * LANES) }).into_array();
                }
                if !rest.is_empty() {
                    // SAFETY: likewise; what lies behind the last of them can be read too.
                    let last: [f64; LANES] = function.call(unsafe { LaneValues::new(taps, done) }).into_array();
                    rest.copy_from_slice(&last[..rest.len()]);
                }
            },
        );
        results.len()
    }
}

/// The same for rows of a sweep, whose windows are to have their taps in the order of its runs.
pub(crate) struct LanesOfRows<F> {
    function: F,
    taps: Vec<*const f64>,
    runs: Vec<Run>,
    detour: Detour<f64>,
}

impl<'f, F: LaneFunction> LanesOfRows<&'f F> {
    pub(crate) fn new(sweep: &Sweep<'_>, function: &'f F) -> Result<Self, Error> {
        let taps = memory::filled(sweep.taps(), ptr::null())?;
        Ok(LanesOfRows { function, taps, runs: memory::copied(sweep.runs())?, detour: Detour::new()? })
    }

    /// Lets the taps begin at those of the first place of a row of results.
    fn aim(&mut self, rows: &Shown<'_, f64>, first: usize, places: usize) {
        let mut taps = &mut self.taps[..];
        for run in &self.runs {
            let row = &rows.row(first + run.row)[run.at..][..run.len - 1 + places];
            let (own, rest) = taps.split_at_mut(run.len);
            own.iter_mut().enumerate().for_each(|(k, tap)| *tap = row.as_ptr().wrapping_add(k));
            taps = rest;
        }
    }
}

impl<F: LaneFunction + Sync> RowKernel for LanesOfRows<&F> {
    type Value = f64;
    type Result = f64;

    const IS_EXACT: bool = true;

    fn run(&mut self, rows: &Shown<'_, f64>, mut results: Results<'_, f64>) {
        let (past, places) = (results.past, results.places);
        for (first, row) in results.rows_mut().enumerate() {
            self.aim(rows, first, places);
            let (function, windows) = (self.function, Windows { taps: &self.taps, places, past });
            // SAFETY: the taps begin so many places, as was checked when they were aimed.
            let compute = |start, results: &mut [f64]| unsafe { windows.apply(function, start, results) };
            if past {
                self.detour.take(row, compute);
            } else {
                compute(0, row);
            }
        }
    }
}

/// The windows of a row of results.
struct Windows<'t> {
    /// Where the taps of the first of so many places lie.
    taps: &'t [*const f64],
    places: usize,
    /// Whether results go past the caches.
    past: bool,
}

impl Windows<'_> {
    /// Calls a function for the places of results from `start` on.
    ///
    /// # Safety
    /// Tap `k` of place `j` lies at `taps[k].add(j)`.
    unsafe fn apply(&self, function: &impl LaneFunction, start: usize, results: &mut [f64]) {
        let Windows { taps, places, past } = *self;
        assert!(start + results.len() <= places);
        simd::widest(
            #[inline(always)]
            || {
                let (groups, rest) = results.as_chunks_mut::<LANES>();
                // Squares of three are what most want: compilers unroll what they know the number of.
                match <[_; 9]>::try_from(taps) {
                    // SAFETY: passed on.
                    Ok(taps) => unsafe { apply_to_groups(function, &taps, start, groups, past) },
                    // SAFETY: passed on.
                    Err(_) => unsafe { apply_to_groups(function, taps, start, groups, past) },
                }
                let left = start + groups.len() * LANES;
                if places >= LANES && !rest.is_empty() {
                    // They are computed with some others.
                    let at = left.min(places - LANES);
                    // SAFETY: any of these places has its taps there.
                    let group: [f64; LANES] = function.call(unsafe { LaneValues::new(taps, at) }).into_array();
                    rest.copy_from_slice(&group[left - at..][..rest.len()]);
                    return;
                }
                for (at, result) in (left..).zip(rest) {
                    // SAFETY: as above.
                    [*result] = function.call(unsafe { LaneValues::new(taps, at) }).into_array();
                }
            },
        );
    }
}

/// # Safety
/// As [`Windows::apply`].
#[inline(always)]
unsafe fn apply_to_groups(
    function: &impl LaneFunction,
    taps: &[*const f64],
    start: usize,
    groups: &mut [[f64; LANES]],
    past: bool,
) {
    for (at, group) in (start..).step_by(LANES).zip(groups) {
        fetch_ahead(taps, at, group, !past);
        // SAFETY: the places have these taps.
        *group = function.call(unsafe { LaneValues::new(taps, at) }).into_array();
    }
}

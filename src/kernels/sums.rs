//! Sums of integers in boxes, and means: running sums, whose time does not depend on the window's height, and hardly on its
//! width.
//!
//! Every place of a row has the sum of its column of the window: the row that comes is added, the one that leaves is taken
//! away again. Along a row, sums of 1, 2, 4, 8, ... neighbours become each other, and those that make up the window's width are
//! added. All this is done in double, where sums of integers are exact as long as they stay below 2^53: so they are what
//! adding up the values one by one gives.

use std::marker::PhantomData;

use crate::convert::Value;
use crate::error::Error;
use crate::memory::{self, Aligned};
use crate::simd;
use crate::sweep::{Results, RowKernel, Shown, Sweep};

/// Taps of a window, at most: of values of 32 bits, no sum is 2^53 or more.
pub(crate) const TAPS_MAX: usize = 1 << 21;

/// Sums or means.
pub(crate) struct Sums<V> {
    height: usize,
    /// The window's extents along the axes of a row that it extends along, and the steps.
    widths: Vec<(usize, usize)>,
    /// For means: the number of taps.
    divisor: Option<f64>,
    /// The sum of each column.
    columns: Aligned<f64>,
    /// Sums along a row: of as many as a power of two, the next ones, and what is added up so far.
    powers: [Aligned<f64>; 2],
    sums: [Aligned<f64>; 2],
    values: PhantomData<V>,
}

impl<V: Value> Sums<V> {
    /// For a box of values that are integers of up to 32 bits.
    pub(crate) fn new(sweep: &Sweep<'_>, is_mean: bool) -> Result<Self, Error> {
        let mut widths = memory::reserved(sweep.widths().clone().count())?;
        widths.extend(sweep.widths().filter(|&(width, _)| width > 1));
        let row = || Aligned::new(sweep.pitch(), 0);
        Ok(Sums {
            height: sweep.height(),
            widths,
            divisor: is_mean.then_some(sweep.taps() as f64),
            columns: row()?,
            powers: [row()?, row()?],
            sums: [row()?, row()?],
            values: PhantomData,
        })
    }

    /// Computes a row of results from the columns.
    fn along(&mut self, width: usize, results: &mut [f64]) {
        let [sums, spare] = &mut self.sums;
        let (mut sums, mut spare) = (&mut **sums, &mut **spare);
        let mut count = width;
        sums[..count].copy_from_slice(&self.columns[..count]);
        for &(width, step) in &self.widths {
            let [powers, next] = &mut self.powers;
            let (mut powers, mut next) = (&mut **powers, &mut **next);
            powers[..count].copy_from_slice(&sums[..count]);
            let reached = count - (width - 1) * step;
            // Powers of two that the width is the sum of, from the lowest on; each begins where the one before it ends.
            let mut at = 0;
            let mut power = 1;
            loop {
                if width & power > 0 {
                    if at == 0 {
                        spare[..reached].copy_from_slice(&powers[..reached]);
                    } else {
                        add(&mut spare[..reached], &powers[at * step..]);
                    }
                    at += power;
                }
                if at == width {
                    break;
                }
                count -= power * step;
                both(&powers[..count + power * step], power * step, &mut next[..count]);
                (powers, next) = (next, powers);
                power *= 2;
            }
            count = reached;
            (sums, spare) = (spare, sums);
        }
        match self.divisor {
            None => results.copy_from_slice(&sums[..results.len()]),
            Some(divisor) => simd::widest(
                #[inline(always)]
                || results.iter_mut().zip(&*sums).for_each(|(result, sum)| *result = sum / divisor),
            ),
        }
    }
}

/// Adds values to sums.
fn add(sums: &mut [f64], values: &[f64]) {
    simd::widest(
        #[inline(always)]
        || sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value),
    );
}

/// The sums of values and those some places further on.
fn both(values: &[f64], further: usize, sums: &mut [f64]) {
    simd::widest(
        #[inline(always)]
        || {
            let pairs = values.iter().zip(&values[further..]);
            sums.iter_mut().zip(pairs).for_each(|(sum, (one, other))| *sum = one + other);
        },
    );
}

impl<V: Value> RowKernel for Sums<V> {
    type Value = V;
    type Result = f64;

    const IS_EXACT: bool = true;

    fn run(&mut self, rows: &Shown<'_, V>, mut results: Results<'_, f64>) {
        let width = rows.width;
        if rows.known == 0 {
            self.columns[..width].fill(0.0);
        }
        for (first, results) in results.rows_mut().enumerate() {
            let known = if first == 0 { rows.known } else { self.height - 1 };
            for i in known..self.height {
                let row = &rows.row(first + i)[..width];
                let columns = &mut self.columns[..width];
                simd::widest(
                    #[inline(always)]
                    || columns.iter_mut().zip(row).for_each(|(column, value)| *column += value.to_f64()),
                );
            }
            self.along(width, results);
            // What leaves the window is taken away now: it is not shown any more when the next row comes.
            let row = &rows.row(first)[..width];
            let columns = &mut self.columns[..width];
            simd::widest(
                #[inline(always)]
                || columns.iter_mut().zip(row).for_each(|(column, value)| *column -= value.to_f64()),
            );
        }
    }
}

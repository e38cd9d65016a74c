//! Sweeps: how kernels that share work between windows go over an array.
//!
//! ```text
//!            tile                       The array is cut into tiles along all axes but the one that is swept. A tile,
//!        ┌─┬──────┬─┐                   with what the window sees around it, is a row of values: whatever axes it has, they
//!  rows  │▒│      │▒│ ┐                 lie side by side, so that each tap is at one offset from its element, across
//!  held  │▒│      │▒│ │ window          rows too. Rows are extended one after the other; those that the window shows
//!        │▒│      │▒│ ┘                 are held in memory side by side, and a kernel computes the results of a row,
//!        └─┴──────┴─┘                   or of several, from them and from what it remembers of rows before.
//!          ▼ swept
//! ```
//!
//! A row has places that belong to no output element, between those that do: the margins around each line. Kernels may
//! compute there what they like, which is simpler and, with short lines, faster than leaving them out.
//!
//! Where a row would be one line of the array, and the array holds values as they are, most of it need not be copied: the
//! windows of all elements but those near its ends show the line's own elements. So these are computed from the array
//! itself. Only the ends are extended: those of many lines together, as rows of another sweep that has one more axis in a
//! row. Copying everything would take a third of a small window's time.
//!
//! [`Sweep`] works out once per call how array and window map to rows; each worker owns [`Rows`].

use std::ops::Range;

use crate::array::{Elements, Input, Matrix, Piece};
use crate::boundary::Mode;
use crate::convert::Value;
use crate::dtype::Sample;
use crate::error::Error;
use crate::gate::Gate;
use crate::lines::{Axis, End, Extension, LastAxis, axes};
use crate::memory::{self, Aligned, CACHE_LINE};
use crate::simd;
use crate::window::Fitted;

/// Values that may be read behind every tap of every place of a row.
pub(crate) const SPARE: usize = 1280;

/// Rows of an array that are worth cutting nothing smaller.
const MANY_ROWS: usize = 64;

/// Rows of a band, at most, that pieces have whole ones of.
const BAND_MAX: usize = 8;

/// Elements of a line that are worth telling apart from those at its ends.
const LONG: usize = 256;

/// Lines whose ends are extended together: enough for their places to fill a few vectors.
const fn lines_of_ends(value_size: usize) -> usize {
    if value_size < 4 { CACHE_LINE / value_size } else { CACHE_LINE / 4 }
}

/// What rows a kernel likes best.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    /// Elements that are worth a row.
    pub(crate) short: usize,
    /// Bytes of a line in a row, about: enough to have little to do for each, few enough to have several in the cache.
    pub(crate) line: usize,
    /// The same for a line that is all there is.
    pub(crate) only_line: usize,
    /// Bytes of a row of several axes, about.
    pub(crate) row: usize,
}

/// How an array and a window map to rows.
pub(crate) struct Sweep<'a> {
    input: &'a Input<'a>,
    cval: f64,
    /// Axes before the swept one, which the window does not extend along: an array for each of their elements.
    outer: Vec<Axis>,
    swept: Axis,
    /// The axes of a row, with the extent of a tile and the step from one element to the next along each.
    inner: Vec<Axis>,
    tile: Vec<usize>,
    steps: Vec<usize>,
    /// Inner axes from here on are not cut; the last one extended by itself, if it can be.
    whole: usize,
    last: Option<LastAxis>,
    /// Values from one row to the next, and places that a window's last tap is behind its first.
    pitch: usize,
    reach: usize,
    /// Output elements of a row along all of its axes.
    row: usize,
    /// The taps as runs of places side by side.
    runs: Vec<Run>,
    taps: usize,
    own: Option<OwnRows<'a>>,
}

/// How rows that are the array's own are told apart from what has to be extended.
struct OwnRows<'a> {
    /// The elements of a line whose windows lie within it.
    inside: Range<usize>,
    /// Those around them, as rows of another sweep: a row has the ends of several lines.
    ends: [End; 2],
    sweep_of_ends: Box<[Sweep<'a>; 1]>,
}

/// Taps side by side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// The row, counted from the window's first.
    pub(crate) row: usize,
    /// The first one's offset in the row from the element's place.
    pub(crate) at: usize,
    pub(crate) len: usize,
}

impl<'a> Sweep<'a> {
    /// For a kernel. The array has elements and two axes or more, and the first has one element.
    pub(crate) fn new<K: RowKernel>(
        input: &'a Input<'a>,
        window: &Fitted<'_>,
        modes: &[Mode],
        cval: f64,
    ) -> Result<Self, Error> {
        let has_own_rows = |elements: Elements<'_>| K::IS_EXACT && elements.matrix::<K::Value>().is_some();
        Self::for_values(size_of::<K::Value>(), K::SIZES, has_own_rows, input, window, modes, cval)
    }

    /// For values of `size` bytes, which are read where they lie if an array `has_own_rows`. (Compiled once, for all kernels.)
    fn for_values(
        size: usize,
        sizes: Sizes,
        has_own_rows: fn(Elements<'_>) -> bool,
        input: &'a Input<'a>,
        window: &Fitted<'_>,
        modes: &[Mode],
        cval: f64,
    ) -> Result<Self, Error> {
        let mut axes = axes(&input.shape()[1..], window, modes)?;
        memory::insert(&mut axes, 0, Axis { extent: 1, low: 0, span: 0, mode: Mode::default() })?;

        // The first axis that the window extends along is swept, or one before it if rows would be short otherwise.
        let mut along = axes.iter().position(|axis| axis.span > 0).unwrap_or(axes.len()).min(axes.len() - 2);
        while along > 0 && axes[along + 1..].iter().map(|axis| axis.extent).product::<usize>() < sizes.short {
            along -= 1;
        }
        let inner = &axes[along + 1..];
        let line = if inner.len() == 1 && axes[along].extent == 1 { sizes.only_line } else { sizes.line };
        let tile = tile(inner, size, line, sizes.row)?;
        let mut sweep = Self::along(input, window, cval, size, &axes, along, tile)?;

        // The ends of lines are swept one axis earlier.
        if let ([axis], true) = (&sweep.inner[..], along > 0 && has_own_rows(sweep.array(0))) {
            let end = (axis.extent as isize - axis.low - axis.span as isize).clamp(0, axis.extent as isize) as usize;
            let inside = (-axis.low).max(0) as usize..end;
            if inside.start + LONG <= end {
                let ends = [End::new(axis, 0..inside.start)?, End::new(axis, end..axis.extent)?];
                let most = ends.iter().map(|end| end.elements.len()).max().unwrap_or(0).max(1);
                let tile = memory::collected([lines_of_ends(size).min(sweep.swept.extent), most].into_iter())?;
                let sweep_of_ends = Self::along(input, window, cval, size, &axes, along - 1, tile)?;
                sweep.own = Some(OwnRows { inside, ends, sweep_of_ends: memory::boxed(sweep_of_ends)? });
            }
        }
        Ok(sweep)
    }

    /// Sweeps the axis number `along`, tiles of these extents along the axes after it; for values of `size` bytes.
    fn along(
        input: &'a Input<'a>,
        window: &Fitted<'_>,
        cval: f64,
        size: usize,
        axes: &[Axis],
        along: usize,
        tile: Vec<usize>,
    ) -> Result<Self, Error> {
        let inner = memory::collected(axes[along + 1..].iter().copied())?;
        let whole = 1 + inner.iter().zip(&tile).rposition(|(axis, &tile)| tile < axis.extent).unwrap_or(0);
        let mut steps = memory::filled(inner.len(), 1_usize)?;
        let too_large = || memory::out_of_memory::<u8>(usize::MAX);
        for i in (1..inner.len()).rev() {
            steps[i - 1] = steps[i].checked_mul(tile[i] + inner[i].span).ok_or_else(too_large)?;
        }
        let values = steps[0].checked_mul(tile[0] + inner[0].span).ok_or_else(too_large)?;
        let mut sweep = Sweep {
            input,
            cval,
            outer: memory::collected(axes[..along].iter().copied())?,
            swept: axes[along],
            last: if let [_, last] = &inner[whole - 1..] { LastAxis::new(last)? } else { None },
            whole,
            pitch: values.checked_next_multiple_of(CACHE_LINE / size).ok_or_else(too_large)?,
            reach: inner.iter().zip(&steps).map(|(axis, step)| axis.span * step).sum(),
            row: inner.iter().map(|axis| axis.extent).product(),
            runs: Vec::new(),
            taps: window.taps,
            inner,
            tile,
            steps,
            own: None,
        };
        sweep.list_runs(window)?;
        Ok(sweep)
    }

    /// Lists the window's taps.
    fn list_runs(&mut self, window: &Fitted<'_>) -> Result<(), Error> {
        let first_inner = self.outer.len() + 1;
        // A window's axes are the caller's, which do not count the one of one element before them.
        let axis_of = |i: usize| window.axes[i] + 1;
        let mut offsets = memory::filled(first_inner + self.inner.len(), 0_isize)?;
        let along = window.axes.last().map(|axis| axis + 1);
        let side_by_side = along.is_none_or(|along| along == offsets.len() - 1);
        let (swept, inner, steps, runs) = (&self.swept, &self.inner, &self.steps, &mut self.runs);
        window.runs(|index, len| {
            for (i, &place) in index.iter().enumerate() {
                offsets[axis_of(i)] = window.first[i] + place as isize;
            }
            let (pieces, len) = if side_by_side { (1, len) } else { (len, 1) };
            for _ in 0..pieces {
                let row = (offsets[first_inner - 1] - swept.low) as usize;
                let at = inner.iter().zip(steps).zip(&offsets[first_inner..]);
                let at = at.map(|((axis, step), &offset)| (offset - axis.low) as usize * step).sum();
                memory::push(runs, Run { row, at, len })?;
                if let (false, Some(along)) = (side_by_side, along) {
                    offsets[along] += 1;
                }
            }
            Ok(())
        })?;
        runs.sort_unstable_by_key(|run| (run.row, run.at));
        runs.dedup_by(|next, run| {
            let follows = next.row == run.row && next.at == run.at + run.len;
            if follows {
                run.len += next.len;
            }
            follows
        });
        Ok(())
    }

    /// The taps, row by row.
    pub(crate) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The number of taps.
    pub(crate) fn taps(&self) -> usize {
        self.taps
    }

    /// Whether the window is a box.
    pub(crate) fn is_box(&self) -> bool {
        self.taps > 0
            && self.taps == self.inner.iter().chain([&self.swept]).map(|axis| axis.span + 1).product::<usize>()
    }

    /// The rows of the window.
    pub(crate) fn height(&self) -> usize {
        self.swept.span + 1
    }

    /// The rows of results of an array.
    pub(crate) fn rows(&self) -> usize {
        self.swept.extent
    }

    /// The window's extents along the axes of a row, and the steps along them in a row.
    pub(crate) fn widths(&self) -> impl DoubleEndedIterator<Item = (usize, usize)> + Clone {
        self.inner.iter().zip(&self.steps).map(|(axis, &step)| (axis.span + 1, step))
    }

    /// Values of a row: from one to the next.
    pub(crate) fn pitch(&self) -> usize {
        self.pitch
    }

    /// Elements along the first axis of a row, of which a tile has so many, and output elements to each.
    fn first_inner(&self) -> (usize, usize, usize) {
        let extent = self.inner[0].extent;
        (extent, self.tile[0], self.row / extent)
    }

    /// Whether rows are many enough to be cut nowhere else than between them.
    fn has_many_rows(&self) -> bool {
        self.outer.iter().map(|axis| axis.extent).product::<usize>() * self.swept.extent >= MANY_ROWS
    }

    /// A piece's elements are best a multiple of this, for a kernel that computes a band of so many rows: half as many rows as
    /// windows show, as those of a piece's first windows are not known when it begins.
    fn unit(&self, band: usize) -> usize {
        if self.has_many_rows() {
            let band = if band <= BAND_MAX { band } else { 1 };
            (self.height() / 2).max(1).next_multiple_of(band).saturating_mul(self.row)
        } else {
            1
        }
    }

    /// The first element from `index` on where the output may be cut.
    pub(crate) fn cut(&self, index: usize) -> usize {
        let (_, tile, each) = self.first_inner();
        let (row, rest) = (index / self.row, index % self.row);
        let rest =
            if self.has_many_rows() { rest.next_multiple_of(self.row) } else { rest.next_multiple_of(tile * each) };
        // The ends of lines are not cut, and never left alone.
        let rest = match &self.own {
            Some(own) if rest >= own.inside.end => self.row,
            Some(own) if rest > 0 => rest.max(own.inside.start + 1),
            _ => rest.min(self.row),
        };
        row * self.row + rest
    }

    /// Divides elements, cut where they may be, into bands of rows: parts of the first axis of a row.
    fn bands(&self, range: Range<usize>, mut visit: impl FnMut(Band) -> bool) {
        let (extent, _, each) = self.first_inner();
        let mut next = range.start;
        while next < range.end {
            let (row, rest) = (next / self.row, next % self.row);
            let (array, start) = (row / self.swept.extent, row % self.swept.extent);
            let left = range.end - next;
            let (rows, first) = if rest == 0 && left >= self.row {
                (start..self.swept.extent.min(start + left / self.row), 0..extent)
            } else {
                (start..start + 1, rest / each..extent.min(rest / each + left / each))
            };
            next += rows.len() * first.len() * each;
            if !visit(Band { array, rows, first }) {
                return;
            }
        }
    }
}

/// Elements of the output: some rows of one array, and of these a range along their first axis.
struct Band {
    array: usize,
    rows: Range<usize>,
    first: Range<usize>,
}

/// The extents of a tile.
fn tile(inner: &[Axis], size: usize, line: usize, row: usize) -> Result<Vec<usize>, Error> {
    let mut tile = memory::filled(inner.len(), 1)?;
    let mut bytes = size;
    for (i, axis) in inner.iter().enumerate().rev() {
        let budget = if i + 1 == inner.len() { line } else { row };
        // At least as much as the window extends to its sides: else most of a row would be margins.
        let most = (budget / bytes).saturating_sub(axis.span).max(axis.span).clamp(1, axis.extent);
        let tiles = (axis.extent + most / 2) / most;
        tile[i] = axis.extent.div_ceil(tiles.max(1));
        bytes = bytes.saturating_mul(tile[i] + axis.span);
    }
    Ok(tile)
}

/// What computes results from rows.
pub(crate) trait RowKernel {
    type Value: Value;
    type Result: Value;

    const SIZES: Sizes = Sizes { short: 512, line: 16 << 10, only_line: 16 << 10, row: 48 << 10 };

    /// Whether it reads no value behind those that windows show. Then rows may be the array's own.
    const IS_EXACT: bool = false;

    /// How many rows of results it computes at a time; fewer only where a sweep ends.
    fn band(&self) -> usize {
        1
    }

    /// Computes the results that are wanted.
    fn run(&mut self, rows: &Shown<'_, Self::Value>, results: Results<'_, Self::Result>);
}

/// The rows that some rows of results depend on: those of the first on the `height` rows from number 0 on, and so on.
pub(crate) struct Shown<'r, V> {
    source: Source<'r, V>,
    /// The values of a row that windows show.
    pub(crate) width: usize,
    /// The rows that were shown before; 0: something new begins.
    pub(crate) known: usize,
}

enum Source<'r, V> {
    /// Rows that are held, a pitch apart, and behind them [`SPARE`] values; the first of them, and after it as many as there
    /// is room for, the first again after the last.
    Held { values: &'r [V], pitch: usize, first: usize, room: usize },
    /// An array's own, from this one's place on to its end; a line is so many values.
    Inside { values: &'r [V], line: usize },
    /// An array's own, from this one on, each from this element on; outside it a constant one.
    Own { lines: Matrix<'r, V>, axis: &'r Axis, first: isize, start: usize, constant: &'r [V] },
}

impl<'r, V: Value> Shown<'r, V> {
    /// The rows that `count` rows of results depend on as longer ones, if they lie one after the other and results as far
    /// `apart`: of these the first goes on to the end of the last, and so do results.
    pub(crate) fn joined(&self, count: usize, apart: usize) -> Option<Shown<'r, V>> {
        match self.source {
            Source::Inside { values, line } if line == apart => {
                Some(Shown { source: Source::Inside { values, line }, width: (count - 1) * line + self.width, ..*self })
            }
            _ => None,
        }
    }

    /// The values from a row's first place on.
    #[inline]
    pub(crate) fn row(&self, number: usize) -> &'r [V] {
        match self.source {
            Source::Inside { values, line } => &values[number * line..],
            _ => self.other_row(number),
        }
    }

    /// The same for rows that take more to be found.
    fn other_row(&self, number: usize) -> &'r [V] {
        match self.source {
            Source::Held { values, pitch, first, room } => {
                let slot = first + number;
                let slot = if slot < room { slot } else { slot - room };
                &values[slot * pitch..]
            }
            Source::Inside { values, line } => &values[number * line..],
            Source::Own { lines, axis, first, start, constant } => match axis.source(first + number as isize) {
                Some(i) => &lines.row(i)[start..start + self.width],
                None => &constant[..self.width],
            },
        }
    }

    /// What will be shown as a row of a number beyond those that are, if it need not be extended first: for memory to bring it.
    #[inline]
    pub(crate) fn coming(&self, number: usize) -> &'r [V] {
        match self.source {
            Source::Held { .. } => &[],
            Source::Inside { values, line } => values.get(number * line..).unwrap_or_default(),
            Source::Own { .. } => self.row(number),
        }
    }

    /// All values of a window: of the row of results that begins with row `first`, at a place of it.
    pub(crate) fn window(&self, runs: &[Run], first: usize, place: usize, values: &mut Vec<f64>) {
        values.clear();
        for run in runs {
            let run = &self.row(first + run.row)[run.at + place..][..run.len];
            values.extend(run.iter().map(|value| value.to_f64()));
        }
    }
}

/// Where results go: so many rows, each so many values from the last, of which so many are places.
pub(crate) struct Results<'r, R> {
    pub(crate) values: &'r mut [R],
    pub(crate) rows: usize,
    pub(crate) apart: usize,
    pub(crate) places: usize,
    /// Whether anything may be written between rows.
    pub(crate) joinable: bool,
    /// Whether they should go [past the caches](crate::past).
    pub(crate) past: bool,
}

impl<R> Results<'_, R> {
    /// Row after row.
    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = &mut [R]> {
        let (places, rows) = (self.places, self.rows);
        self.values.chunks_mut(self.apart).take(rows).map(move |row| &mut row[..places])
    }
}

/// [`Rows`] with any kernel.
pub(crate) trait Swept {
    /// Computes and writes a piece of the output, until the gate shuts.
    fn run(&mut self, piece: Piece<'_>, gate: &mut Gate<'_>);

    /// A piece's elements are best a multiple of this.
    fn unit(&self) -> usize;
}

impl<K: RowKernel> Swept for [Rows<'_, K>; 1] {
    fn unit(&self) -> usize {
        match &self[0] {
            Rows::Extended(rows) => rows.sweep.unit(rows.kernel.band()),
            Rows::Own(rows, _) => rows.sweep.unit(rows.kernel.band()),
        }
    }

    fn run(&mut self, piece: Piece<'_>, gate: &mut Gate<'_>) {
        self[0].run(piece, gate);
    }
}

/// What one thread works with.
pub(crate) enum Rows<'p, K: RowKernel> {
    Extended(Extended<'p, K>),
    Own(Own<'p, K>, Ends<'p, K>),
}

/// Rows that are extended and held, and a kernel that computes from them.
pub(crate) struct Extended<'p, K: RowKernel> {
    sweep: &'p Sweep<'p>,
    kernel: K,
    values: Aligned<K::Value>,
    results: Aligned<K::Result>,
    /// Rows that there is room for: those that a band depends on.
    room: usize,
    cval: K::Value,
    part: Part,
}

/// Rows that are an array's own, and a kernel that computes from them.
pub(crate) struct Own<'p, K: RowKernel> {
    sweep: &'p Sweep<'p>,
    kernel: K,
    inside: Range<usize>,
    constant: Aligned<K::Value>,
    results: Aligned<K::Result>,
    part: Part,
}

/// The ends of lines, those of several in a row, and a kernel that computes from them.
pub(crate) struct Ends<'p, K: RowKernel> {
    sweep: &'p Sweep<'p>,
    ends: &'p [End; 2],
    kernel: K,
    values: Aligned<K::Value>,
    results: Aligned<K::Result>,
    cval: K::Value,
    part: Part,
}

impl<'p, K: RowKernel> Rows<'p, K> {
    /// `make` makes kernels.
    pub(crate) fn new(sweep: &'p Sweep<'p>, make: impl Fn(&Sweep<'_>) -> Result<K, Error>) -> Result<Self, Error> {
        let kernel = make(sweep)?;
        Ok(match &sweep.own {
            // (What no kernel of this kind has is not compiled for it.)
            Some(own) if K::IS_EXACT => {
                let ends = Ends::new(own, make(&own.sweep_of_ends[0])?)?;
                Rows::Own(Own::new(sweep, kernel, own.inside.clone())?, ends)
            }
            _ => Rows::Extended(Extended::new(sweep, kernel)?),
        })
    }

    fn run(&mut self, mut piece: Piece<'_>, gate: &mut Gate<'_>) {
        match self {
            Rows::Extended(rows) => rows.sweep.bands(piece.range(), |band| rows.sweep(&band, &mut piece, gate)),
            Rows::Own(..) if !K::IS_EXACT => unreachable!("it was not made"),
            Rows::Own(rows, ends) => rows.sweep.bands(piece.range(), |band| rows.sweep(&band, ends, &mut piece, gate)),
        }
        if piece.goes_past() {
            simd::finish_writing_past();
        }
    }
}

impl<'p, K: RowKernel> Own<'p, K> {
    fn new(sweep: &'p Sweep<'p>, kernel: K, inside: Range<usize>) -> Result<Self, Error> {
        let mut constant = Aligned::new(sweep.pitch, 0)?;
        constant.fill(K::Value::from_f64(sweep.cval));
        let results = sweep.results(&kernel)?;
        Ok(Own { sweep, kernel, inside, constant, results, part: Part::of(sweep)? })
    }

    /// Sweeps a band, and the ends of its lines. `false`: the gate shut.
    fn sweep(&mut self, band: &Band, ends: &mut Ends<'_, K>, piece: &mut Piece<'_>, gate: &mut Gate<'_>) -> bool {
        let own = band.first.start.max(self.inside.start)..band.first.end.min(self.inside.end);
        let tile = self.sweep.tile[0];
        own.clone().step_by(tile).all(|start| {
            self.part.set(0, start..own.end.min(start + tile));
            let (mut known, together) = (0, lines_of_ends(size_of::<K::Value>()));
            band.rows.clone().step_by(together).all(|row| {
                let rows = row..band.rows.end.min(row + together);
                if !self.sweep_down(band.array, rows.clone(), known, piece, gate) {
                    return false;
                }
                known = self.sweep.height() - 1;
                // The ends are computed while what is beside them is in the cache.
                if start == own.start {
                    ends.compute(self.sweep, band, rows, piece, gate);
                }
                true
            })
        })
    }

    /// Goes down some rows of a part, the first of which shows so many rows that are `known`. `false`: the gate shut.
    fn sweep_down(
        &mut self,
        array: usize,
        rows: Range<usize>,
        mut known: usize,
        piece: &mut Piece<'_>,
        gate: &mut Gate<'_>,
    ) -> bool {
        let Own { sweep, ref mut kernel, ref constant, ref mut results, ref part, .. } = *self;
        let (lines, axis) = (sweep.lines(array), &sweep.inner[0]);
        let mut row = rows.start;
        while row < rows.end {
            let wanted = kernel.band().min(rows.end - row);
            let index = (array * sweep.swept.extent + row) * sweep.row;
            // The gate counts rows here, not elements.
            if gate.allow(index, 1) == 0 {
                return false;
            }
            let start = (part.first().start as isize + axis.low) as usize;
            let first = row as isize + sweep.swept.low;
            let inside = first >= 0 && first as usize + sweep.height() - 1 + wanted <= sweep.swept.extent;
            let values = if inside { lines.rows_from(first as usize) } else { None };
            let source = match values {
                Some(values) => Source::Inside { values: &values[start..], line: axis.extent },
                None => Source::Own { lines, axis: &sweep.swept, first, start, constant },
            };
            let shown = Shown { source, width: part.first().len() + sweep.reach, known };
            sweep.compute(kernel, &shown, results, wanted, index, part, piece);
            row += wanted;
            known = sweep.height() - 1;
            gate.advance(wanted * part.elements());
        }
        true
    }
}

impl<'p, K: RowKernel> Ends<'p, K> {
    fn new(own: &'p OwnRows<'p>, kernel: K) -> Result<Self, Error> {
        let (ends, sweep) = (&own.ends, &own.sweep_of_ends[0]);
        let (values, results) = (Aligned::new(sweep.pitch, 0)?, sweep.results(&kernel)?);
        let cval = K::Value::from_f64(sweep.cval);
        Ok(Ends { sweep, ends, kernel, values, results, cval, part: Part::of(sweep)? })
    }

    /// Computes the elements at those ends of some lines that a band has.
    fn compute(
        &mut self,
        of_lines: &Sweep<'_>,
        band: &Band,
        lines: Range<usize>,
        piece: &mut Piece<'_>,
        gate: &mut Gate<'_>,
    ) {
        let Ends { sweep, ends, ref mut kernel, ref mut values, ref mut results, cval, ref mut part } = *self;
        let (matrix, pitch) = (of_lines.lines(band.array), sweep.pitch);
        let has = |end: &&End| band.first.start <= end.elements.start && end.elements.end <= band.first.end;
        for end in ends.iter().filter(has).filter(|end| !end.elements.is_empty()) {
            part.set(0, lines.clone());
            part.set(1, end.elements.clone());
            let first = lines.start as isize + of_lines.swept.low;
            let shown = first..first + (lines.len() + of_lines.swept.span) as isize;
            let shown = shown.map(|c| of_lines.swept.source(c).map(|i| matrix.row(i)));
            end.extend_lines(shown, cval, values, sweep.steps[0]);
            let source = Source::Held { values, pitch, first: 0, room: 1 };
            let places = sweep.places(part);
            let shown = Shown { source, width: places + sweep.reach, known: 0 };
            kernel.run(&shown, Results { values: results, rows: 1, apart: pitch, places, joinable: true, past: false });
            sweep.write_ends(results, band.array * sweep.row, part, piece);
            gate.advance(part.elements());
        }
    }
}

impl<'p, K: RowKernel> Extended<'p, K> {
    fn new(sweep: &'p Sweep<'p>, kernel: K) -> Result<Self, Error> {
        let room = sweep.height() - 1 + kernel.band().min(sweep.swept.extent);
        let len = room.checked_mul(sweep.pitch).and_then(|len| len.checked_add(SPARE));
        let len = len.ok_or_else(|| memory::out_of_memory::<K::Value>(usize::MAX))?;
        let before = sweep.inner.iter().zip(&sweep.steps).map(|(axis, step)| (-axis.low).max(0) as usize * step);
        let (values, results) = (Aligned::new(len, before.sum())?, sweep.results(&kernel)?);
        let cval = K::Value::from_f64(sweep.cval);
        Ok(Extended { sweep, kernel, values, results, room, cval, part: Part::of(sweep)? })
    }

    /// Sweeps a band, tile after tile. `false`: the gate shut.
    fn sweep(&mut self, band: &Band, piece: &mut Piece<'_>, gate: &mut Gate<'_>) -> bool {
        let sweep = self.sweep;
        let tiles = |i: usize| sweep.inner[i].extent.div_ceil(sweep.tile[i]);
        let (_, tile, _) = sweep.first_inner();
        band.first.clone().step_by(tile).all(|start| {
            self.part.set(0, start..band.first.end.min(start + tile));
            (0..(1..sweep.inner.len()).map(tiles).product()).all(|number: usize| {
                let mut rest = number;
                for i in (1..sweep.inner.len()).rev() {
                    let start = rest % tiles(i) * sweep.tile[i];
                    self.part.set(i, start..sweep.inner[i].extent.min(start + sweep.tile[i]));
                    rest /= tiles(i);
                }
                self.sweep_down(band.array, band.rows.clone(), piece, gate)
            })
        })
    }

    /// Goes down some rows of a part. `false`: the gate shut.
    fn sweep_down(&mut self, array: usize, rows: Range<usize>, piece: &mut Piece<'_>, gate: &mut Gate<'_>) -> bool {
        let Extended { sweep, ref mut kernel, ref mut values, ref mut results, room, cval, ref part } = *self;
        let elements = sweep.array(array);
        let (height, pitch) = (sweep.height(), sweep.pitch);
        // Rows before `held` are in memory; row number `r` is the one at `r % room`.
        let mut held = rows.start;
        let mut slot = 0;
        let mut row = rows.start;
        while row < rows.end {
            let wanted = kernel.band().min(rows.end - row);
            let index = (array * sweep.swept.extent + row) * sweep.row;
            // The gate counts rows here, not elements.
            if gate.allow(index, 1) == 0 {
                return false;
            }
            let known = held - row;
            for next in known..height - 1 + wanted {
                let slot = if slot + next < room { slot + next } else { slot + next - room };
                let line = &mut values[slot * pitch..][..pitch];
                match sweep.swept.source((row + next) as isize + sweep.swept.low) {
                    Some(i) => sweep.extend_from(0, elements.at(i), part, cval, line),
                    None => line.fill(cval),
                }
            }
            held = row + height - 1 + wanted;
            let source = Source::Held { values, pitch, first: slot, room };
            let shown = Shown { source, width: sweep.places(part) + sweep.reach, known };
            sweep.compute(kernel, &shown, results, wanted, index, part, piece);
            row += wanted;
            slot = (slot + wanted) % room;
            gate.advance(wanted * part.elements());
        }
        true
    }
}

/// What a row holds of the array: a range along each of its axes.
struct Part(Vec<Range<usize>>);

impl Part {
    fn of(sweep: &Sweep<'_>) -> Result<Self, Error> {
        Ok(Part(memory::filled(sweep.inner.len(), 0..0)?))
    }

    fn set(&mut self, axis: usize, range: Range<usize>) {
        self.0[axis] = range;
    }

    fn first(&self) -> Range<usize> {
        self.0[0].clone()
    }

    fn elements(&self) -> usize {
        self.0.iter().map(|range| range.len()).product()
    }
}

impl<'a> Sweep<'a> {
    /// The elements of one of the arrays that are swept.
    fn array(&self, number: usize) -> Elements<'_> {
        let mut elements = self.input.elements();
        let mut arrays: usize = self.outer.iter().map(|axis| axis.extent).product();
        let mut rest = number;
        for axis in &self.outer {
            arrays /= axis.extent;
            elements = elements.at(rest / arrays);
            rest %= arrays;
        }
        elements
    }

    /// Fills what is a row from axis `i` on with what the elements show in a part and around it.
    fn extend_from<V: Value>(&self, i: usize, elements: Elements<'_>, part: &Part, cval: V, row: &mut [V]) {
        let range = part.0[i].clone();
        let (axis, step) = (&self.inner[i], self.steps[i]);
        let row = &mut row[..(range.len() + axis.span) * step];
        if i + 1 == self.whole {
            let extension = Extension { last: self.last.as_ref(), cval };
            return extension.extend(elements, axis, &self.inner[i + 1..], range, row);
        }
        for (c, row) in (range.start as isize + axis.low..).zip(row.chunks_exact_mut(step)) {
            match axis.source(c) {
                Some(source) => self.extend_from(i + 1, elements.at(source), part, cval, row),
                None => row.fill(cval),
            }
        }
    }

    /// The lines of one of the arrays, which are the array's own rows.
    fn lines<V: Value>(&self, number: usize) -> Matrix<'_, V> {
        self.array(number).matrix().expect("rows of values, as was found out before")
    }

    /// Room for results.
    fn results<K: RowKernel>(&self, kernel: &K) -> Result<Aligned<K::Result>, Error> {
        let len = kernel.band().min(self.swept.extent).checked_mul(self.pitch);
        Aligned::new(len.ok_or_else(|| memory::out_of_memory::<K::Result>(usize::MAX))?, 0)
    }

    /// The places of a part up to its last element's.
    fn places(&self, part: &Part) -> usize {
        1 + part.0.iter().zip(&self.steps).map(|(range, step)| (range.len() - 1) * step).sum::<usize>()
    }

    /// Has rows of results computed and written. `index` is that of the first row's first element.
    #[expect(clippy::too_many_arguments, reason = "what is computed from what, and where it goes")]
    fn compute<K: RowKernel>(
        &self,
        kernel: &mut K,
        shown: &Shown<'_, K::Value>,
        results: &mut [K::Result],
        rows: usize,
        index: usize,
        part: &Part,
        piece: &mut Piece<'_>,
    ) {
        let places = self.places(part);
        // The places of a row of one axis are its elements.
        if self.inner.len() == 1 {
            let first = index + part.first().start;
            let own = first..first + (rows - 1) * self.row + places;
            let past = piece.goes_past();
            // Between rows that are an array's own are the ends of lines, which are computed later.
            let joinable = self.own.as_ref().is_some_and(|own| own.inside == part.first());
            if let Some(values) = piece.values(own) {
                return kernel.run(shown, Results { values, rows, apart: self.row, places, joinable, past });
            }
        }
        kernel.run(shown, Results { values: results, rows, apart: self.pitch, places, joinable: true, past: false });
        let (_, _, each) = self.first_inner();
        for (r, results) in results.chunks(self.pitch).take(rows).enumerate() {
            self.write(0, results, index + r * self.row + part.first().start * each, part, piece);
        }
    }

    /// Writes the results of elements at the ends of lines, in an array that begins with element `index`.
    fn write_ends<V: Value>(&self, results: &[V], index: usize, part: &Part, piece: &mut Piece<'_>) {
        let ([lines, elements], [_, axis]) = (&part.0[..], &self.inner[..]) else { panic!("a matrix has two axes") };
        let first = index + lines.start * axis.extent + elements.start;
        let last = first + (lines.len() - 1) * axis.extent + elements.len();
        match piece.values(first..last) {
            Some(own) => {
                for (own, results) in own.chunks_mut(axis.extent).zip(results.chunks(self.steps[0])) {
                    match elements.len() {
                        1 => own[0] = results[0],
                        len => own[..len].copy_from_slice(&results[..len]),
                    }
                }
            }
            None => self.write(0, results, first - elements.start, part, piece),
        }
    }

    /// Writes the results along axis `i` and those within it, the first to element `index`.
    fn write<V: Value>(&self, i: usize, results: &[V], index: usize, part: &Part, piece: &mut Piece<'_>) {
        let range = part.0[i].clone();
        let each: usize = self.inner[i + 1..].iter().map(|axis| axis.extent).product();
        if i + 1 >= self.whole && self.inner[i + 1..].iter().all(|axis| axis.span == 0) {
            return piece.write_values(index, &results[..range.len() * each]);
        }
        for (n, results) in results.chunks(self.steps[i]).take(range.len()).enumerate() {
            let within = part.0[i + 1].start * self.inner[i + 2..].iter().map(|axis| axis.extent).product::<usize>();
            self.write(i + 1, results, index + n * each + within, part, piece);
        }
    }
}

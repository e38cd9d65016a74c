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
//! [`Sweep`] works out once per call how array and window map to rows; each worker owns [`Rows`].

use std::ops::Range;

use crate::array::{Elements, Input, Piece};
use crate::boundary::Mode;
use crate::convert::Value;
use crate::dtype::Sample;
use crate::error::Error;
use crate::gate::Gate;
use crate::lines::{Axis, Extension, LastAxis, axes};
use crate::memory::{self, Aligned, CACHE_LINE};
use crate::window::Fitted;

/// Values that may be read behind every tap of every place of a row.
pub(crate) const SPARE: usize = 1280;

/// Rows of an array that are worth cutting nothing smaller.
const MANY_ROWS: usize = 64;

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
    /// Values of a row, and places up to the last element's.
    pitch: usize,
    places: usize,
    /// Output elements of a row along all of its axes.
    row: usize,
    /// The taps as runs of places side by side.
    runs: Vec<Run>,
    taps: usize,
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
    /// For values of `size` bytes. The array has elements and two axes or more, and the first has one element.
    pub(crate) fn new(
        input: &'a Input<'a>,
        window: &Fitted<'_>,
        modes: &[Mode],
        cval: f64,
        size: usize,
        sizes: Sizes,
    ) -> Result<Self, Error> {
        let shape = &input.shape()[1..];
        let mut axes = axes(shape, window, modes)?;
        memory::insert(&mut axes, 0, Axis { extent: 1, low: 0, span: 0, mode: Mode::default() })?;

        // The first axis that the window extends along is swept, or one before it if rows would be short otherwise.
        let mut along = axes.iter().position(|axis| axis.span > 0).unwrap_or(axes.len()).min(axes.len() - 2);
        while along > 0 && axes[along + 1..].iter().map(|axis| axis.extent).product::<usize>() < sizes.short {
            along -= 1;
        }
        let inner = memory::collected(axes[along + 1..].iter().copied())?;
        let swept = axes[along];
        axes.truncate(along);

        let line = if inner.len() == 1 && swept.extent == 1 { sizes.only_line } else { sizes.line };
        let tile = tile(&inner, size, line, sizes.row)?;
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
            outer: axes,
            swept,
            last: if let [_, last] = &inner[whole - 1..] { LastAxis::new(last)? } else { None },
            whole,
            pitch: values.checked_next_multiple_of(CACHE_LINE / size).ok_or_else(too_large)?,
            places: 1 + tile.iter().zip(&steps).map(|(tile, step)| (tile - 1) * step).sum::<usize>(),
            row: inner.iter().map(|axis| axis.extent).product(),
            runs: Vec::new(),
            taps: window.taps,
            inner,
            tile,
            steps,
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

    /// The first element from `index` on where the output may be cut.
    pub(crate) fn cut(&self, index: usize) -> usize {
        let rows = self.outer.iter().map(|axis| axis.extent).product::<usize>() * self.swept.extent;
        let (_, tile, each) = self.first_inner();
        let (row, rest) = (index / self.row, index % self.row);
        let rest = if rows >= MANY_ROWS { rest.next_multiple_of(self.row) } else { rest.next_multiple_of(tile * each) };
        row * self.row + rest.min(self.row)
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

    /// How many rows of results it computes at a time, at most.
    fn band(&self) -> usize {
        1
    }

    /// Computes the results that are wanted.
    fn run(&mut self, rows: &Shown<'_, Self::Value>, results: Results<'_, Self::Result>);
}

/// The rows that some rows of results depend on: those of the first on the `height` rows from number 0 on, and so on.
pub(crate) struct Shown<'r, V> {
    /// Where rows are held, a pitch apart, and behind them [`SPARE`] values; the first of them, and after it as many as
    /// there is room for, the first again after the last.
    values: &'r [V],
    pitch: usize,
    first: usize,
    room: usize,
    /// The rows that were shown before; 0: something new begins.
    pub(crate) known: usize,
}

impl<'r, V> Shown<'r, V> {
    /// The values from a row's first place on.
    #[inline]
    pub(crate) fn row(&self, number: usize) -> &'r [V] {
        let slot = self.first + number;
        let slot = if slot < self.room { slot } else { slot - self.room };
        &self.values[slot * self.pitch..]
    }
}

impl<V: Value> Shown<'_, V> {
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
}

impl<K: RowKernel> Swept for [Rows<'_, K>; 1] {
    fn run(&mut self, piece: Piece<'_>, gate: &mut Gate<'_>) {
        self[0].run(piece, gate);
    }
}

/// What one thread works with: the rows that its window shows, and a kernel.
pub(crate) struct Rows<'p, K: RowKernel> {
    sweep: &'p Sweep<'p>,
    kernel: K,
    values: Aligned<K::Value>,
    results: Aligned<K::Result>,
    /// Rows that there is room for: those that a band depends on.
    room: usize,
    cval: K::Value,
}

impl<'p, K: RowKernel> Rows<'p, K> {
    pub(crate) fn new(sweep: &'p Sweep<'p>, kernel: K) -> Result<Self, Error> {
        let (height, band) = (sweep.height(), kernel.band().min(sweep.swept.extent));
        let room = height - 1 + band;
        let len = room.checked_mul(sweep.pitch).and_then(|len| len.checked_add(SPARE));
        let too_large = || memory::out_of_memory::<K::Value>(usize::MAX);
        let before = sweep.inner.iter().zip(&sweep.steps).map(|(axis, step)| (-axis.low).max(0) as usize * step);
        Ok(Rows {
            values: Aligned::new(len.ok_or_else(too_large)?, before.sum())?,
            results: Aligned::new(band.checked_mul(sweep.pitch).ok_or_else(too_large)?, 0)?,
            sweep,
            kernel,
            room,
            cval: K::Value::from_f64(sweep.cval),
        })
    }

    fn run(&mut self, mut piece: Piece<'_>, gate: &mut Gate<'_>) {
        let sweep = self.sweep;
        sweep.bands(piece.range(), |band| {
            let (_, tile, _) = sweep.first_inner();
            let mut first = band.first.start;
            while first < band.first.end {
                let width = tile.min(band.first.end - first);
                let go_on = self.tiles(&band, first..first + width, &mut piece, gate);
                if !go_on {
                    return false;
                }
                first += width;
            }
            true
        });
    }

    /// Sweeps the tiles that have a range along the first axis of a row. `false`: the gate shut.
    fn tiles(&mut self, band: &Band, first: Range<usize>, piece: &mut Piece<'_>, gate: &mut Gate<'_>) -> bool {
        let sweep = self.sweep;
        let tiles = |i: usize| sweep.inner[i].extent.div_ceil(sweep.tile[i]);
        (0..(1..sweep.inner.len()).map(tiles).product()).all(|number: usize| {
            let mut rest = number;
            let mut part = Part { first: first.clone(), number, elements: first.len() };
            for i in (1..sweep.inner.len()).rev() {
                part.elements *= sweep.range(i, rest % tiles(i)).len();
                rest /= tiles(i);
            }
            self.sweep_down(band, &part, piece, gate)
        })
    }

    /// Goes down the rows of a tile. `false`: the gate shut.
    fn sweep_down(&mut self, band: &Band, part: &Part, piece: &mut Piece<'_>, gate: &mut Gate<'_>) -> bool {
        let Rows { sweep, ref mut kernel, ref mut values, ref mut results, room, cval, .. } = *self;
        let elements = sweep.array(band.array);
        let (height, pitch) = (sweep.height(), sweep.pitch);
        // Rows before `held` are in memory; row number `r` is the one at `r % room`.
        let mut held = band.rows.start;
        let mut slot = 0;
        let mut row = band.rows.start;
        while row < band.rows.end {
            let wanted = kernel.band().min(band.rows.end - row);
            let index = (band.array * sweep.swept.extent + row) * sweep.row;
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
            let shown = Shown { values, pitch, first: slot, room, known };
            sweep.compute(kernel, &shown, results, wanted, (index, part), piece);
            row += wanted;
            slot = (slot + wanted) % room;
            gate.advance(wanted * part.elements);
        }
        true
    }
}

/// A tile, or what is left of one at the end of an axis.
struct Part {
    /// Along the first axis of a row.
    first: Range<usize>,
    /// Along the others, by the number of the tile.
    number: usize,
    elements: usize,
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

    /// Elements of tile number `t` along an inner axis.
    fn range(&self, i: usize, t: usize) -> Range<usize> {
        let start = t * self.tile[i];
        start..self.inner[i].extent.min(start + self.tile[i])
    }

    /// The elements of a part along an inner axis.
    fn range_of(&self, part: &Part, i: usize) -> Range<usize> {
        if i == 0 {
            return part.first.clone();
        }
        let tiles = |i: usize| self.inner[i].extent.div_ceil(self.tile[i]);
        let after: usize = (i + 1..self.inner.len()).map(tiles).product();
        self.range(i, part.number / after % tiles(i))
    }

    /// Fills what is a row from axis `i` on with what the elements show in a part and around it.
    fn extend_from<V: Value>(&self, i: usize, elements: Elements<'_>, part: &Part, cval: V, row: &mut [V]) {
        let range = self.range_of(part, i);
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

    /// Has rows of results computed and written. `index` is that of the first row's first element.
    fn compute<K: RowKernel>(
        &self,
        kernel: &mut K,
        shown: &Shown<'_, K::Value>,
        results: &mut [K::Result],
        rows: usize,
        (index, part): (usize, &Part),
        piece: &mut Piece<'_>,
    ) {
        // The places of a row of one axis are its elements.
        if self.inner.len() == 1 {
            let (places, first) = (part.first.len(), index + part.first.start);
            let own = first..first + (rows - 1) * self.row + places;
            if let Some(values) = piece.values(own) {
                return kernel.run(shown, Results { values, rows, apart: self.row, places });
            }
        }
        kernel.run(shown, Results { values: results, rows, apart: self.pitch, places: self.places });
        let (_, _, each) = self.first_inner();
        for (r, results) in results.chunks(self.pitch).take(rows).enumerate() {
            self.write(0, results, index + r * self.row + part.first.start * each, part, piece);
        }
    }

    /// Writes the results along axis `i` and those within it, the first to element `index`.
    fn write<V: Value>(&self, i: usize, results: &[V], index: usize, part: &Part, piece: &mut Piece<'_>) {
        let range = self.range_of(part, i);
        let each: usize = self.inner[i + 1..].iter().map(|axis| axis.extent).product();
        if i + 1 >= self.whole && self.inner[i + 1..].iter().all(|axis| axis.span == 0) {
            return piece.write_values(index, &results[..range.len() * each]);
        }
        for (n, results) in results.chunks(self.steps[i]).take(range.len()).enumerate() {
            let within = self.range_of(part, i + 1).start
                * self.inner[i + 2..].iter().map(|axis| axis.extent).product::<usize>();
            self.write(i + 1, results, index + n * each + within, part, piece);
        }
    }
}

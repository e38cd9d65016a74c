//! Extended lines: where the input becomes lines of doubles with the boundary rule applied to both ends.
//!
//! A *line* is what the innermost axes span: the last axis alone if it is long enough, otherwise as many of the last
//! axes as make it so (a 16 x 16 image is one line, and so are the rows of a 1000 x 3 table together). Extended by the
//! window's overhang on every side it lies in memory as a small padded array, and every tap is one offset into it.
//! What remains of the window, along the outer axes, are its *rows*: which other lines an output line looks at.
//!
//! [`Plan`] works out once per call how array and window map to lines, rows and taps. Each worker owns a [`Lines`], which
//! extends a line when a row first asks for it and keeps it as long as the window may come back to it. So memory is
//! O(lines in the window), and a boundary is dealt with once per line: kernels never see one. Lines too long for the
//! caches are cut into tiles along their first axis.
//!
//! Where the input's lines hold doubles already, the taps of most elements are its own (the *direct* part of a tile), and
//! only what the elements near the ends look at is extended.

mod cache;
mod extend;

use std::ops::Range;
use std::ptr;

use crate::array::{Input, Prefetch};
use crate::boundary::Mode;
use crate::error::Error;
use crate::memory::{self, Aligned, LINE_DOUBLES};
use crate::past;
use crate::window::Fitted;
use cache::Cache;
use extend::OUTSIDE;
pub(crate) use extend::{Axis, End, Extension, LastAxis};

/// Axes are added to a line until it has this many elements: what has to be found out for each line, such as its rows, is
/// then little against the work on its elements.
const SHORT_LINE: usize = 512;

/// Doubles of an extended tile of a line of several axes, about: enough to have its margins small against the rest,
/// little enough to stay in the L2 cache, the L1 cache even if there is but one row.
const TILE: usize = 1 << 12;

/// Doubles that the rows of one window may take before lines are cut into shorter tiles: 4 MiB.
const ROWS_BUDGET: usize = 1 << 19;

/// Elements of a tile that are worth the work of starting one.
const SHORT_TILE: usize = 256;

/// Doubles that may be spent on keeping lines until the window comes back to them: 1 MiB, to stay in the L2 cache.
const KEPT_BUDGET: usize = 1 << 17;

/// Stretches of elements side by side that are handed out at a time.
const STRETCHES: usize = 64;

/// The most elements of a batch.
pub(crate) const BATCH_MAX: usize = 1024;

/// An array has at least so many batches ...
const BATCHES: usize = 64;

/// ... unless they would be shorter than this.
const SHORT_BATCH: usize = 128;

/// Batches begin at multiples of this from where their stretch begins.
pub(crate) const LANES: usize = 16;

/// Elements of a line that are worth telling apart from those at its ends.
const DIRECT: usize = 64;

/// Doubles that may be read behind every tap of every element: whoever works on several at a time need not count.
pub(crate) const SPARE: usize = LANES - 1;

/// A run of taps that lie side by side in an extended line.
struct Run {
    row: usize,
    /// Index of the first tap of output element 0 of the line.
    at: usize,
    len: usize,
}

/// How an array and a window map to lines.
pub(crate) struct Plan<'a> {
    input: &'a Input<'a>,
    cval: f64,
    outer: Vec<Axis>,
    inner: Vec<Axis>,
    /// Elements between neighbours of each inner axis, in an extended line.
    pitches: Vec<usize>,
    /// The last of several inner axes, if it can be extended by itself.
    last: Option<LastAxis>,
    /// For each row, its place along each outer axis, counted from the lowest tap.
    rows: Vec<usize>,
    /// The taps in C order.
    runs: Vec<Run>,
    taps: usize,
    /// Elements of a line.
    line: usize,
    /// Extent of a tile along the first inner axis; the last of a line may be shorter.
    tile: usize,
    /// Elements of a full tile, and tiles of a line.
    tile_len: usize,
    tiles: usize,
    /// Elements of an extended tile, and doubles from one to the next: whole cache lines.
    extended: usize,
    pitch: usize,
    /// How many extended lines a worker keeps.
    kept: usize,
    /// Elements of a batch; the last of a stretch may be shorter.
    batch: usize,
    /// If the input's lines hold doubles side by side, taps are its own elements where nothing is to be extended.
    direct: Option<Direct>,
}

/// The elements of a line whose windows lie within it.
struct Direct {
    inside: Range<usize>,
    /// Those of the same tile around them.
    ends: [End; 2],
}

impl Direct {
    /// `None`: they are too few.
    fn new(axis: &Axis, tile: usize) -> Result<Option<Self>, Error> {
        let end = axis.extent as isize - axis.low - (axis.span + SPARE) as isize;
        let inside = (-axis.low).max(0) as usize..end.clamp(0, axis.extent as isize) as usize;
        if inside.start + DIRECT >= inside.end {
            return Ok(None);
        }
        let before = inside.start / tile * tile..inside.start;
        let after = inside.end..axis.extent.min(inside.end.next_multiple_of(tile));
        Ok(Some(Direct { inside, ends: [End::new(axis, before)?, End::new(axis, after)?] }))
    }
}

impl<'a> Plan<'a> {
    /// `modes`: one for each entry of the window. The array has elements.
    pub(crate) fn new(input: &'a Input<'a>, window: &Fitted<'_>, modes: &[Mode], cval: f64) -> Result<Self, Error> {
        let mut axes = axes(input.shape(), window, modes)?;
        let mut line = 1;
        let mut first_inner = axes.len();
        while first_inner > 0 && line < SHORT_LINE {
            first_inner -= 1;
            line *= axes[first_inner].extent;
        }
        let inner = memory::collected(axes[first_inner..].iter().copied())?;
        axes.truncate(first_inner);

        let mut plan = Plan {
            input,
            cval,
            outer: axes,
            pitches: pitches(&inner)?,
            last: if let [_, .., last] = &inner[..] { LastAxis::new(last)? } else { None },
            inner,
            rows: Vec::new(),
            runs: Vec::new(),
            taps: window.taps,
            line,
            tile: 0,
            tile_len: 0,
            tiles: 0,
            extended: 0,
            pitch: 0,
            kept: 0,
            batch: 0,
            direct: None,
        };
        plan.list_taps(window)?;
        plan.size_lines();
        plan.size_batches();
        if let [axis] = plan.inner[..]
            && input.elements().has_rows_of::<f64>()
        {
            plan.direct = Direct::new(&axis, plan.tile)?;
        }
        Ok(plan)
    }

    /// Lists the rows of the window, and its taps as runs.
    fn list_taps(&mut self, window: &Fitted<'_>) -> Result<(), Error> {
        let (outer, inner) = (&self.outer, &self.inner);
        let places = outer.iter().try_fold(1_usize, |product, axis| product.checked_mul(axis.span + 1));
        let mut row_at = memory::filled(places.ok_or(memory::out_of_memory::<usize>(usize::MAX))?, usize::MAX)?;
        let mut offsets = memory::filled(outer.len() + inner.len(), 0_isize)?;
        let (rows, runs) = (&mut self.rows, &mut self.runs);
        let last = offsets.len().wrapping_sub(1);

        window.runs(|index, len| {
            for (i, &axis) in window.axes.iter().enumerate() {
                offsets[axis] = window.first[i] + index[i] as isize;
            }
            // Only along the array's last axis taps lie side by side.
            let along = window.axes.last().copied().unwrap_or(last);
            let (pieces, len) = if along == last { (1, len) } else { (len, 1) };
            for _ in 0..pieces {
                let places = outer.iter().zip(&offsets).map(|(axis, &offset)| (offset - axis.low) as usize);
                let key = outer.iter().zip(places.clone()).fold(0, |key, (axis, place)| key * (axis.span + 1) + place);
                if row_at[key] == usize::MAX {
                    row_at[key] = rows.len() / outer.len().max(1);
                    rows.try_reserve(outer.len()).map_err(|_| memory::out_of_memory::<usize>(rows.len()))?;
                    rows.extend(places);
                }
                let shifts =
                    inner.iter().zip(&offsets[outer.len()..]).map(|(axis, &offset)| (offset - axis.low) as usize);
                let at = shifts.zip(&self.pitches).map(|(shift, pitch)| shift * pitch).sum();
                match runs.last_mut() {
                    Some(Run { row, at: start, len: so_far }) if *row == row_at[key] && *start + *so_far == at => {
                        *so_far += len;
                    }
                    _ => memory::push(runs, Run { row: row_at[key], at, len })?,
                }
                if along != last {
                    offsets[along] += 1;
                }
            }
            Ok(())
        })
    }

    /// The number of taps in each run.
    pub(crate) fn run_lengths(&self) -> impl Iterator<Item = usize> + Clone {
        self.runs.iter().map(|run| run.len)
    }

    fn tap_runs(&self) -> Result<Vec<TapRun>, Error> {
        memory::collected(self.runs.iter().map(|run| TapRun { start: ptr::null(), len: run.len }))
    }

    fn row_count(&self) -> usize {
        if self.outer.is_empty() { usize::from(self.taps > 0) } else { self.rows.len() / self.outer.len() }
    }

    /// Decides how long a tile is and how many extended lines are kept.
    fn size_lines(&mut self) {
        let lines: usize = self.outer.iter().map(|axis| axis.extent).product();
        let rows = self.row_count().min(lines);
        let Some((first, &pitch)) = self.inner.first().zip(self.pitches.first()) else {
            (self.tile, self.tile_len, self.tiles, self.extended, self.pitch, self.kept) = (1, 1, 1, 1, 1, rows);
            return;
        };

        let wanted = if self.inner.len() == 1 { first.extent } else { (TILE / pitch).max(first.span + 1) };
        // However little is affordable: a tile that is short against the window would mostly consist of margins.
        let affordable = (ROWS_BUDGET / rows.max(1) / pitch).saturating_sub(first.span).max(first.span / 2 + 1);
        self.tile = wanted.min(affordable.max(SHORT_TILE.div_ceil(pitch))).min(first.extent);
        self.tile_len = self.line / first.extent * self.tile;
        self.tiles = first.extent.div_ceil(self.tile);
        self.extended = (self.tile + first.span).saturating_mul(pitch);
        self.pitch = self.extended.checked_next_multiple_of(LINE_DOUBLES).unwrap_or(usize::MAX);

        // The window comes back to a line one step later along the last outer axis, and again after a whole turn of that
        // one step later along the axis before, and so on: keep lines for as many turns as memory allows.
        self.kept = rows;
        for turning in (0..self.outer.len()).filter(|&turning| self.outer[turning].span > 0) {
            let seen = self.outer[..=turning].iter().map(|axis| axis.extent.min(axis.span + 1));
            let turned = self.outer[turning + 1..].iter().map(|axis| axis.extent);
            let enough = seen.chain(turned).fold(self.tiles, usize::saturating_mul);
            if enough.saturating_mul(self.pitch) <= KEPT_BUDGET {
                self.kept = enough.max(rows);
                break;
            }
        }
    }

    /// Decides how many elements make a batch: even parts of a stretch.
    fn size_batches(&mut self) {
        let elements: usize = self.outer.iter().map(|axis| axis.extent).product::<usize>() * self.line;
        // Many results go past the caches, a few at a time.
        let longest =
            if elements >= past::MANY / size_of::<f64>() { past::PIECE / size_of::<f64>() } else { BATCH_MAX };
        let most = (elements / BATCHES).clamp(SHORT_BATCH, longest);
        let stretch = self.place(0).full;
        self.batch = stretch.div_ceil(stretch.div_ceil(most)).next_multiple_of(LANES);
    }

    /// Where the batch ends that element `index` lies in; `index` itself if a batch begins there. Batches are the same
    /// however the work is divided.
    pub(crate) fn batch_end(&self, index: usize) -> usize {
        let in_line = index % self.line;
        let (tile, o) = (in_line / self.tile_len, in_line % self.tile_len);
        let place = self.place(o);
        let part = self.part(tile, o);
        match part.done(&place) % self.batch {
            0 => index,
            done => index + (self.batch - done).min(place.len).min(part.end - o),
        }
    }

    /// The part of a tile that its element `o` lies in.
    fn part(&self, tile: usize, o: usize) -> Part {
        let end = self.tile_len.min(self.line - tile * self.tile_len);
        let direct = self.direct_part(tile, end);
        if o < direct.start {
            Part { start: 0, end: direct.start, direct: false }
        } else if o < direct.end {
            Part { start: direct.start, end: direct.end, direct: true }
        } else {
            Part { start: direct.end, end, direct: false }
        }
    }

    /// Which of the elements of a tile, `end` in all, see only what lies within their lines; if they are few, none.
    fn direct_part(&self, tile: usize, end: usize) -> Range<usize> {
        let Some(Direct { inside, .. }) = &self.direct else { return 0..0 };
        let first = tile * self.tile;
        let (start, end) = (inside.start.saturating_sub(first), inside.end.saturating_sub(first).min(end));
        if start + DIRECT < end { start..end } else { 0..0 }
    }

    /// Where in an extended tile the element lies that belongs to its first output element.
    fn first_element(&self) -> usize {
        let before = self.inner.iter().zip(&self.pitches).map(|(axis, &pitch)| (-axis.low).max(0) as usize * pitch);
        before.sum()
    }

    /// Extents of the array.
    pub(crate) fn shape(&self) -> &[usize] {
        self.input.shape()
    }

    /// The number of taps.
    pub(crate) fn taps(&self) -> usize {
        self.taps
    }

    /// Where element `o` of a tile (a full one) lies in the extended tile.
    fn place(&self, o: usize) -> Place {
        let mut place = Place { at: 0, len: 1, start: 0, full: 1, step: 0, more: 0 };
        let mut rest = o;
        let mut even = true;
        let mut steps = false;
        for (i, (axis, &pitch)) in self.inner.iter().zip(&self.pitches).enumerate().rev() {
            let (c, end) = if i == 0 { (rest, self.tile) } else { (rest % axis.extent, axis.extent) };
            if i > 0 {
                rest /= axis.extent;
            }
            if even {
                // With all axes further in unpadded, elements go on evenly to this axis's end.
                place.at += c * pitch;
                place.full = end * pitch;
                place.len = place.full - place.at;
                even = axis.span == 0;
            } else {
                place.start += c * pitch;
                if !steps {
                    (place.step, place.more) = (pitch, end - 1 - c);
                    steps = true;
                }
            }
        }
        place.at += place.start;
        place
    }

    /// What a tile looks at that no tile before it did: elements of the input's line at the highest place of its window
    /// along every outer axis, if there is one.
    fn upcoming(&self, line: usize, tile: usize) -> Prefetch {
        let mut elements = self.input.elements();
        let mut lines: usize = self.outer.iter().map(|axis| axis.extent).product();
        for axis in &self.outer {
            lines /= axis.extent;
            let place = (line / lines % axis.extent) as isize + axis.low + axis.span as isize;
            match usize::try_from(place) {
                Ok(place) if place < axis.extent => elements = elements.at(place),
                _ => return Prefetch::NONE,
            }
        }
        let Some(first) = self.inner.first() else { return Prefetch::NONE };
        let start = (tile * self.tile) as isize + first.low + first.span as isize;
        elements.prefetch_from(start.max(0) as usize * (self.line / first.extent))
    }
}

/// A part of a tile, from element `start` to `end`. A tile of several axes is one part.
struct Part {
    start: usize,
    end: usize,
    /// Whether the taps are the input's own elements.
    direct: bool,
}

impl Part {
    /// How many elements of the stretch lie before this place, those of other parts not counted.
    fn done(&self, place: &Place) -> usize {
        place.at - place.start - self.start
    }
}

/// A place in an extended tile.
struct Place {
    at: usize,
    /// How many elements from it on lie side by side ...
    len: usize,
    /// ... in a stretch that starts here and has so many from there on.
    start: usize,
    full: usize,
    /// From the start of this stretch to that of the next, and how many follow in such steps.
    step: usize,
    more: usize,
}

impl Place {
    /// The place of the element that is `n` further, which is at most the first of the next stretch; `None`: that does not
    /// follow in such a step.
    fn skip(self, n: usize) -> Option<Place> {
        if n < self.len {
            Some(Place { at: self.at + n, len: self.len - n, ..self })
        } else if self.more > 0 {
            let start = self.start + self.step;
            Some(Place { at: start, len: self.full, start, more: self.more - 1, ..self })
        } else {
            None
        }
    }
}

/// The array's axes with what the window says of each.
pub(crate) fn axes(shape: &[usize], window: &Fitted<'_>, modes: &[Mode]) -> Result<Vec<Axis>, Error> {
    let mut axes =
        memory::collected(shape.iter().map(|&extent| Axis { extent, low: 0, span: 0, mode: Mode::default() }))?;
    let mut reach = memory::filled(window.axes.len(), (usize::MAX, 0))?;
    window.runs(|index, len| {
        for (i, (&place, (low, high))) in index.iter().zip(&mut reach).enumerate() {
            let end = if i + 1 == index.len() { place + len - 1 } else { place };
            (*low, *high) = ((*low).min(place), (*high).max(end));
        }
        Ok(())
    })?;
    for (i, &(low, high)) in reach.iter().enumerate() {
        let axis = &mut axes[window.axes[i]];
        axis.mode = modes[i];
        // Without taps, low is above high: nothing is looked at.
        if low <= high {
            (axis.low, axis.span) = (window.first[i] + low as isize, high - low);
        }
    }
    Ok(axes)
}

/// Elements between neighbours of each inner axis, extended by its span (the first axis's extent does not matter).
fn pitches(inner: &[Axis]) -> Result<Vec<usize>, Error> {
    let mut pitches = memory::filled(inner.len(), 1_usize)?;
    for i in (1..inner.len()).rev() {
        let extended = inner[i].extent + inner[i].span;
        pitches[i - 1] = pitches[i].checked_mul(extended).ok_or(memory::out_of_memory::<f64>(usize::MAX))?;
    }
    Ok(pitches)
}

/// The taps of consecutive output elements: those of an element at place `p` are the runs, one after the other, each from
/// `start.add(p)` on.
///
/// All taps of the elements in `stretches` can be read, and [`SPARE`] doubles behind each.
pub(crate) struct Taps<'a> {
    pub(crate) runs: &'a [TapRun],
    /// Where the elements are: stretches of them side by side, as the place of the first and their number.
    pub(crate) stretches: &'a [(usize, usize)],
    plan: &'a Plan<'a>,
    /// The line and the tile after these, and how much of this one was before.
    next: (usize, usize),
    done: usize,
}

impl Taps<'_> {
    /// What the input will be asked for when the line is done, from where these elements are on.
    pub(crate) fn next_line(&self) -> Prefetch {
        self.plan.upcoming(self.next.0, self.next.1).skip(self.done)
    }

    /// Whether it will be copied then. Otherwise most taps lie in it.
    pub(crate) fn is_copied(&self) -> bool {
        self.plan.direct.is_none()
    }
}

/// A run of taps.
#[derive(Clone, Copy)]
pub(crate) struct TapRun {
    /// The first tap of the element at place 0.
    pub(crate) start: *const f64,
    pub(crate) len: usize,
}

/// A worker's extended lines.
pub(crate) struct Lines<'p> {
    plan: &'p Plan<'p>,
    /// The kept lines one after the other, then the line of constants if a mode has one.
    doubles: Aligned,
    cache: Cache,
    /// The output elements, a line or a tile of one, that the runs below are for; and the tile's number.
    current: Range<usize>,
    tile: usize,
    /// For each outer axis, what each place of the window along it shows: an index, or [`OUTSIDE`].
    shown: Vec<usize>,
    /// The runs of taps in extended lines, and in the input's own.
    runs: Vec<TapRun>,
    direct_runs: Vec<TapRun>,
    /// Where the elements that are worked on lie in an extended tile.
    stretches: [(usize, usize); STRETCHES],
    /// The lines that the rows of the window show.
    rows: Vec<Row>,
    /// The line and the tile that come next.
    next: (usize, usize),
}

impl<'p> Lines<'p> {
    pub(crate) fn new(plan: &'p Plan<'p>) -> Result<Self, Error> {
        let has_constant = plan.outer.iter().any(|axis| axis.mode.is_constant());
        let lines = plan.kept + usize::from(has_constant);
        let len = lines.checked_mul(plan.pitch).and_then(|len| len.checked_add(SPARE));
        let mut doubles = Aligned::new(len.ok_or(memory::out_of_memory::<f64>(usize::MAX))?, plan.first_element())?;
        doubles[plan.kept * plan.pitch..].fill(plan.cval);
        Ok(Lines {
            plan,
            doubles,
            cache: Cache::new(plan.kept)?,
            current: 0..0,
            tile: 0,
            shown: memory::filled(plan.outer.iter().map(|axis| axis.span + 1).sum(), OUTSIDE)?,
            runs: plan.tap_runs()?,
            direct_runs: if plan.direct.is_some() { plan.tap_runs()? } else { Vec::new() },
            stretches: [(0, 0); STRETCHES],
            rows: memory::filled(plan.row_count(), Row::NONE)?,
            next: (0, 0),
        })
    }

    /// The taps of output element `first`, counted in C order, and of those after it in its line (its tile): how many, at
    /// most `limit`. Stretches are batches, and whole ones if the first begins and the limit ends where one does, or the
    /// limit is at least [`BATCH_MAX`].
    pub(crate) fn taps(&mut self, first: usize, limit: usize) -> (Taps<'_>, usize) {
        if !self.current.contains(&first) {
            self.load(first);
        }
        let plan = self.plan;
        let o = first - self.current.start;
        let part = plan.part(self.tile, o);
        let count = limit.min(part.end - o);
        let mut place = plan.place(o);
        let (mut placed, mut stretches) = (0, 0);
        // The first may begin within a batch.
        let mut batch = plan.batch - part.done(&place) % plan.batch;
        loop {
            let elements = place.len.min(batch);
            batch = plan.batch;
            let left = count - placed;
            if elements > left && placed > 0 && count == limit {
                break; // what is left of the limit is no whole batch
            }
            self.stretches[stretches] = (place.at, elements.min(left));
            stretches += 1;
            placed += elements.min(left);
            if placed == count || stretches == STRETCHES {
                break;
            }
            place = place.skip(elements).unwrap_or_else(|| plan.place(o + placed));
        }
        let runs = if part.direct { &self.direct_runs } else { &self.runs };
        let stretches = &self.stretches[..stretches];
        (Taps { runs, stretches, plan, next: self.next, done: o }, placed)
    }

    /// Has all rows extended that output element `first` and the rest of its line (of its tile) look at, and points the
    /// runs into them.
    fn load(&mut self, first: usize) {
        let plan = self.plan;
        let (line, tile_len) = (first / plan.line, plan.tile_len);
        let start = line * plan.line;
        let tile = (first - start) / tile_len;
        self.tile = tile;
        self.current = start + tile * tile_len..start + plan.line.min((tile + 1) * tile_len);

        let mut rest = line;
        let mut end = self.shown.len();
        for axis in plan.outer.iter().rev() {
            let (outer, p) = (rest / axis.extent, rest % axis.extent);
            rest = outer;
            let places = end - (axis.span + 1)..end;
            end = places.start;
            for (c, shown) in (p as isize + axis.low..).zip(&mut self.shown[places]) {
                *shown = axis.source(c).unwrap_or(OUTSIDE);
            }
        }

        self.next = if tile + 1 < plan.tiles { (line, tile + 1) } else { (line + 1, 0) };

        self.cache.next_window();
        for row in 0..self.rows.len() {
            self.rows[row] = self.row(row, tile);
        }
        for (i, run) in plan.runs.iter().enumerate() {
            let Row { start, direct, .. } = self.rows[run.row];
            let extended = self.doubles[start + run.at..].as_ptr();
            self.runs[i].start = extended;
            if plan.direct.is_some() {
                // A line of constants is only here.
                let start = if direct.is_null() { extended } else { direct.wrapping_add(run.at) };
                self.direct_runs[i].start = start;
            }
        }
    }

    /// The line that a row shows, extended if it was not.
    fn row(&mut self, row: usize, tile: usize) -> Row {
        let plan = self.plan;
        let dims = plan.outer.len();
        let places = &plan.rows[row * dims..][..dims];
        let mut line = 0;
        let mut base = 0;
        for (axis, &place) in plan.outer.iter().zip(places) {
            let index = self.shown[base + place];
            if index == OUTSIDE {
                return Row { start: plan.kept * plan.pitch, ..Row::NONE };
            }
            line = line * axis.extent + index;
            base += axis.span + 1;
        }

        // Mostly it is the one that the next row showed a line ago.
        let number = line * plan.tiles + tile;
        if let Some(&next) = self.rows.get(row + 1).filter(|next| next.number == number)
            && self.cache.has(number, next.slot)
        {
            return next;
        }
        let (slot, found) = self.cache.find(number);
        let start = slot * plan.pitch;
        let mut shown = Row { number, slot, start, direct: ptr::null() };
        let mut elements = plan.input.elements();
        let mut base = 0;
        for (axis, &place) in plan.outer.iter().zip(places) {
            elements = elements.at(self.shown[base + place]);
            base += axis.span + 1;
        }
        let extended = &mut self.doubles[start..][..plan.extended];
        let Some((first, rest)) = plan.inner.split_first() else {
            if !found {
                elements.read(extended);
            }
            return shown;
        };
        let range = tile * plan.tile..first.extent.min((tile + 1) * plan.tile);
        let direct = plan.direct_part(tile, range.len());
        if let Some(Direct { ends: [before, after], .. }) = &plan.direct {
            let line = elements.doubles();
            shown.direct = line.as_ptr().wrapping_offset(range.start as isize + first.low);
            // Only the ends are needed.
            if !found && direct.start > 0 {
                before.extend(line, plan.cval, extended);
            }
            if !found && !direct.is_empty() && direct.end < range.len() {
                after.extend(line, plan.cval, &mut extended[direct.end..]);
            }
        }
        if !found && direct.is_empty() {
            Extension { last: plan.last.as_ref(), cval: plan.cval }.extend(elements, first, rest, range, extended);
        }
        shown
    }
}

/// The line that a row of the window shows.
#[derive(Clone, Copy)]
struct Row {
    number: usize,
    /// The cache's slot that has it.
    slot: usize,
    /// Where it starts, extended, as an index of `doubles`; and where it would start in the input, if that has it.
    start: usize,
    direct: *const f64,
}

impl Row {
    const NONE: Row = Row { number: usize::MAX, slot: 0, start: 0, direct: ptr::null() };
}

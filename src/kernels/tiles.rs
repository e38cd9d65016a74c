//! Tiles: neighbouring windows that share one selection network.
//!
//! Most taps of a window are its neighbours' too. Those that all windows of a tile have in common, its *core*, are put in
//! order once for all. Then the tile is divided in two, and each half has more in common, which is put in order and merged
//! into the core's; and so on, down to single windows (after Adams, "Fast median filters using separable sorting networks",
//! 2021). Of each list only those values are kept that can still be at the wanted place, whatever the taps not yet seen are:
//! if they are so many, that many places below the wanted one are possible, and no place above it.
//!
//! What neighbouring *tiles* share is found by [`Formulas`], which computes nothing twice that is the same some places further
//! on: a place here is that of a tile. Taps are so merged that there is much of it: columns first, then columns in blocks as
//! wide as a tile, which begin where tiles do, then blocks. In a line of 101 taps, tiles of 32 windows take 57 minima and
//! maxima a window, where a window alone takes a thousand.
//!
//! So that the first windows of tiles lie side by side, and each of their taps, a row is dealt out into as many *phases* as a
//! tile is wide: see [`phases`](super::phases).

use std::iter;

use crate::error::Error;
use crate::kernels::network::{Formulas, Ref};
use crate::memory;
use crate::sweep::Sweep;

/// Taps that are further apart in a phase are not looked for in the same places.
pub(crate) const NEAR: usize = 64;

/// The largest tile.
const ALONG_MAX: usize = 32;
const ROWS_MAX: usize = 8;

/// The smallest extents of a window for which only one tile is tried.
const ROUND: usize = 7;

/// Comparisons of bytes that take a hundred times as long as making a formula: another tile may save some of them.
const WORTH: usize = 1 << 18;

/// Windows side by side: in so many rows, and so many along a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tile {
    pub(crate) rows: usize,
    pub(crate) along: usize,
}

impl Tile {
    pub(crate) fn windows(self) -> usize {
        self.rows * self.along
    }

    /// The one that this is two of, side by side. What is longer is halved.
    fn half(self) -> Self {
        if self.along > self.rows {
            Tile { along: self.along / 2, ..self }
        } else {
            Tile { rows: self.rows / 2, ..self }
        }
    }
}

/// Where a row's values are for a network: which row, which phase of it, and from which place of that on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Source {
    pub(crate) row: usize,
    pub(crate) phase: usize,
    pub(crate) at: usize,
}

/// A tap, by its place along the axis that tiles extend along, by what else its offset has, and by its row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Tap {
    along: usize,
    rest: usize,
    row: usize,
}

/// A window, in coordinates of tiles.
pub(crate) struct Window {
    taps: Vec<Tap>,
    /// From one place to the next along the axis that tiles extend along: the last one that the window extends along.
    pub(crate) step: usize,
    /// The window's extent along it.
    width: usize,
    height: usize,
    /// The places in the order.
    places: (usize, usize),
}

impl Window {
    pub(crate) fn new(sweep: &Sweep<'_>, places: (usize, usize)) -> Result<Self, Error> {
        let mut axes = sweep.widths().rev().skip_while(|&(width, _)| width == 1);
        let (width, step) = axes.next().unwrap_or((1, 1));
        let line = axes.next().map_or(sweep.pitch(), |(_, step)| step);
        let mut taps = memory::reserved(sweep.taps())?;
        for run in sweep.runs() {
            taps.extend((run.at..run.at + run.len).map(|at| {
                let along = at % line / step;
                Tap { along, rest: at - along * step, row: run.row }
            }));
        }
        taps.sort_unstable();
        Ok(Window { taps, step, width, height: sweep.height(), places })
    }

    /// Tiles, the one that is most likely the cheapest first: about half as many windows side by side as a window has taps
    /// there, in two rows.
    fn tiles(&self, rows: usize) -> [Tile; 3] {
        let half = |extent: usize| 1 << extent.div_ceil(2).ilog2();
        let (along, high) = (half(self.width).min(ALONG_MAX), half(self.height.min(rows)).min(ROWS_MAX));
        if self.width == 1 {
            return [Tile { rows: high, along }; 3];
        }
        let first = Tile { rows: high.min(2), along };
        if self.is_round() {
            return [first; 3];
        }
        [first, Tile { along: (along / 2).max(1), ..first }, Tile { rows: 1, ..first }]
    }

    /// Whether it is flat and about as wide as it is high, and large enough: then the first tile is as good as the cheapest,
    /// or nearly, of boxes and of disks.
    fn is_round(&self) -> bool {
        let is_flat = self.taps.iter().all(|tap| tap.rest == self.taps[0].rest);
        is_flat && self.width >= ROUND && self.height >= ROUND && self.width <= 2 * self.height
    }
}

/// A network for a tile of windows.
pub(crate) struct Shared {
    pub(crate) tile: Tile,
    pub(crate) formulas: Formulas,
    pub(crate) sources: Vec<Source>,
    /// The values from the one place to the other, window by window, row by row.
    pub(crate) results: Vec<Vec<Ref>>,
}

impl Shared {
    /// The cheapest known for so many bytes, in so many rows. The more bytes, the more tiles are tried.
    pub(crate) fn cheapest(window: &Window, bytes: usize, rows: usize) -> Result<Self, Error> {
        let tiles = window.tiles(rows);
        let mut best: Option<(usize, Shared)> = None;
        let mut spent = 0;
        for (i, &tile) in tiles.iter().enumerate() {
            let is_worth_it = |(cost, _): &(usize, Shared)| spent <= (cost / 1000).saturating_mul(bytes) / WORTH;
            if tiles[..i].contains(&tile) || !best.as_ref().is_none_or(is_worth_it) {
                continue;
            }
            let Some(shared) = Shared::new(window, tile)? else { continue };
            spent += shared.formulas.len();
            // In thousandths: tiles are of different sizes.
            let cost = 1000 * shared.formulas.cost(shared.results.iter().flatten())? / tile.windows();
            if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                best = Some((cost, shared));
            }
        }
        best.map_or_else(|| Shared::alone(window), |(_, shared)| Ok(shared))
    }

    /// For windows one by one.
    pub(crate) fn alone(window: &Window) -> Result<Self, Error> {
        Ok(Shared::new(window, Tile { rows: 1, along: 1 })?.expect("a window has its own taps"))
    }

    /// `None`: the windows have no taps in common.
    fn new(window: &Window, tile: Tile) -> Result<Option<Self>, Error> {
        let divided = |tile: &Tile| (tile.windows() > 1).then(|| tile.half());
        let parts = memory::collected(iter::successors(Some(tile), divided))?;
        // What a tile has in common is what its halves have: the one half's, and the same further on.
        let mut cores: Vec<(Tile, Vec<Tap>)> = memory::reserved(parts.len())?;
        cores.push((Tile { rows: 1, along: 1 }, memory::copied(&window.taps)?));
        for &tile in parts.iter().rev().skip(1) {
            let (half, core) = &cores[cores.len() - 1];
            let (rows, along) = (tile.rows - half.rows, tile.along - half.along);
            let is_other = |tap: &&Tap| {
                let (Some(along), Some(row)) = (tap.along.checked_sub(along), tap.row.checked_sub(rows)) else {
                    return false;
                };
                core.binary_search(&Tap { along, row, ..**tap }).is_ok()
            };
            let common = memory::collected(core.iter().filter(is_other).copied())?;
            if common.is_empty() {
                return Ok(None);
            }
            cores.push((tile, common));
        }
        let mut starts: Vec<usize> = Vec::new();
        for at in tap_places(window, tile)? {
            if starts.last().is_none_or(|&start| at > start + NEAR) {
                memory::push(&mut starts, at)?;
            }
        }
        let mut division = Division {
            window,
            tile,
            cores: &cores,
            starts,
            formulas: Formulas::new()?,
            sources: Vec::new(),
            results: memory::collected((0..tile.windows()).map(|_| Vec::new()))?,
        };
        let level = cores.len() - 1;
        let (list, below) = division.core(level)?;
        division.divide(level, (0, 0), &list, below)?;
        let Division { formulas, sources, results, .. } = division;
        Ok(Some(Shared { tile, formulas, sources, results }))
    }
}

/// The places of all taps of a tile in their phases, in order.
fn tap_places(window: &Window, tile: Tile) -> Result<Vec<usize>, Error> {
    let of = |tap: &Tap, i: usize| place(Tap { along: tap.along + i, ..*tap }, window.step, tile).1;
    // Those of the windows in between are the first one's or the last one's.
    let both = |tap| [of(tap, 0), of(tap, tile.along - 1)];
    let mut places = memory::collected(window.taps.iter().flat_map(both))?;
    places.sort_unstable();
    places.dedup();
    Ok(places)
}

/// The phase that a tap is in, and its place there.
fn place(tap: Tap, step: usize, tile: Tile) -> (usize, usize) {
    let at = tap.along * step + tap.rest;
    let block = at / step;
    (block % tile.along, block / tile.along * step + at % step)
}

/// A tile on its way to single windows.
struct Division<'w> {
    window: &'w Window,
    tile: Tile,
    /// Tiles from the single window on, each twice the one before, and what their windows have in common.
    cores: &'w [(Tile, Vec<Tap>)],
    starts: Vec<usize>,
    formulas: Formulas,
    sources: Vec<Source>,
    results: Vec<Vec<Ref>>,
}

impl Division<'_> {
    /// Divides a tile that begins so many rows and places further on. `list` are the values of its core in order that may be
    /// wanted, after so many that are below them.
    fn divide(&mut self, level: usize, (row, along): (usize, usize), list: &[Ref], below: usize) -> Result<(), Error> {
        let (low, high) = self.window.places;
        if level == 0 {
            self.results[row * self.tile.along + along] = memory::copied(&list[low - below..=high - below])?;
            return Ok(());
        }
        let (tile, half) = (self.cores[level].0, self.cores[level - 1].0);
        for (rows, places) in [(0, 0), (tile.rows - half.rows, tile.along - half.along)] {
            let known = self.cores[level - 1].1.len();
            let (low, high) = self.possible(known);
            let start = (row + rows, along + places);
            let mut more = self.more(level, rows, places)?;
            for tap in &mut more {
                *tap = Tap { along: tap.along + start.1, row: tap.row + start.0, ..*tap };
            }
            let more = self.sorted(&more, false)?;
            let list = self.formulas.merged_from(list, &more, low - below, high - below)?;
            self.divide(level - 1, start, &list, low)?;
        }
        Ok(())
    }

    /// Which places of so many values may be wanted.
    fn possible(&self, known: usize) -> (usize, usize) {
        let (low, high) = self.window.places;
        let unseen = self.window.taps.len() - known;
        (low.saturating_sub(unseen), high.min(known - 1))
    }

    /// What one half of a tile, which begins there in it, has in common beyond what both have.
    fn more(&self, level: usize, rows: usize, along: usize) -> Result<Vec<Tap>, Error> {
        let (core, half) = (&self.cores[level].1, &self.cores[level - 1].1);
        let is_new =
            |tap: &&Tap| core.binary_search(&Tap { along: tap.along + along, row: tap.row + rows, ..**tap }).is_err();
        memory::collected(half.iter().filter(is_new).copied())
    }

    fn tap(&mut self, tap: Tap) -> Result<Ref, Error> {
        let (phase, at) = place(tap, self.window.step, self.tile);
        let start = self.starts[self.starts.partition_point(|&start| start <= at) - 1];
        let source = Source { row: tap.row, phase, at: start };
        let number = match self.sources.iter().position(|&known| known == source) {
            Some(known) => known,
            None => {
                memory::push(&mut self.sources, source)?;
                self.sources.len() - 1
            }
        };
        self.formulas.input(number as u32, (at - start) as u32)
    }

    /// Taps in order.
    fn sorted(&mut self, taps: &[Tap], is_core: bool) -> Result<Vec<Ref>, Error> {
        let mut columns = self.columns(taps)?;
        let from = if is_core { self.tile.along - 1 } else { columns.first().map_or(0, |(along, _)| *along) };
        columns.iter_mut().for_each(|(along, _)| *along -= from);
        self.in_blocks(&columns)
    }

    /// The core in order: values that may be wanted, after so many that are below them.
    fn core(&mut self, level: usize) -> Result<(Vec<Ref>, usize), Error> {
        let taps = &self.cores[level].1;
        let (low, high) = self.possible(taps.len());
        let all = self.sorted(taps, true)?;
        let mut best = memory::copied(&all[low..=high])?;
        let columns = memory::collected(self.columns(taps)?.into_iter().map(|(_, column)| column))?;
        let height = columns[0].len();
        if columns.iter().all(|column| column.len() == height) {
            for way in sorted_both_ways(&mut self.formulas, &columns, (low, high))? {
                if self.formulas.cost(&way)? < self.formulas.cost(&best)? {
                    best = way;
                }
            }
        }
        Ok((best, low))
    }

    /// Taps in columns: those at one place along the tile, in order.
    fn columns(&mut self, taps: &[Tap]) -> Result<Vec<(usize, Vec<Ref>)>, Error> {
        let columns = taps.chunk_by(|one, next| one.along == next.along);
        memory::try_collected(columns.map(|column| {
            let lines = column.chunk_by(|one, next| one.rest == next.rest);
            let lines = memory::try_collected(lines.map(|line| {
                let line = memory::try_collected(line.iter().map(|&tap| self.tap(tap)))?;
                self.formulas.sorted(&line)
            }))?;
            Ok((column[0].along, merged(&mut self.formulas, &lines)?))
        }))
    }

    /// Merges columns by blocks, which are as wide as the tile, then blocks.
    fn in_blocks(&mut self, columns: &[(usize, Vec<Ref>)]) -> Result<Vec<Ref>, Error> {
        let (first, last) = match columns {
            [] => return Ok(Vec::new()),
            [(_, column)] => return memory::copied(column),
            [(first, _), .., (last, _)] => (*first, *last),
        };
        let width = self.tile.along;
        let split = if first / width == last / width {
            let half = 1 << (first ^ last).ilog2();
            last / half * half
        } else if first % width > 0 {
            (first / width + 1) * width
        } else {
            // As many blocks as a power of two, so that neighbours can have them too.
            let blocks = last / width - first / width + 1;
            first + blocks.next_power_of_two() / 2 * width
        };
        let (one, other) = columns.split_at(columns.partition_point(|(along, _)| *along < split));
        let (one, other) = (self.in_blocks(one)?, self.in_blocks(other)?);
        self.formulas.merged(&one, &other)
    }
}

/// Lists in order as one.
fn merged(formulas: &mut Formulas, lists: &[Vec<Ref>]) -> Result<Vec<Ref>, Error> {
    if let [list] = lists {
        return memory::copied(list);
    }
    let (one, other) = lists.split_at(lists.len().next_power_of_two() / 2);
    let (one, other) = (merged(formulas, one)?, merged(formulas, other)?);
    formulas.merged(&one, &other)
}

/// The values at some places of columns of the same height that are in order, in two ways: their rows are put in order,
/// which leaves the columns so; then rows, or columns, are merged without those that can't be at the places.
///
/// What is in row `i` and column `j` has `(i + 1) * (j + 1)` values that are not above it, itself included, and as many that
/// are not below it as there are from there to the other corner.
fn sorted_both_ways(
    formulas: &mut Formulas,
    columns: &[Vec<Ref>],
    (low, high): (usize, usize),
) -> Result<[Vec<Ref>; 2], Error> {
    let (width, height) = (columns.len(), columns[0].len());
    let is_below = |i: usize, j: usize| (height - i) * (width - j) > height * width - low;
    let is_above = |i: usize, j: usize| (i + 1) * (j + 1) > high + 1;
    let is_possible = |i: usize, j: usize| !is_below(i, j) && !is_above(i, j);
    let rows = memory::try_collected((0..height).map(|i| {
        let row = memory::collected(columns.iter().map(|column| column[i]))?;
        formulas.sorted(&row)
    }))?;
    let by_rows = memory::try_collected(
        (0..height).map(|i| memory::collected((0..width).filter(|&j| is_possible(i, j)).map(|j| rows[i][j]))),
    )?;
    let by_columns = memory::try_collected(
        (0..width).map(|j| memory::collected((0..height).filter(|&i| is_possible(i, j)).map(|i| rows[i][j]))),
    )?;
    let below = (0..height).map(|i| (0..width).filter(|&j| is_below(i, j)).count()).sum::<usize>();
    let mut wanted = |lists| memory::copied(&merged_by_size(formulas, lists)?[low - below..=high - below]);
    Ok([wanted(by_rows)?, wanted(by_columns)?])
}

/// Lists in order as one: the shortest first.
fn merged_by_size(formulas: &mut Formulas, mut lists: Vec<Vec<Ref>>) -> Result<Vec<Ref>, Error> {
    lists.retain(|list| !list.is_empty());
    while lists.len() > 1 {
        lists.sort_unstable_by_key(|list| std::cmp::Reverse(list.len()));
        if let (Some(one), Some(other)) = (lists.pop(), lists.pop()) {
            lists.push(formulas.merged(&one, &other)?);
        }
    }
    Ok(lists.pop().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(width: usize, height: usize, is_tap: impl Fn(usize, usize) -> bool) -> Window {
        let taps = (0..width).flat_map(|along| (0..height).map(move |row| Tap { along, rest: 0, row }));
        let taps: Vec<Tap> = taps.filter(|tap| is_tap(tap.along, tap.row)).collect();
        Window { places: (taps.len() / 2, taps.len() / 2), taps, step: 1, width, height }
    }

    /// By the 0-1 principle, comparisons that are right for zeros and ones are right for everything.
    #[test]
    fn every_window_of_a_tile_has_its_value_for_all_zeros_and_ones() {
        let box_of = |width, height| window(width, height, |_, _| true);
        let cross = window(3, 3, |along, row| along == 1 || row == 1);
        for mut window in [box_of(9, 1), box_of(1, 9), box_of(3, 3), box_of(4, 2), box_of(2, 5), cross] {
            for place in 0..window.taps.len() {
                window.places = (place, (place + 1).min(window.taps.len() - 1));
                for (rows, along) in [(1, 1), (1, 2), (2, 1), (2, 2), (1, 4), (4, 1), (1, 8), (8, 1)] {
                    let tile = Tile { rows, along };
                    let bits = (window.width + along - 1) * (window.height + rows - 1);
                    if bits > 12 {
                        continue;
                    }
                    if let Some(shared) = Shared::new(&window, tile).unwrap() {
                        (0..1 << bits).for_each(|field| check(&window, &shared, field));
                    }
                }
            }
        }
    }

    fn check(window: &Window, shared: &Shared, field: u32) {
        let tile = shared.tile;
        let value = |row: usize, along: usize| field >> (row * (window.width + tile.along - 1) + along) & 1;
        let found = shared.formulas.values(&shared.results, |number, place| {
            let source = shared.sources[number];
            value(source.row, (source.at + place) * tile.along + source.phase)
        });
        for (number, found) in found.into_iter().enumerate() {
            let (row, along) = (number / tile.along, number % tile.along);
            let zeros = window.taps.iter().filter(|tap| value(tap.row + row, tap.along + along) == 0).count();
            let places = window.places.0..=window.places.1;
            let expected: Vec<u32> = places.map(|place| u32::from(place >= zeros)).collect();
            assert_eq!(found, expected, "window {number} of {tile:?}, {field:b}");
        }
    }
}

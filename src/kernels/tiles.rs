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

/// Formulas for each tap of a window, about.
const NODES: usize = 24;

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
        [(2, along), (2, (along / 2).max(1)), (1, along)].map(|(rows, along)| Tile { rows: high.min(rows), along })
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
    pub(crate) fn cheapest(window: &Window, bytes: usize, rows: usize) -> Self {
        let mut tried: Vec<Tile> = Vec::new();
        let mut best: Option<(usize, Shared)> = None;
        let mut spent = 0;
        for tile in window.tiles(rows) {
            let is_worth_it = |(cost, _): &(usize, Shared)| spent <= (cost / 1000).saturating_mul(bytes) / WORTH;
            if tried.contains(&tile) || !best.as_ref().is_none_or(is_worth_it) {
                continue;
            }
            tried.push(tile);
            let Some(shared) = Shared::new(window, tile) else { continue };
            spent += shared.formulas.len();
            // In thousandths: tiles are of different sizes.
            let cost = 1000 * shared.formulas.cost(shared.results.iter().flatten()) / tile.windows();
            if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                best = Some((cost, shared));
            }
        }
        best.map_or_else(|| Shared::alone(window), |(_, shared)| shared)
    }

    /// For windows one by one.
    pub(crate) fn alone(window: &Window) -> Self {
        Shared::new(window, Tile { rows: 1, along: 1 }).expect("a window has its own taps")
    }

    /// `None`: the windows have no taps in common.
    fn new(window: &Window, tile: Tile) -> Option<Self> {
        let divided = |tile: &Tile| (tile.windows() > 1).then(|| tile.half());
        let parts: Vec<Tile> = iter::successors(Some(tile), divided).collect();
        // What a tile has in common is what its halves have: the one half's, and the same further on.
        let mut cores = vec![(Tile { rows: 1, along: 1 }, window.taps.clone())];
        for &tile in parts.iter().rev().skip(1) {
            let (half, core) = cores.last()?;
            let (rows, along) = (tile.rows - half.rows, tile.along - half.along);
            let is_other = |tap: &&Tap| {
                let (Some(along), Some(row)) = (tap.along.checked_sub(along), tap.row.checked_sub(rows)) else {
                    return false;
                };
                core.binary_search(&Tap { along, row, ..**tap }).is_ok()
            };
            let common: Vec<Tap> = core.iter().filter(is_other).copied().collect();
            if common.is_empty() {
                return None;
            }
            cores.push((tile, common));
        }
        let mut starts: Vec<usize> = Vec::new();
        for at in tap_places(window, tile) {
            if starts.last().is_none_or(|&start| at > start + NEAR) {
                starts.push(at);
            }
        }
        let mut division = Division {
            window,
            tile,
            cores,
            starts,
            formulas: Formulas::with_room(NODES * window.taps.len()),
            sources: Vec::new(),
            results: vec![Vec::new(); tile.windows()],
        };
        let level = division.cores.len() - 1;
        let (list, below) = division.core(level);
        division.divide(level, (0, 0), &list, below);
        let Division { formulas, sources, results, .. } = division;
        Some(Shared { tile, formulas, sources, results })
    }
}

/// The places of all taps of a tile in their phases, in order.
fn tap_places(window: &Window, tile: Tile) -> Vec<usize> {
    let of = |tap: &Tap, i: usize| place(Tap { along: tap.along + i, ..*tap }, window.step, tile).1;
    // Those of the windows in between are the first one's or the last one's.
    let mut places: Vec<usize> = window.taps.iter().flat_map(|tap| [of(tap, 0), of(tap, tile.along - 1)]).collect();
    places.sort_unstable();
    places.dedup();
    places
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
    cores: Vec<(Tile, Vec<Tap>)>,
    starts: Vec<usize>,
    formulas: Formulas,
    sources: Vec<Source>,
    results: Vec<Vec<Ref>>,
}

impl Division<'_> {
    /// Divides a tile that begins so many rows and places further on. `list` are the values of its core in order that may be
    /// wanted, after so many that are below them.
    fn divide(&mut self, level: usize, (row, along): (usize, usize), list: &[Ref], below: usize) {
        let (low, high) = self.window.places;
        if level == 0 {
            self.results[row * self.tile.along + along] = list[low - below..=high - below].to_vec();
            return;
        }
        let (tile, half) = (self.cores[level].0, self.cores[level - 1].0);
        for (rows, places) in [(0, 0), (tile.rows - half.rows, tile.along - half.along)] {
            let more = self.more(level, rows, places);
            let known = self.cores[level - 1].1.len();
            let (low, high) = self.possible(known);
            let start = (row + rows, along + places);
            let extra = shifted(&more, start);
            let extra = self.sorted(&extra, false);
            let list = self.formulas.merged_from(list, &extra, low - below, high - below);
            self.divide(level - 1, start, &list, low);
        }
    }

    /// Which places of so many values may be wanted.
    fn possible(&self, known: usize) -> (usize, usize) {
        let (low, high) = self.window.places;
        let unseen = self.window.taps.len() - known;
        (low.saturating_sub(unseen), high.min(known - 1))
    }

    /// What one half of a tile, which begins there in it, has in common beyond what both have.
    fn more(&self, level: usize, rows: usize, along: usize) -> Vec<Tap> {
        let (core, half) = (&self.cores[level].1, &self.cores[level - 1].1);
        let is_new =
            |tap: &&Tap| core.binary_search(&Tap { along: tap.along + along, row: tap.row + rows, ..**tap }).is_err();
        half.iter().filter(is_new).copied().collect()
    }

    fn tap(&mut self, tap: Tap) -> Ref {
        let (phase, at) = place(tap, self.window.step, self.tile);
        let start = self.starts[self.starts.partition_point(|&start| start <= at) - 1];
        let source = Source { row: tap.row, phase, at: start };
        let number = self.sources.iter().position(|&known| known == source).unwrap_or_else(|| {
            self.sources.push(source);
            self.sources.len() - 1
        });
        self.formulas.input(number as u32, (at - start) as u32)
    }

    /// Taps in order.
    fn sorted(&mut self, taps: &[Tap], is_core: bool) -> Vec<Ref> {
        let columns = self.columns(taps);
        let from = if is_core { self.tile.along - 1 } else { columns.first().map_or(0, |(along, _)| *along) };
        let columns: Vec<(usize, Vec<Ref>)> =
            columns.into_iter().map(|(along, column)| (along - from, column)).collect();
        self.in_blocks(&columns)
    }

    /// The core in order: values that may be wanted, after so many that are below them.
    fn core(&mut self, level: usize) -> (Vec<Ref>, usize) {
        let taps = self.cores[level].1.clone();
        let (low, high) = self.possible(taps.len());
        let all = self.sorted(&taps, true);
        let mut best = all[low..=high].to_vec();
        let columns: Vec<Vec<Ref>> = self.columns(&taps).into_iter().map(|(_, column)| column).collect();
        let height = columns[0].len();
        if columns.iter().all(|column| column.len() == height) {
            for way in sorted_both_ways(&mut self.formulas, &columns, (low, high)) {
                if self.formulas.cost(&way) < self.formulas.cost(&best) {
                    best = way;
                }
            }
        }
        (best, low)
    }

    /// Taps in columns: those at one place along the tile, in order.
    fn columns(&mut self, taps: &[Tap]) -> Vec<(usize, Vec<Ref>)> {
        taps.chunk_by(|one, next| one.along == next.along)
            .map(|column| {
                let lines: Vec<Vec<Ref>> = column
                    .chunk_by(|one, next| one.rest == next.rest)
                    .map(|line| {
                        let line: Vec<Ref> = line.iter().map(|&tap| self.tap(tap)).collect();
                        self.formulas.sorted(&line)
                    })
                    .collect();
                (column[0].along, merged(&mut self.formulas, &lines))
            })
            .collect()
    }

    /// Merges columns by blocks, which are as wide as the tile, then blocks.
    fn in_blocks(&mut self, columns: &[(usize, Vec<Ref>)]) -> Vec<Ref> {
        let (first, last) = match columns {
            [] => return Vec::new(),
            [(_, column)] => return column.clone(),
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
        let (one, other) = (self.in_blocks(one), self.in_blocks(other));
        self.formulas.merged(&one, &other)
    }
}

fn shifted(taps: &[Tap], (rows, along): (usize, usize)) -> Vec<Tap> {
    taps.iter().map(|tap| Tap { along: tap.along + along, row: tap.row + rows, ..*tap }).collect()
}

/// Lists in order as one.
fn merged(formulas: &mut Formulas, lists: &[Vec<Ref>]) -> Vec<Ref> {
    if let [list] = lists {
        return list.clone();
    }
    let (one, other) = lists.split_at(lists.len().next_power_of_two() / 2);
    let (one, other) = (merged(formulas, one), merged(formulas, other));
    formulas.merged(&one, &other)
}

/// The values at some places of columns of the same height that are in order, in two ways: their rows are put in order,
/// which leaves the columns so; then rows, or columns, are merged without those that can't be at the places.
///
/// What is in row `i` and column `j` has `(i + 1) * (j + 1)` values that are not above it, itself included, and as many that
/// are not below it as there are from there to the other corner.
fn sorted_both_ways(formulas: &mut Formulas, columns: &[Vec<Ref>], (low, high): (usize, usize)) -> [Vec<Ref>; 2] {
    let (width, height) = (columns.len(), columns[0].len());
    let mut below = 0;
    let mut grid: Vec<Vec<Option<Ref>>> = Vec::new();
    for i in 0..height {
        let row: Vec<Vec<Ref>> = columns.iter().map(|column| vec![column[i]]).collect();
        let row = merged(formulas, &row).into_iter().enumerate().map(|(j, value)| {
            let is_below = (height - i) * (width - j) > height * width - low;
            let is_above = (i + 1) * (j + 1) > high + 1;
            below += usize::from(is_below);
            (!is_below && !is_above).then_some(value)
        });
        grid.push(row.collect());
    }
    let by_rows: Vec<Vec<Ref>> = grid.iter().map(|row| row.iter().flatten().copied().collect()).collect();
    let column = |j: usize| grid.iter().filter_map(|row| row[j]).collect();
    let by_columns: Vec<Vec<Ref>> = (0..width).map(column).collect();
    [by_rows, by_columns].map(|lists| merged_by_size(formulas, lists)[low - below..=high - below].to_vec())
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
                    if let Some(shared) = Shared::new(&window, tile) {
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

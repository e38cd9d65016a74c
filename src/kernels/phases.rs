//! Phases: a row dealt out so that what is at the same place of tiles lies side by side.
//!
//! Of a tile of `T` places, phase `i` has those that are number `i` in their tile: places `i`, `i + T`, `i + 2 T` and so on.
//! So a tap that is `o` further on than a tile's first place is in phase `o % T`, and tiles' first places being at 0, 1, 2 in
//! their phase, it is `o / T` further on there. Where tiles extend along an axis whose step in the row is not one, it is
//! blocks of places that are dealt out, as long as the step.

use std::array;

use crate::convert::Value;
use crate::error::Error;
use crate::kernels::tiles::Source;
use crate::memory::{self, Aligned, CACHE_LINE};
use crate::simd;

/// The rows of a window in phases.
pub(crate) struct Phases<V> {
    values: Aligned<V>,
    along: usize,
    step: usize,
    /// From one phase to the next.
    pitch: usize,
}

impl<V: Value> Phases<V> {
    /// For so many rows of `len` places, of which tiles of `along` are made; whatever begins within a row, so many values
    /// may be read behind it.
    pub(crate) fn new(rows: usize, len: usize, along: usize, step: usize, spare: usize) -> Result<Self, Error> {
        let pitch = (len.div_ceil(step).div_ceil(along) * step).next_multiple_of(CACHE_LINE / size_of::<V>());
        let size = rows.checked_mul(along).and_then(|phases| phases.checked_mul(pitch)?.checked_add(spare));
        let values = Aligned::new(size.ok_or_else(|| memory::out_of_memory::<V>(usize::MAX))?, 0)?;
        Ok(Phases { values, along, step, pitch })
    }

    /// Deals out a row.
    pub(crate) fn receive(&mut self, slot: usize, row: &[V]) {
        let Phases { along, step, pitch, .. } = *self;
        let values = &mut self.values[slot * along * pitch..][..along * pitch];
        match (step, along) {
            (1, 2) => deal::<V, 2>(row, values),
            (1, 4) => deal::<V, 4>(row, values),
            (1, 8) => deal::<V, 8>(row, values),
            (1, 16) => deal::<V, 16>(row, values),
            (1, 32) => deal::<V, 32>(row, values),
            _ => {
                for (i, block) in row.chunks(step).enumerate() {
                    values[i % along * pitch + i / along * step..][..block.len()].copy_from_slice(block);
                }
            }
        }
    }

    /// Where a source is that a network reads from a place on.
    pub(crate) fn from(&self, slot: usize, source: Source, place: usize) -> *const V {
        self.values[(slot * self.along + source.phase) * self.pitch + source.at + place..].as_ptr()
    }
}

/// Deals out a row among `N` phases.
fn deal<V: Value, const N: usize>(row: &[V], values: &mut [V]) {
    let (tiles, rest) = row.as_chunks::<N>();
    let mut phases = values.chunks_exact_mut(values.len() / N);
    let mut phases: [&mut [V]; N] = array::from_fn(|_| phases.next().unwrap_or_default());
    for (phase, &value) in phases.iter_mut().zip(rest) {
        phase[tiles.len()] = value;
    }
    simd::widest(
        #[inline(always)]
        || {
            // Compilers see that all are as long, check nothing, and compute with vectors.
            let mut phases = phases.map(|phase| &mut phase[..tiles.len()]);
            if N <= 8 {
                for (i, tile) in tiles.iter().enumerate() {
                    for (phase, &value) in phases.iter_mut().zip(tile) {
                        phase[i] = value;
                    }
                }
            } else {
                for (i, phase) in phases.iter_mut().enumerate() {
                    phase.iter_mut().zip(tiles).for_each(|(value, tile)| *value = tile[i]);
                }
            }
        },
    );
}

/// How many places a row of results has in the phases of tiles.
pub(crate) fn places(results: usize, step: usize, along: usize) -> usize {
    if along == 1 { results } else { ((results - 1) / step / along + 1) * step }
}

/// Makes results of two values each: for the windows of tiles from place `done` on. `found` has the values by the window's
/// number in its tile.
pub(crate) fn collect<'v, V: Value, R>(
    found: impl Fn(usize) -> [&'v [V]; 2],
    (step, along): (usize, usize),
    done: usize,
    of: impl Fn(V, V) -> R,
    results: &mut [R],
) {
    simd::widest(
        #[inline(always)]
        || match (step, along) {
            (1, 2) => interleave::<V, R, 2>(found, done, of, results),
            (1, 4) => interleave::<V, R, 4>(found, done, of, results),
            (1, 8) => interleave::<V, R, 8>(found, done, of, results),
            (1, 16) => interleave::<V, R, 16>(found, done, of, results),
            (1, 32) => interleave::<V, R, 32>(found, done, of, results),
            _ => in_blocks(found, (step, along), done, of, results),
        },
    );
}

#[inline(always)]
fn interleave<'v, V: Value, R, const N: usize>(
    found: impl Fn(usize) -> [&'v [V]; 2],
    done: usize,
    of: impl Fn(V, V) -> R,
    results: &mut [R],
) {
    let found: [[&[V]; 2]; N] = array::from_fn(found);
    let count = found[0][0].len();
    let found = found.map(|both| both.map(|values| &values[..count]));
    let results = &mut results[done * N..];
    let whole = (results.len() / N).min(count);
    let (tiles, rest) = results.as_chunks_mut::<N>();
    for (i, tile) in tiles[..whole].iter_mut().enumerate() {
        for (result, [lower, upper]) in tile.iter_mut().zip(&found) {
            *result = of(lower[i], upper[i]);
        }
    }
    if whole < count {
        for (result, [lower, upper]) in rest.iter_mut().zip(&found) {
            *result = of(lower[whole], upper[whole]);
        }
    }
}

#[inline(always)]
fn in_blocks<'v, V: Value, R>(
    found: impl Fn(usize) -> [&'v [V]; 2],
    (step, along): (usize, usize),
    done: usize,
    of: impl Fn(V, V) -> R,
    results: &mut [R],
) {
    for i in 0..along {
        let [lower, upper] = found(i);
        let mut next = 0;
        while next < lower.len() {
            let (block, start) =
                if along == 1 { (0, done + next) } else { ((done + next) / step, (done + next) % step) };
            let len = if along == 1 { lower.len() } else { (step - start).min(lower.len() - next) };
            let at = (block * along + i) * step + start;
            let results = results.iter_mut().skip(at).take(len);
            for ((result, &lower), &upper) in results.zip(&lower[next..]).zip(&upper[next..]) {
                *result = of(lower, upper);
            }
            next += len;
        }
    }
}

//! Results that go to memory past the caches.
//!
//! A store to memory that no cache holds first reads the cache line: a third of what a filter of a small window moves. Where
//! there are so many results that caches would not keep them anyway, that is spared by stores of whole lines, one after the
//! other, which don't. But processors hold up whatever they read at the same place of another page until such a store is
//! through, and a line that is not complete at once goes to memory twice. So results are computed in a buffer, half a page
//! away from where they belong, and copied from there, no more at a time than a processor can have waiting: it goes on
//! computing meanwhile.

use std::ops::Range;

use crate::convert::Value;
use crate::error::Error;
use crate::memory::{Aligned, CACHE_LINE};
use crate::simd;

/// Bytes that are copied at a time.
pub(crate) const PIECE: usize = 2048;

/// Bytes of a page.
pub(crate) const PAGE: usize = 4096;

/// Bytes of an output that goes past the caches, at least.
pub(crate) const MANY: usize = 16 << 20;

/// The place of a buffer's page, counted in values, that is half a page away from where a result belongs.
pub(crate) fn half_a_page_away<V>(buffer: &[V], result: *const V) -> usize {
    (result.addr() + PAGE / 2).wrapping_sub(buffer.as_ptr().addr()) % PAGE / size_of::<V>()
}

/// Which values fill cache lines, if the first lies there.
pub(crate) fn whole_lines<V>(values: &[V]) -> Range<usize> {
    let line = simd::line_of::<V>();
    let start = (values.as_ptr().addr().wrapping_neg() % CACHE_LINE / size_of::<V>()).min(values.len());
    start..start + (values.len() - start) / line * line
}

/// Copies results past the caches, as far as they fill lines.
pub(crate) fn copy<V: Value>(results: &[V], to: &mut [V]) {
    let lines = whole_lines(to);
    to[..lines.start].copy_from_slice(&results[..lines.start]);
    simd::write_past(&mut to[lines.clone()], &results[lines.clone()]);
    to[lines.end..].copy_from_slice(&results[lines.end..]);
}

/// A buffer for rows of results.
pub(crate) struct Detour<V>(Aligned<V>);

impl<V: Value> Detour<V> {
    pub(crate) fn new() -> Result<Self, Error> {
        Ok(Detour(Aligned::new((PAGE + PIECE) / size_of::<V>(), 0)?))
    }

    /// Has a row of results computed in pieces: `compute` is told where one starts, and given room for it.
    #[inline(always)]
    pub(crate) fn take(&mut self, row: &mut [V], mut compute: impl FnMut(usize, &mut [V])) {
        let lines = whole_lines(row);
        if lines.end < row.len() {
            // What shares a line with what comes after the row is stored as anything else: that had better be there, and what
            // the next row may share.
            simd::fetch(row.as_ptr().wrapping_add(lines.end), 2 * CACHE_LINE);
        }
        compute(0, &mut row[..lines.start]);
        for start in lines.clone().step_by(PIECE / size_of::<V>()) {
            let piece = &mut row[start..lines.end.min(start + PIECE / size_of::<V>())];
            let at = half_a_page_away(&self.0, piece.as_ptr());
            let results = &mut self.0[at..][..piece.len()];
            compute(start, results);
            simd::write_past(piece, results);
        }
        compute(lines.end, &mut row[lines.end..]);
    }
}

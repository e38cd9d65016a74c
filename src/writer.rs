//! Results on their way to the output: one after the other, in C order.
//!
//! If the output is doubles side by side, they are computed where they belong; if there are many, in a buffer, from which they
//! go [past the caches](crate::past); for any other output, in a buffer, and cast from there.

use std::ops::Range;

use crate::array::{Piece, Prefetch};
use crate::error::Error;
use crate::lines::BATCH_MAX;
use crate::memory::Aligned;
use crate::past::{self, half_a_page_away, whole_lines};
use crate::simd;

const PAGE: usize = past::PAGE / size_of::<f64>();

/// Where results wait.
pub(crate) struct Buffer(Aligned);

impl Buffer {
    pub(crate) fn new() -> Result<Self, Error> {
        // Those that wait begin within the first page; fewer than are sent at a time; and then come as many as a batch.
        Ok(Buffer(Aligned::new(PAGE + 2 * BATCH_MAX, 0)?))
    }
}

/// Writes a piece of the output, from its first element to its last; when it is dropped, all that it has is written.
pub(crate) struct Writer<'w, 'a> {
    piece: Piece<'a>,
    way: Way,
    buffer: &'w mut [f64],
    /// The element whose result comes next, where in the buffer it will be, and how many wait before it.
    next: usize,
    at: usize,
    waiting: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Computed where they belong.
    Direct,
    Past,
    Cast,
}

impl<'w, 'a> Writer<'w, 'a> {
    pub(crate) fn new(mut piece: Piece<'a>, Buffer(buffer): &'w mut Buffer) -> Self {
        let (range, goes_past) = (piece.range(), piece.goes_past());
        let (way, at) = match piece.values::<f64>(range.clone()) {
            Some(own) if goes_past => (Way::Past, half_a_page_away(buffer, own.as_ptr())),
            Some(_) => (Way::Direct, 0),
            None => (Way::Cast, 0),
        };
        Writer { piece, way, buffer, next: range.start, at, waiting: 0 }
    }

    /// The element whose result comes next.
    pub(crate) fn next(&self) -> usize {
        self.next
    }

    /// The piece's elements that are left.
    pub(crate) fn left(&self) -> usize {
        self.piece.range().end - self.next
    }

    /// How many results are best made at a time, at most.
    pub(crate) fn most(&self) -> usize {
        if self.way == Way::Past { past::PIECE / size_of::<f64>() } else { BATCH_MAX }
    }

    /// Where the results will be written, from the next one on, if it is worth fetching.
    pub(crate) fn upcoming(&self) -> Prefetch {
        if self.way == Way::Past { Prefetch::NONE } else { self.piece.prefetch_from(self.next) }
    }

    /// Room for the next results, a batch at most.
    pub(crate) fn room(&mut self, count: usize) -> &mut [f64] {
        match self.way {
            Way::Direct => self.own(self.next..self.next + count),
            Way::Past | Way::Cast => &mut self.buffer[self.at..self.at + count],
        }
    }

    /// So many results are in the room now.
    pub(crate) fn advance(&mut self, count: usize) {
        self.next += count;
        if self.way != Way::Direct {
            self.at += count;
            self.waiting += count;
            if self.waiting >= self.most() {
                self.send();
            }
        }
    }

    /// Writes what waits, but for a cache line that is not full.
    fn send(&mut self) {
        let (elements, results) = (self.next - self.waiting..self.next, self.at - self.waiting..self.at);
        if self.way == Way::Cast {
            self.piece.write(elements.start, &self.buffer[results]);
            (self.at, self.waiting) = (0, 0);
            return;
        }
        let own = self.piece.values::<f64>(elements).expect("the output holds doubles side by side");
        let (lines, waiting) = (whole_lines(own), &self.buffer[results.clone()]);
        if lines.start > 0 {
            own[..lines.start].copy_from_slice(&waiting[..lines.start]);
        }
        simd::write_past(&mut own[lines.clone()], &waiting[lines.clone()]);
        // What is left goes on within the first page.
        let left = results.start + lines.end..results.end;
        let start = left.start % PAGE;
        (self.at, self.waiting) = (start + left.len(), left.len());
        self.buffer.copy_within(left, start);
    }

    fn own(&mut self, elements: Range<usize>) -> &mut [f64] {
        self.piece.values(elements).expect("the output holds doubles side by side")
    }
}

impl Drop for Writer<'_, '_> {
    fn drop(&mut self) {
        if self.waiting > 0 {
            self.send();
            self.piece.write(self.next - self.waiting, &self.buffer[self.at - self.waiting..self.at]);
        }
        if self.way == Way::Past {
            simd::finish_writing_past();
        }
    }
}

//! Vectors whose allocation may fail: a caller chooses their sizes, so running out is an error, never an abort.

use std::ops::{Deref, DerefMut};

use crate::error::Error;

/// Bytes of a cache line, on nearly every machine; and doubles.
pub(crate) const CACHE_LINE: usize = 64;
pub(crate) const LINE_DOUBLES: usize = CACHE_LINE / size_of::<f64>();

/// `n` copies of `value`.
pub(crate) fn filled<T: Clone>(n: usize, value: T) -> Result<Vec<T>, Error> {
    let mut items = reserved(n)?;
    items.resize(n, value);
    Ok(items)
}

/// The items of an iterator that knows how many they are.
pub(crate) fn collected<T>(source: impl ExactSizeIterator<Item = T>) -> Result<Vec<T>, Error> {
    let mut items = reserved(source.len())?;
    items.extend(source);
    Ok(items)
}

/// As [`collected`], for items that may be errors themselves.
pub(crate) fn try_collected<T>(source: impl ExactSizeIterator<Item = Result<T, Error>>) -> Result<Vec<T>, Error> {
    let mut items = reserved(source.len())?;
    for item in source {
        items.push(item?);
    }
    Ok(items)
}

/// An empty vector with room for `n`.
pub(crate) fn reserved<T>(n: usize) -> Result<Vec<T>, Error> {
    let mut items = Vec::new();
    items.try_reserve_exact(n).map_err(|_| out_of_memory::<T>(n))?;
    Ok(items)
}

/// Appends one item.
pub(crate) fn push<T>(items: &mut Vec<T>, item: T) -> Result<(), Error> {
    items.try_reserve(1).map_err(|_| out_of_memory::<T>(items.len()))?;
    items.push(item);
    Ok(())
}

/// Doubles of which a given one begins a cache line: vectors that lie across two take twice the time.
pub(crate) struct Aligned {
    doubles: Vec<f64>,
    start: usize,
    len: usize,
}

impl Aligned {
    /// `len` zeros, number `first` at the beginning of a cache line.
    pub(crate) fn new(len: usize, first: usize) -> Result<Self, Error> {
        let room = len.checked_add(LINE_DOUBLES - 1).ok_or(out_of_memory::<f64>(usize::MAX))?;
        let doubles = filled(room, 0.0)?;
        let line = doubles.as_ptr().align_offset(CACHE_LINE).min(LINE_DOUBLES - 1);
        Ok(Aligned { doubles, start: (line + LINE_DOUBLES - first % LINE_DOUBLES) % LINE_DOUBLES, len })
    }
}

impl Deref for Aligned {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        &self.doubles[self.start..self.start + self.len]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut self.doubles[self.start..self.start + self.len]
    }
}

/// The error for `n` items of type `T`.
pub(crate) fn out_of_memory<T>(n: usize) -> Error {
    Error::Memory { bytes: n.saturating_mul(size_of::<T>()) }
}

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

/// The items of an iterator; at once if it knows how many they are.
pub(crate) fn collected<T>(source: impl Iterator<Item = T>) -> Result<Vec<T>, Error> {
    try_collected(source.map(Ok))
}

/// As [`collected`], for items that may be errors themselves.
pub(crate) fn try_collected<T>(source: impl Iterator<Item = Result<T, Error>>) -> Result<Vec<T>, Error> {
    let mut items = reserved(source.size_hint().0)?;
    for item in source {
        push(&mut items, item?)?;
    }
    Ok(items)
}

/// A slice's items.
pub(crate) fn copied<T: Copy>(slice: &[T]) -> Result<Vec<T>, Error> {
    let mut items = reserved(slice.len())?;
    items.extend_from_slice(slice);
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

/// A value in memory of its own.
pub(crate) fn boxed<T>(value: T) -> Result<Box<[T; 1]>, Error> {
    let mut items = reserved(1)?;
    items.push(value);
    items.into_boxed_slice().try_into().map_err(|_| out_of_memory::<T>(1))
}

/// Inserts one item.
pub(crate) fn insert<T>(items: &mut Vec<T>, index: usize, item: T) -> Result<(), Error> {
    items.try_reserve(1).map_err(|_| out_of_memory::<T>(items.len()))?;
    items.insert(index, item);
    Ok(())
}

/// Values of which a given one begins a cache line: vectors that lie across two take twice the time.
pub(crate) struct Aligned<T = f64> {
    values: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Copy + Default> Aligned<T> {
    /// Values that fill a cache line.
    const LINE: usize = CACHE_LINE / size_of::<T>();

    /// `len` zeros, number `first` at the beginning of a cache line.
    pub(crate) fn new(len: usize, first: usize) -> Result<Self, Error> {
        let room = len.checked_add(Self::LINE - 1).ok_or(out_of_memory::<T>(usize::MAX))?;
        let values = filled(room, T::default())?;
        let line = values.as_ptr().align_offset(CACHE_LINE).min(Self::LINE - 1);
        Ok(Aligned { values, start: (line + Self::LINE - first % Self::LINE) % Self::LINE, len })
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values[self.start..self.start + self.len]
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.start..self.start + self.len]
    }
}

/// The error for `n` items of type `T`.
pub(crate) fn out_of_memory<T>(n: usize) -> Error {
    Error::Memory { bytes: n.saturating_mul(size_of::<T>()) }
}

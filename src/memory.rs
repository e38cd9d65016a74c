//! Vectors whose allocation may fail: a caller chooses their sizes, so running out is an error, never an abort.

use crate::error::Error;

/// Bytes of a cache line, on nearly every machine.
pub(crate) const CACHE_LINE: usize = 64;

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

/// The error for `n` items of type `T`.
pub(crate) fn out_of_memory<T>(n: usize) -> Error {
    Error::Memory { bytes: n.saturating_mul(size_of::<T>()) }
}

//! What can go wrong, and how it is said.

use std::fmt::{self, Write};

/// Why a call failed. The text names the argument, its value and what is allowed.
///
/// Errors in the arguments ([`Argument`](Self::Argument), [`Shape`](Self::Shape)) are found before the first output
/// element is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A value is not allowed: an axis, an origin, a number of modes, ...
    Argument(String),
    /// Extents are not allowed, or do not fit each other.
    Shape(String),
    /// Memory ran out.
    Memory {
        /// How much was asked for at last.
        bytes: usize,
    },
    /// The function gave up.
    Callback {
        /// The output element it gave up at, counted in C order: the lowest such, whatever the number of threads. All
        /// elements before it are written.
        index: usize,
    },
    /// The progress function asked to stop.
    Cancelled,
}

/// The longest message: what fits the C ABI's `llc_error`.
pub(crate) const MESSAGE_MAX: usize = 255;

impl Error {
    pub(crate) fn argument(text: fmt::Arguments<'_>) -> Self {
        message(text).map_or_else(|error| error, Error::Argument)
    }

    pub(crate) fn shape(text: fmt::Arguments<'_>) -> Self {
        message(text).map_or_else(|error| error, Error::Shape)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Argument(message) | Error::Shape(message) => f.write_str(message),
            Error::Memory { bytes } => write!(f, "out of memory: {bytes} bytes can't be had"),
            Error::Callback { index } => write!(f, "the callback gave up at output element {index}"),
            Error::Cancelled => f.write_str("cancelled by the progress function"),
        }
    }
}

impl std::error::Error for Error {}

/// Formats without aborting when memory is short.
pub(crate) fn message(text: fmt::Arguments<'_>) -> Result<String, Error> {
    let mut message = Bounded(String::new());
    message.0.try_reserve_exact(MESSAGE_MAX).map_err(|_| Error::Memory { bytes: MESSAGE_MAX })?;
    // A full buffer ends the text: its beginning says what matters.
    let _ = message.write_fmt(text);
    Ok(message.0)
}

/// The longest prefix of at most `limit` bytes that ends between characters.
pub(crate) fn prefix(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

/// A string that never grows beyond what was reserved for it.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fits = prefix(text, MESSAGE_MAX - self.0.len());
        self.0.push_str(fits);
        if fits.len() == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

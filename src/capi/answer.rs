//! How a call answers: a status, the details in `llc_error`, and never a panic.

use std::any::Any;
use std::ffi::c_char;
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::types::*;
use crate::error::{Error, MESSAGE_MAX, prefix};

/// Why a call ended: the crate's errors, those that only C can make, and our own defects.
pub(super) enum Failure {
    Null(String),
    DType(String),
    Engine(Error),
    /// What a panic said.
    Defect(Box<dyn Any + Send>),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Engine(error)
    }
}

impl Failure {
    fn status(&self) -> llc_status {
        match self {
            Failure::Null(_) => LLC_ERROR_NULL,
            Failure::DType(_) => LLC_ERROR_DTYPE,
            Failure::Engine(Error::Argument(_)) => LLC_ERROR_ARGUMENT,
            Failure::Engine(Error::Shape(_)) => LLC_ERROR_SHAPE,
            Failure::Engine(Error::Memory { .. }) => LLC_ERROR_MEMORY,
            Failure::Engine(Error::Callback { .. }) => LLC_ERROR_CALLBACK,
            Failure::Engine(Error::Cancelled) => LLC_ERROR_CANCELLED,
            Failure::Defect(_) => LLC_ERROR_INTERNAL,
        }
    }

    fn index(&self) -> isize {
        match self {
            Failure::Engine(Error::Callback { index }) => *index as isize,
            _ => -1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Null(message) | Failure::DType(message) => f.write_str(message),
            Failure::Engine(error) => error.fmt(f),
            Failure::Defect(panic) => {
                let said = panic.downcast_ref::<&str>().copied();
                let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
                write!(f, "a defect of libllc, please report it: {}", said.unwrap_or("unknown"))
            }
        }
    }
}

/// Runs an entry point and fills in the caller's `error`.
pub(super) fn answer(error: *mut llc_error, call: impl FnOnce() -> Result<(), Failure>) -> llc_status {
    // What the call was working on is dropped, not used again.
    let result = catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| Err(Failure::Defect(panic)));

    let mut details = llc_error { status: LLC_OK, reserved0: 0, index: -1, reserved: [0; 2], message: [0; 256] };
    if let Err(failure) = result {
        details.status = failure.status();
        details.index = failure.index();
        // A text too long for the field ends early: its beginning says what matters.
        let _ = write!(Text { free: &mut details.message[..MESSAGE_MAX] }, "{failure}");
    }
    if !error.is_null() {
        // SAFETY: the caller's struct, written as a whole; alignment is not relied on.
        unsafe { error.write_unaligned(details) };
    }
    details.status
}

/// Writes into what is free of a field.
struct Text<'a> {
    free: &'a mut [c_char],
}

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fits = prefix(text, self.free.len());
        let (now, later) = std::mem::take(&mut self.free).split_at_mut(fits.len());
        for (to, &from) in now.iter_mut().zip(fits.as_bytes()) {
            *to = from as c_char;
        }
        self.free = later;
        if fits.len() == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

//! How a call answers: a status, the details in `llc_error`, and never a panic.

use std::ffi::c_char;
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::read::Failure;
use super::types::*;
use crate::error::Error;

/// Runs an entry point and fills in the caller's `error`.
pub(super) fn answer(error: *mut llc_error, call: impl FnOnce() -> Result<(), Failure>) -> llc_status {
    // What the call was working on is dropped, not used again.
    let result = catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(Failure::Panic));
    let details = details(&result);
    if !error.is_null() {
        // SAFETY: the caller's struct, written as a whole; alignment is not relied on.
        unsafe { error.write_unaligned(details) };
    }
    details.status
}

fn details(result: &Result<(), Failure>) -> llc_error {
    let mut text = Text { bytes: [0; 256], len: 0 };
    // A full buffer ends the text.
    let (status, _) = match result {
        Ok(()) => (LLC_OK, Ok(())),
        Err(Failure::Null(message)) => (LLC_ERROR_NULL, text.write_str(message)),
        Err(Failure::DType(message)) => (LLC_ERROR_DTYPE, text.write_str(message)),
        Err(Failure::Engine(error)) => (status_of(error), write!(text, "{error}")),
        Err(Failure::Panic) => (LLC_ERROR_INTERNAL, text.write_str("a defect of libllc: please report it")),
    };
    let index = match result {
        Err(Failure::Engine(Error::Callback { index })) => *index as isize,
        _ => -1,
    };
    llc_error { status, reserved0: 0, index, reserved: [0; 2], message: text.bytes }
}

fn status_of(error: &Error) -> llc_status {
    match error {
        Error::Argument(_) => LLC_ERROR_ARGUMENT,
        Error::Shape(_) => LLC_ERROR_SHAPE,
        Error::Memory { .. } => LLC_ERROR_MEMORY,
        Error::Callback { .. } => LLC_ERROR_CALLBACK,
        Error::Cancelled => LLC_ERROR_CANCELLED,
    }
}

/// A zero-terminated text of fixed size. Messages are no longer than it holds.
struct Text {
    bytes: [c_char; 256],
    len: usize,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.len() - 1 - self.len;
        for (to, &from) in self.bytes[self.len..][..room].iter_mut().zip(text.as_bytes()) {
            *to = from as c_char;
            self.len += 1;
        }
        if text.len() <= room { Ok(()) } else { Err(fmt::Error) }
    }
}

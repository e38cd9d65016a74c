//! The shared library of the Python package: libllc's C ABI, and nothing else.

pub use llc::*;

//! Another static library that is made of Rust and its standard library: it allocates, starts a thread, and unwinds.

use std::collections::HashMap;
use std::{panic, thread};

/// How many numbers below `n` leave which rest of 7: how many there are; 0 if one of its threads panicked.
#[unsafe(no_mangle)]
pub extern "C" fn other_rests(n: u32) -> u32 {
    panic::set_hook(Box::new(|_| {}));
    let mut rests = HashMap::new();
    (0..n).for_each(|i| *rests.entry(i % 7).or_insert(0) += 1);
    let panics = panic::catch_unwind(|| assert!(n != 13, "thirteen")).is_err();
    let count = thread::spawn(move || rests.len() as u32).join().unwrap_or(0);
    if panics { 0 } else { count }
}

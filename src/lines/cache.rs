//! Which extended lines a worker has: slots that are given up oldest first.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::error::Error;
use crate::memory;

/// Which tile of which line lies in which slot; each has a number.
pub(super) struct Cache {
    slot_of: HashMap<usize, usize, BuildHasherDefault<Spread>>,
    slots: Vec<Slot>,
    /// The slot to be given up next: what was first used first is last used first.
    oldest: usize,
    /// Number of the current window.
    window: usize,
}

#[derive(Clone, Copy)]
struct Slot {
    number: usize,
    /// The last window that looked at it.
    window: usize,
}

impl Cache {
    pub(super) fn new(slots: usize) -> Result<Self, Error> {
        let mut slot_of = HashMap::default();
        // Twice what it will hold: a table no more than half full never allocates again, whatever comes and goes.
        slot_of.try_reserve(2 * (slots + 1)).map_err(|_| memory::out_of_memory::<(usize, usize)>(2 * (slots + 1)))?;
        Ok(Cache {
            slot_of,
            slots: memory::filled(slots, Slot { number: usize::MAX, window: 0 })?,
            oldest: 0,
            window: 0,
        })
    }

    /// What is found from now on stays until the next call.
    pub(super) fn next_window(&mut self) {
        self.window += 1;
    }

    /// Whether a number is in this slot.
    pub(super) fn has(&mut self, number: usize, slot: usize) -> bool {
        let slot = &mut self.slots[slot];
        if slot.number == number {
            slot.window = self.window;
        }
        slot.number == number
    }

    /// The slot of a number, and whether it is there already.
    pub(super) fn find(&mut self, number: usize) -> (usize, bool) {
        if let Some(&slot) = self.slot_of.get(&number) {
            self.slots[slot].window = self.window;
            return (slot, true);
        }
        // There are at least as many slots as different numbers in a window.
        while self.slots[self.oldest].window == self.window {
            self.oldest = (self.oldest + 1) % self.slots.len();
        }
        let slot = self.oldest;
        self.oldest = (self.oldest + 1) % self.slots.len();
        self.slot_of.remove(&self.slots[slot].number);
        self.slot_of.insert(number, slot);
        self.slots[slot] = Slot { number, window: self.window };
        (slot, false)
    }
}

/// Hashes the numbers of tiles: small, distinct and nobody's to attack with.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("the numbers are usize");
    }

    fn write_usize(&mut self, line: usize) {
        // Fibonacci hashing: the table takes its tags from the upper bits.
        self.0 = (line as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

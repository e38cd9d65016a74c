//! Sorting numbers by their upper halves, digit by digit from the lowest (a radix sort).
//!
//! Each pass counts how many numbers have which digit, and deals them out in that order; those of the same digit stay in
//! the order of the passes before. So the time is that of three passes over the numbers, whatever they are, and of fewer where
//! a digit is the same in all: 16-bit values take two, bytes one.

use crate::error::Error;
use crate::memory;

/// Bits of a digit: its counts fit the L1 cache.
const BITS: u32 = 11;

/// The digits of an upper half: from which bit on.
const DIGITS: [u32; 3] = [32, 32 + BITS, 32 + 2 * BITS];

/// What sorting takes besides the numbers.
pub(crate) struct Radix {
    other: Vec<u64>,
    counts: Vec<[u32; 1 << BITS]>,
}

impl Radix {
    /// For up to so many numbers, fewer than 2^32.
    pub(crate) fn new(most: usize) -> Result<Self, Error> {
        Ok(Radix { other: memory::filled(most, 0)?, counts: memory::filled(DIGITS.len(), [0; 1 << BITS])? })
    }

    /// Sorts numbers by their upper halves; those of the same stay in their order.
    pub(crate) fn sort(&mut self, numbers: &mut Vec<u64>) {
        let digit = |number: u64, shift: u32| (number >> shift) as usize & ((1 << BITS) - 1);
        self.counts.iter_mut().for_each(|counts| counts.fill(0));
        for &number in &*numbers {
            for (counts, shift) in self.counts.iter_mut().zip(DIGITS) {
                counts[digit(number, shift)] += 1;
            }
        }
        // There is room: vectors that are swapped have the same.
        self.other.resize(numbers.len(), 0);
        for (counts, shift) in self.counts.iter_mut().zip(DIGITS) {
            let Some(&first) = numbers.first() else { return };
            if counts[digit(first, shift)] as usize == numbers.len() {
                continue;
            }
            let mut before = 0;
            for count in &mut *counts {
                (*count, before) = (before, before + *count);
            }
            for &number in &*numbers {
                let place = &mut counts[digit(number, shift)];
                self.other[*place as usize] = number;
                *place += 1;
            }
            std::mem::swap(numbers, &mut self.other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sorted_by_their_upper_halves_and_else_as_they_were() {
        for mask in [0, 0xff, 0xffff, 0xffff_0000, u32::MAX] {
            let mut random = 1_u32;
            let number = |i: u64| {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                u64::from((random ^ random >> 16) & mask) << 32 | i
            };
            let mut numbers: Vec<u64> = (0..5000).map(number).collect();
            let mut expected = numbers.clone();
            expected.sort_unstable();
            let mut radix = Radix::new(numbers.len()).unwrap();
            radix.sort(&mut numbers);
            assert!(numbers == expected, "{mask:x}");
            numbers.truncate(100);
            radix.sort(&mut numbers);
            assert!(numbers == expected[..100], "{mask:x}");
        }
    }
}

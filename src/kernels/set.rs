//! Sets of numbers, a bit for each, in which the place of a rank is found by counting: word by word from where it was last,
//! which is seldom far if the set has changed little since.

use crate::error::Error;
use crate::memory;

/// Bits of a word.
pub(crate) const WORD: usize = 64;

/// A set of numbers, in which so many places are kept track of.
pub(crate) struct Set<const CURSORS: usize> {
    words: Vec<u64>,
    cursors: [Cursor; CURSORS],
}

/// The word that a rank was last found in, and how many numbers there are before it.
#[derive(Clone, Copy, Default)]
struct Cursor {
    word: usize,
    before: usize,
}

impl<const CURSORS: usize> Set<CURSORS> {
    /// For numbers below `capacity`.
    pub(crate) fn new(capacity: usize) -> Result<Self, Error> {
        Ok(Set { words: memory::filled(capacity / WORD + 1, 0)?, cursors: [Cursor::default(); CURSORS] })
    }

    pub(crate) fn clear(&mut self) {
        self.words.fill(0);
        self.cursors.iter_mut().for_each(|cursor| cursor.before = 0);
    }

    #[inline(always)]
    pub(crate) fn insert(&mut self, number: u32) {
        let word = number as usize / WORD;
        self.words[word] |= 1 << (number as usize % WORD);
        self.cursors.iter_mut().for_each(|cursor| cursor.before += usize::from(word < cursor.word));
    }

    /// Each run loses its first number and gets the one after its last. They begin so far from `starts`.
    #[inline(always)]
    pub(crate) fn slide(&mut self, numbers: &[u32], starts: &[(usize, usize)], place: usize) {
        let words = &mut self.words[..];
        let at = self.cursors.map(|cursor| cursor.word);
        let (mut gone, mut come) = ([0; CURSORS], [0; CURSORS]);
        for &(start, len) in starts {
            let (less, more) = (numbers[start + place] as usize, numbers[start + place + len] as usize);
            words[less / WORD] &= !(1 << (less % WORD));
            words[more / WORD] |= 1 << (more % WORD);
            for (i, word) in at.into_iter().enumerate() {
                gone[i] += usize::from(less / WORD < word);
                come[i] += usize::from(more / WORD < word);
            }
        }
        for (cursor, (come, gone)) in self.cursors.iter_mut().zip(come.into_iter().zip(gone)) {
            cursor.before = cursor.before + come - gone;
        }
    }

    /// Whether it has this number or a higher one.
    #[inline(always)]
    pub(crate) fn reaches(&self, number: usize) -> bool {
        let (word, bit) = (number / WORD, number % WORD);
        self.words[word] >> bit != 0 || self.words[word + 1..].iter().any(|&word| word != 0)
    }

    /// The number that so many of the set are below.
    #[inline(always)]
    pub(crate) fn at_rank(&mut self, cursor: usize, rank: usize) -> usize {
        let Cursor { mut word, mut before } = self.cursors[cursor];
        while before > rank {
            word -= 1;
            before -= self.words[word].count_ones() as usize;
        }
        loop {
            let count = self.words[word].count_ones() as usize;
            if before + count > rank {
                break;
            }
            before += count;
            word += 1;
        }
        self.cursors[cursor] = Cursor { word, before };
        word * WORD + bit_at_rank(self.words[word], rank - before)
    }
}

/// The place of the set bit that so many are below.
#[inline(always)]
fn bit_at_rank(mut word: u64, mut rank: usize) -> usize {
    let mut place = 0;
    for half in [32, 16, 8] {
        let below = (word & ((1 << half) - 1)).count_ones() as usize;
        let is_above = below <= rank;
        if is_above {
            rank -= below;
            place += half;
            word >>= half;
        }
    }
    for _ in 0..rank {
        word &= word - 1;
    }
    place + word.trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_found_by_their_rank() {
        for word in [1, u64::MAX, 0x8000_0000_0000_0001, 0x0123_4567_89ab_cdef] {
            let set: Vec<usize> = (0..WORD).filter(|&place| word >> place & 1 == 1).collect();
            let found: Vec<usize> = (0..set.len()).map(|rank| bit_at_rank(word, rank)).collect();
            assert_eq!(found, set, "{word:x}");
        }
    }

    #[test]
    fn numbers_are_found_by_their_rank_while_the_set_changes() {
        let numbers: Vec<u32> = (0..600).map(|i| i * 7919 % 600).collect();
        let mut set = Set::<3>::new(600).unwrap();
        numbers[..50].iter().for_each(|&number| set.insert(number));
        for place in 0..550 {
            let mut sorted = numbers[place..place + 50].to_vec();
            sorted.sort_unstable();
            let highest = sorted[49] as usize;
            assert!(set.reaches(0) && set.reaches(highest) && !set.reaches(highest + 1), "place {place}");
            for (cursor, rank) in [(0, 25), (1, place % 50), (2, 49 - place % 50), (1, 3)] {
                assert_eq!(set.at_rank(cursor, rank), sorted[rank] as usize, "place {place}, rank {rank}");
            }
            if place < 549 {
                set.slide(&numbers, &[(0, 50)], place);
            }
        }
    }
}

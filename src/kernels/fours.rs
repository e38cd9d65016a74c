//! Extremes from row to row: of boxes that are more than four rows high.
//!
//! ```text
//!     windows of eleven rows      Rows are received in fours. Each row of a four is the last one of a window: so a window
//!           0 1 2 3               is the first rows of the four that it ends in, some whole fours, and the last rows of
//!       ┌   │                     another. Of each four are kept, as long as they are needed, the extremes of its last row,
//!       └   │ │                   its last two, its last three, and all.
//!       ┌   │ │ │
//!       │   │ │ │ │               The whole fours that all four windows have are shared: here it is one, of higher boxes
//!       │   │ │ │ │               they are more, and made of two, three or four at a time, as along a row. One more is
//!       └   │ │ │ │               whole for those windows that begin earlier.
//!       ┌   │ │ │ │
//!       │   │ │ │ │               That makes a dozen comparisons for four results, hardly more with the box's height; and
//!       │   │ │ │ │               what rows have in common is in registers: a result costs two loads and two stores. (The
//!       └   │ │ │ │               method of van Herk and Gil and Werman, a row at a time, has three comparisons, five loads
//!       ┌   │ │ │ │               and three stores.)
//!       │     │ │ │
//!  now  │       │ │
//!       └         │
//! ```

use std::ops::Range;
use std::{array, ptr};

use crate::error::Error;
use crate::kernels::extremal::{Extremal, has_special};
use crate::kernels::passes::{Extreme, Order, Pass, RADIX, Scratch, To, add_passes, combine, line_of, pass_along};
use crate::memory::{self, Aligned};
use crate::simd;
use crate::sweep::{Results, SPARE, Shown};

/// Rows that are received, and results that are computed, at a time.
pub(super) const FOUR: usize = 4;

/// A box from row to row.
pub(super) struct Fours<V> {
    pitch: usize,
    height: usize,
    /// The passes along a row; the last of several is made when a four is taken in.
    passes: Vec<Pass>,
    last: Pass,
    /// Four rows after those passes, and room for results that nobody wants.
    rows: Aligned<V>,
    unwanted: Aligned<V>,
    /// Rows yet to come until none is about that had something special.
    special: usize,
    /// The fours received so far. Number `n` is in slot `n % slots` of what is kept.
    received: usize,
    slots: usize,
    /// Of each four, the extremes of its last row, its last two and three.
    ends: Aligned<V>,
    /// Those of whole fours, and of more and more of them side by side, in the slot of the first: what the passes over fours
    /// come to.
    wholes: Vec<Aligned<V>>,
    over_fours: Vec<Pass>,
    /// The places in the last of those that make up the whole fours which all windows have.
    shared: Pass,
}

impl<V: Extremal> Fours<V> {
    /// For boxes of so many rows, more than four, and these passes along a row.
    pub(super) fn new(pitch: usize, height: usize, mut passes: Vec<Pass>) -> Result<Self, Error> {
        let rows = |count: usize| {
            let len = pitch.checked_mul(count).and_then(|len| len.checked_add(SPARE));
            Aligned::new(len.ok_or_else(|| memory::out_of_memory::<V>(usize::MAX))?, 0)
        };
        // Four windows end in one four; the first of them begins so many before that, or one more.
        let back = (height - 1) / FOUR;
        let slots = back + 2;
        let last = if passes.len() > 1 { passes.pop() } else { None };
        let last = last.map_or_else(Pass::none, Ok)?;
        let mut over_fours = Vec::new();
        add_passes(&mut over_fours, back - 1, 1)?;
        let shared = match over_fours.pop() {
            Some(pass) => pass,
            None if back > 1 => Pass::none()?,
            None => Pass { offsets: Vec::new() },
        };
        let mut wholes = memory::reserved(over_fours.len() + 1)?;
        for _ in 0..=over_fours.len() {
            wholes.push(rows(slots)?);
        }
        Ok(Fours {
            pitch,
            height,
            passes,
            last,
            rows: rows(FOUR)?,
            unwanted: rows(FOUR)?,
            special: 0,
            received: 0,
            slots,
            ends: rows(slots.checked_mul(FOUR - 1).ok_or_else(|| memory::out_of_memory::<V>(usize::MAX))?)?,
            wholes,
            over_fours,
            shared,
        })
    }

    /// Receives the rows that are new, and computes the results that are wanted: four, or fewer where a sweep ends.
    pub(super) fn run<E: Extreme>(&mut self, rows: &Shown<'_, V>, results: Results<'_, V>, scratch: &mut Scratch<V>) {
        // The rows that end no window; the first four may lack some.
        let before = self.height - 1;
        if rows.known == 0 {
            (self.received, self.special) = (0, 0);
            let first = before % FOUR;
            if first > 0 {
                self.receive::<E>(rows, 0..first, None, scratch);
            }
            for start in (first..before).step_by(FOUR) {
                self.receive::<E>(rows, start..start + FOUR, None, scratch);
            }
        }
        let new = before..before + results.rows;
        self.receive::<E>(rows, new, Some(results), scratch);
    }

    /// Receives a four, with the results of the windows that end in it.
    fn receive<E: Extreme>(
        &mut self,
        shown: &Shown<'_, V>,
        new: Range<usize>,
        results: Option<Results<'_, V>>,
        scratch: &mut Scratch<V>,
    ) {
        let count = new.len();
        for (i, row) in new.enumerate() {
            self.special = self.special.saturating_sub(1);
            if self.enter::<E>(i, &shown.row(row)[..shown.width], self.special > 0, scratch) {
                // Until the last four is past that has a row whose window shows this one.
                self.special = self.height + FOUR;
            }
        }
        let order = if self.special > 0 { Order::Special } else { Order::Plain };
        self.pass_over_fours::<E>(order);
        let reach = self.passes.iter().chain([&self.last]).map(Pass::reach).sum::<usize>();
        self.take::<E>(count, shown.width - reach, order, results);
        self.received += 1;
    }

    /// Row `i` of a four comes, as extremes along it. Returns whether it has something special.
    fn enter<E: Extreme>(&mut self, i: usize, row: &[V], is_special: bool, scratch: &mut Scratch<V>) -> bool {
        let count = row.len() - self.passes.iter().map(Pass::reach).sum::<usize>();
        let own = &mut self.rows[i * self.pitch..][..count];
        let mut pass = |order| pass_along::<V, E>(&self.passes, row, order, own, scratch);
        // The first pass over the row looks at it, and suspects zeros too.
        let found =
            if is_special { has_special::<V, true>(row) } else { pass(Order::Unknown) && has_special::<V, false>(row) };
        if found || is_special {
            pass(Order::Special);
        }
        found
    }

    /// Brings what fours side by side come to up to the four before the one that is coming.
    fn pass_over_fours<E: Extreme>(&mut self, order: Order) {
        let (slots, pitch) = (self.slots, self.pitch);
        let at = |number: usize| number % slots * pitch;
        let mut newest = self.received;
        for (i, pass) in self.over_fours.iter().enumerate() {
            // (Counted from one: of so many there are none yet.)
            let Some(first) = newest.checked_sub(pass.reach() + 1) else { break };
            let (known, next) = self.wholes.split_at_mut(i + 1);
            let sources = pass.offsets.iter().map(|offset| &known[i][at(first + offset)..][..pitch]);
            combine::<V, E>(sources, order, &mut next[0][at(first)..][..pitch], To::Cache);
            newest = first + 1;
        }
    }

    /// Takes in the four that has come: so many rows, of so many places. If there are fewer than four, those that are missing
    /// are before them; with results, behind them.
    fn take<E: Extreme>(&mut self, count: usize, places: usize, order: Order, results: Option<Results<'_, V>>) {
        let (slots, pitch, number) = (self.slots, self.pitch, self.received);
        let (all_ends, wholes) = (self.ends.as_mut_ptr(), self.wholes[0].as_mut_ptr());
        let ends = |number: usize, rows: usize| match rows {
            FOUR => wholes.wrapping_add(number % slots * pitch),
            _ => all_ends.wrapping_add((number % slots * (FOUR - 1) + rows - 1) * pitch),
        };
        // What is missing is the same as what is next to it.
        let at = |i: usize| if results.is_some() { i.min(count - 1) } else { i.saturating_sub(FOUR - count) };
        let rows = array::from_fn(|i| self.rows[at(i) * pitch..].as_ptr());
        let four = Four { rows, ends: array::from_fn(|i| ends(number, i + 1)) };
        // Rows have room for a line.
        let len = places.max(simd::line_of::<V>());
        let Some(mut results) = results else {
            // SAFETY: these are rows of ours, of so many places; those that are written are no others'.
            return unsafe { four.take_in::<E>(&self.last, order, len, None) };
        };

        let first = number - (slots - 2);
        let earlier = (self.height - 1) % FOUR;
        let begins = array::from_fn(|i| {
            let ends = if i < earlier { ends(first - 1, earlier - i) } else { ends(first, FOUR + earlier - i) };
            ends.cast_const()
        });
        let of_fours = match self.over_fours.len() {
            0 => wholes.cast_const(),
            passes => self.wholes[passes].as_ptr(),
        };
        let mut shared = [ptr::null(); RADIX];
        for (shared, offset) in shared.iter_mut().zip(&self.shared.offsets) {
            *shared = of_fours.wrapping_add((first + 1 + offset) % slots * pitch);
        }
        // Results that are missing, or too few for a line, come to lie where nobody wants them.
        let fit = results.places == len;
        let unwanted = self.unwanted.as_mut_ptr();
        let mut to = array::from_fn(|i| unwanted.wrapping_add(i * pitch));
        for (to, results) in to.iter_mut().zip(results.rows_mut().filter(|_| fit)) {
            *to = results.as_mut_ptr();
        }
        let windows = Windows {
            begins,
            shared,
            shared_count: self.shared.offsets.len(),
            whole: ends(first, FOUR).cast_const(),
            earlier,
            results: to,
            next: FOUR * results.apart,
        };
        // SAFETY: likewise; and the results are others than these rows.
        unsafe { four.take_in::<E>(&self.last, order, len, Some(&windows)) };
        for (results, unwanted) in results.rows_mut().zip(self.unwanted.chunks(pitch)) {
            if !fit {
                results.copy_from_slice(&unwanted[..results.len()]);
            }
            order.settle(results);
        }
    }
}

/// A four: its rows, and where the extremes of its ends go, of one row to four.
struct Four<V> {
    rows: [*const V; FOUR],
    ends: [*mut V; FOUR],
}

/// The windows that end in a four.
struct Windows<V> {
    /// The ends of the fours that they begin in.
    begins: [*const V; FOUR],
    /// What makes up the whole fours that all of them have.
    shared: [*const V; RADIX],
    shared_count: usize,
    /// The one that those have which begin in an earlier four, so many.
    whole: *const V,
    earlier: usize,
    results: [*mut V; FOUR],
    /// Values from these results to the next ones.
    next: usize,
}

impl<V: Extremal> Four<V> {
    /// Makes the last pass along the rows, the ends, and the results if any are wanted.
    ///
    /// # Safety
    /// There are so many values in each row, and in the rows as many as the pass looks ahead; at least a line. Those that are
    /// written are no others.
    unsafe fn take_in<E: Extreme>(&self, pass: &Pass, order: Order, len: usize, windows: Option<&Windows<V>>) {
        macro_rules! by_count {
            ($($n:literal)*) => {
                match pass.offsets.len() {
                    $($n => {
                        let sources = self.rows.map(|row| array::from_fn(|i| row.wrapping_add(pass.offsets[i])));
                        // SAFETY: passed on.
                        unsafe { take_in_n::<V, E, $n>(sources, self.ends, order, len, windows) }
                    })*
                    n => unreachable!("{n} sources"),
                }
            };
        }
        by_count!(1 2 3 4)
    }
}

simd::widest_fn! {
    /// # Safety
    /// As [`Four::take_in`].
    unsafe fn take_in_n<V: Extremal, E: Extreme; const N: usize>(
        rows: [[*const V; N]; FOUR],
        ends: [*mut V; FOUR],
        order: Order,
        len: usize,
        windows: Option<&Windows<V>>,
    ) -> () {
        // SAFETY: passed on.
        unsafe {
            if V::HAS_SPECIAL && order == Order::Special {
                take_in_by(rows, ends, len, windows, E::of_any);
            } else {
                take_in_by(rows, ends, len, windows, E::of);
            }
        }
    }
}

/// # Safety
/// As [`Four::take_in`].
#[inline(always)]
unsafe fn take_in_by<V: Extremal, const N: usize>(
    rows: [[*const V; N]; FOUR],
    ends: [*mut V; FOUR],
    len: usize,
    windows: Option<&Windows<V>>,
    of: impl Fn(V, V) -> V,
) {
    let results = windows.map_or(ends[0].cast_const(), |windows| windows.results[0]);
    simd::by_lines(
        results,
        len,
        #[inline(always)]
        |start| {
            // SAFETY: a line lies within what the caller has.
            unsafe {
                let [a, b, c, d] = [
                    line_of(rows[0], start, &of),
                    line_of(rows[1], start, &of),
                    line_of(rows[2], start, &of),
                    line_of(rows[3], start, &of),
                ];
                let cd = V::merge(c, d, &of);
                let bcd = V::merge(b, cd, &of);
                let abcd = V::merge(a, bcd, &of);
                V::set_line(ends[0].add(start), d);
                V::set_line(ends[1].add(start), cd);
                V::set_line(ends[2].add(start), bcd);
                V::set_line(ends[3].add(start), abcd);

                let Some(windows) = windows else { return };
                let ahead = start + simd::AHEAD / size_of::<V>();
                let ahead = if ahead < len { ahead } else { windows.next + ahead - len };
                for results in windows.results {
                    simd::prefetch(results.wrapping_add(ahead));
                }
                let whole = V::line(windows.whole.add(start));
                let between = windows.line_between(start, &of);
                let ab = V::merge(a, b, &of);
                windows.set(0, start, a, between, whole, &of);
                windows.set(1, start, ab, between, whole, &of);
                windows.set(2, start, V::merge(ab, c, &of), between, whole, &of);
                windows.set(3, start, abcd, between, whole, &of);
            }
        },
    );
}

impl<V: Extremal> Windows<V> {
    /// The extremes of the whole fours that all windows have, if there are any.
    ///
    /// # Safety
    /// There is a line from `start` on.
    #[inline(always)]
    unsafe fn line_between(&self, start: usize, of: impl Fn(V, V) -> V) -> Option<V::Line> {
        let (first, rest) = self.shared[..self.shared_count].split_first()?;
        // SAFETY: so the caller has it.
        unsafe {
            let mut extremes = V::line(first.add(start));
            for source in rest {
                extremes = V::merge(extremes, V::line(source.add(start)), &of);
            }
            Some(extremes)
        }
    }

    /// Sets results of window `i`: of the first rows of the four that it ends in, the last ones of that which it begins in, and
    /// what is between.
    ///
    /// # Safety
    /// There is a line from `start` on.
    #[inline(always)]
    unsafe fn set(
        &self,
        i: usize,
        start: usize,
        firsts: V::Line,
        between: Option<V::Line>,
        whole: V::Line,
        of: impl Fn(V, V) -> V,
    ) {
        // SAFETY: so the caller has it.
        unsafe {
            let mut window = V::merge(firsts, V::line(self.begins[i].add(start)), &of);
            if let Some(between) = between {
                window = V::merge(window, between, &of);
            }
            if i < self.earlier {
                window = V::merge(window, whole, &of);
            }
            V::set_line(self.results[i].add(start), window);
        }
    }
}

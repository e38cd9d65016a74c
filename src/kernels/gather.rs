//! Gathering: the taps of neighbouring elements become neighbourhoods, one after the other in a buffer.
//!
//! Neighbours in a line have neighbouring taps. So a run of taps is a copy of fixed size, repeated for each element one
//! to the right in the line, one neighbourhood on in the buffer. Where runs are short, as in a cross, going through the
//! buffer once for each costs more than it saves: then all taps of an element are loaded one by one, their number known
//! at compile time (7 % less time for a whole cross filter; 5 % more for a 3 x 3 box).

use std::ptr;

use crate::lines::Taps;

/// Up to this many taps may be loaded one by one.
const FEW: usize = 27;

/// For fewer elements side by side than this, as on a short last axis, copying by runs never pays.
const SHORT_STRETCH: usize = 4;

/// Copies the taps of `count` elements side by side, the first at `place`, into the buffer: `size` for each.
pub(crate) fn gather(taps: &Taps<'_>, place: usize, count: usize, size: usize, buffer: &mut [f64]) {
    macro_rules! known_size {
        ($($n:literal)*) => {
            match size {
                $($n => tap_by_tap::<$n>(taps, place, count, buffer),)*
                _ => run_by_run(taps, place, count, size, buffer),
            }
        };
    }
    if size <= FEW && (size < 2 * taps.runs.len() || count < SHORT_STRETCH) {
        known_size!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27);
    } else {
        run_by_run(taps, place, count, size, buffer);
    }
}

fn tap_by_tap<const N: usize>(taps: &Taps<'_>, place: usize, count: usize, buffer: &mut [f64]) {
    let mut tap = [ptr::null(); N];
    let mut k = 0;
    for &(start, len) in taps.runs {
        let run = &taps.doubles[start + place..][..len + count - 1];
        for (i, tap) in tap[k..k + len].iter_mut().enumerate() {
            *tap = run.as_ptr().wrapping_add(i);
        }
        k += len;
    }
    assert!(k == N && N * count <= buffer.len());
    let buffer = buffer.as_mut_ptr();
    for i in 0..count {
        for (k, tap) in tap.iter().enumerate() {
            // SAFETY: each of the N taps has `count` elements, within its run; the buffer has N for each, as asserted.
            unsafe { *buffer.add(i * N + k) = *tap.add(i) };
        }
    }
}

fn run_by_run(taps: &Taps<'_>, place: usize, count: usize, size: usize, buffer: &mut [f64]) {
    macro_rules! known_length {
        ($len:ident, $from:ident, $to:ident, $($n:literal)*) => {
            match $len {
                $($n => copy_each::<$n>($from, $to, size, count),)*
                _ => {
                    for i in 0..count {
                        $to[i * size..][..$len].copy_from_slice(&$from[i..][..$len]);
                    }
                }
            }
        };
    }
    let mut k = 0;
    for &(start, len) in taps.runs {
        let from = &taps.doubles[start + place..][..len + count - 1];
        let to = &mut buffer[k..];
        known_length!(len, from, to, 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);
        k += len;
    }
}

/// Copies `LEN` doubles `count` times, from one further each time to `size` further each time.
#[inline(always)]
fn copy_each<const LEN: usize>(from: &[f64], to: &mut [f64], size: usize, count: usize) {
    assert!(count > 0 && from.len() >= LEN + count - 1 && to.len() >= (count - 1) * size + LEN);
    let (from, to) = (from.as_ptr(), to.as_mut_ptr());
    let copy = |i: usize| {
        // SAFETY: `i` is below `count`, so this is in bounds, as asserted.
        unsafe {
            let values = from.add(i).cast::<[f64; LEN]>().read_unaligned();
            to.add(i * size).cast::<[f64; LEN]>().write_unaligned(values);
        }
    };
    for i in (0..count & !3).step_by(4) {
        copy(i);
        copy(i + 1);
        copy(i + 2);
        copy(i + 3);
    }
    for i in count & !3..count {
        copy(i);
    }
}

//! Vector instructions that not every machine has, and hints.
#![cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "there is one kind of instructions only"))]

use std::env;
use std::ops::Range;
use std::sync::OnceLock;

use crate::dtype::Sample;
use crate::memory::CACHE_LINE;

/// Instructions that functions are compiled for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Instructions {
    /// Those that every machine of an architecture has.
    Baseline,
    Avx2,
    Avx512,
}

/// The environment variable that keeps the library from using the widest instructions there are.
const VARIABLE: &str = "LLC_INSTRUCTIONS";

impl Instructions {
    /// The widest that may be used; found out once.
    #[inline(always)]
    pub(crate) fn widest() -> Self {
        static KNOWN: OnceLock<Instructions> = OnceLock::new();
        *KNOWN.get_or_init(|| {
            let most = env::var_os(VARIABLE).and_then(|name| Self::named(name.to_str()?));
            Self::of_machine().min(most.unwrap_or(Self::Avx512))
        })
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "baseline" => Some(Self::Baseline),
            "avx2" => Some(Self::Avx2),
            "avx512" => Some(Self::Avx512),
            _ => None,
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn of_machine() -> Self {
        macro_rules! has {
            ($($feature:tt)*) => { true $(&& is_x86_feature_detected!($feature))* };
        }
        match (has!("avx2" "popcnt"), has!("avx512f" "avx512bw" "avx512dq" "avx512vl")) {
            (true, true) => Self::Avx512,
            (true, false) => Self::Avx2,
            _ => Self::Baseline,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn of_machine() -> Self {
        Self::Baseline
    }
}

/// Calls `f`, a closure marked `#[inline(always)]`: it is compiled for AVX2 and AVX-512 too, and the widest runs that the
/// machine has. Lines of hundreds of values are worth it.
///
/// Results do not depend on it: Rust neither reorders nor fuses floating-point operations.
#[inline(always)]
pub(crate) fn widest<R>(f: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if Instructions::widest() == Instructions::Avx512 {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,popcnt")]
        fn with_avx512<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        // SAFETY: the machine has it all.
        return unsafe { with_avx512(f) };
    }
    wide(f)
}

/// The same up to AVX2, for what works on small pieces.
#[inline(always)]
pub(crate) fn wide<R>(f: impl FnOnce() -> R) -> R {
    wide_with(
        #[inline(always)]
        |_| f(),
    )
}

/// The same for what is to know which instructions it is compiled for.
#[inline(always)]
pub(crate) fn wide_with<R>(f: impl FnOnce(Instructions) -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if Instructions::widest() >= Instructions::Avx2 {
        #[target_feature(enable = "avx2,popcnt")]
        fn with_avx2<R>(f: impl FnOnce(Instructions) -> R) -> R {
            f(Instructions::Avx2)
        }
        // SAFETY: the machine has AVX2 and popcnt.
        return unsafe { with_avx2(f) };
    }
    f(Instructions::Baseline)
}

/// Makes an unsafe function that is compiled for AVX2 and AVX-512 too, as [`widest`] does. Here compilers know what
/// references promise: that what is written through one of them is nothing of what is read. Of what a closure holds they
/// don't, and so check.
macro_rules! widest_fn {
    (
        $(#[$about:meta])*
        unsafe fn $name:ident<$V:ident: $value:path $(, $E:ident: $extreme:path)? $(; const $N:ident: $number:ty)*>(
            $($argument:ident: $type:ty),* $(,)?
        ) -> $result:ty $body:block
    ) => {
        $(#[$about])*
        unsafe fn $name<$V: $value $(, $E: $extreme)? $(, const $N: $number)*>($($argument: $type),*) -> $result {
            #[inline(always)]
            unsafe fn any<$V: $value $(, $E: $extreme)? $(, const $N: $number)*>($($argument: $type),*) -> $result $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,popcnt")]
                unsafe fn with_avx512<$V: $value $(, $E: $extreme)? $(, const $N: $number)*>(
                    $($argument: $type),*
                ) -> $result {
                    // SAFETY: passed on.
                    unsafe { any::<$V $(, $E)? $(, $N)*>($($argument),*) }
                }

                #[target_feature(enable = "avx2,popcnt")]
                unsafe fn with_avx2<$V: $value $(, $E: $extreme)? $(, const $N: $number)*>(
                    $($argument: $type),*
                ) -> $result {
                    // SAFETY: passed on.
                    unsafe { any::<$V $(, $E)? $(, $N)*>($($argument),*) }
                }

                let widest = $crate::simd::Instructions::widest();
                if widest == $crate::simd::Instructions::Avx512 {
                    // SAFETY: the machine has it all; the rest is passed on.
                    return unsafe { with_avx512::<$V $(, $E)? $(, $N)*>($($argument),*) };
                }
                if widest == $crate::simd::Instructions::Avx2 {
                    // SAFETY: the machine has AVX2 and popcnt; the rest is passed on.
                    return unsafe { with_avx2::<$V $(, $E)? $(, $N)*>($($argument),*) };
                }
            }
            // SAFETY: passed on.
            unsafe { any::<$V $(, $E)? $(, $N)*>($($argument),*) }
        }
    };
}
pub(crate) use widest_fn;

/// Has memory bring the cache line that lies there, if any does.
#[inline(always)]
pub(crate) fn prefetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, which any address may be given to.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// Bytes that memory is to be ahead of what is read and written.
pub(crate) const AHEAD: usize = 4096;

/// Has memory bring what lies that far behind `count` values.
#[inline(always)]
pub(crate) fn fetch_ahead<T>(values: *const T, count: usize) {
    fetch(values.wrapping_byte_add(AHEAD), count * size_of::<T>());
}

/// Has memory bring so many bytes.
#[inline(always)]
pub(crate) fn fetch<T>(values: *const T, bytes: usize) {
    for byte in (0..bytes).step_by(CACHE_LINE) {
        prefetch(values.wrapping_byte_add(byte));
    }
}

/// Whether [`write_past`] does so.
pub(crate) const WRITES_PAST: bool = cfg!(target_arch = "x86_64");

/// Copies whole cache lines to memory past the caches. Before others may read them, writing is to be
/// [finished](finish_writing_past).
pub(crate) fn write_past<V: Sample>(lines: &mut [V], values: &[V]) {
    assert!(lines.len() == values.len() && lines.len().is_multiple_of(line_of::<V>()));
    assert!(lines.is_empty() || lines.as_ptr().addr().is_multiple_of(CACHE_LINE));
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{
            __m128i, __m256i, _mm_loadu_si128, _mm_stream_si128, _mm256_loadu_si256, _mm256_stream_si256,
        };

        #[target_feature(enable = "avx")]
        unsafe fn by_halves(lines: *mut [__m256i; 2], values: *const [__m256i; 2], count: usize) {
            let write = |i: usize| {
                let (line, values) = (lines.wrapping_add(i).cast(), values.wrapping_add(i).cast());
                // SAFETY: the caller's lines are aligned, and there are as many.
                unsafe {
                    let halves = (_mm256_loadu_si256(values), _mm256_loadu_si256(values.add(1)));
                    _mm256_stream_si256(line, halves.0);
                    _mm256_stream_si256(line.add(1), halves.1);
                }
            };
            let fours = count / 4 * 4;
            for i in (0..fours).step_by(4) {
                (i..i + 4).for_each(write);
            }
            (fours..count).for_each(write);
        }

        let (count, lines, values) = (size_of_val(values) / CACHE_LINE, lines.as_mut_ptr(), values.as_ptr());
        if Instructions::widest() >= Instructions::Avx2 {
            // SAFETY: the machine has AVX; there are so many lines.
            return unsafe { by_halves(lines.cast(), values.cast(), count) };
        }
        for i in 0..count * 4 {
            let (quarter, values) = (lines.cast::<__m128i>().wrapping_add(i), values.cast::<__m128i>().wrapping_add(i));
            // SAFETY: every x86-64 machine has SSE2; four quarters to each line.
            unsafe { _mm_stream_si128(quarter, _mm_loadu_si128(values)) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    lines.copy_from_slice(values);
}

/// Has all that was written past the caches reach memory before what this thread writes from now on.
pub(crate) fn finish_writing_past() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 machine has the instruction.
    unsafe {
        std::arch::x86_64::_mm_sfence()
    };
}

/// Bytes that a loop over values works on at a time, as compilers make it: the rest takes it long.
const STRIDE: usize = 128;

/// Ranges of up to `most` bytes that cover a row of results: all of them whole strides, and nearly all from the beginning of
/// a cache line on, for which the first and the last overlap those next to them. So what is computed from them must not
/// depend on what was.
#[inline(always)]
pub(crate) fn strides<V>(results: &[V], most: usize) -> impl Iterator<Item = Range<usize>> + use<V> {
    let (stride, most, len) = (STRIDE / size_of::<V>(), most / size_of::<V>(), results.len());
    let unaligned = results.as_ptr().addr().wrapping_neg() % CACHE_LINE / size_of::<V>();
    let head = if len > 2 * stride { unaligned } else { 0 };
    let whole = len - (len - head) % stride;
    let first = (head > 0).then_some(0..stride);
    let last = (whole < len).then_some(len.saturating_sub(stride)..len);
    first.into_iter().chain((head..whole).step_by(most).map(move |start| start..whole.min(start + most))).chain(last)
}

/// Values that fill a cache line.
#[inline(always)]
pub(crate) const fn line_of<V>() -> usize {
    CACHE_LINE / size_of::<V>()
}

/// Calls `work` with places of a row of results, of which there are a line or more: it is to work on a line of them from
/// there on. Each lies in one cache line, but for the first and the last, which overlap those next to them: so some are
/// computed twice.
#[inline(always)]
pub(crate) fn by_lines<V>(results: *const V, len: usize, mut work: impl FnMut(usize)) {
    let last = len - line_of::<V>();
    work(0);
    let mut start = line_of::<V>() - results.addr() % CACHE_LINE / size_of::<V>();
    while start < last {
        work(start);
        start += line_of::<V>();
    }
    work(last);
}

/// How many counts are not above a limit, by instructions that the caller [is compiled for](wide_with).
///
/// Compilers turn comparisons whose results are counted into a branch or a shift for each.
#[inline(always)]
pub(crate) fn not_above(counts: &[u16; 16], limit: u16, instructions: Instructions) -> u32 {
    debug_assert!(instructions <= Instructions::widest());
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::*;

        #[inline]
        #[target_feature(enable = "avx2,popcnt")]
        fn with_avx2(counts: &[u16; 16], limit: u16) -> u32 {
            // SAFETY: the counts are 32 bytes.
            let counts = unsafe { _mm256_loadu_si256(counts.as_ptr().cast()) };
            let lower = _mm256_min_epu16(counts, _mm256_set1_epi16(limit.cast_signed()));
            let bytes = _mm256_movemask_epi8(_mm256_cmpeq_epi16(lower, counts));
            bytes.count_ones() / 2
        }

        if instructions >= Instructions::Avx2 {
            // SAFETY: the caller runs, so the machine has them.
            return unsafe { with_avx2(counts, limit) };
        }
        // SAFETY: every x86-64 machine has SSE2; the counts are 32 bytes.
        unsafe {
            let limit = _mm_set1_epi16(limit.cast_signed());
            let load = |i: usize| _mm_loadu_si128(counts.as_ptr().add(i).cast());
            let not_above = |counts| _mm_cmpeq_epi16(_mm_subs_epu16(counts, limit), _mm_setzero_si128());
            _mm_movemask_epi8(_mm_packs_epi16(not_above(load(0)), not_above(load(8)))).count_ones()
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = instructions;
        counts.iter().map(|&count| u32::from(count <= limit)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_have_names() {
        let names = ["baseline", "avx2", "avx512"].map(Instructions::named);
        assert_eq!(names, [Instructions::Baseline, Instructions::Avx2, Instructions::Avx512].map(Some));
        assert!(names.is_sorted() && Instructions::named("avx").is_none());
        let most = env::var(VARIABLE).ok().and_then(|name| Instructions::named(&name));
        assert!(most.is_none_or(|most| Instructions::widest() <= most));
    }

    #[test]
    fn counts_that_are_not_above_a_limit_are_counted() {
        for limit in [0, 7, 0x7fff, 0x8000, u16::MAX] {
            let counts: [u16; 16] = std::array::from_fn(|i| limit.wrapping_add(i as u16 * 0x1001).wrapping_sub(3));
            let expected = counts.iter().filter(|&&count| count <= limit).count() as u32;
            for instructions in [Instructions::Baseline, Instructions::Avx2] {
                if instructions <= Instructions::widest() {
                    assert_eq!(not_above(&counts, limit, instructions), expected, "{limit}, {instructions:?}");
                }
            }
        }
    }

    #[test]
    fn strides_cover_everything_and_are_whole_and_aligned_if_they_can_be() {
        #[repr(align(64))]
        struct Aligned([f64; 300]);
        let Aligned(values) = &Aligned([0.0; 300]);
        for (start, len) in (0..9).flat_map(|start| [0, 1, 15, 16, 17, 31, 33, 64, 79, 80, 200].map(|len| (start, len)))
        {
            let results = &values[start..start + len];
            // 16 doubles make a stride, 64 a block.
            let ranges: Vec<_> = strides(results, 512).collect();
            let mut covered = 0;
            for range in &ranges {
                assert!(range.start <= covered && covered < range.end && range.len() <= 64, "{len}: {ranges:?}");
                assert!(len < 16 || range.len() % 16 == 0, "{len}: {ranges:?}");
                covered = range.end;
            }
            assert_eq!(covered, len, "{ranges:?}");
            let mut inner = ranges.iter().skip(1).take(ranges.len().saturating_sub(2));
            assert!(inner.all(|range| results[range.start..].as_ptr().addr() % CACHE_LINE == 0), "{ranges:?}");
        }
    }
}

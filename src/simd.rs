//! Vector instructions that not every machine has, and hints.

/// Calls `f`, a closure marked `#[inline(always)]`: it is compiled for AVX2 too, and that runs where the machine has it.
///
/// Results do not depend on it: Rust neither reorders nor fuses floating-point operations.
#[inline(always)]
pub(crate) fn widest<R>(f: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt") {
        #[target_feature(enable = "avx2,popcnt")]
        fn with_avx2<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        // SAFETY: the machine has AVX2 and popcnt.
        return unsafe { with_avx2(f) };
    }
    f()
}

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

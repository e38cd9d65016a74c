//! Vector instructions that not every machine has.

/// Calls `f`, a closure marked `#[inline(always)]`: it is compiled for AVX2 too, and that runs where the machine has it.
///
/// Results do not depend on it: Rust neither reorders nor fuses floating-point operations.
#[inline(always)]
pub(crate) fn widest<R>(f: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        #[target_feature(enable = "avx2")]
        fn with_avx2<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        // SAFETY: the machine has AVX2.
        return unsafe { with_avx2(f) };
    }
    f()
}

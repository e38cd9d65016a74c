//! A clock that is cheap to look at: looking every few elements is what telling progress costs.

use std::time::Duration;

/// Tells how long ago it was started, to a few milliseconds.
pub(crate) struct Stopwatch {
    #[cfg(target_os = "linux")]
    start: Duration,
    #[cfg(not(target_os = "linux"))]
    start: std::time::Instant,
}

/// Linux has a clock that is as coarse as the scheduler's and reads in a fifth of the time.
#[cfg(target_os = "linux")]
impl Stopwatch {
    pub(crate) fn start() -> Self {
        Stopwatch { start: Self::now() }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        Self::now().saturating_sub(self.start)
    }

    fn now() -> Duration {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: fills in `time` and does nothing else. It can't fail: this clock has been there since Linux 2.6.32.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &mut time) };
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }
}

#[cfg(not(target_os = "linux"))]
impl Stopwatch {
    pub(crate) fn start() -> Self {
        Stopwatch { start: std::time::Instant::now() }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

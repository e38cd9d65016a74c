//! What a kernel asks as it goes along: whether somebody wants it to stop, and on the calling thread whether it is time
//! to tell progress.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::error::Error;
use crate::stopwatch::Stopwatch;

/// Hears the fraction that is done; `false` cancels.
pub(crate) type Progress<'a> = &'a mut dyn FnMut(f64) -> bool;

/// Progress is told after this long, in short calls ...
const TELL_SOON: Duration = Duration::from_millis(10);

/// ... and in long ones, which keeps a safe distance from the promised 50 ms.
const TELL_LATE: Duration = Duration::from_millis(25);

/// How often the times between make it in a call, about.
const TELL_TIMES: u32 = 400;

/// Elements that take longer are looked after one by one.
const SLOW: Duration = Duration::from_millis(2);

/// What all threads of a call share.
pub(crate) struct Shared {
    /// Elements from here on need not be computed: the lowest that failed, 0 when cancelled.
    limit: AtomicUsize,
    cancelled: AtomicBool,
    /// Elements computed and written, if somebody wants to know.
    done: Apart,
    total: usize,
    heard: bool,
}

/// A counter that all threads add to, away from the limit, which all of them read for every element: a cache line that
/// is written by one has to be fetched anew by the others.
#[repr(align(128))]
struct Apart(AtomicUsize);

impl Shared {
    /// For an output of `total` elements; `heard`: somebody wants to hear of progress.
    pub(crate) fn new(total: usize, heard: bool) -> Self {
        let limit = AtomicUsize::new(usize::MAX);
        Shared { limit, cancelled: AtomicBool::new(false), done: Apart(AtomicUsize::new(0)), total, heard }
    }

    /// Elements from here on need not be computed any more.
    #[inline]
    pub(crate) fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// No element need be computed any more.
    pub(crate) fn stop(&self) {
        self.limit.store(0, Ordering::Relaxed);
    }

    /// Tells the end to whoever listens, and how the call ended.
    pub(crate) fn finish(&self, progress: Option<Progress<'_>>) -> Result<(), Error> {
        let limit = self.limit();
        if self.cancelled.load(Ordering::Relaxed) {
            Err(Error::Cancelled)
        } else if limit < usize::MAX {
            Err(Error::Callback { index: limit })
        } else if progress.is_none_or(|tell| tell(1.0)) {
            Ok(())
        } else {
            Err(Error::Cancelled)
        }
    }
}

/// A kernel stopped early.
pub(crate) struct Halt;

/// How a kernel goes along.
#[derive(Clone, Copy)]
pub(crate) enum Pace {
    /// It asks for every element, or every batch, whether to go on.
    Steady,
    /// It would rather not ask often.
    Running,
}

impl Pace {
    /// Elements between two looks at the clock, at most: functions may get slower at any time.
    fn step(self) -> usize {
        match self {
            Pace::Steady => 8,
            Pace::Running => 1024,
        }
    }
}

/// What a kernel asks whether to go on; on the calling thread also where progress is told.
pub(crate) struct Gate<'a> {
    shared: &'a Shared,
    /// Whether other threads share it.
    others: bool,
    /// If somebody listens, or nobody would ask in time otherwise.
    clock: Option<Clock<'a>>,
}

impl<'a> Gate<'a> {
    /// For a thread that works alone.
    pub(crate) fn alone(shared: &'a Shared, progress: Option<Progress<'a>>, pace: Pace) -> Self {
        let needed = progress.is_some();
        Gate { shared, others: false, clock: needed.then(|| Clock::new(progress, pace)) }
    }

    /// For one of several threads.
    pub(crate) fn among_others(shared: &'a Shared, progress: Option<Progress<'a>>, pace: Pace) -> Self {
        let needed = progress.is_some() || matches!(pace, Pace::Running);
        Gate { shared, others: true, clock: needed.then(|| Clock::new(progress, pace)) }
    }

    /// What all threads share.
    pub(crate) fn shared(&self) -> &'a Shared {
        self.shared
    }

    /// How many elements from `index` on may be computed before asking again, at most `wanted`; 0 means stop.
    #[inline]
    pub(crate) fn allow(&mut self, index: usize, wanted: usize) -> usize {
        if self.is_shut(index) {
            return 0;
        }
        match &mut self.clock {
            None => wanted,
            Some(clock) => clock.allow(wanted, self.shared),
        }
    }

    /// As [`allow`](Self::allow), for what can't be divided: all that is wanted or nothing.
    pub(crate) fn allow_whole(&mut self, index: usize, wanted: usize) -> usize {
        if self.is_shut(index) {
            return 0;
        }
        match &mut self.clock {
            None => wanted,
            Some(clock) => clock.allow_whole(wanted, self.shared),
        }
    }

    /// Whether other threads may shut the gate, at any time.
    pub(crate) fn has_others(&self) -> bool {
        self.others
    }

    /// Whether element `index` need not be computed any more. Cheap enough to ask for every one.
    #[inline]
    pub(crate) fn is_shut(&self, index: usize) -> bool {
        index >= self.shared.limit()
    }

    /// Element `index` failed.
    pub(crate) fn fail(&self, index: usize) {
        self.shared.limit.fetch_min(index, Ordering::Relaxed);
    }

    /// Elements are computed and written.
    pub(crate) fn advance(&mut self, elements: usize) {
        if self.shared.heard {
            // Not done in vain: it waits for all that was written to reach the cache.
            self.shared.done.0.fetch_add(elements, Ordering::Relaxed);
        }
        if let Some(clock) = &mut self.clock {
            clock.under_way = 0;
        }
    }

    /// Whether somebody wants to hear of progress from this thread.
    pub(crate) fn is_heard(&self) -> bool {
        self.clock.as_ref().is_some_and(|clock| clock.progress.is_some())
    }

    /// Tells progress if it is time, for a thread that only waits.
    pub(crate) fn tell(&mut self) {
        if let Some(clock) = &mut self.clock {
            clock.tell_at(clock.watch.elapsed(), self.shared);
        }
    }
}

/// Tells progress on time, without looking at the clock for every element.
struct Clock<'a> {
    progress: Option<Progress<'a>>,
    watch: Stopwatch,
    /// Times of the call.
    told: Duration,
    looked: Duration,
    /// Elements from one look to the next, and at most.
    step: usize,
    most: usize,
    /// Elements until the next look.
    left: usize,
    /// Elements allowed since some were last counted as done.
    under_way: usize,
}

impl<'a> Clock<'a> {
    fn new(progress: Option<Progress<'a>>, pace: Pace) -> Self {
        let (told, looked) = (Duration::ZERO, Duration::ZERO);
        Clock { progress, watch: Stopwatch::start(), told, looked, step: 1, most: pace.step(), left: 0, under_way: 0 }
    }

    /// Out of line: where nobody listens, kernels should not carry it along.
    #[inline(never)]
    fn allow(&mut self, wanted: usize, shared: &Shared) -> usize {
        if self.left == 0 && !self.look(shared) {
            return 0;
        }
        let allowed = wanted.min(self.left);
        self.left -= allowed;
        self.under_way += allowed;
        allowed
    }

    #[inline(never)]
    fn allow_whole(&mut self, wanted: usize, shared: &Shared) -> usize {
        let allowed = if self.look(shared) { wanted } else { 0 };
        self.under_way += allowed;
        allowed
    }

    /// Looks at the clock, tells progress if it is time. `false`: cancelled.
    fn look(&mut self, shared: &Shared) -> bool {
        let now = self.watch.elapsed();
        self.step = if now - self.looked < SLOW { (self.step * 2).min(self.most) } else { 1 };
        self.left = self.step;
        self.looked = now;
        self.tell_at(now, shared)
    }

    fn tell_at(&mut self, now: Duration, shared: &Shared) -> bool {
        let Some(tell) = &mut self.progress else { return true };
        let interval = (now / TELL_TIMES).clamp(TELL_SOON, TELL_LATE);
        if now - self.told < interval {
            return true;
        }
        self.told = now;
        let done = (shared.done.0.load(Ordering::Relaxed) + self.under_way).min(shared.total);
        if tell(done as f64 / shared.total as f64) {
            return true;
        }
        shared.cancelled.store(true, Ordering::Relaxed);
        shared.stop();
        false
    }
}

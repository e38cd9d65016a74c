//! Workers, cancellation, progress: dividing an output among threads.
//!
//! The calling thread starts alone and looks at the clock. Only if much is left to do after a short while does it start
//! workers; all of them, itself included, then take pieces from the front of what is left. So pieces begin in C order,
//! and when a callback gives up at some element, everything before it is either done or in somebody's hands: whoever
//! works on earlier elements goes on, the others stop.
//!
//! Workers live only during a call. No pool is at rest, so a process may fork or unload the library at any time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::array::{Output, Piece};
use crate::error::Error;
use crate::memory;
use crate::signals;

/// How many threads a call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Threads {
    /// The calling thread only.
    #[default]
    Caller,
    /// At most this many, of which the calling thread is one.
    Count(usize),
    /// As many as the process may use cores.
    AllCores,
}

/// Hears the fraction that is done; `false` cancels.
pub(crate) type Progress<'a> = &'a mut dyn FnMut(f64) -> bool;

/// How long the calling thread works before it thinks of starting others. Starting one takes about 60 microseconds.
const ALONE: Duration = Duration::from_micros(100);

/// The least work worth a piece of its own, and a thread.
const PIECE: Duration = Duration::from_micros(100);

/// Workers that a call starts at most, whatever was asked for.
const THREADS_MAX: usize = 1024;

/// Stack of a worker, whatever the environment says.
const STACK: usize = 4 << 20;

/// How often progress is told.
const TELL: Duration = Duration::from_millis(20);

/// Elements between two looks at the clock are chosen so that they take about this long ...
const LOOK: Duration = Duration::from_micros(200);

/// ... but are never more than this many: callbacks may get slower at any time.
const LOOK_ELEMENTS: usize = 64;

/// What all threads of a call share.
struct Shared {
    /// Elements from here on need not be computed: the lowest that failed, 0 when cancelled.
    limit: AtomicUsize,
    cancelled: AtomicBool,
    done: AtomicUsize,
    total: usize,
}

impl Shared {
    fn new(total: usize) -> Self {
        let limit = AtomicUsize::new(usize::MAX);
        Shared { limit, cancelled: AtomicBool::new(false), done: AtomicUsize::new(0), total }
    }

    fn stop(&self) {
        self.limit.store(0, Ordering::Relaxed);
    }

    /// Tells the end to whoever listens, and how the call ended.
    fn finish(&self, progress: Option<Progress<'_>>) -> Result<(), Error> {
        let limit = self.limit.load(Ordering::Relaxed);
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
pub(crate) struct Halt {
    /// Elements it has computed.
    pub(crate) done: usize,
}

/// What a kernel asks whether to go on; on the calling thread also where progress is told.
pub(crate) struct Gate<'a> {
    shared: &'a Shared,
    clock: Option<Clock<'a>>,
}

impl Gate<'_> {
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

    /// Whether the element need not be computed any more.
    #[inline]
    pub(crate) fn is_shut(&self, index: usize) -> bool {
        index >= self.shared.limit.load(Ordering::Relaxed)
    }

    /// Element `index` failed, `done` elements into the kernel's work.
    pub(crate) fn fail(&self, index: usize, done: usize) -> Halt {
        self.shared.limit.fetch_min(index, Ordering::Relaxed);
        Halt { done }
    }

    /// Elements are computed and written.
    pub(crate) fn advance(&mut self, elements: usize) {
        self.shared.done.fetch_add(elements, Ordering::Relaxed);
        if let Some(clock) = &mut self.clock {
            clock.allowed = 0;
        }
    }
}

/// Tells progress on time, without looking at the clock for every element.
struct Clock<'a> {
    progress: Progress<'a>,
    told: Instant,
    looked: Instant,
    /// Elements between two looks.
    step: usize,
    /// Elements until the next look.
    left: usize,
    /// Elements allowed since the last that were counted as done.
    allowed: usize,
}

impl<'a> Clock<'a> {
    fn new(progress: Progress<'a>) -> Self {
        let now = Instant::now();
        Clock { progress, told: now, looked: now, step: 1, left: 1, allowed: 0 }
    }

    #[inline]
    fn allow(&mut self, wanted: usize, shared: &Shared) -> usize {
        if self.left == 0 && !self.look(shared) {
            return 0;
        }
        let allowed = wanted.min(self.left);
        self.left -= allowed;
        self.allowed += allowed;
        allowed
    }

    /// Looks at the clock, tells progress if it is time. `false`: cancelled.
    fn look(&mut self, shared: &Shared) -> bool {
        let now = Instant::now();
        let took = now - self.looked;
        self.step = if took < LOOK { (self.step * 2).min(LOOK_ELEMENTS) } else { (self.step / 8).max(1) };
        self.looked = now;
        self.left = self.step;
        self.tell(now, shared)
    }

    /// Tells progress if it is time. `false`: cancelled.
    fn tell(&mut self, now: Instant, shared: &Shared) -> bool {
        if now - self.told < TELL {
            return true;
        }
        self.told = now;
        let done = shared.done.load(Ordering::Relaxed) + self.allowed;
        if (self.progress)(done.min(shared.total) as f64 / shared.total as f64) {
            return true;
        }
        shared.cancelled.store(true, Ordering::Relaxed);
        shared.stop();
        false
    }
}

/// Has `work` done for all of `output` on the calling thread, in C order.
pub(crate) fn run_on_caller(
    mut output: Output<'_>,
    mut progress: Option<Progress<'_>>,
    mut work: impl FnMut(Piece<'_>, &mut Gate<'_>),
) -> Result<(), Error> {
    let whole = output.whole();
    let shared = Shared::new(whole.range().len());
    let clock = progress.as_mut().map(|progress| Clock::new(&mut **progress));
    work(whole, &mut Gate { shared: &shared, clock });
    shared.finish(progress)
}

/// Has all of `output` done by the calling thread and, if it is worth it, others; `worker` makes what each one works
/// with. An output whose elements share memory is done by the calling thread alone.
pub(crate) fn run<W: FnMut(Piece<'_>, &mut Gate<'_>)>(
    mut output: Output<'_>,
    threads: Threads,
    mut progress: Option<Progress<'_>>,
    worker: impl Fn() -> Result<W, Error> + Sync,
) -> Result<(), Error> {
    let mut work = worker()?;
    let several = !matches!(threads, Threads::Caller | Threads::Count(0 | 1));
    let mut rest = output.whole();
    if !several || !rest.is_divisible() {
        return run_on_caller(output, progress, work);
    }

    let shared = Shared::new(rest.range().len());
    let mut gate = Gate { shared: &shared, clock: progress.as_mut().map(|progress| Clock::new(&mut **progress)) };
    if let Some(pace) = work_alone(&mut rest, &mut work, &mut gate) {
        let grain = (PIECE.as_secs_f64() / pace).max(1.0) as usize;
        let useful = rest.range().len() / grain;
        let threads = match threads {
            Threads::Count(n) => n,
            _ => thread::available_parallelism().map_or(1, usize::from),
        };
        let threads = threads.min(useful).min(THREADS_MAX);
        if threads > 1 {
            work_together(Queue { rest: Mutex::new(rest), threads, grain }, work, &mut gate, &worker);
        } else {
            work(rest, &mut gate);
        }
    }
    shared.finish(progress)
}

/// Works until there is nothing left (`None`) or it is clear how many seconds an element takes.
fn work_alone(
    rest: &mut Piece<'_>,
    work: &mut impl FnMut(Piece<'_>, &mut Gate<'_>),
    gate: &mut Gate<'_>,
) -> Option<f64> {
    let started = Instant::now();
    let mut elements = 0;
    let mut next = 1;
    while !rest.range().is_empty() && !gate.is_shut(rest.range().start) {
        let piece = rest.split_front(next);
        elements += piece.range().len();
        work(piece, gate);
        let took = started.elapsed();
        if took >= ALONE {
            return Some(took.as_secs_f64() / elements as f64);
        }
        // At most about as much again as was done so far.
        next = elements.max(1);
    }
    None
}

/// What is left to do.
struct Queue<'a> {
    rest: Mutex<Piece<'a>>,
    threads: usize,
    /// Elements of the smallest piece.
    grain: usize,
}

impl<'a> Queue<'a> {
    /// The next piece: large at first, small towards the end, so that all threads finish at the same time.
    fn next(&self, gate: &Gate<'_>) -> Option<Piece<'a>> {
        // A thread that panicked left no piece half split.
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        let left = rest.range();
        if left.is_empty() || gate.is_shut(left.start) {
            return None;
        }
        Some(rest.split_front((left.len() / (2 * self.threads)).max(self.grain)))
    }
}

/// Starts workers and works with them until all is done. If they can't be started, fewer run.
fn work_together<W: FnMut(Piece<'_>, &mut Gate<'_>)>(
    queue: Queue<'_>,
    mut work: W,
    gate: &mut Gate<'_>,
    worker: &(impl Fn() -> Result<W, Error> + Sync),
) {
    let shared = gate.shared;
    let active = AtomicUsize::new(0);
    let drain = |work: &mut W, gate: &mut Gate<'_>| {
        let _stop = StopOnPanic(shared);
        while let Some(piece) = queue.next(gate) {
            work(piece, gate);
        }
    };

    thread::scope(|scope| {
        let mut handles = memory::reserved(queue.threads).unwrap_or_default();
        let blocked = signals::Blocked::new();
        while handles.len() + 1 < handles.capacity().min(queue.threads) {
            let caller = thread::current();
            let (active, drain) = (&active, &drain);
            let body = move || {
                let _active = Active { count: active, caller };
                // A worker that gets no memory leaves the work to the others.
                if let Ok(mut work) = worker() {
                    drain(&mut work, &mut Gate { shared, clock: None });
                }
            };
            active.fetch_add(1, Ordering::Relaxed);
            match thread::Builder::new().stack_size(STACK).spawn_scoped(scope, body) {
                Ok(handle) => handles.push(handle),
                Err(_) => {
                    active.fetch_sub(1, Ordering::Relaxed);
                    break;
                }
            }
        }
        drop(blocked);

        drain(&mut work, gate);
        if let Some(clock) = &mut gate.clock {
            let _stop = StopOnPanic(shared);
            while active.load(Ordering::Acquire) > 0 {
                thread::park_timeout(TELL);
                clock.tell(Instant::now(), shared);
            }
        }
        for handle in handles {
            if let Err(panic) = handle.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

/// Stops the others when a thread unwinds.
struct StopOnPanic<'a>(&'a Shared);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop();
        }
    }
}

/// A worker, counted until it ends.
struct Active<'a> {
    count: &'a AtomicUsize,
    caller: Thread,
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Release);
        self.caller.unpark();
    }
}

//! Workers: dividing an output among threads.
//!
//! The calling thread starts alone and looks at the clock. Only if much is left to do after a short while does it start
//! workers; all of them, itself included, then take pieces from the front of what is left. So pieces begin in C order,
//! and when a callback gives up at some element, everything before it is either done or in somebody's hands: whoever
//! works on earlier elements goes on, the others stop.
//!
//! Workers live only during a call: no pool is at rest, so a process may fork at any time. They have the caller's
//! floating-point environment because threads inherit it from the one that starts them, and block asynchronous signals
//! because they inherit that too.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::array::{Output, Piece};
use crate::error::Error;
use crate::gate::{Gate, Progress, Shared};
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

/// How long the calling thread works before it thinks of starting others. Starting one takes about 60 microseconds.
const ALONE: Duration = Duration::from_micros(100);

/// Elements that it works on at a time meanwhile.
const ALONE_ELEMENTS: usize = 256;

/// The least work worth a piece of its own, and a thread.
const PIECE: Duration = Duration::from_micros(100);

/// Threads that a call uses at most for each core, whatever was asked for: among many more the calling thread would not
/// get its turn to tell progress in time.
const THREADS_PER_CORE: usize = 4;

/// Stack of a worker, whatever the environment says.
const STACK: usize = 4 << 20;

/// How often the calling thread tells progress when only others still work.
const TELL: Duration = Duration::from_millis(10);

/// Has `work` done for all of `output` on the calling thread, in C order.
pub(crate) fn run_on_caller(
    mut output: Output<'_>,
    mut progress: Option<Progress<'_>>,
    mut work: impl FnMut(Piece<'_>, &mut Gate<'_>),
) -> Result<(), Error> {
    let whole = output.whole();
    let shared = Shared::new(whole.range().len());
    work(whole, &mut Gate::alone(&shared, reborrowed(&mut progress)));
    shared.finish(progress)
}

/// The same progress function, for a while.
fn reborrowed<'a>(progress: &'a mut Option<Progress<'_>>) -> Option<Progress<'a>> {
    progress.as_mut().map(|progress| &mut **progress as Progress<'a>)
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
    let mut gate = Gate::among_others(&shared, reborrowed(&mut progress));
    while let Some(pace) = work_alone(&mut rest, &mut work, &mut gate) {
        let grain = (PIECE.as_secs_f64() / pace).max(1.0) as usize;
        let useful = rest.range().len() / grain;
        // If there is little left, at this pace, the calling thread goes on alone, but looks again: the pace may change.
        if useful > 1 {
            let threads = limited(threads).min(useful);
            if threads > 1 {
                work_together(Queue { rest: Mutex::new(rest), threads, grain }, work, &mut gate, &worker);
            } else {
                work(rest, &mut gate);
            }
            break;
        }
    }
    shared.finish(progress)
}

/// How many threads a call may use on this machine.
fn limited(threads: Threads) -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    match threads {
        Threads::Caller => 1,
        Threads::Count(n) => n.min(cores * THREADS_PER_CORE),
        Threads::AllCores => cores,
    }
}

/// Works for a while. Returns the seconds that an element took, or `None` if nothing is left to do.
fn work_alone(
    rest: &mut Piece<'_>,
    work: &mut impl FnMut(Piece<'_>, &mut Gate<'_>),
    gate: &mut Gate<'_>,
) -> Option<f64> {
    let started = Instant::now();
    let mut elements = 0;
    let mut next = 1;
    let mut took = Duration::ZERO;
    while !rest.range().is_empty() && rest.range().start < gate.shared().limit() {
        if took >= ALONE {
            return Some(took.as_secs_f64() / elements as f64);
        }
        let piece = rest.split_front(next);
        elements += piece.range().len();
        work(piece, gate);
        took = started.elapsed();
        // At most as much again as was done so far, in case callbacks get slower.
        next = elements.min(ALONE_ELEMENTS);
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
        if left.is_empty() || left.start >= gate.shared().limit() {
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
    let shared = gate.shared();
    let active = AtomicUsize::new(0);
    let drain = |work: &mut W, gate: &mut Gate<'_>| {
        let _stop = StopOnPanic(shared);
        while let Some(piece) = queue.next(gate) {
            work(piece, gate);
        }
    };

    thread::scope(|scope| {
        // Without memory for their handles no workers are started: the capacity is 0 then.
        let mut handles = memory::reserved(queue.threads).unwrap_or_default();
        let blocked = signals::Blocked::new();
        while handles.len() + 1 < handles.capacity().min(queue.threads) {
            let caller = thread::current();
            let (active, drain) = (&active, &drain);
            let body = move || {
                let _active = Active { count: active, caller };
                // A worker that comes too late, or gets no memory, leaves the work to the others.
                if shared.limit() > 0
                    && let Ok(mut work) = worker()
                {
                    drain(&mut work, &mut Gate::among_others(shared, None));
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
        // Nobody wants to hear of progress when all is given up.
        let _stop = StopOnPanic(shared);
        while gate.is_heard() && shared.limit() > 0 && active.load(Ordering::Acquire) > 0 {
            thread::park_timeout(TELL);
            gate.tell();
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

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

use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::array::{Output, Piece};
use crate::cores;
use crate::crew::Crew;
use crate::error::Error;
use crate::gate::{Gate, Pace, Progress, Shared};

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
const PIECE: Duration = Duration::from_micros(150);

/// How many units of work there are for each thread, at least: where they would be fewer, smaller ones are.
const UNITS: usize = 16;

/// Threads that a call uses at most for each core, whatever was asked for: among many more the calling thread would not
/// get its turn to tell progress in time.
const THREADS_PER_CORE: usize = 4;

/// How often the calling thread tells progress when only others still work.
const TELL: Duration = Duration::from_millis(10);

/// Has `work` done for all of `output` on the calling thread, in C order.
pub(crate) fn run_on_caller(
    mut output: Output<'_>,
    mut progress: Option<Progress<'_>>,
    pace: Pace,
    mut work: impl FnMut(Piece<'_>, &mut Gate<'_>),
) -> Result<(), Error> {
    let whole = output.whole();
    let shared = Shared::new(whole.range().len(), progress.is_some());
    work(whole, &mut Gate::alone(&shared, reborrowed(&mut progress), pace));
    shared.finish(progress)
}

/// The same progress function, for a while.
fn reborrowed<'a>(progress: &'a mut Option<Progress<'_>>) -> Option<Progress<'a>> {
    progress.as_mut().map(|progress| &mut **progress as Progress<'a>)
}

/// How work is done, and where it may be divided.
pub(crate) trait Work: Sync {
    /// What one thread works with.
    type Worker;

    const PACE: Pace;

    fn worker(&self) -> Result<Self::Worker, Error>;

    /// Does a piece, until the gate shuts.
    fn run(&self, worker: &mut Self::Worker, piece: Piece<'_>, gate: &mut Gate<'_>);

    /// The first element from `index` on that a piece may end before.
    fn cut(&self, index: usize) -> usize;

    /// Pieces are best a multiple of so many elements: what is computed together, and enough to begin a piece for.
    fn unit(&self, worker: &Self::Worker) -> usize;

    /// Takes at least `n` elements from the front of `rest`, or as many as there are.
    fn split_front<'a>(&self, rest: &mut Piece<'a>, n: usize) -> Piece<'a> {
        let range = rest.range();
        let cut = if n < range.len() { self.cut(range.start + n) } else { range.end };
        rest.split_front(cut - range.start)
    }
}

/// What several threads need and the first of them makes.
pub(crate) struct Once<T>(OnceLock<T>);

impl<T> Once<T> {
    pub(crate) fn new() -> Self {
        Once(OnceLock::new())
    }

    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> Result<T, Error>) -> Result<&T, Error> {
        match self.0.get() {
            Some(made) => Ok(made),
            None => make().map(|made| self.0.get_or_init(|| made)),
        }
    }
}

/// Has all of `output` done by the calling thread and, if it is worth it, others. An output whose elements share memory is
/// done by the calling thread alone.
pub(crate) fn run<W: Work>(
    mut output: Output<'_>,
    threads: Threads,
    mut progress: Option<Progress<'_>>,
    work: &W,
) -> Result<(), Error> {
    let mut worker = work.worker()?;
    let several = !matches!(threads, Threads::Caller | Threads::Count(0 | 1));
    let mut rest = output.whole();
    if !several || !rest.is_divisible() {
        return run_on_caller(output, progress, W::PACE, |piece, gate| work.run(&mut worker, piece, gate));
    }

    let shared = Shared::new(rest.range().len(), progress.is_some());
    let mut gate = Gate::among_others(&shared, reborrowed(&mut progress), W::PACE);
    while let Some(pace) = work_alone(&mut rest, work, &mut worker, &mut gate) {
        let grain = (PIECE.as_secs_f64() / pace).max(1.0) as usize;
        let useful = rest.range().len() / grain;
        // If there is little left, at this pace, the calling thread goes on alone, but looks again: the pace may change.
        if useful > 1 {
            let threads = limited(threads).min(useful);
            if threads > 1 {
                let unit = work.unit(&worker).min(rest.range().len() / (UNITS * threads)).max(1);
                work_together(Queue { rest: Mutex::new(rest), threads, grain, unit, work }, worker, &mut gate);
            } else {
                work.run(&mut worker, rest, &mut gate);
            }
            break;
        }
    }
    shared.finish(progress)
}

/// How many threads a call may use on this machine.
fn limited(threads: Threads) -> usize {
    match threads {
        Threads::Caller => 1,
        // There is a core at least. To find out more takes as long as to start a thread.
        Threads::Count(n) if n <= THREADS_PER_CORE => n,
        Threads::Count(n) => n.min(cores::available() * THREADS_PER_CORE),
        Threads::AllCores => cores::available(),
    }
}

/// Works for a while. Returns the seconds that an element took, or `None` if nothing is left to do.
fn work_alone<W: Work>(rest: &mut Piece<'_>, work: &W, worker: &mut W::Worker, gate: &mut Gate<'_>) -> Option<f64> {
    let started = Instant::now();
    let mut elements = 0;
    let mut next = 1;
    let mut took = Duration::ZERO;
    while !rest.range().is_empty() && rest.range().start < gate.shared().limit() {
        if took >= ALONE {
            return Some(took.as_secs_f64() / elements as f64);
        }
        let piece = work.split_front(rest, next);
        elements += piece.range().len();
        work.run(worker, piece, gate);
        took = started.elapsed();
        // At most as much again as was done so far, in case callbacks get slower.
        next = elements.min(ALONE_ELEMENTS);
    }
    None
}

/// What is left to do.
struct Queue<'a, W> {
    rest: Mutex<Piece<'a>>,
    threads: usize,
    /// Elements of the smallest piece.
    grain: usize,
    /// Elements that pieces are a multiple of, where the output can be cut there.
    unit: usize,
    work: &'a W,
}

impl<'a, W: Work> Queue<'a, W> {
    /// The next piece: large at first, small towards the end, so that all threads finish at the same time.
    fn next(&self, gate: &Gate<'_>) -> Option<Piece<'a>> {
        // A thread that panicked left no piece half split.
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        let left = rest.range();
        if left.is_empty() || left.start >= gate.shared().limit() {
            return None;
        }
        let share = (2 * left.len() / (3 * self.threads)).max(self.grain);
        Some(self.work.split_front(&mut rest, share.next_multiple_of(self.unit)))
    }
}

/// Starts workers and works with them until all is done. If they can't be started, fewer run.
fn work_together<W: Work>(queue: Queue<'_, W>, mut worker: W::Worker, gate: &mut Gate<'_>) {
    let shared = gate.shared();
    let drain = |worker: &mut W::Worker, gate: &mut Gate<'_>| {
        let _stop = StopOnPanic(shared);
        while let Some(piece) = queue.next(gate) {
            queue.work.run(worker, piece, gate);
        }
    };

    let body = || {
        // A worker that comes too late, or gets no memory, leaves the work to the others.
        if shared.limit() > 0
            && let Ok(mut worker) = queue.work.worker()
        {
            drain(&mut worker, &mut Gate::among_others(shared, None, W::PACE));
        }
    };
    Crew::run(queue.threads - 1, body, |crew| {
        drain(&mut worker, gate);
        // Nobody wants to hear of progress when all is given up.
        let _stop = StopOnPanic(shared);
        while gate.is_heard() && shared.limit() > 0 && crew.is_at_work_after(TELL) {
            gate.tell();
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

//! The drivers: lines -> kernel -> output.

use crate::array::{Input, Output, Piece};
use crate::boundary::Mode;
use crate::dtype::DType;
use crate::error::Error;
use crate::gate::{Gate, Halt, Pace, Progress};
use crate::kernels::lanes::Lanewise;
use crate::kernels::pixel::Pixel;
use crate::kernels::strip::Strips;
use crate::kernels::values::{VALUES_MAX, Values};
use crate::kernels::{Block, Kernel};
use crate::lanes::LaneFunction;
use crate::lines::{self, BATCH_MAX, Lines, Plan};
use crate::memory;
use crate::parallel::{self, Threads, Work};
use crate::sweep::{RowKernel, Rows, Sweep, Swept};
use crate::window::{Fitted, Window};
use crate::writer::{Buffer, Writer};

/// Elements computed at a time, at most: at least a batch.
const BLOCK: usize = BATCH_MAX;

/// What to filter, and how.
pub(crate) struct Job<'a, 'o> {
    pub(crate) input: Input<'a>,
    pub(crate) output: Output<'a>,
    pub(crate) window: &'a Window<'a>,
    pub(crate) options: Options<'o>,
}

/// How to run: boundary modes, threads, progress. All have defaults.
///
/// ```
/// use llc::{Mode, Options, Threads};
///
/// let options = Options::new().mode(Mode::Nearest).threads(Threads::AllCores);
/// ```
#[derive(Default)]
pub struct Options<'a> {
    mode: Mode,
    axis_modes: Option<&'a [Mode]>,
    cval: f64,
    threads: Threads,
    progress: Option<Progress<'a>>,
}

impl<'a> Options<'a> {
    /// Reflect at the boundaries, run on the calling thread.
    pub fn new() -> Self {
        Self::default()
    }

    /// The boundary mode along every axis.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Boundary modes, one for each filtered axis in the window's order, instead of [`mode`](Self::mode).
    pub fn axis_modes(mut self, modes: &'a [Mode]) -> Self {
        self.axis_modes = Some(modes);
        self
    }

    /// What lies outside the array in [`Mode::Constant`]; it is not cast to the array's type.
    pub fn cval(mut self, cval: f64) -> Self {
        self.cval = cval;
        self
    }

    /// How many threads may work. The results are the same for any number; small jobs stay on the calling thread.
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// Hears, on the calling thread, the fraction that is done: at least every 50 ms while the function returns, and at
    /// the end. (The clock is read every few elements, as many as took 2 ms before, 1024 at most: if they turn slow all of a
    /// sudden, the first time may be late.) When it returns `false` the call ends with [`Error::Cancelled`].
    pub fn progress(mut self, progress: &'a mut dyn FnMut(f64) -> bool) -> Self {
        self.progress = Some(progress);
        self
    }
}

/// Runs a job on as many threads as it asks for; `kernel` makes one for each.
pub(crate) fn filter<K: Kernel>(
    job: Job<'_, '_>,
    kernel: impl Fn(&Plan<'_>) -> Result<K, Error> + Sync,
) -> Result<(), Error> {
    match Ready::new(job)? {
        Some(ready) => ready.filter(kernel),
        None => Ok(()),
    }
}

/// Runs a job on the calling thread, in C order of the output.
pub(crate) fn filter_seq<K: Kernel>(
    job: Job<'_, '_>,
    kernel: impl FnOnce(&Plan<'_>) -> Result<K, Error>,
) -> Result<(), Error> {
    let Some(ready) = Ready::new(job)? else { return Ok(()) };
    let plan = Plan::new(&ready.input, &ready.fitted, &ready.modes, ready.cval)?;
    let mut worker = Worker::new(&plan, kernel(&plan)?)?;
    parallel::run_on_caller(ready.output, ready.progress, K::PACE, |piece, gate| worker.run(piece, gate))
}

/// What a function of a window's values comes to.
pub(crate) trait Outcome {
    /// Sets the result; `false`: the function gave up.
    fn set(self, result: &mut f64) -> bool;
}

impl Outcome for f64 {
    #[inline(always)]
    fn set(self, result: &mut f64) -> bool {
        *result = self;
        true
    }
}

impl Outcome for Option<f64> {
    #[inline(always)]
    fn set(self, result: &mut f64) -> bool {
        *result = self.unwrap_or_default();
        self.is_some()
    }
}

// Callers know the arrays' types; what is compiled here depends on their function only.

/// Applies a function that any thread may call to the values of every window.
pub(crate) fn values<R: Outcome>(job: Job<'_, '_>, function: impl Fn(&[f64]) -> R + Sync) -> Result<(), Error> {
    let set = |values: &[f64], result: &mut f64| function(values).set(result);
    if job.window.taps() <= VALUES_MAX {
        filter(job, |plan| Strips::new(plan.taps(), Values(&set)))
    } else {
        filter(job, |plan| Pixel::new(plan.run_lengths(), |values: &mut [f64], result: &mut f64| set(values, result)))
    }
}

/// The same for a function that only the calling thread may call: in C order of the output.
pub(crate) fn values_seq<R: Outcome>(job: Job<'_, '_>, mut function: impl FnMut(&[f64]) -> R) -> Result<(), Error> {
    let mut set = |values: &[f64], result: &mut f64| function(values).set(result);
    if job.window.taps() <= VALUES_MAX {
        filter_seq(job, |plan| Strips::new(plan.taps(), Values(set)))
    } else {
        filter_seq(job, |plan| {
            Pixel::new(plan.run_lengths(), |values: &mut [f64], result: &mut f64| set(values, result))
        })
    }
}

/// As [`values`], for a function that may overwrite them.
pub(crate) fn pixels<R: Outcome>(job: Job<'_, '_>, function: impl Fn(&mut [f64]) -> R + Sync) -> Result<(), Error> {
    let set = |values: &mut [f64], result: &mut f64| function(values).set(result);
    filter(job, |plan| Pixel::new(plan.run_lengths(), &set))
}

/// Applies a function to the values of as many windows at a time as there are lanes.
pub(crate) fn lanes(job: Job<'_, '_>, function: impl LaneFunction + Sync) -> Result<(), Error> {
    filter(job, |plan| Strips::new(plan.taps(), Lanewise(&function)))
}

/// A job that has been checked.
pub(crate) struct Ready<'a, 'o> {
    input: Input<'a>,
    output: Output<'a>,
    fitted: Fitted<'a>,
    modes: Vec<Mode>,
    cval: f64,
    threads: Threads,
    progress: Option<Progress<'o>>,
}

impl<'a, 'o> Ready<'a, 'o> {
    /// `None`: there is nothing to do, which progress has been told.
    pub(crate) fn new(job: Job<'a, 'o>) -> Result<Option<Self>, Error> {
        let Job { input, output, window, options } = job;
        check_shapes(input.shape(), output.shape())?;
        let fitted = Fitted::new(window, input.shape())?;
        let modes = match options.axis_modes {
            Some(modes) if modes.len() != fitted.axes.len() => {
                return Err(Error::argument(format_args!(
                    "options.axis_modes has {} entries, but the window has {}",
                    modes.len(),
                    fitted.axes.len()
                )));
            }
            Some(modes) => memory::collected(modes.iter().copied())?,
            None => memory::filled(fitted.axes.len(), options.mode)?,
        };
        if input.shape().contains(&0) {
            let go_on = options.progress.is_none_or(|tell| tell(1.0));
            return if go_on { Ok(None) } else { Err(Error::Cancelled) };
        }
        // A window too large to be gathered is refused before its rows are listed one by one.
        drop(memory::reserved::<f64>(fitted.taps)?);

        let input = input.apart_from(&output)?;
        let Options { cval, threads, progress, .. } = options;
        Ok(Some(Ready { input, output, fitted, modes, cval, threads, progress }))
    }

    /// Runs along lines; `kernel` makes a kernel for each thread.
    pub(crate) fn filter<K: Kernel>(self, kernel: impl Fn(&Plan<'_>) -> Result<K, Error> + Sync) -> Result<(), Error> {
        let plan = Plan::new(&self.input, &self.fitted, &self.modes, self.cval)?;
        parallel::run(self.output, self.threads, self.progress, &Filter { plan: &plan, kernel })
    }

    /// The dtype of the values that hold what windows show.
    pub(crate) fn dtype(&self) -> DType {
        let dtype = self.input.dtype();
        let shows_constant = self.modes.iter().any(|mode| mode.is_constant());
        if shows_constant && !dtype.holds(self.cval) { DType::Float64 } else { dtype }
    }

    /// Extents of the arrays.
    pub(crate) fn shape(&self) -> &[usize] {
        self.input.shape()
    }

    /// The number of taps.
    pub(crate) fn taps(&self) -> usize {
        self.fitted.taps
    }

    /// If the window is a box, its extents along the array's axes.
    pub(crate) fn box_extents(&self) -> Result<Option<Vec<usize>>, Error> {
        let axes = lines::axes(self.input.shape(), &self.fitted, &self.modes)?;
        let extents = memory::collected(axes.iter().map(|axis| axis.span + 1))?;
        Ok((extents.iter().product::<usize>() == self.fitted.taps).then_some(extents))
    }

    /// Whether windows show rows of the input's own doubles, in the order of the taps.
    pub(crate) fn shows_doubles(&self) -> bool {
        self.input.elements().has_rows_of::<f64>() && self.fitted.axes.is_sorted()
    }

    /// Whether it can be swept: there is an axis, windows have taps, and results may be written in any order.
    pub(crate) fn can_be_swept(&self) -> bool {
        !self.input.shape().is_empty() && self.fitted.taps > 0 && self.output.is_distinct()
    }

    /// Has rows swept; `kernel` makes a kernel for each thread, for values of this job's [`dtype`](Self::dtype).
    pub(crate) fn sweep<K: RowKernel>(
        self,
        kernel: impl Fn(&Sweep<'_>) -> Result<K, Error> + Sync,
    ) -> Result<(), Error> {
        let input = self.input.with_leading_axis()?;
        let sweep = Sweep::new::<K>(&input, &self.fitted, &self.modes, self.cval)?;
        let rows = || Ok(memory::boxed(Rows::new(&sweep, &kernel)?)? as Box<dyn Swept + '_>);
        // From here on nothing depends on the kernel, so that it is compiled once.
        parallel::run(self.output, self.threads, self.progress, &Sweeping { sweep: &sweep, rows: &rows })
    }
}

fn check_shapes(input: &[usize], output: &[usize]) -> Result<(), Error> {
    if input.len() != output.len() {
        let (input, output) = (input.len(), output.len());
        return Err(Error::shape(format_args!("output.ndim is {output}, but must be the input's: {input}")));
    }
    for (i, (input, output)) in input.iter().zip(output).enumerate() {
        if input != output {
            return Err(Error::shape(format_args!("output.shape[{i}] is {output}, but must be the input's: {input}")));
        }
    }
    Ok(())
}

/// A job with its plan, to be divided among threads.
struct Filter<'p, M> {
    plan: &'p Plan<'p>,
    kernel: M,
}

impl<'p, K: Kernel, M: Fn(&Plan<'_>) -> Result<K, Error> + Sync> Work for Filter<'p, M> {
    type Worker = Worker<'p, K>;

    const PACE: Pace = K::PACE;

    fn worker(&self) -> Result<Self::Worker, Error> {
        Worker::new(self.plan, (self.kernel)(self.plan)?)
    }

    fn cut(&self, index: usize) -> usize {
        if K::WHOLE_BATCHES { self.plan.batch_end(index) } else { index }
    }

    fn unit(&self, _: &Self::Worker) -> usize {
        1
    }

    fn run(&self, worker: &mut Self::Worker, piece: Piece<'_>, gate: &mut Gate<'_>) {
        worker.run(piece, gate);
    }
}

/// Makes the rows that one thread works with.
type MakeRows<'p> = dyn Fn() -> Result<Box<dyn Swept + 'p>, Error> + Sync + 'p;

/// A sweep, to be divided among threads.
struct Sweeping<'p> {
    sweep: &'p Sweep<'p>,
    rows: &'p MakeRows<'p>,
}

impl<'p> Work for Sweeping<'p> {
    type Worker = Box<dyn Swept + 'p>;

    const PACE: Pace = Pace::Running;

    fn worker(&self) -> Result<Self::Worker, Error> {
        (self.rows)()
    }

    fn cut(&self, index: usize) -> usize {
        self.sweep.cut(index)
    }

    fn unit(&self, worker: &Self::Worker) -> usize {
        worker.unit()
    }

    fn run(&self, worker: &mut Self::Worker, piece: Piece<'_>, gate: &mut Gate<'_>) {
        worker.run(piece, gate);
    }
}

/// What one thread works with.
struct Worker<'p, K> {
    lines: Lines<'p>,
    kernel: K,
    buffer: Buffer,
}

impl<'p, K: Kernel> Worker<'p, K> {
    fn new(plan: &'p Plan<'p>, kernel: K) -> Result<Self, Error> {
        Ok(Worker { lines: Lines::new(plan)?, kernel, buffer: Buffer::new()? })
    }

    /// Computes and writes a piece of the output, until the gate shuts. With a kernel that wants whole batches, it begins
    /// and ends where they do.
    fn run(&mut self, piece: Piece<'_>, gate: &mut Gate<'_>) {
        let mut results = Writer::new(piece, &mut self.buffer);
        while results.left() > 0 {
            let first = results.next();
            let (taps, count) = self.lines.taps(first, BLOCK.min(results.left()));
            let block = Block { count, taps, output: results.upcoming() };
            let computed = self.kernel.run(&block, &mut results, gate);
            gate.advance(results.next() - first);
            if let Err(Halt) = computed {
                return;
            }
        }
    }
}

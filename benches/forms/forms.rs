//! The functions of `forms.c` as Rust closures and as functions generic over lanes, for `compare.py` to load.

use std::slice;

use llc::{
    Element, LaneFunction, Lanes, Options, Threads, Window, generic_filter, generic_filter_lanes, lane_function,
};
use ndarray::{ArrayView2, ArrayViewMut2, array};

fn minimum(values: &[f64]) -> f64 {
    let mut least = values[0];
    for &value in &values[1..] {
        if value < least {
            least = value;
        }
    }
    least
}

fn mean(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |sum, value| sum + value) / values.len() as f64
}

fn contrast(values: &[f64]) -> f64 {
    let centre = values[values.len() / 2];
    values.iter().fold(0.0, |sum, value| sum + (value - centre).abs())
}

fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares = values.iter().fold(0.0, |sum, value| sum + (value - mean) * (value - mean));
    (squares / values.len() as f64).sqrt()
}

lane_function! {
    fn minimum_lanes(values) {
        let mut least = values.get(0);
        for value in values {
            least = least.min(value);
        }
        least
    }
}

lane_function! {
    fn mean_lanes(values) {
        values.iter().fold(Lanes::splat(0.0), |sum, value| sum + value) / values.len() as f64
    }
}

lane_function! {
    fn contrast_lanes(values) {
        let centre = values.get(values.len() / 2);
        values.iter().fold(Lanes::splat(0.0), |sum, value| sum + (value - centre).abs())
    }
}

lane_function! {
    fn deviation_lanes(values) {
        let count = values.len() as f64;
        let mean = values.iter().fold(Lanes::splat(0.0), |sum, value| sum + value) / count;
        let squares = values.iter().fold(Lanes::splat(0.0), |sum, value| sum + (value - mean) * (value - mean));
        (squares / count).sqrt()
    }
}

/// Two-dimensional arrays in C order, and how to filter them: as in `forms.c`.
#[repr(C)]
pub struct Job {
    input: *const u8,
    output: *mut u8,
    rows: usize,
    columns: usize,
    dtype: i32,
    threads: i32,
}

/// Runs `$filter` on views of a job's arrays; 0 if all went well.
macro_rules! filtered {
    ($job:ident, ($input:ident, $output:ident) => $filter:expr) => {
        filtered!(@ $job, ($input, $output) => $filter, 0x801: u8, 0x2002: f32, 0x4002: f64)
    };
    (@ $job:ident, ($input:ident, $output:ident) => $filter:expr, $($dtype:literal: $type:ty),*) => {
        match $job.dtype {
            $($dtype => {
                // SAFETY: the arrays are what the job says.
                let ($input, $output) = unsafe { $job.views::<$type>() };
                -i32::from($filter.is_err())
            })*
            _ => -1,
        }
    };
}

impl Job {
    /// # Safety
    /// The arrays are what the job says.
    unsafe fn values(&self, window: &Window<'_>, function: impl Fn(&[f64]) -> f64 + Sync) -> i32 {
        filtered!(self, (input, output) => generic_filter(input, output, window, self.options(), &function))
    }

    /// # Safety
    /// The arrays are what the job says.
    unsafe fn lanes(&self, window: &Window<'_>, function: impl LaneFunction + Sync + Copy) -> i32 {
        filtered!(self, (input, output) => generic_filter_lanes(input, output, window, self.options(), function))
    }

    fn options(&self) -> Options<'static> {
        Options::new().threads(Threads::Count(self.threads as usize))
    }

    /// # Safety
    /// The arrays have elements of this type.
    unsafe fn views<T: Element>(&self) -> (ArrayView2<'_, T>, ArrayViewMut2<'_, T>) {
        let (shape, count) = ((self.rows, self.columns), self.rows * self.columns);
        // SAFETY: passed on.
        let input = unsafe { slice::from_raw_parts(self.input.cast(), count) };
        // SAFETY: passed on.
        let output = unsafe { slice::from_raw_parts_mut(self.output.cast(), count) };
        (ArrayView2::from_shape(shape, input).unwrap(), ArrayViewMut2::from_shape(shape, output).unwrap())
    }
}

fn cross() -> Window<'static> {
    Window::from_footprint(array![[false, true, false], [true, true, true], [false, true, false]].view())
}

macro_rules! forms {
    ($($name:ident: $way:ident($window:expr, $function:expr);)*) => {$(
        /// Filters the arrays of a job; 0 if all went well.
        ///
        /// # Safety
        /// They are what the job says.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(job: &Job) -> i32 {
            // SAFETY: passed on.
            unsafe { job.$way(&$window, $function) }
        }
    )*};
}

forms! {
    filter_minimum: values(cross(), minimum);
    filter_mean: values(Window::new(&[3, 3]), mean);
    filter_contrast: values(Window::new(&[3, 3]), contrast);
    filter_deviation: values(Window::new(&[3, 3]), deviation);
    lanes_minimum: lanes(cross(), minimum_lanes);
    lanes_mean: lanes(Window::new(&[3, 3]), mean_lanes);
    lanes_contrast: lanes(Window::new(&[3, 3]), contrast_lanes);
    lanes_deviation: lanes(Window::new(&[3, 3]), deviation_lanes);
    lanes_minimum_large: lanes(Window::new(&[11, 11]), minimum_lanes);
}

//! Filters from plain functions: values in, one value out. The same in C and C++: `functions.c`, `functions.cpp`.
//!
//! ```text
//! cargo run --release --example functions -- in.pgm minimum.pgm deviation.pgm
//! ```

mod picture;

use llc::{Options, Threads, Window, generic_filter};
use ndarray::{Array2, array};
use picture::{Picture, Result, read_pgm, write_pgm};

fn main() -> Result<()> {
    let [input, minimum, deviation] = &std::env::args().skip(1).collect::<Vec<_>>()[..] else {
        return Err("usage: functions in.pgm minimum.pgm deviation.pgm".into());
    };
    let Picture { width, height, pixels } = read_pgm(input)?;
    let image = Array2::from_shape_vec((height, width), pixels)?;
    let mut output = image.clone();
    let options = || Options::new().threads(Threads::AllCores);

    let cross = Window::from_footprint(array![[false, true, false], [true, true, true], [false, true, false]].view());
    generic_filter(image.view(), output.view_mut(), &cross, options(), |values| {
        let mut result = f64::INFINITY;
        for &value in values {
            if value < result {
                result = value;
            }
        }
        result
    })?;
    write_pgm(minimum, &Picture { width, height, pixels: output.iter().copied().collect() })?;

    let gain = 5.0;
    generic_filter(image.view(), output.view_mut(), &Window::new(&[3, 3]), options(), |values| {
        let n = values.len() as f64;
        let mean = values.iter().fold(0.0, |sum, value| sum + value) / n;
        let squares = values.iter().fold(0.0, |sum, value| sum + (value - mean) * (value - mean));
        let result = gain * (squares / n).sqrt();
        if result < 255.0 { result } else { 255.0 }
    })?;
    write_pgm(deviation, &Picture { width, height, pixels: output.iter().copied().collect() })
}

//! Turns 8-bit greyscale PNG into PGM and back, and puts pictures side by side: for `make demo`, around the C program.
//!
//! ```text
//! cargo run --release --example png -- to-pgm in.png out.pgm
//! cargo run --release --example png -- to-png in.pgm out.png
//! cargo run --release --example png -- montage out.png WIDTH HEIGHT X Y in.png...
//! ```
//! `montage` takes the part of WIDTH x HEIGHT pixels at (X, Y) of every picture.

mod picture;

use std::process::ExitCode;

use picture::{Picture, Result, read_pgm, read_png, write_pgm, write_png};

const USAGE: &str = "to-pgm in.png out.pgm | to-png in.pgm out.png | montage out.png WIDTH HEIGHT X Y in.png...";
const GAP: [u8; 8] = [255; 8];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("png: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["to-pgm", input, output] => write_pgm(output, &read_png(input)?),
        ["to-png", input, output] => write_png(output, &read_pgm(input)?),
        ["montage", output, width, height, x, y, ref inputs @ ..] if !inputs.is_empty() => {
            let pictures = inputs.iter().map(|path| read_png(path)).collect::<Result<Vec<_>>>()?;
            write_png(output, &montage(&pictures, width.parse()?, height.parse()?, x.parse()?, y.parse()?)?)
        }
        _ => Err(format!("usage: {USAGE}").into()),
    }
}

fn montage(pictures: &[Picture], width: usize, height: usize, x: usize, y: usize) -> Result<Picture> {
    if pictures.iter().any(|picture| x + width > picture.width || y + height > picture.height) {
        return Err("the part to take reaches beyond a picture".into());
    }
    let line = |row| {
        let parts = pictures.iter().map(|picture| &picture.pixels[row * picture.width + x..][..width]);
        parts.collect::<Vec<_>>().join(&GAP[..])
    };
    let pixels = (y..y + height).flat_map(line).collect();
    Ok(Picture { width: pictures.len() * (width + GAP.len()) - GAP.len(), height, pixels })
}

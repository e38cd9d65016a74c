//! Turns 8-bit greyscale PNG into PGM and back, and puts pictures side by side: for `make demo`, around the C program.
//!
//! ```text
//! cargo run --release --example png -- to-pgm in.png out.pgm
//! cargo run --release --example png -- to-png in.pgm out.png
//! cargo run --release --example png -- montage out.png WIDTH HEIGHT X Y in.png...
//! ```
//! `montage` takes the part of WIDTH x HEIGHT pixels at (X, Y) of every picture.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Read};
use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

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

/// An 8-bit greyscale picture, row by row.
struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
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

fn read_png(path: &str) -> Result<Picture> {
    let mut reader = png::Decoder::new(open(path)?).read_info()?;
    let info = reader.info();
    if (info.color_type, info.bit_depth) != (png::ColorType::Grayscale, png::BitDepth::Eight) {
        return Err(format!("{path}: {:?} {:?}, not 8-bit greyscale", info.color_type, info.bit_depth).into());
    }
    let (width, height) = (info.width as usize, info.height as usize);
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("too large")?];
    reader.next_frame(&mut pixels)?;
    Ok(Picture { width, height, pixels })
}

fn write_png(path: &str, picture: &Picture) -> Result<()> {
    let file = BufWriter::new(File::create(path)?);
    let mut encoder = png::Encoder::new(file, picture.width.try_into()?, picture.height.try_into()?);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&picture.pixels)?;
    Ok(writer.finish()?)
}

/// Reads a PGM with a header like `write_pgm`'s: three lines, no comments.
fn read_pgm(path: &str) -> Result<Picture> {
    let mut file = open(path)?;
    let mut header = String::new();
    for _ in 0..3 {
        file.read_line(&mut header)?;
    }
    let ["P5", width, height, "255"] = header.split_whitespace().collect::<Vec<_>>()[..] else {
        return Err(format!("{path}: not an 8-bit PGM with a header of three lines").into());
    };
    let (width, height): (usize, usize) = (width.parse()?, height.parse()?);
    let mut pixels = Vec::new();
    file.read_to_end(&mut pixels)?;
    if width.checked_mul(height) != Some(pixels.len()) {
        return Err(format!("{path}: {} pixels, not {width} x {height}", pixels.len()).into());
    }
    Ok(Picture { width, height, pixels })
}

fn write_pgm(path: &str, picture: &Picture) -> Result<()> {
    let header = format!("P5\n{} {}\n255\n", picture.width, picture.height);
    Ok(fs::write(path, [header.as_bytes(), &picture.pixels].concat())?)
}

fn open(path: &str) -> Result<BufReader<File>> {
    Ok(BufReader::new(File::open(path).map_err(|error| format!("{path}: {error}"))?))
}

//! Greyscale pictures from and to files, for the examples.

// No example needs all of it.
#![allow(dead_code)]

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Read};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// An 8-bit greyscale picture, row by row.
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
}

pub(crate) fn read_png(path: &str) -> Result<Picture> {
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

pub(crate) fn write_png(path: &str, picture: &Picture) -> Result<()> {
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
pub(crate) fn read_pgm(path: &str) -> Result<Picture> {
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

pub(crate) fn write_pgm(path: &str, picture: &Picture) -> Result<()> {
    let header = format!("P5\n{} {}\n255\n", picture.width, picture.height);
    Ok(fs::write(path, [header.as_bytes(), &picture.pixels].concat())?)
}

fn open(path: &str) -> Result<BufReader<File>> {
    Ok(BufReader::new(File::open(path).map_err(|error| format!("{path}: {error}"))?))
}

//! Draws the seeded banners: a gradient, discs and the banner's number, in a colour of its own.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use super::font;

/// A file type that can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
}

impl Format {
    /// The name in `file.type` (contract 8).
    pub(super) fn wire_name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
        }
    }

    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// Pictures drawn before, by number and size: every simulator of a process draws the same ones.
static DRAWN: Mutex<BTreeMap<(u32, u32, u32), Bytes>> = Mutex::new(BTreeMap::new());

/// The picture of banner `number`, encoded.
pub(super) fn draw(number: u32, width: u32, height: u32, format: Format) -> Bytes {
    let key = (number, width, height);
    let known = DRAWN.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    if let Some(known) = known {
        return known;
    }
    let bytes = encode(&paint(number, width as usize, height as usize), width, height, format);
    DRAWN.lock().unwrap_or_else(PoisonError::into_inner).insert(key, bytes.clone());
    bytes
}

fn encode(pixels: &[u8], width: u32, height: u32, format: Format) -> Bytes {
    let mut out = Vec::new();
    let encoded = match format {
        Format::Png => PngEncoder::new_with_quality(&mut out, CompressionType::Fast, FilterType::Sub)
            .write_image(pixels, width, height, ExtendedColorType::Rgb8),
        Format::Jpeg => JpegEncoder::new_with_quality(&mut out, 88).write_image(
            pixels,
            width,
            height,
            ExtendedColorType::Rgb8,
        ),
    };
    encoded.expect("the buffer has the size that was announced, and memory takes all writes");
    Bytes::from(out)
}

type Colour = [u8; 3];

fn paint(number: u32, width: usize, height: usize) -> Vec<u8> {
    let mut canvas = Canvas::gradient(width, height, hue(number * 67), hue(number * 67 + 70));
    let unit = width.min(height) / 12;
    for disc in 0..5_u32 {
        let step = disc as usize;
        let x = (number as usize * 131 + step * 257) % width;
        let y = (number as usize * 89 + step * 199) % height;
        canvas.disc(x, y, unit * (1 + (step + number as usize) % 3), hue(number * 67 + 180 + disc * 25));
    }
    let scale = unit / 4;
    let ink = [250, 250, 245];
    canvas.text("SPRING", unit, unit, scale, ink);
    canvas.text(&format!("{number:02}"), unit, unit + scale * 9, scale * 3, ink);
    canvas.pixels
}

/// A colour of the wheel at so many degrees, not too bright for light letters.
fn hue(degrees: u32) -> Colour {
    let degrees = degrees % 360;
    let ramp = u8::try_from(60 + (degrees % 60) * 2).unwrap_or(180);
    let (low, high) = (60, 180);
    let fall = high - (ramp - low);
    match degrees / 60 {
        0 => [high, ramp, low],
        1 => [fall, high, low],
        2 => [low, high, ramp],
        3 => [low, fall, high],
        4 => [ramp, low, high],
        _ => [high, low, fall],
    }
}

struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    /// From one corner to the opposite one.
    fn gradient(width: usize, height: usize, from: Colour, to: Colour) -> Self {
        let steps = width + height;
        let mix = |at: usize| {
            let channel = |c: usize| (usize::from(from[c]) * (steps - at) + usize::from(to[c]) * at) / steps;
            [channel(0), channel(1), channel(2)].map(|value| u8::try_from(value).unwrap_or(u8::MAX))
        };
        // Each row is the diagonal's colours, one further on.
        let diagonal: Vec<u8> = (0..steps).flat_map(mix).collect();
        let pixels = (0..height).flat_map(|y| &diagonal[y * 3..(y + width) * 3]).copied().collect();
        Self { width, height, pixels }
    }

    fn disc(&mut self, x: usize, y: usize, radius: usize, colour: Colour) {
        for row in y.saturating_sub(radius)..(y + radius).min(self.height) {
            let half = (radius * radius - row.abs_diff(y).pow(2)).isqrt();
            self.line(x.saturating_sub(half), x + half, row, colour);
        }
    }

    fn text(&mut self, text: &str, x: usize, y: usize, scale: usize, colour: Colour) {
        for (column, row) in font::pixels(text) {
            let left = x + column * scale;
            for line in 0..scale {
                self.line(left, left + scale, y + row * scale + line, colour);
            }
        }
    }

    fn line(&mut self, from: usize, to: usize, row: usize, colour: Colour) {
        let (from, to) = (from.min(self.width), to.min(self.width));
        if row < self.height && from < to {
            let start = row * self.width;
            for pixel in self.pixels[(start + from) * 3..(start + to) * 3].chunks_exact_mut(3) {
                pixel.copy_from_slice(&colour);
            }
        }
    }
}

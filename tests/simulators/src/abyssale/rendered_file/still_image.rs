//! Renders still images: a gradient, discs and the banner's number, each banner in its own colour.

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};

use crate::abyssale::file_type::FileType;
use crate::abyssale::rendered_file::pixel_font;

/// Renders the image of banner `number`. Types that are not images become a JPEG.
pub(super) fn render(number: u32, width: u32, height: u32, file_type: FileType, quality: u8) -> Bytes {
    let pixels = paint_pixels(number, width as usize, height as usize, 0);
    let colours = ExtendedColorType::Rgb8;
    let mut out = Vec::new();
    let encoded = match file_type {
        FileType::Png => PngEncoder::new_with_quality(&mut out, CompressionType::Fast, FilterType::Sub)
            .write_image(&pixels, width, height, colours),
        FileType::Webp => WebPEncoder::new_lossless(&mut out).write_image(&pixels, width, height, colours),
        FileType::Jpeg | FileType::Avif | FileType::Gif | FileType::Mp4 | FileType::Pdf | FileType::Html5 => {
            JpegEncoder::new_with_quality(&mut out, quality).write_image(&pixels, width, height, colours)
        }
    };
    encoded.expect("the buffer has the declared size and writes to memory succeed");
    Bytes::from(out)
}

type Colour = [u8; 3];

/// Returns pixels of three bytes each. `frame` moves the discs.
pub(super) fn paint_pixels(number: u32, width: usize, height: usize, frame: usize) -> Vec<u8> {
    let angle = (number % 360) * 67;
    let mut canvas = Canvas::gradient(width, height, hue(angle), hue(angle + 70));
    let unit = (width.min(height) / 12).max(4);
    for disc in 0..5_u32 {
        let step = disc as usize;
        let x = (number as usize * 131 + step * 257 + frame * unit) % width;
        let y = (number as usize * 89 + step * 199) % height;
        canvas.draw_disc(x, y, unit * (1 + (step + number as usize) % 3), hue(angle + 180 + disc * 25));
    }
    let scale = unit / 4;
    let ink = [250, 250, 245];
    canvas.draw_text("SPRING", (unit, unit), scale, ink);
    canvas.draw_text(&format!("{number:02}"), (unit, unit + scale * 9), scale * 3, ink);
    canvas.pixels
}

/// Returns a colour of the colour wheel at this angle, dark enough for light text.
pub(super) fn hue(degrees: u32) -> Colour {
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
    /// Fills the canvas with a gradient from one corner to the opposite one.
    fn gradient(width: usize, height: usize, from: Colour, to: Colour) -> Self {
        let steps = width + height;
        let mix = |at: usize| {
            let channel = |c: usize| (usize::from(from[c]) * (steps - at) + usize::from(to[c]) * at) / steps;
            [channel(0), channel(1), channel(2)].map(|value| u8::try_from(value).unwrap_or(u8::MAX))
        };
        // Each row is the diagonal's colours, shifted by one.
        let diagonal: Vec<u8> = (0..steps).flat_map(mix).collect();
        let pixels = (0..height).flat_map(|y| &diagonal[y * 3..(y + width) * 3]).copied().collect();
        Self { width, height, pixels }
    }

    fn draw_disc(&mut self, x: usize, y: usize, radius: usize, colour: Colour) {
        for row in y.saturating_sub(radius)..(y + radius).min(self.height) {
            let half = (radius * radius - row.abs_diff(y).pow(2)).isqrt();
            self.draw_line(x.saturating_sub(half), x + half, row, colour);
        }
    }

    fn draw_text(&mut self, text: &str, (x, y): (usize, usize), scale: usize, colour: Colour) {
        for (column, row) in pixel_font::pixels(text) {
            let left = x + column * scale;
            for line in 0..scale {
                self.draw_line(left, left + scale, y + row * scale + line, colour);
            }
        }
    }

    fn draw_line(&mut self, from: usize, to: usize, row: usize, colour: Colour) {
        let (from, to) = (from.min(self.width), to.min(self.width));
        if row < self.height && from < to {
            let start = row * self.width;
            for pixel in self.pixels[(start + from) * 3..(start + to) * 3].chunks_exact_mut(3) {
                pixel.copy_from_slice(&colour);
            }
        }
    }
}

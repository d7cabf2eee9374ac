//! Renders animated GIFs.

use bytes::Bytes;
use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, Frame, ImageResult, Rgba, RgbaImage};

use crate::abyssale::rendered_file::still_image;

/// The number of frames.
const FRAMES: usize = 3;
/// How long each frame is shown, in milliseconds.
const FRAME_MILLISECONDS: u32 = 250;
/// The encoder's fastest colour selection.
const FASTEST_SPEED: i32 = 30;

/// Renders the animation of banner `number`.
pub(super) fn render(number: u32, width: u32, height: u32) -> Bytes {
    let encoded = encode(number, width, height);
    Bytes::from(encoded.expect("writes to memory succeed and every format fits in a GIF"))
}

fn encode(number: u32, width: u32, height: u32) -> ImageResult<Vec<u8>> {
    let mut out = Vec::new();
    let mut gif = GifEncoder::new_with_speed(&mut out, FASTEST_SPEED);
    gif.set_repeat(Repeat::Infinite)?;
    for index in 0..FRAMES {
        let pixels = still_image::paint_pixels(number, width as usize, height as usize, index);
        let mut frame = RgbaImage::new(width, height);
        for (to, from) in frame.pixels_mut().zip(pixels.chunks_exact(3)) {
            *to = Rgba([from[0], from[1], from[2], u8::MAX]);
        }
        gif.encode_frame(Frame::from_parts(frame, 0, 0, Delay::from_numer_denom_ms(FRAME_MILLISECONDS, 1)))?;
    }
    drop(gif);
    Ok(out)
}

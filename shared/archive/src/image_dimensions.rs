//! Reads the width and height of an image from its first bytes.

use crate::little_endian::{u16_at, u32_at};

/// The width and height of an image in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageDimensions {
    /// The width in pixels.
    pub width: u32,
    /// The height in pixels.
    pub height: u32,
}

/// Reads the dimensions of a PNG, JPEG, GIF or WebP image. Returns None for another format, or if `start` does not
/// include them.
pub fn image_dimensions(start: &[u8]) -> Option<ImageDimensions> {
    let (width, height) = read_png(start)
        .or_else(|| read_gif(start))
        .or_else(|| read_webp(start))
        .or_else(|| read_jpeg(start))?;
    Some(ImageDimensions { width, height })
}

fn read_png(start: &[u8]) -> Option<(u32, u32)> {
    let header = start.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
    (header.get(4..8)? == b"IHDR").then_some(())?;
    let field = |at: usize| Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?));
    Some((field(8)?, field(12)?))
}

fn read_gif(start: &[u8]) -> Option<(u32, u32)> {
    let header = start.strip_prefix(b"GIF8")?.get(2..6)?;
    Some((u16_le(header, 0)?, u16_le(header, 2)?))
}

fn read_webp(start: &[u8]) -> Option<(u32, u32)> {
    start.starts_with(b"RIFF").then_some(())?;
    let chunk = start.get(8..)?.strip_prefix(b"WEBP")?;
    let body = chunk.get(8..)?;
    match chunk.get(..4)? {
        // Lossy: the start code of a VP8 key frame, then 14 bits for each dimension.
        b"VP8 " => {
            (body.get(3..6)? == b"\x9d\x01\x2a").then_some(())?;
            Some((u16_le(body, 6)? & 0x3fff, u16_le(body, 8)? & 0x3fff))
        }
        // Lossless: a signature, then each dimension minus one in 14 bits, without padding between them.
        b"VP8L" => {
            (*body.first()? == 0x2f).then_some(())?;
            let bits = u32_at(body, 1)?;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        // Extended: each dimension of the canvas minus one in 24 bits.
        b"VP8X" => {
            let field = |at| Some((u16_le(body, at)? | u32::from(*body.get(at + 2)?) << 16) + 1);
            Some((field(4)?, field(7)?))
        }
        _ => None,
    }
}

/// Skips the segments of a JPEG up to its frame header.
fn read_jpeg(start: &[u8]) -> Option<(u32, u32)> {
    let mut rest = start.strip_prefix(b"\xff\xd8")?;
    loop {
        let marker = match rest {
            // Fill bytes before a marker.
            [0xff, 0xff, ..] => {
                rest = &rest[1..];
                continue;
            }
            [0xff, marker, ..] => *marker,
            _ => return None,
        };
        rest = &rest[2..];
        match marker {
            // Frame headers (SOF0 to SOF15). C4, C8 and CC define tables or are reserved.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let field =
                    |at: usize| Some(u32::from(u16::from_be_bytes(rest.get(at..at + 2)?.try_into().ok()?)));
                return Some((field(5)?, field(3)?));
            }
            // Markers without a segment.
            0x01 | 0xd0..=0xd8 => {}
            // End of image, or start of scan, before any frame header.
            0xd9 | 0xda => return None,
            _ => {
                let length = u16::from_be_bytes(rest.get(..2)?.try_into().ok()?);
                rest = rest.get(usize::from(length.max(2))..)?;
            }
        }
    }
}

fn u16_le(bytes: &[u8], offset: usize) -> Option<u32> {
    u16_at(bytes, offset).map(u32::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_dimensions(start: &[u8], width: u32, height: u32) {
        assert_eq!(image_dimensions(start), Some(ImageDimensions { width, height }));
        // The same bytes without the last one are too few, and must not cause a panic.
        assert_eq!(image_dimensions(&start[..start.len() - 1]), None);
    }

    #[test]
    fn dimensions_are_read_from_image_headers() {
        assert_dimensions(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x04\xb0\0\0\x02\x76", 1200, 630);
        assert_dimensions(b"GIF89a\x2c\x01\xfa\0", 300, 250);
        assert_dimensions(b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x40\x01\xf0\0", 320, 240);
        assert_dimensions(b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x3f\xc1\x3b\0", 320, 240);
        assert_dimensions(b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x3f\x01\0\xef\0\0", 320, 240);
    }

    #[test]
    fn the_frame_header_of_a_jpeg_may_follow_other_segments() {
        assert_dimensions(
            b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc4\0\x02\xff\xc2\0\x11\x08\x02\x76\x04\xb0",
            1200,
            630,
        );
        assert_eq!(image_dimensions(b"\xff\xd8\xff\xda\0\x02\xff\xc0\0\x11\x08\0\x01\0\x01"), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_cause_no_panic(head in 0..5_usize, bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let heads: [&[u8]; 5] = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF\0\0\0\0WEBPVP8"];
            image_dimensions(&[heads[head], &bytes].concat());
        }
    }
}

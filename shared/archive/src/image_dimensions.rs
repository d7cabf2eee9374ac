//! Width and height of a picture, from its first bytes.

/// A picture's measures in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageDimensions {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// Reads the measures of a PNG, JPEG, GIF or WebP. None for anything else, or if they are not in these bytes.
pub fn image_dimensions(start: &[u8]) -> Option<ImageDimensions> {
    let (width, height) =
        png(start).or_else(|| gif(start)).or_else(|| webp(start)).or_else(|| jpeg(start))?;
    Some(ImageDimensions { width, height })
}

fn png(start: &[u8]) -> Option<(u32, u32)> {
    let header = start.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
    (header.get(4..8)? == b"IHDR").then_some(())?;
    let field = |at: usize| Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?));
    Some((field(8)?, field(12)?))
}

fn gif(start: &[u8]) -> Option<(u32, u32)> {
    let header = start.strip_prefix(b"GIF8")?.get(2..6)?;
    Some((le16(header, 0)?, le16(header, 2)?))
}

fn webp(start: &[u8]) -> Option<(u32, u32)> {
    start.starts_with(b"RIFF").then_some(())?;
    let chunk = start.get(8..)?.strip_prefix(b"WEBP")?;
    let body = chunk.get(8..)?;
    match chunk.get(..4)? {
        // Lossy: a VP8 key frame, 14 bits each.
        b"VP8 " => {
            (body.get(3..6)? == b"\x9d\x01\x2a").then_some(())?;
            Some((le16(body, 6)? & 0x3fff, le16(body, 8)? & 0x3fff))
        }
        // Lossless: 14 bits each, less one, packed.
        b"VP8L" => {
            (*body.first()? == 0x2f).then_some(())?;
            let bits = le16(body, 1)? | le16(body, 3)? << 16;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        // Extended: the canvas, 24 bits each, less one.
        b"VP8X" => {
            let field = |at| Some((le16(body, at)? | u32::from(*body.get(at + 2)?) << 16) + 1);
            Some((field(4)?, field(7)?))
        }
        _ => None,
    }
}

/// Walks the segments of a JPEG to its frame header.
fn jpeg(start: &[u8]) -> Option<(u32, u32)> {
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
            // Frame headers; C4, C8 and CC in between are tables.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let field =
                    |at: usize| Some(u32::from(u16::from_be_bytes(rest.get(at..at + 2)?.try_into().ok()?)));
                return Some((field(5)?, field(3)?));
            }
            // Markers without a body.
            0x01 | 0xd0..=0xd8 => {}
            // The end, or the picture itself, before any frame header.
            0xd9 | 0xda => return None,
            _ => {
                let length = u16::from_be_bytes(rest.get(..2)?.try_into().ok()?);
                rest = rest.get(usize::from(length.max(2))..)?;
            }
        }
    }
}

fn le16(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is(start: &[u8], width: u32, height: u32) {
        assert_eq!(image_dimensions(start), Some(ImageDimensions { width, height }));
        // One byte less than is needed is not enough, and does no harm.
        assert_eq!(image_dimensions(&start[..start.len() - 1]), None);
    }

    #[test]
    fn measures_are_read_from_headers() {
        is(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x04\xb0\0\0\x02\x76", 1200, 630);
        is(b"GIF89a\x2c\x01\xfa\0", 300, 250);
        is(b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x40\x01\xf0\0", 320, 240);
        is(b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x3f\xc1\x3b\0", 320, 240);
        is(b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x3f\x01\0\xef\0\0", 320, 240);
    }

    #[test]
    fn a_jpegs_frame_header_is_found_behind_other_segments() {
        is(b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc4\0\x02\xff\xc2\0\x11\x08\x02\x76\x04\xb0", 1200, 630);
        assert_eq!(image_dimensions(b"\xff\xd8\xff\xda\0\x02\xff\xc0\0\x11\x08\0\x01\0\x01"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_do_any_harm(head in 0..5_usize, bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let heads: [&[u8]; 5] = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF\0\0\0\0WEBPVP8"];
            image_dimensions(&[heads[head], &bytes].concat());
        }
    }
}

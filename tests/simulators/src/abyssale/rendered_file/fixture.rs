//! Files of types that no crate of this workspace writes: small ones from `fixtures/`, made distinct by a note
//! at their end.

use bytes::Bytes;

/// A still AVIF of 64 by 64 pixels.
const AVIF: &[u8] = include_bytes!("fixtures/banner.avif");
/// A silent MP4 of 160 by 90 pixels, one second long.
const MP4: &[u8] = include_bytes!("fixtures/banner.mp4");

/// Returns the AVIF of banner `number`. Its size is the fixture's, not the format's.
pub(super) fn avif(number: u32) -> Bytes {
    append_note(AVIF, number)
}

/// Returns the MP4 of banner `number`. Its size is the fixture's, not the format's.
pub(super) fn mp4(number: u32) -> Bytes {
    append_note(MP4, number)
}

/// Appends a note. Both containers end in boxes of any type, and every reader skips a `free` box (ISO/IEC
/// 14496-12, 8.1.2).
fn append_note(file: &[u8], number: u32) -> Bytes {
    let note = format!("banner {number:08}");
    let length = u32::try_from(note.len() + 8).unwrap_or(u32::MAX);
    Bytes::from([file, &length.to_be_bytes(), b"free", note.as_bytes()].concat())
}

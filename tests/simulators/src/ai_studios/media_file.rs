//! The file behind a URL: a small playable video, or a generated file, followed by as much padding as a test
//! requests.

use std::ops::Range;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::id_generator::hex;

/// One second of picture and sound; `fixtures/README.md` describes how it was made.
const MP4: &[u8] = include_bytes!("fixtures/video.mp4");
const MEBIBYTE: usize = 1 << 20;
/// The length of a box header.
const HEADER: usize = 8;

/// A file whose bytes are generated when they are read.
#[derive(Debug)]
pub(super) struct MediaFile {
    /// The small video and a note that makes it distinct, or a generated file.
    head: Vec<u8>,
    /// The length of the `free` box after it, header included.
    padding: usize,
    /// The shorter length that a fault sets.
    cut_to: Option<usize>,
}

impl MediaFile {
    /// Creates the video with this note and this many MiB of padding. Players skip `free` boxes (ISO/IEC
    /// 14496-12, 8.1.2).
    pub(super) fn video(note: &str, padding_megabytes: u32) -> Self {
        let head = [MP4, &free_box_header(HEADER + note.len()), note.as_bytes()].concat();
        Self { head, padding: padding_megabytes as usize * MEBIBYTE, cut_to: None }
    }

    /// Creates a generated file, which has no padding.
    pub(super) fn generated(content: &[u8]) -> Self {
        Self { head: content.to_vec(), padding: 0, cut_to: None }
    }

    /// Limits the file to its first bytes.
    pub(super) fn cut_to(self, bytes: usize) -> Self {
        Self { cut_to: Some(bytes), ..self }
    }

    /// Returns the length in bytes.
    pub(super) fn length(&self) -> usize {
        let whole = self.head.len() + self.padding;
        self.cut_to.map_or(whole, |bytes| bytes.min(whole))
    }

    pub(super) fn etag(&self) -> String {
        let digest =
            Sha256::new().chain_update(&self.head).chain_update(self.padding.to_be_bytes()).finalize();
        format!("\"{}\"", &hex(&digest)[..32])
    }

    /// Reads some of its bytes. Memory that is never written to costs nothing, so neither does padding.
    pub(super) fn read(&self, range: Range<usize>) -> Bytes {
        let mut part = vec![0; range.len()];
        let mut lay = |at: usize, bytes: &[u8]| {
            let (from, to) = (at.max(range.start), (at + bytes.len()).min(range.end));
            if from < to {
                part[from - range.start..to - range.start].copy_from_slice(&bytes[from - at..to - at]);
            }
        };
        lay(0, &self.head);
        if self.padding > 0 {
            let start = self.head.len();
            lay(start, &free_box_header(self.padding));
            // Each MiB holds its number, so that a misplaced one is detected.
            for number in 1..self.padding / MEBIBYTE {
                lay(start + number * MEBIBYTE, &number.to_be_bytes());
            }
        }
        Bytes::from(part)
    }
}

/// Returns the header of a `free` box.
fn free_box_header(length: usize) -> [u8; HEADER] {
    let mut header = *b"\0\0\0\0free";
    header[..4].copy_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    header
}

#[cfg(test)]
mod tests {
    //! Boxes add up, and ranges match the whole file.

    use super::*;

    /// Returns the types of the boxes of a file, which must fill it.
    fn boxes(file: &[u8]) -> Vec<String> {
        let mut at = 0;
        let mut found = Vec::new();
        while at < file.len() {
            let length = u32::from_be_bytes(file[at..at + 4].try_into().expect("four bytes"));
            found.push(String::from_utf8_lossy(&file[at + 4..at + 8]).into_owned());
            at += length as usize;
        }
        assert_eq!(at, file.len(), "the last box ends with the file");
        found
    }

    #[test]
    fn a_video_is_an_mp4_with_and_without_padding() {
        let small = MediaFile::video("bt-1", 0);
        assert_eq!(boxes(&small.read(0..small.length())), ["ftyp", "moov", "free", "mdat", "free"]);
        let large = MediaFile::video("bt-1", 3);
        assert_eq!(large.length(), small.length() + 3 * MEBIBYTE);
        assert_eq!(boxes(&large.read(0..large.length())).last().map(String::as_str), Some("free"));
        assert_ne!(small.etag(), large.etag());
    }

    #[test]
    fn ranges_add_up_to_the_whole_file() {
        let video = MediaFile::video("bt-2", 2);
        let whole = video.read(0..video.length());
        // Not a multiple of a MiB, so that some markers cross a boundary.
        let step = MEBIBYTE / 3 + 1;
        let parts = (0..video.length()).step_by(step);
        let parts: Vec<Bytes> =
            parts.map(|start| video.read(start..(start + step).min(video.length()))).collect();
        assert_eq!(parts.concat(), whole);
    }
}

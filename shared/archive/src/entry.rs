//! One entry of the central directory, and the header that lies before its bytes.

use std::ops::Range;

use crate::little_endian::{u16_at, u32_at, u64_at};

/// The signature and the fixed length of a directory entry.
pub(crate) const ENTRY: &[u8] = b"PK\x01\x02";
pub(crate) const ENTRY_LENGTH: usize = 46;
/// The fixed length of the header before an entry's bytes.
pub const HEADER_LENGTH: u64 = 30;
const HEADER: &[u8] = b"PK\x03\x04";
const ZIP64_EXTRA: u16 = 0x0001;
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const UTF8: u16 = 1 << 11;

/// How an entry's bytes are kept. Others are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// As they are.
    Stored,
    /// As one raw deflate stream.
    Deflated,
}

/// A file of an archive, as the directory describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name as it stands there, in whatever encoding.
    pub name: Box<[u8]>,
    /// Whether the archive says that the name is UTF-8.
    pub utf8: bool,
    /// How its bytes are kept.
    pub method: Method,
    /// CRC-32 of the file.
    pub crc32: u32,
    /// Bytes in the archive.
    pub compressed: u64,
    /// Bytes of the file.
    pub size: u64,
    /// Where its header begins, from the first byte of the archive.
    pub offset: u64,
    /// How long its header is if it repeats what the directory says. It may be longer.
    pub header: u64,
}

impl Entry {
    /// Where the entry ends at the earliest: its header cannot be shorter than its name makes it.
    pub fn least_end(&self) -> u64 {
        (self.offset.saturating_add(HEADER_LENGTH).saturating_add(self.name.len() as u64))
            .saturating_add(self.compressed)
    }
}

/// A whole directory entry that is still in the window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a>(pub(super) &'a [u8]);

impl<'a> Record<'a> {
    fn u16(self, at: usize) -> u16 {
        u16_at(self.0, at).unwrap_or_default()
    }

    fn u32(self, at: usize) -> u32 {
        u32_at(self.0, at).unwrap_or_default()
    }

    fn part(self, start: usize, length: u16) -> &'a [u8] {
        self.0.get(start..start + usize::from(length)).unwrap_or_default()
    }

    pub(crate) fn name(self) -> &'a [u8] {
        self.part(ENTRY_LENGTH, self.u16(28))
    }

    fn extra(self) -> &'a [u8] {
        self.part(ENTRY_LENGTH + usize::from(self.u16(28)), self.u16(30))
    }

    /// Directories carry no bytes; their names end in a slash.
    pub(crate) fn is_directory(self) -> bool {
        self.name().ends_with(b"/")
    }

    pub(crate) fn utf8(self) -> bool {
        self.u16(8) & UTF8 != 0
    }

    pub(crate) fn encrypted(self) -> bool {
        self.u16(8) & ENCRYPTED != 0
    }

    /// The number of the method; 0 is stored, 8 is deflated.
    pub(crate) fn method(self) -> u16 {
        self.u16(10)
    }

    pub(crate) fn crc32(self) -> u32 {
        self.u32(16)
    }

    /// Length of the header before the bytes, if it repeats name and extra field.
    pub(crate) fn header(self) -> u64 {
        HEADER_LENGTH + u64::from(self.u16(28)) + u64::from(self.u16(30))
    }

    /// File size, size in the archive, and offset of the header: from the fixed part, or where that is full from
    /// the Zip64 extra field, which holds only what does not fit, in this order. None when it is not there.
    pub(crate) fn sizes(self) -> Option<(u64, u64, u64)> {
        let mut long = self.zip64().unwrap_or_default();
        let mut value = |short: u32| {
            if short != u32::MAX {
                return Some(u64::from(short));
            }
            let value = u64_at(long, 0)?;
            long = &long[8..];
            Some(value)
        };
        Some((value(self.u32(24))?, value(self.u32(20))?, value(self.u32(42))?))
    }

    fn zip64(self) -> Option<&'a [u8]> {
        let mut extra = self.extra();
        loop {
            let (id, length) = (u16_at(extra, 0)?, usize::from(u16_at(extra, 2)?));
            let field = extra.get(4..4 + length)?;
            if id == ZIP64_EXTRA {
                return Some(field);
            }
            extra = &extra[4 + length..];
        }
    }
}

/// Where an entry's bytes lie, as its own header says. `header` begins at the entry's offset and holds at least
/// the fixed part. None if there is no header.
pub fn data_range(entry: &Entry, header: &[u8]) -> Option<Range<u64>> {
    if !header.starts_with(HEADER) {
        return None;
    }
    let (name, extra) = (u16_at(header, 26)?, u16_at(header, 28)?);
    let start = entry.offset.checked_add(HEADER_LENGTH + u64::from(name) + u64::from(extra))?;
    Some(start..start.checked_add(entry.compressed)?)
}

//! The last bytes of an archive in memory, in which its end of central directory record is searched, and a limited
//! number of reads before them.

use std::ops::Range;

use bytes::Bytes;
use model::Error;

use crate::zip_signatures::{LOCATOR_BYTES, MIN_END_RECORD_BYTES, can_start_with};

/// The most bytes behind an archive: line breaks, or zeros up to the length of a block. Common tools search as far.
pub(crate) const MAX_TRAILING_BYTES: u64 = 64 * 1024;
/// The longest comment. Its length has 16 bits (APPNOTE 4.3.16).
const MAX_COMMENT_BYTES: u64 = 65_535;
/// How many last bytes of an archive hold its end of central directory record, with the Zip64 locator before it.
pub const END_RECORD_SEARCH_BYTES: u64 =
    LOCATOR_BYTES + MIN_END_RECORD_BYTES + MAX_COMMENT_BYTES + MAX_TRAILING_BYTES;
/// How many reads before the last bytes may be needed to check what the end of central directory records say. An
/// archive needs two at most. Only one that is made to deceive has so many records.
const MAX_READS: u32 = 16;

/// The last bytes of an archive of known length.
pub(crate) struct ArchiveTail<'a, R> {
    pub(crate) length: u64,
    /// Where `bytes` start in the archive.
    pub(crate) start: u64,
    pub(crate) bytes: Bytes,
    read: &'a R,
    reads_left: u32,
    starts_as_archive: Option<bool>,
}

impl<'a, R, F> ArchiveTail<'a, R>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    /// Reads the tail of an archive of `length` bytes.
    pub(crate) async fn read(length: u64, read: &'a R) -> Result<Self, Error> {
        let start = length.saturating_sub(END_RECORD_SEARCH_BYTES);
        let bytes = if length == 0 { Bytes::new() } else { read(start..length).await? };
        Ok(Self { length, start, bytes, read, reads_left: MAX_READS, starts_as_archive: None })
    }

    /// Reads a short range of the archive, from memory if it is in the tail. Returns None for a range that is outside of
    /// the archive, or if there were too many reads.
    pub(crate) async fn read_range(&mut self, range: Range<u64>) -> Result<Option<Bytes>, Error> {
        if range.start >= range.end || range.end > self.length {
            return Ok(None);
        }
        let index = |offset: u64| usize::try_from(offset.checked_sub(self.start)?).ok();
        if let (Some(start), Some(end)) = (index(range.start), index(range.end)) {
            return Ok((end <= self.bytes.len()).then(|| self.bytes.slice(start..end)));
        }
        if self.is_exhausted() {
            return Ok(None);
        }
        self.reads_left -= 1;
        (self.read)(range).await.map(Some)
    }

    /// Whether the archive needed so many reads that no further ones are made.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.reads_left == 0
    }

    /// Whether the first bytes of the file are those of an archive without anything before it.
    pub(crate) async fn starts_as_archive(&mut self) -> Result<bool, Error> {
        if let Some(known) = self.starts_as_archive {
            return Ok(known);
        }
        let end = 4.min(self.length);
        let start = match self.start {
            0 => self.bytes.slice(..self.bytes.len().min(4)),
            _ => (self.read)(0..end).await?,
        };
        Ok(*self.starts_as_archive.insert(can_start_with(&start)))
    }
}

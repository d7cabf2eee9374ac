//! The fields of an end of central directory record and of the Zip64 records before it, and where the central
//! directory is by them.

use std::ops::Range;

use bytes::Bytes;
use model::Error;

use crate::{
    archive_tail::ArchiveTail,
    little_endian::{u16_at, u32_at, u64_at},
    zip_signatures::{
        CENTRAL_DIRECTORY_HEADER, LOCATOR_BYTES, MIN_END_RECORD_BYTES, ZIP64_END_OF_CENTRAL_DIRECTORY,
        ZIP64_LOCATOR,
    },
};
/// Length of the fixed part of the Zip64 end of central directory record (APPNOTE 4.3.14).
const MIN_ZIP64_END_RECORD_BYTES: u64 = 56;
/// The longest Zip64 end of central directory record that is searched before its locator. Its variable part is for
/// special purposes, and common tools write none (APPNOTE 4.3.14.2).
const MAX_ZIP64_END_RECORD_BYTES: u64 = 4096;
/// Length of the fixed part of a central directory header (APPNOTE 4.3.12).
const MIN_HEADER_BYTES: u64 = 46;

/// Where the central directory is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CentralDirectoryLocation {
    pub(crate) range: Range<u64>,
    pub(crate) entry_count: u64,
    /// The number of bytes before the archive, such as the code of a self-extracting archive (APPNOTE 4.1.9). Every
    /// offset in the archive is too low by this number.
    pub(crate) prefix_length: u64,
    /// Whether the archive can be read in two ways, so that two tools may find different files in it.
    pub(crate) is_ambiguous: bool,
}

/// An end of central directory record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EndRecord {
    /// Where it starts.
    pub(crate) offset: u64,
    /// Where its comment ends.
    pub(crate) end: u64,
    disk_number: u16,
    entry_count: u16,
    size: u32,
    directory_offset: u32,
}

impl EndRecord {
    /// Reads the record that `bytes` start with, at this offset in the archive. None if it is incomplete.
    pub(crate) fn parse(bytes: &[u8], offset: u64) -> Option<Self> {
        let end = offset + MIN_END_RECORD_BYTES + u64::from(u16_at(bytes, 20)?);
        Some(Self {
            offset,
            end,
            disk_number: u16_at(bytes, 4)?,
            entry_count: u16_at(bytes, 10)?,
            size: u32_at(bytes, 12)?,
            directory_offset: u32_at(bytes, 16)?,
        })
    }

    /// Whether it is the end of one of several parts of a split archive.
    pub(crate) fn is_of_split_archive(&self) -> bool {
        self.disk_number != 0 && self.disk_number != u16::MAX
    }

    /// Locates the central directory. None if nothing is there that could be one.
    ///
    /// With Zip64 records the values in them count, and the central directory ends before them. If this record has other
    /// values, and they lead to a central directory, too, the archive is ambiguous.
    pub(crate) async fn locate_directory<R, F>(
        &self,
        tail: &mut ArchiveTail<'_, R>,
    ) -> Result<Option<CentralDirectoryLocation>, Error>
    where
        R: Fn(Range<u64>) -> F,
        F: Future<Output = Result<Bytes, Error>>,
    {
        let zip64 = self.locate_by_zip64(tail).await?;
        if zip64.as_ref().is_some_and(|zip64| self.agrees_with(zip64)) {
            return Ok(zip64);
        }
        let Some(location) = self.location() else { return Ok(zip64) };
        let has_directory = has_header_at_start(&location, tail).await?;
        Ok(match zip64 {
            Some(zip64) => {
                let is_ambiguous = zip64.is_ambiguous || has_directory;
                Some(CentralDirectoryLocation { is_ambiguous, ..zip64 })
            }
            None => has_directory.then_some(location),
        })
    }

    /// The location by the values of this record alone.
    ///
    /// An archive with exactly 65,535 entries, or with a central directory whose offset is exactly 0xFFFFFFFF, needs no
    /// Zip64 records. Info-ZIP writes none either when it writes Zip64 entries into a pipe: the offset is 0xFFFFFFFF,
    /// and no record has the actual one.
    fn location(&self) -> Option<CentralDirectoryLocation> {
        let size = u64::from(self.size);
        let offset = match self.directory_offset {
            u32::MAX => self.offset.checked_sub(size)?.min(u32::MAX.into()),
            offset => offset.into(),
        };
        compute_location(self.entry_count.into(), size, offset, self.offset)
    }

    /// Whether the size and the offset in this record are those of the Zip64 record, or say that they are there.
    fn agrees_with(&self, zip64: &CentralDirectoryLocation) -> bool {
        let agrees = |field: u32, value: u64| field == u32::MAX || u64::from(field) == value;
        agrees(self.size, zip64.range.end - zip64.range.start)
            && agrees(self.directory_offset, zip64.range.start - zip64.prefix_length)
    }

    /// The location by the Zip64 records, if there are such records.
    ///
    /// The Zip64 end of central directory record is directly before its locator (APPNOTE 4.3.6). The offset in the
    /// locator is too low if there are bytes before the archive. If another such record is at that offset, the archive
    /// is ambiguous.
    async fn locate_by_zip64<R, F>(
        &self,
        tail: &mut ArchiveTail<'_, R>,
    ) -> Result<Option<CentralDirectoryLocation>, Error>
    where
        R: Fn(Range<u64>) -> F,
        F: Future<Output = Result<Bytes, Error>>,
    {
        let Some(locator_offset) = self.offset.checked_sub(LOCATOR_BYTES) else { return Ok(None) };
        let locator = tail.read_range(locator_offset..self.offset).await?.unwrap_or_default();
        let Some(stated) = locator.starts_with(ZIP64_LOCATOR).then(|| u64_at(&locator, 8)).flatten() else {
            return Ok(None);
        };
        let before = find_zip64_record_before(locator_offset, tail).await?;
        let elsewhere = Some(stated).filter(|stated| Some(*stated) != before);
        let mut found: Option<CentralDirectoryLocation> = None;
        for offset in before.into_iter().chain(elsewhere) {
            let Some(location) = read_zip64_record(offset, locator_offset, tail).await? else { continue };
            match &mut found {
                Some(first) => first.is_ambiguous = true,
                None => found = Some(location),
            }
        }
        Ok(found)
    }
}

/// Finds the Zip64 end of central directory record that ends where the locator starts.
async fn find_zip64_record_before<R, F>(
    locator_offset: u64,
    tail: &mut ArchiveTail<'_, R>,
) -> Result<Option<u64>, Error>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    let start = locator_offset.saturating_sub(MAX_ZIP64_END_RECORD_BYTES).max(tail.start);
    let bytes = tail.read_range(start..locator_offset).await?.unwrap_or_default();
    let ends_at_locator = |at: &usize| {
        // The size of the record does not count its first 12 bytes (APPNOTE 4.3.14.1).
        let size = u64_at(&bytes, at + 4).map(|size| size.saturating_add(12));
        bytes[*at..].starts_with(ZIP64_END_OF_CENTRAL_DIRECTORY) && size == Some((bytes.len() - at) as u64)
    };
    Ok((0..bytes.len()).rev().find(ends_at_locator).map(|at| start + at as u64))
}

/// Reads the location from a Zip64 end of central directory record. None if there is none at this offset, or no central
/// directory by its values.
async fn read_zip64_record<R, F>(
    offset: u64,
    locator_offset: u64,
    tail: &mut ArchiveTail<'_, R>,
) -> Result<Option<CentralDirectoryLocation>, Error>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    let end = offset.saturating_add(MIN_ZIP64_END_RECORD_BYTES);
    if end > locator_offset {
        return Ok(None);
    }
    let record = tail.read_range(offset..end).await?.unwrap_or_default();
    if !record.starts_with(ZIP64_END_OF_CENTRAL_DIRECTORY) {
        return Ok(None);
    }
    let field = |at| u64_at(&record, at).unwrap_or_default();
    match compute_location(field(32), field(40), field(48), offset) {
        Some(location) if has_header_at_start(&location, tail).await? => Ok(Some(location)),
        _ => Ok(None),
    }
}

/// Computes the location of a central directory that ends where its end record starts. None if it would not be in the
/// archive, or is too short for its entries.
///
/// `offset` is too low if there are bytes before the archive, as in a self-extracting one. The size of the central
/// directory is reliable in this case, too.
fn compute_location(entry_count: u64, size: u64, offset: u64, end: u64) -> Option<CentralDirectoryLocation> {
    let start = end.checked_sub(size).filter(|start| *start >= offset)?;
    // Without entries it has no bytes, but some writers let a 16-bit count wrap around to zero.
    (size / MIN_HEADER_BYTES >= entry_count).then_some(CentralDirectoryLocation {
        range: start..end,
        entry_count,
        prefix_length: start - offset,
        is_ambiguous: false,
    })
}

/// Whether a central directory starts where it should.
async fn has_header_at_start<R, F>(
    location: &CentralDirectoryLocation,
    tail: &mut ArchiveTail<'_, R>,
) -> Result<bool, Error>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    let Range { start, end } = location.range;
    if start == end {
        return Ok(true);
    }
    let header = tail.read_range(start..end.min(start + 4)).await?;
    Ok(header.is_some_and(|header| header == CENTRAL_DIRECTORY_HEADER))
}

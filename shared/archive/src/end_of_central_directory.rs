//! Locates the central directory from the end of an archive: the end of central directory record, and the Zip64
//! records.

use std::ops::Range;

use bytes::Bytes;
use model::Error;

use crate::{
    errors::archive_invalid,
    little_endian::{u16_at, u32_at, u64_at},
    zip_signatures::{END_OF_CENTRAL_DIRECTORY, ZIP64_END_OF_CENTRAL_DIRECTORY, ZIP64_LOCATOR},
};

/// Length of the end of central directory record without its comment (APPNOTE 4.3.16).
const MIN_END_RECORD_BYTES: usize = 22;
/// Length of the Zip64 end of central directory locator (APPNOTE 4.3.15).
const LOCATOR_BYTES: usize = 20;
/// Length of the fixed part of the Zip64 end of central directory record (APPNOTE 4.3.14).
const MIN_ZIP64_END_RECORD_BYTES: u64 = 56;
/// The longest comment (its length has 16 bits, APPNOTE 4.3.16), the end of central directory record, and the Zip64
/// locator before it.
const MAX_TAIL_BYTES: u64 = 65_535 + (MIN_END_RECORD_BYTES + LOCATOR_BYTES) as u64;

/// Where the central directory is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CentralDirectoryLocation {
    pub(crate) range: Range<u64>,
    pub(crate) entry_count: u64,
    /// The number of bytes before the archive, such as the code of a self-extracting archive (APPNOTE 4.1.9). Every
    /// offset in the archive is too low by this number.
    pub(crate) prefix_length: u64,
}

/// Locates the central directory of an archive of `length` bytes.
pub(crate) async fn locate_central_directory<R, F>(
    length: u64,
    read: &R,
) -> Result<CentralDirectoryLocation, Error>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    if length < MIN_END_RECORD_BYTES as u64 {
        return Err(archive_invalid("it is shorter than an end of central directory record"));
    }
    let tail_start = length.saturating_sub(MAX_TAIL_BYTES);
    let tail = read(tail_start..length).await?;
    let record_start = find_end_record(&tail).ok_or_else(|| {
        archive_invalid("its end of central directory record is missing, so it is probably truncated")
    })?;
    let record = &tail[record_start..];
    let record_offset = tail_start + record_start as u64;
    let u16_field = |offset| u16_at(record, offset).unwrap_or_default();
    let u32_field = |offset| u32_at(record, offset).unwrap_or_default();
    let disk_number = u16_field(4);
    if disk_number != 0 && disk_number != u16::MAX {
        return Err(archive_invalid("it is one of several disks of a split archive"));
    }
    let (entry_count, size, offset) = (u16_field(10), u32_field(12), u32_field(16));
    if entry_count != u16::MAX && size != u32::MAX && offset != u32::MAX {
        return compute_location(entry_count.into(), size.into(), offset.into(), record_offset);
    }
    match read_locator(&tail, record_start) {
        Some(zip64_offset) => {
            read_zip64_end_record(zip64_offset, record_offset - LOCATOR_BYTES as u64, read).await
        }
        // An archive with exactly 65,535 entries, or with a central directory whose offset is exactly 0xFFFFFFFF,
        // needs no Zip64 records. Info-ZIP writes none either when it writes Zip64 entries into a pipe: the offset
        // is 0xFFFFFFFF, and no record has the actual one.
        None => {
            let start = record_offset.saturating_sub(size.into());
            let offset = if offset == u32::MAX { start.min(offset.into()) } else { offset.into() };
            compute_location(entry_count.into(), size.into(), offset, record_offset)
        }
    }
}

/// Finds the last end of central directory record whose comment ends exactly at the end of the archive. A comment
/// may hold the bytes of another record.
fn find_end_record(tail: &[u8]) -> Option<usize> {
    (0..=tail.len().checked_sub(MIN_END_RECORD_BYTES)?).rev().find(|&start| {
        tail[start..].starts_with(END_OF_CENTRAL_DIRECTORY)
            && u16_at(tail, start + 20).is_some_and(|comment_length| {
                start + MIN_END_RECORD_BYTES + usize::from(comment_length) == tail.len()
            })
    })
}

/// Reads the offset of the Zip64 end of central directory record from the locator before the end of central
/// directory record, if there is one.
fn read_locator(tail: &[u8], record_start: usize) -> Option<u64> {
    let locator = &tail[record_start.checked_sub(LOCATOR_BYTES)?..record_start];
    locator.starts_with(ZIP64_LOCATOR).then(|| u64_at(locator, 8)).flatten()
}

/// Reads the Zip64 end of central directory record at the offset in the locator, or else directly before the
/// locator: with bytes before the archive, the offset in the locator is wrong.
async fn read_zip64_end_record<R, F>(
    offset_in_locator: u64,
    locator_offset: u64,
    read: &R,
) -> Result<CentralDirectoryLocation, Error>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    let end = offset_in_locator.checked_add(MIN_ZIP64_END_RECORD_BYTES);
    let is_before_locator = end.is_some_and(|end| end <= locator_offset);
    let directly_before = locator_offset.checked_sub(MIN_ZIP64_END_RECORD_BYTES);
    for offset in is_before_locator.then_some(offset_in_locator).into_iter().chain(directly_before) {
        let record = read(offset..offset + MIN_ZIP64_END_RECORD_BYTES).await?;
        if record.starts_with(ZIP64_END_OF_CENTRAL_DIRECTORY) {
            let field = |offset| u64_at(&record, offset).unwrap_or_default();
            return compute_location(field(32), field(40), field(48), offset);
        }
    }
    Err(archive_invalid("its Zip64 end of central directory record is missing"))
}

/// Computes the location of the central directory, which ends where the end of central directory record starts.
///
/// `offset` is too low if there are bytes before the archive, as in a self-extracting one. The size of the central
/// directory is reliable in this case, too.
fn compute_location(
    entry_count: u64,
    size: u64,
    offset: u64,
    end: u64,
) -> Result<CentralDirectoryLocation, Error> {
    let start = end.checked_sub(size).filter(|start| *start >= offset);
    let start = start.ok_or_else(|| archive_invalid("its central directory lies outside of the archive"))?;
    Ok(CentralDirectoryLocation { range: start..end, entry_count, prefix_length: start - offset })
}

//! Recognizes an archive by its end: finds the end of central directory record among the last bytes, and locates the
//! central directory.
//!
//! The last record whose central directory is in the file counts, as in common tools. Bytes before the archive and up to
//! 64 KiB behind it do not matter.

use std::ops::Range;

use bytes::Bytes;
use model::Error;

use crate::{
    archive_tail::{ArchiveTail, MAX_TRAILING_BYTES},
    end_record::{CentralDirectoryLocation, EndRecord},
    errors::{archive_invalid, not_an_archive},
    zip_signatures::{END_OF_CENTRAL_DIRECTORY, find_last_record},
};

/// Locates the central directory of an archive of `length` bytes.
///
/// # Errors
/// [`model::ErrorClass::ArchiveInvalid`]: the archive is cut off, or the file is no archive at all, which
/// [`crate::is_not_an_archive`] tells apart; any error of `read`.
pub(crate) async fn locate_central_directory<R, F>(
    length: u64,
    read: &R,
) -> Result<CentralDirectoryLocation, Error>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    let mut tail = ArchiveTail::read(length, read).await?;
    let last_record = find_last_record(&tail.bytes).map(|at| tail.start + at as u64);
    let records = find_end_records(&tail);
    // The first of the later records that have a central directory, but are followed by other records.
    let mut passed_over: Option<EndRecord> = None;
    let mut reason = "its end of central directory record is missing, so it is cut off";
    for (index, record) in records.iter().enumerate() {
        if record.is_of_split_archive() {
            reason = "it is one of several disks of a split archive";
            continue;
        }
        let Some(location) = record.locate_directory(&mut tail).await? else {
            reason = "its end of central directory record does not point to a central directory";
            continue;
        };
        if is_followed_by_archive(record, &location, last_record, &mut tail).await? {
            reason = "it goes on behind an end of central directory record, so it is cut off";
            passed_over = Some(*record);
            continue;
        }
        let is_ambiguous = location.is_ambiguous
            || passed_over.is_some_and(|later| later.offset < record.end)
            || has_rival(record, &records[index + 1..], &mut tail).await?;
        return Ok(CentralDirectoryLocation { is_ambiguous, ..location });
    }
    // A file of another format may hold the bytes of such a record by chance.
    Err(match tail.starts_as_archive().await? {
        true => archive_invalid(reason),
        false => not_an_archive("it has no end of central directory record"),
    })
}

/// Finds all complete end of central directory records, the last one first. Not more than 64 KiB may follow the comment.
fn find_end_records<R>(tail: &ArchiveTail<'_, R>) -> Vec<EndRecord> {
    let is_at_end =
        |record: &EndRecord| record.end <= tail.length && tail.length - record.end <= MAX_TRAILING_BYTES;
    let starts = tail.bytes.windows(4).enumerate().rev();
    let starts = starts.filter(|(_, four)| *four == END_OF_CENTRAL_DIRECTORY).map(|(start, _)| start);
    starts
        .filter_map(|start| EndRecord::parse(&tail.bytes[start..], tail.start + start as u64))
        .filter(is_at_end)
        .collect()
}

/// Whether what follows a record shows that the record is not the end of the file, but belongs to an archive that is
/// stored in it. Then the file is cut off.
///
/// Nothing that follows the end of an archive has the signature of a record. And an archive with further bytes behind it does
/// not have the beginning of another archive before it.
async fn is_followed_by_archive<R, F>(
    record: &EndRecord,
    location: &CentralDirectoryLocation,
    last_record: Option<u64>,
    tail: &mut ArchiveTail<'_, R>,
) -> Result<bool, Error>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    if record.end == tail.length {
        return Ok(false);
    }
    let is_followed_by_record = last_record.is_some_and(|offset| offset >= record.end);
    Ok(is_followed_by_record || (location.prefix_length > 0 && tail.starts_as_archive().await?))
}

/// Whether an earlier record has a central directory, too, and a comment that holds the record that counts. A tool that
/// trusts the earlier record finds other files in the archive.
async fn has_rival<R, F>(
    record: &EndRecord,
    earlier: &[EndRecord],
    tail: &mut ArchiveTail<'_, R>,
) -> Result<bool, Error>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    for rival in earlier.iter().filter(|earlier| earlier.end > record.offset) {
        if rival.locate_directory(tail).await?.is_some() || tail.is_exhausted() {
            return Ok(true);
        }
    }
    Ok(false)
}

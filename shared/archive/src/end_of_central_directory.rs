//! Finding the central directory from the end of an archive, Zip64 included.

use std::ops::Range;

use bytes::Bytes;
use model::Error;

use crate::{
    errors::invalid,
    little_endian::{u16_at, u32_at, u64_at},
};

const END: &[u8] = b"PK\x05\x06";
const END_LENGTH: usize = 22;
const LOCATOR: &[u8] = b"PK\x06\x07";
const LOCATOR_LENGTH: usize = 20;
const END64: &[u8] = b"PK\x06\x06";
const END64_LENGTH: u64 = 56;
/// The longest comment, the end record, and the Zip64 locator before it.
const MAX_TAIL_BYTES: u64 = 65_535 + (END_LENGTH + LOCATOR_LENGTH) as u64;

/// Where the central directory lies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub range: Range<u64>,
    pub entries: u64,
    /// How many bytes were put before the archive: all offsets in it are off by them.
    pub shift: u64,
}

pub(super) async fn find<R, F>(length: u64, read: &R) -> Result<Place, Error>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    if length < END_LENGTH as u64 {
        return Err(invalid("it is too short"));
    }
    let tail_start = length.saturating_sub(MAX_TAIL_BYTES);
    let tail = read(tail_start..length).await?;
    let at = last_end(&tail).ok_or_else(|| invalid("its end is missing, so it was cut off"))?;
    let end = &tail[at..];
    let end_at = tail_start + at as u64;
    let field = |offset| u16_at(end, offset).unwrap_or_default();
    let long_field = |offset| u32_at(end, offset).unwrap_or_default();
    if field(4) != 0 && field(4) != u16::MAX {
        return Err(invalid("it is one volume of several"));
    }
    let (entries, size, offset) = (field(10), long_field(12), long_field(16));
    if entries != u16::MAX && size != u32::MAX && offset != u32::MAX {
        return placed(u64::from(entries), u64::from(size), u64::from(offset), end_at);
    }
    match locator(&tail, at) {
        Some(end64_at) => zip64(end64_at, end_at - LOCATOR_LENGTH as u64, read).await,
        // Exactly 65,535 entries, or a directory that really has such a place, need no Zip64.
        // So does Info-ZIP when it writes Zip64 into a pipe: the offset is full, and no Zip64 end says more.
        None => {
            let start = end_at.saturating_sub(u64::from(size));
            let offset = if offset == u32::MAX { start.min(u64::from(offset)) } else { u64::from(offset) };
            placed(u64::from(entries), u64::from(size), offset, end_at)
        }
    }
}

/// The last end record whose comment reaches exactly to the end of the archive: a comment may hold the bytes
/// of another one.
fn last_end(tail: &[u8]) -> Option<usize> {
    (0..=tail.len().checked_sub(END_LENGTH)?).rev().find(|&at| {
        tail[at..].starts_with(END)
            && u16_at(tail, at + 20)
                .is_some_and(|comment| at + END_LENGTH + usize::from(comment) == tail.len())
    })
}

fn locator(tail: &[u8], end: usize) -> Option<u64> {
    let locator = &tail[end.checked_sub(LOCATOR_LENGTH)?..end];
    locator.starts_with(LOCATOR).then(|| u64_at(locator, 8)).flatten()
}

/// Reads the Zip64 end where its locator says, or right before the locator: bytes that were put before the
/// archive make the locator lie.
async fn zip64<R, F>(told: u64, locator_at: u64, read: &R) -> Result<Place, Error>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    let fits = told.checked_add(END64_LENGTH).is_some_and(|end| end <= locator_at);
    let beside = locator_at.checked_sub(END64_LENGTH);
    let mut found = None;
    for at in fits.then_some(told).into_iter().chain(beside) {
        let record = read(at..at + END64_LENGTH).await?;
        if record.starts_with(END64) {
            found = Some((at, record));
            break;
        }
    }
    let Some((end64_at, record)) = found else { return Err(invalid("its Zip64 end is missing")) };
    let field = |offset| u64_at(&record, offset).unwrap_or_default();
    placed(field(32), field(40), field(48), end64_at)
}

/// The directory ends where the end record begins. What `offset` says may be off by whatever was put before
/// the archive, as in a self-extracting one; the directory's own length is the better witness.
fn placed(entries: u64, size: u64, offset: u64, end_at: u64) -> Result<Place, Error> {
    let start = end_at.checked_sub(size).filter(|start| *start >= offset);
    let start = start.ok_or_else(|| invalid("its directory points outside of it"))?;
    Ok(Place { range: start..end_at, entries, shift: start - offset })
}

//! Every file of an archive, checked as far as the directory tells.

use std::ops::Range;

use bytes::Bytes;
use model::Error;

use crate::{
    central_directory, end_of_central_directory,
    entry::{Entry, Method, Record},
    entry_name,
    errors::{archive_refused, invalid},
    limits::{Limits, Tally},
};

/// What an archive holds, in the order of its directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Its files; directories are left out.
    pub files: Vec<Entry>,
    /// Where the directory begins, and so the last file must have ended.
    pub end: u64,
}

/// Counts the files of an archive of `length` bytes; directories are not counted. `read` gives exactly the range that it
/// is asked for.
///
/// # Errors
/// [`ErrorClass::ArchiveInvalid`] if it is not a whole ZIP archive, or whatever `read` fails with.
pub async fn count_files<R, F>(length: u64, read: R) -> Result<u64, Error>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    let place = end_of_central_directory::find(length, &read).await?;
    let mut files = 0;
    central_directory::walk(&place, &read, |record| {
        files += u64::from(!record.is_directory());
        Ok(())
    })
    .await?;
    Ok(files)
}

/// Lists an archive of `length` bytes through `read`, which gives exactly the range asked for.
///
/// # Errors
/// [`model::ErrorClass::ArchiveInvalid`] if it is not a whole ZIP archive, [`model::ErrorClass::ArchiveRefused`]
/// if it is hostile, beyond the limits or made in a way that is not read here, or whatever `read` fails with.
pub async fn list_entries<R, F>(length: u64, read: R, limits: Limits) -> Result<Listing, Error>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    let place = end_of_central_directory::find(length, &read).await?;
    let mut tally = Tally::new(limits, length);
    tally.announced(place.entries)?;
    let mut files = vec![];
    central_directory::walk(&place, &read, |record| {
        tally.entry()?;
        if !record.is_directory() {
            let entry = checked(record, place.shift)?;
            tally.file(
                || entry_name::printable_name(record.name(), record.utf8()),
                entry.name.len(),
                entry.size,
            )?;
            files.push(entry);
        }
        Ok(())
    })
    .await?;
    let end = place.range.start;
    apart(&files, end)?;
    Ok(Listing { files, end })
}

/// An entry that can be unpacked.
fn checked(record: Record<'_>, shift: u64) -> Result<Entry, Error> {
    let shown = || entry_name::printable_name(record.name(), record.utf8());
    if record.encrypted() {
        return Err(archive_refused(format!("{} is encrypted", shown())));
    }
    let method = match record.method() {
        0 => Method::Stored,
        8 => Method::Deflated,
        other => {
            return Err(archive_refused(format!("{} is compressed by the unknown method {other}", shown())));
        }
    };
    let sizes = record.sizes().ok_or_else(|| invalid("a Zip64 size is missing in its directory"))?;
    let (size, compressed, offset) = sizes;
    if method == Method::Stored && size != compressed {
        return Err(archive_refused(format!("the sizes of {} contradict each other", shown())));
    }
    let offset = offset.checked_add(shift);
    let offset = offset.ok_or_else(|| archive_refused(format!("{} lies outside of it", shown())))?;
    Ok(Entry {
        name: record.name().into(),
        utf8: record.utf8(),
        method,
        crc32: record.crc32(),
        compressed,
        size,
        offset,
        header: record.header(),
    })
}

/// Every entry has a place of its own before the directory. Those that share bytes are how a small archive
/// becomes a large one.
fn apart(files: &[Entry], end: u64) -> Result<(), Error> {
    let mut order: Vec<&Entry> = files.iter().collect();
    order.sort_unstable_by_key(|entry| entry.offset);
    for (index, entry) in order.iter().enumerate() {
        if entry.least_end() > end {
            return Err(archive_refused(format!(
                "{} lies outside of it",
                entry_name::printable_name(&entry.name, entry.utf8)
            )));
        }
        if let Some(next) = order.get(index + 1).filter(|next| entry.least_end() > next.offset) {
            let (one, other) = (
                entry_name::printable_name(&entry.name, entry.utf8),
                entry_name::printable_name(&next.name, next.utf8),
            );
            return Err(archive_refused(format!("{one} and {other} overlap")));
        }
    }
    Ok(())
}

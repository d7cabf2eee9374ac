//! Lists the files of an archive, and checks everything that the central directory alone can show.

use std::ops::Range;

use bytes::Bytes;
use model::Error;

use crate::{
    central_directory::visit_headers,
    central_directory_header::CentralDirectoryHeader,
    end_of_central_directory::locate_central_directory,
    entry::{ArchiveEntry, CompressionMethod},
    errors::{archive_invalid, archive_refused},
    unpack_limits::{LimitChecker, UnpackLimits},
};

/// How many files a message names.
const MAX_NAMED_FILES: usize = 5;

/// The files of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveListing {
    /// The files in the order of the central directory, without directories.
    pub files: Vec<ArchiveEntry>,
    /// Where the central directory starts. All file data ends before it.
    pub central_directory_offset: u64,
}

/// Counts the files of an archive of `length` bytes. Directories do not count. `read` returns exactly the requested
/// range.
///
/// # Errors
/// [`model::ErrorClass::ArchiveInvalid`] if it is not a complete ZIP archive; any error of `read`.
pub async fn count_files<R, F>(length: u64, read: R) -> Result<u64, Error>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    let location = locate_central_directory(length, &read).await?;
    let mut file_count = 0;
    visit_headers(&location, &read, |header| {
        file_count += u64::from(!header.is_directory());
        Ok(())
    })
    .await?;
    Ok(file_count)
}

/// Lists the files of an archive of `length` bytes. `read` returns exactly the requested range.
///
/// # Errors
/// [`model::ErrorClass::ArchiveInvalid`] if it is not a complete ZIP archive; [`model::ErrorClass::ArchiveRefused`]
/// if it is hostile or exceeds the limits, or if none of its files can be read; any error of `read`.
pub async fn list_entries<R, F>(length: u64, read: R, limits: UnpackLimits) -> Result<ArchiveListing, Error>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    let location = locate_central_directory(length, &read).await?;
    if location.is_ambiguous {
        return Err(archive_refused(
            "it has two central directories, so that tools find different files in it",
        ));
    }
    let mut checker = LimitChecker::new(limits, length);
    checker.check_entry_count(location.entry_count)?;
    let mut files = vec![];
    visit_headers(&location, &read, |header| {
        checker.add_entry()?;
        if !header.is_directory() {
            let entry = parse_entry(header, location.prefix_length)?;
            checker.add_file(&entry)?;
            files.push(entry);
        }
        Ok(())
    })
    .await?;
    let central_directory_offset = location.range.start;
    check_no_overlap(&files, central_directory_offset)?;
    ensure_any_readable(&files)?;
    Ok(ArchiveListing { files, central_directory_offset })
}

/// Parses a header into an entry, and refuses an entry that contradicts itself.
fn parse_entry(header: CentralDirectoryHeader<'_>, prefix_length: u64) -> Result<ArchiveEntry, Error> {
    let name = || header.quote_name();
    let (compression_method, encryption) = (header.compression_method(), header.encryption());
    let sizes = header.read_sizes_and_offset();
    let sizes = sizes.ok_or_else(|| {
        archive_invalid("a central directory header lacks a value of its Zip64 extended information")
    })?;
    // Encryption adds bytes of its own.
    let is_plain = compression_method == CompressionMethod::Stored && encryption.is_none();
    if is_plain && sizes.uncompressed_size != sizes.compressed_size {
        let message = format!("{} is stored, but its compressed and uncompressed size contradict", name());
        return Err(archive_refused(message));
    }
    let local_header_offset = sizes.local_header_offset.checked_add(prefix_length);
    Ok(ArchiveEntry {
        name: header.name().into(),
        name_encoding: header.name_encoding(),
        compression_method,
        encryption,
        crc32: header.crc32(),
        compressed_size: sizes.compressed_size,
        uncompressed_size: sizes.uncompressed_size,
        local_header_offset: local_header_offset.ok_or_else(|| outside_of_archive(&name()))?,
        min_header_length: header.min_local_header_length(),
        expected_header_length: header.expected_local_header_length(),
    })
}

/// Refuses an archive with files none of which can be read.
fn ensure_any_readable(files: &[ArchiveEntry]) -> Result<(), Error> {
    let unreadable = files.iter().map_while(|file| Some((file, file.unreadable_reason()?)));
    let unreadable: Vec<_> = unreadable.collect();
    if files.is_empty() || unreadable.len() < files.len() {
        return Ok(());
    }
    let named = unreadable.iter().take(MAX_NAMED_FILES);
    let named: Vec<String> =
        named.map(|(file, reason)| format!("{} ({reason})", file.quote_name())).collect();
    let more = if files.len() > MAX_NAMED_FILES { ", and more" } else { "" };
    Err(archive_refused(format!("none of its files can be read: {}{more}", named.join(", "))))
}

fn outside_of_archive(name: &str) -> Error {
    archive_refused(format!("{name} lies outside of the archive"))
}

/// Checks that no byte belongs to two entries or to an entry and the central directory. Archives whose entries
/// share bytes ("zip bombs" without nesting) unpack to far more than their length.
fn check_no_overlap(files: &[ArchiveEntry], central_directory_offset: u64) -> Result<(), Error> {
    let mut by_offset: Vec<&ArchiveEntry> = files.iter().collect();
    by_offset.sort_unstable_by_key(|entry| entry.local_header_offset);
    for (index, entry) in by_offset.iter().enumerate() {
        if entry.min_end() > central_directory_offset {
            return Err(outside_of_archive(&entry.quote_name()));
        }
        let next = by_offset.get(index + 1);
        if let Some(next) = next.filter(|next| entry.min_end() > next.local_header_offset) {
            return Err(archive_refused(format!("{} and {} overlap", entry.quote_name(), next.quote_name())));
        }
    }
    Ok(())
}

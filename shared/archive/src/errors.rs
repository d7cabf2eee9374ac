//! Errors of archives: not a ZIP archive, an incomplete one, one that is refused, and an entry with corrupt data.

use std::error::Error as _;

use model::{Error, ErrorClass};

/// The error for bytes that are not a complete ZIP archive.
pub(crate) fn archive_invalid(reason: impl std::fmt::Display) -> Error {
    Error::new(ErrorClass::ArchiveInvalid, format!("the file is not a complete ZIP archive: {reason}"))
}

/// Marks the error of a file that is no archive at all.
#[derive(Debug)]
struct NotAnArchive;

impl std::fmt::Display for NotAnArchive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not an archive")
    }
}

impl std::error::Error for NotAnArchive {}

/// The error for a file that is no ZIP archive at all: it neither ends nor starts as one. A cut-off archive starts as one.
pub fn not_an_archive(reason: impl std::fmt::Display) -> Error {
    let message = format!("what the provider serves is not a ZIP archive: {reason}");
    Error::new(ErrorClass::ArchiveInvalid, message).with_source(NotAnArchive)
}

/// Whether an error is that of a file that is no archive at all, not of one that is cut off or damaged.
pub fn is_not_an_archive(error: &Error) -> bool {
    error.source().is_some_and(|source| source.is::<NotAnArchive>())
}

/// The error for an archive that is stored but not unpacked.
pub fn archive_refused(reason: impl std::fmt::Display) -> Error {
    let message = format!("the archive is stored but not unpacked: {reason}");
    Error::new(ErrorClass::ArchiveRefused, message)
}

/// The error for an entry whose data contradicts the archive. The other entries are not affected.
pub fn corrupt_entry(reason: &str) -> Error {
    Error::new(ErrorClass::ArchiveIncomplete, reason)
}

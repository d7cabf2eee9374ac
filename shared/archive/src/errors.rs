//! Errors of archives: not a complete ZIP archive, an archive that is refused, and an entry with corrupt data.

use model::{Error, ErrorClass};

/// The error for bytes that are not a complete ZIP archive.
pub(crate) fn archive_invalid(reason: impl std::fmt::Display) -> Error {
    Error::new(ErrorClass::ArchiveInvalid, format!("the file is not a complete ZIP archive: {reason}"))
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

//! Errors of archives: not a ZIP archive, an archive that is refused, and an entry whose bytes are corrupt.

use model::{Error, ErrorClass};

/// The bytes are not a whole ZIP archive.
pub(crate) fn invalid(why: &str) -> Error {
    Error::new(ErrorClass::ArchiveInvalid, format!("the archive is not a whole ZIP: {why}"))
}

/// An archive that is not unpacked, and why.
pub fn archive_refused(why: impl std::fmt::Display) -> Error {
    let message = format!("the archive is kept but not unpacked: {why}");
    Error::new(ErrorClass::ArchiveRefused, message)
}

/// A file whose bytes are not what the archive says. The others are none the worse for it.
pub fn corrupt_entry(why: &str) -> Error {
    Error::new(ErrorClass::ArchiveIncomplete, why)
}

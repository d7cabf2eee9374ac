//! Checks inflated data against the uncompressed size and the CRC-32 of its entry.

use flate2::Crc;
use model::Error;

use crate::{
    entry::ArchiveEntry,
    errors::{archive_refused, corrupt_entry},
};

/// The error for a file with more bytes than its uncompressed size. This is no accident, so the archive is refused.
pub(crate) fn size_exceeded(entry: &ArchiveEntry) -> Error {
    archive_refused(format!(
        "{} has more bytes than its uncompressed size of {}",
        entry.quote_name(),
        entry.uncompressed_size
    ))
}

/// The length and the CRC-32 of the data so far.
#[derive(Default)]
pub(crate) struct ContentCheck {
    crc: Crc,
    length: u64,
}

impl ContentCheck {
    /// The number of bytes so far.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Adds data, and refuses more than the entry's uncompressed size.
    pub(crate) fn update(&mut self, entry: &ArchiveEntry, data: &[u8]) -> Result<(), Error> {
        self.length += data.len() as u64;
        if self.length > entry.uncompressed_size {
            return Err(size_exceeded(entry));
        }
        self.crc.update(data);
        Ok(())
    }

    /// Checks the complete data.
    pub(crate) fn finish(&self, entry: &ArchiveEntry) -> Result<(), Error> {
        if self.length != entry.uncompressed_size {
            let message = format!("it has {} of its {} bytes", self.length, entry.uncompressed_size);
            return Err(corrupt_entry(&message));
        }
        if self.crc.sum() != entry.crc32 {
            return Err(corrupt_entry("its CRC-32 differs from the one in the archive"));
        }
        Ok(())
    }
}

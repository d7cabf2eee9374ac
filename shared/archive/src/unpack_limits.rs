//! The limits on archives that are unpacked. They are checked against the central directory before anything is
//! inflated.

use model::Error;

use crate::{entry::ArchiveEntry, errors::archive_refused};

/// The most bytes that all names together may have for each entry that is allowed. The names are in memory while an
/// archive is unpacked, and the manifest contains them.
const NAME_BYTES_PER_ENTRY: u64 = 512;
/// The unpacked size below which the ratio is not limited.
const UNLIMITED_RATIO_BYTES: u64 = 1024 * 1024;

/// Limits on archives that are unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnpackLimits {
    /// Entries, directories included.
    pub max_entries: u64,
    /// Uncompressed bytes of all files together.
    pub max_unpacked_bytes: u64,
    /// Uncompressed bytes of one file.
    pub max_entry_bytes: u64,
    /// Uncompressed bytes of all files divided by the length of the archive. The first MiB does not count.
    pub max_ratio: u64,
}

/// Adds up what the central directory of an archive declares, and compares it with the limits.
#[derive(Debug)]
pub(crate) struct LimitChecker {
    limits: UnpackLimits,
    archive_length: u64,
    entry_count: u64,
    unpacked_bytes: u64,
    name_bytes: u64,
}

impl LimitChecker {
    /// A checker for an archive of `archive_length` bytes.
    pub(crate) fn new(limits: UnpackLimits, archive_length: u64) -> Self {
        Self { limits, archive_length, entry_count: 0, unpacked_bytes: 0, name_bytes: 0 }
    }

    /// Adds an entry, which may be a directory.
    pub(crate) fn add_entry(&mut self) -> Result<(), Error> {
        self.entry_count += 1;
        self.check_entry_count(self.entry_count)
    }

    /// Checks a number of entries, such as the one in the end of central directory record.
    pub(crate) fn check_entry_count(&self, entry_count: u64) -> Result<(), Error> {
        let max_entries = self.limits.max_entries;
        if entry_count > max_entries {
            return Err(archive_refused(format!("it has more than {max_entries} entries (MAX_ENTRIES)")));
        }
        Ok(())
    }

    /// Adds the name of a file, and its size if it is unpacked.
    pub(crate) fn add_file(&mut self, file: &ArchiveEntry) -> Result<(), Error> {
        self.add_name(file)?;
        match file.unreadable_reason() {
            Some(_) => Ok(()),
            None => self.add_size(file),
        }
    }

    fn add_name(&mut self, file: &ArchiveEntry) -> Result<(), Error> {
        let max_entries = self.limits.max_entries;
        self.name_bytes += file.name.len() as u64;
        let max_name_bytes = max_entries.saturating_mul(NAME_BYTES_PER_ENTRY);
        if self.name_bytes > max_name_bytes {
            return Err(archive_refused(format!(
                "its file names have more than {max_name_bytes} bytes, {NAME_BYTES_PER_ENTRY} for each entry \
                 that is allowed (MAX_ENTRIES)"
            )));
        }
        Ok(())
    }

    fn add_size(&mut self, file: &ArchiveEntry) -> Result<(), Error> {
        let UnpackLimits { max_unpacked_bytes, max_entry_bytes, max_ratio, .. } = self.limits;
        let size = file.uncompressed_size;
        self.unpacked_bytes = self.unpacked_bytes.saturating_add(size);
        if size > max_entry_bytes {
            let name = file.quote_name();
            return Err(archive_refused(format!(
                "{name} has {size} bytes, more than the limit of {max_entry_bytes} (MAX_ENTRY_BYTES)"
            )));
        }
        if self.unpacked_bytes > max_unpacked_bytes {
            return Err(archive_refused(format!(
                "its files have more than {max_unpacked_bytes} bytes (MAX_UNPACKED_BYTES)"
            )));
        }
        let max_bytes = self.archive_length.saturating_mul(max_ratio).saturating_add(UNLIMITED_RATIO_BYTES);
        if self.unpacked_bytes > max_bytes {
            return Err(archive_refused(format!(
                "its files have more than {max_ratio} times the length of the archive (MAX_RATIO)"
            )));
        }
        Ok(())
    }
}

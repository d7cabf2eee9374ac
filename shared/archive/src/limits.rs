//! How much an archive may be before it is refused.

use model::Error;

use crate::errors::archive_refused;

/// All names together take at most this many bytes for each entry that is allowed: they are in memory while an
/// archive is unpacked, and stand in the manifest.
const NAME_BYTES: u64 = 512;
/// Small archives may grow by any ratio up to this size.
const FREE_GROWTH: u64 = 1024 * 1024;

/// Limits on what is unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries, directories included.
    pub entries: u64,
    /// Bytes of all files together.
    pub total_bytes: u64,
    /// Bytes of one file.
    pub entry_bytes: u64,
    /// How many times the archive's length all files together may be, beyond the first MiB.
    pub ratio: u64,
}

/// Counts what an archive says of itself against the limits.
#[derive(Debug)]
pub(crate) struct Tally {
    limits: Limits,
    length: u64,
    entries: u64,
    bytes: u64,
    names: u64,
}

impl Tally {
    /// Nothing yet of an archive of `length` bytes.
    pub(crate) fn new(limits: Limits, length: u64) -> Self {
        Self { limits, length, entries: 0, bytes: 0, names: 0 }
    }

    /// Another entry, whatever it is.
    pub(crate) fn entry(&mut self) -> Result<(), Error> {
        self.entries += 1;
        self.announced(self.entries)
    }

    /// So many entries, if the archive is to be believed.
    pub(crate) fn announced(&self, entries: u64) -> Result<(), Error> {
        let most = self.limits.entries;
        if entries > most {
            Err(archive_refused(format!("it has more than {most} entries (MAX_ENTRIES)")))
        } else {
            Ok(())
        }
    }

    /// Another file.
    pub(crate) fn file(&mut self, shown: impl Fn() -> String, name: usize, size: u64) -> Result<(), Error> {
        let Limits { total_bytes, entry_bytes, ratio, .. } = self.limits;
        self.names += name as u64;
        self.bytes = self.bytes.saturating_add(size);
        let most = self.limits.entries.saturating_mul(NAME_BYTES);
        if self.names > most {
            return Err(archive_refused(format!(
                "the names in it take more than {most} bytes (MAX_ENTRIES)"
            )));
        }
        if size > entry_bytes {
            let file = shown();
            return Err(archive_refused(format!(
                "{file} has {size} bytes, and {entry_bytes} is the most (MAX_ENTRY_BYTES)"
            )));
        }
        if self.bytes > total_bytes {
            return Err(archive_refused(format!(
                "its files have more than {total_bytes} bytes (MAX_UNPACKED_BYTES)"
            )));
        }
        if self.bytes > self.length.saturating_mul(ratio).saturating_add(FREE_GROWTH) {
            return Err(archive_refused(format!(
                "its files have more than {ratio} times its own length (MAX_RATIO)"
            )));
        }
        Ok(())
    }
}

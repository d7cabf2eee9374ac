//! The outcome of unpacking one file of an archive.

use archive::ImageDimensions;
use model::StoredFile;

/// The outcome of one file. There is one for each file of the archive, in the archive's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryOutcome {
    /// The name in the archive.
    pub source_name: String,
    /// Whether the file landed.
    pub result: EntryResult,
}

/// Whether a file landed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryResult {
    /// The file is in the bucket.
    Landed {
        /// The object.
        file: StoredFile,
        /// CRC-32 of its bytes, as the archive states it and as its bytes prove.
        crc32: u32,
        /// The dimensions of an image, if its first bytes contain them.
        dimensions: Option<ImageDimensions>,
    },
    /// The file is damaged, or cannot be read, for this reason.
    Rejected(String),
}

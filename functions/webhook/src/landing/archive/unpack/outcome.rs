//! What came of a file of an archive.

use archive::ImageDimensions;
use model::StoredFile;

/// A file's end, one for each file of the archive in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The name that stands in the archive.
    pub source_name: String,
    /// Whether it landed.
    pub end: End,
}

/// Whether a file landed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It is in the bucket.
    Landed {
        /// The object.
        file: StoredFile,
        /// CRC-32 of its bytes, as the archive says and its bytes prove.
        crc32: u32,
        /// Of a picture, when its first bytes tell.
        measures: Option<ImageDimensions>,
    },
    /// It is not, and this is why.
    Refused(String),
}

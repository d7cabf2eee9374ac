//! What to upload, and the outcome of an upload.

use model::Checksum;

use crate::ObjectKey;

/// The longest upload of known length that is one streamed `PutObject`.
pub const MAX_PUT_OBJECT_BYTES: u64 = 64 * 1024 * 1024;

/// The object to upload.
#[derive(Debug, Clone, Copy)]
pub struct UploadRequest<'a> {
    /// The key of the object.
    pub key: &'a ObjectKey,
    /// The content type of the object.
    pub content_type: &'a str,
    /// The length in bytes, when the source announced it.
    pub length: Option<u64>,
}

/// The outcome of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadOutcome {
    /// This upload wrote the object.
    Stored {
        /// The length in bytes.
        bytes: u64,
        /// The checksum.
        checksum: Checksum,
    },
    /// An object with this key existed. It was not changed.
    AlreadyExists,
}

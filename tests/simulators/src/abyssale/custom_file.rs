//! CHOSEN

use bytes::Bytes;

/// Bytes that a test chose to be an archive.
#[derive(Debug, Clone)]
pub(super) struct CustomFile {
    pub(super) bytes: Bytes,
    pub(super) content_type: String,
}

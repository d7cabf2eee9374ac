//! A file that a test provides instead of a rendered one.

use bytes::Bytes;

/// Bytes and content type that a test provided.
#[derive(Debug, Clone)]
pub(super) struct CustomFile {
    pub(super) bytes: Bytes,
    pub(super) content_type: String,
}

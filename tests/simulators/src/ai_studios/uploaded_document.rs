//! A document that was uploaded.

use time::OffsetDateTime;

/// An uploaded document.
#[derive(Debug)]
pub(super) struct UploadedDocument {
    /// The name under which it can be used.
    pub(super) uri: String,
    /// When it was uploaded.
    pub(super) uploaded: OffsetDateTime,
}

//! A document that was uploaded before a video is made of it (contract 7).

use time::OffsetDateTime;

/// An uploaded document.
#[derive(Debug)]
pub(super) struct UploadedDocument {
    pub(super) uri: String,
    pub(super) uploaded: OffsetDateTime,
}

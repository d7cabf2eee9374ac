//! The state from which another invocation resumes a multipart transfer.

use bucket::UploadedPart;
use http_client::RemoteFile;
use serde::{Deserialize, Serialize};

/// What another invocation needs to resume a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The S3 key of the object.
    pub key: String,
    /// The open multipart upload.
    pub upload_id: String,
    /// The file's length, in bytes.
    pub length: u64,
    /// The strong `ETag` or the `Last-Modified` that distinguishes the file from a later one at the same URL. A
    /// transfer of a file without one cannot be resumed.
    pub validator: Option<String>,
    /// The length of each part except the last, in bytes.
    pub part_length: u64,
    /// The parts that S3 has, in no particular order.
    pub parts: Vec<UploadedPart>,
}

impl Checkpoint {
    /// Whether the file at the source is still the same.
    pub(super) fn matches(&self, remote: &RemoteFile) -> bool {
        remote.supports_ranges
            && remote.length == Some(self.length)
            && self.validator.is_some()
            && remote.validator == self.validator
    }
}

//! How far a piped transfer came.

use bucket::Part;
use serde::{Deserialize, Serialize};
use transport::RemoteFile;

/// Everything that another invocation needs to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The S3 key that it will be at.
    pub key: String,
    /// The open multipart upload.
    pub upload_id: String,
    /// The file's length, in bytes.
    pub length: u64,
    /// What tells the file from a later one at the same URL. A file without any cannot be gone on with.
    pub validator: Option<String>,
    /// The length of each part but the last one, in bytes.
    pub part_length: u64,
    /// The parts that S3 has, in no order.
    pub parts: Vec<Part>,
}

impl Checkpoint {
    /// Whether the file is still the one that was being brought.
    pub(super) fn fits(&self, remote: &RemoteFile) -> bool {
        remote.ranges
            && remote.length == Some(self.length)
            && self.validator.is_some()
            && remote.validator == self.validator
    }
}

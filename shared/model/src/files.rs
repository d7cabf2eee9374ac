//! What landed: the archive and the files, as they lie in S3.

use serde::{Deserialize, Serialize};

/// Which checksum S3 verified and stored for an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChecksumAlgorithm {
    /// CRC-64/NVME over the whole object, the default.
    #[serde(rename = "CRC64NVME")]
    Crc64Nvme,
    /// CRC-32 over the whole object, for S3-compatible stores that lack CRC64NVME.
    #[serde(rename = "CRC32")]
    Crc32,
}

/// A checksum over the whole object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    /// How it was computed.
    pub algorithm: ChecksumAlgorithm,
    /// The big-endian value in base64, as S3 writes it.
    pub value: String,
}

/// One object that landed in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// The file's name below the job's prefix.
    pub name: String,
    /// The S3 key.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
    /// The object's content type.
    pub content_type: String,
    /// What S3 verified.
    pub checksum: Checksum,
}

/// The archive that the provider delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// The object.
    #[serde(flatten)]
    pub file: StoredFile,
    /// Files in the archive, directories not counted.
    pub entries: u64,
    /// How many files were asked for, when the request says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
}

/// How a transfer is going, or how it went.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// Bytes received from the source so far.
    pub bytes: u64,
    /// Length that the source announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_bytes: Option<u64>,
    /// Seconds since the transfer began.
    pub seconds: f64,
}

//! The files that a landing stored in the bucket.

use serde::{Deserialize, Serialize};

/// The algorithm of the checksum that S3 verified and stored for an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Checksum {
    /// The algorithm.
    pub algorithm: ChecksumAlgorithm,
    /// The big-endian value in base64, as S3 writes it.
    pub value: String,
}

/// A file in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StoredFile {
    /// The file's name below the job's prefix.
    pub name: String,
    /// The S3 key.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
    /// The object's content type.
    pub content_type: String,
    /// The checksum that S3 verified.
    pub checksum: Checksum,
}

/// The provider's archive in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Archive {
    /// The object.
    #[serde(flatten)]
    pub file: StoredFile,
    /// The number of files in the archive, without directories.
    pub entries: u64,
    /// How many files were requested, when the request says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
}

/// The manifest in the bucket, which lists all files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ManifestObject {
    /// The S3 key.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// The files that a landing stored in the bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LandedFiles {
    /// The archive, when the provider delivered one.
    pub archive: Option<Archive>,
    /// The files, or the first of them when a job's record cannot hold all.
    pub files: Vec<StoredFile>,
    /// How many files there are.
    pub files_total: u64,
    /// The manifest, which lists all files.
    pub manifest: Option<ManifestObject>,
}

impl LandedFiles {
    /// The maximum number of files that a job's record lists.
    pub const MAX_LISTED: usize = 200;
    /// The maximum length of their names and keys together, since a DynamoDB item is at most 400 KB.
    pub const MAX_LIST_BYTES: usize = 160 * 1024;

    /// Keeps as many of the first files as a job's record can list, and counts all.
    pub fn from_stored_files(
        archive: Option<Archive>,
        mut files: Vec<StoredFile>,
        manifest: ManifestObject,
    ) -> Self {
        let files_total = files.len() as u64;
        let mut length = 0;
        let listed = files.iter().take(Self::MAX_LISTED).take_while(|file| {
            length += file.name.len() + file.key.len() + file.content_type.len() + 200;
            length <= Self::MAX_LIST_BYTES
        });
        files.truncate(listed.count());
        Self { archive, files, files_total, manifest: Some(manifest) }
    }
}

/// Statistics of a running or finished transfer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TransferStatistics {
    /// Bytes received from the source so far.
    pub bytes: u64,
    /// Total length in bytes, when the source states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_bytes: Option<u64>,
    /// Seconds since this invocation started the landing.
    pub seconds: f64,
    /// Average number of bytes received per second.
    #[serde(default)]
    pub bytes_per_second: u64,
    /// Number of files in the bucket so far, including unpacked files.
    #[serde(default)]
    pub files: u64,
    /// Total number of files, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_files: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: String) -> StoredFile {
        let checksum = Checksum { algorithm: ChecksumAlgorithm::Crc32, value: "AAAAAA==".into() };
        StoredFile { key: format!("p/{name}"), name, bytes: 1, content_type: "image/png".into(), checksum }
    }

    fn landed(files: Vec<StoredFile>) -> LandedFiles {
        let archive = Archive { file: file("archive.zip".into()), entries: 1, expected: None };
        LandedFiles::from_stored_files(
            Some(archive),
            files,
            ManifestObject { key: "p/manifest.json".into(), bytes: 1 },
        )
    }

    #[test]
    fn a_record_lists_the_first_files_and_counts_all_files() {
        let many = landed((0..500).map(|i| file(format!("{i}.png"))).collect());
        assert_eq!((many.files.len(), many.files_total), (200, 500));
        assert_eq!(many.files[199].name, "199.png");
    }

    #[test]
    fn a_record_lists_fewer_files_when_their_names_are_long() {
        let long = landed((0..200).map(|_| file("n".repeat(400))).collect());
        let bytes = serde_json::to_vec(&long.files).expect("JSON").len();
        assert!(bytes < 250_000 && long.files.len() > 100, "{bytes} bytes, {} files", long.files.len());
        assert_eq!(long.files_total, 200);
    }
}

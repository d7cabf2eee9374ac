//! One file of a manifest.

use archive::ImageDimensions;
use model::StoredFile;
use serde_json::{Map, Value};

/// A file of a job, or the archive itself if it is not unpacked.
#[derive(Debug)]
pub(super) enum ManifestEntry {
    /// The file is in the bucket.
    Landed {
        /// The object.
        file: StoredFile,
        /// The name in the archive or at the provider.
        source_name: Option<String>,
        /// CRC-32 of the bytes.
        crc32: Option<u32>,
        /// Width and height of an image.
        dimensions: Option<ImageDimensions>,
        /// What the provider reports about the file.
        details: Map<String, Value>,
        /// Whether it is one of the files that were requested.
        counted: bool,
    },
    /// The file is not in the bucket.
    Rejected {
        /// The name in the archive or at the provider.
        source_name: String,
        /// Why.
        reason: String,
        /// Whether it is one of the files that were requested.
        counted: bool,
    },
}

impl ManifestEntry {
    /// The archive, as the one file of a job that is not unpacked.
    pub(super) fn from_archive(file: StoredFile) -> Self {
        let details = Map::new();
        ManifestEntry::Landed {
            file,
            source_name: None,
            crc32: None,
            dimensions: None,
            details,
            counted: true,
        }
    }

    /// Whether it is one of the files that were requested.
    pub(super) fn is_counted(&self) -> bool {
        match self {
            ManifestEntry::Landed { counted, .. } | ManifestEntry::Rejected { counted, .. } => *counted,
        }
    }

    /// The object, if there is one.
    pub(super) fn into_stored_file(self) -> Option<StoredFile> {
        match self {
            ManifestEntry::Landed { file, .. } => Some(file),
            ManifestEntry::Rejected { .. } => None,
        }
    }
}

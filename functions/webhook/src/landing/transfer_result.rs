//! What an attempt transferred into the bucket.

use model::Archive;

use super::manifest_entry::ManifestEntry;

/// The files of a landing before its manifest is written.
#[derive(Debug)]
pub(super) struct TransferResult {
    /// The archive, if the provider delivered one.
    pub(super) archive: Option<Archive>,
    /// Every file, or the archive if it is not unpacked. Includes the files that were rejected.
    pub(super) files: Vec<ManifestEntry>,
    /// How many files were requested or promised, if that is known.
    pub(super) expected: Option<u64>,
    /// How many files the provider delivered, including damaged ones.
    pub(super) count: u64,
}

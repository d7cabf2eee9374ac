//! The input and the output of a transfer.

use bucket::{Bucket, ObjectKey, UploadOutcome};
use bytes::Bytes;
use http_client::Downloader;
use model::Error;

use super::file_progress::FileProgress;

/// Returns the content type of a file from its first bytes, or why the file is rejected.
pub type CheckStart<'a> = &'a (dyn Fn(&[u8]) -> Result<&'static str, Error> + Sync);

/// A file and the object that it becomes. It has no `Debug`, since its URL may be pre-signed.
#[derive(Clone, Copy)]
pub struct TransferRequest<'a> {
    /// Downloads from the provider.
    pub downloader: &'a Downloader,
    /// The bucket of the object.
    pub bucket: &'a Bucket,
    /// The URL of the file.
    pub url: &'a str,
    /// The key of the object.
    pub key: &'a ObjectKey,
    /// Checks the start of the file before anything of it is stored.
    pub check_start: CheckStart<'a>,
    /// Counts the bytes, holds the checkpoint, and stops the transfer.
    pub progress: &'a FileProgress<'a>,
}

/// A file that was transferred.
#[derive(Debug)]
pub struct TransferredFile {
    /// The object.
    pub uploaded: UploadOutcome,
    /// Its content type.
    pub content_type: &'static str,
    /// Its first bytes, at most 64 KiB.
    pub start: Bytes,
}

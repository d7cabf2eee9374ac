//! Bringing a stream into the bucket: which way, and what counts as done.

use bytes::Bytes;
use futures_util::Stream;
use model::{Checksum, Error};

use crate::{Bucket, Key, errors::WriteError};

/// Up to this length, if it is known, an upload is one streamed `PutObject`.
pub const MAX_PUT_OBJECT_BYTES: u64 = 64 * 1024 * 1024;

/// What to upload.
#[derive(Debug, Clone, Copy)]
pub struct Upload<'a> {
    /// Where to.
    pub key: &'a Key,
    /// The object's content type.
    pub content_type: &'a str,
    /// Its length in bytes, when the source announced one.
    pub length: Option<u64>,
}

/// How an upload ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadedObject {
    /// The object is there, written by this upload.
    Stored {
        /// Its length.
        bytes: u64,
        /// Its checksum.
        checksum: Checksum,
    },
    /// There was an object at the key already. It was not touched.
    AlreadyThere,
}

impl Bucket {
    /// Streams bytes into an object that is not there yet.
    ///
    /// # Errors
    /// The error of the stream if it failed first; else [`model::ErrorClass::StorageUnavailable`]. No object and
    /// no open upload is left behind, unless S3 did not take the abort either.
    pub async fn upload(
        &self,
        upload: Upload<'_>,
        bytes: impl Stream<Item = Result<Bytes, Error>> + Send,
    ) -> Result<UploadedObject, Error> {
        let outcome = match upload.length {
            Some(length) if length <= MAX_PUT_OBJECT_BYTES => self.put_streamed(upload, length, bytes).await,
            _ => self.put_parts(upload, bytes).await,
        };
        match outcome {
            Ok((bytes, checksum)) => Ok(UploadedObject::Stored { bytes, checksum }),
            Err(WriteError::AlreadyThere) => Ok(UploadedObject::AlreadyThere),
            Err(WriteError::Fault(error) | WriteError::Worthless(error)) => Err(error),
        }
    }
}

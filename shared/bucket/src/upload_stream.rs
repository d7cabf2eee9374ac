//! Uploads a stream, as one `PutObject` or as a multipart upload, by its length.

use bytes::Bytes;
use futures_util::Stream;
use model::Error;

use crate::{
    buffered_upload::upload_buffered_parts,
    errors::{UploadError, WriteError},
    put_object::put_object_stream,
    s3_bucket::S3Bucket,
    upload_request::{MAX_PUT_OBJECT_BYTES, UploadOutcome, UploadRequest},
};

/// Streams bytes into a new object.
pub(crate) async fn upload_stream(
    bucket: &S3Bucket,
    upload: UploadRequest<'_>,
    bytes: impl Stream<Item = Result<Bytes, Error>> + Send,
) -> Result<UploadOutcome, UploadError> {
    let result = match upload.length {
        Some(length) if length <= MAX_PUT_OBJECT_BYTES => {
            put_object_stream(bucket, upload, length, bytes).await
        }
        _ => upload_buffered_parts(bucket, upload, bytes).await,
    };
    match result {
        Ok((bytes, checksum)) => Ok(UploadOutcome::Stored { bytes, checksum }),
        Err(WriteError::AlreadyExists) => Ok(UploadOutcome::AlreadyExists),
        Err(WriteError::Conflict(error)) => Err(UploadError::Conflict(error)),
        Err(WriteError::IdleBody(error)) => Err(UploadError::IdleBody(error)),
        Err(WriteError::Other(error) | WriteError::InvalidUpload(error)) => Err(error.into()),
    }
}

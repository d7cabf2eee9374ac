//! Stores an object if its key is unused, and otherwise compares the existing object with it.

use std::pin::pin;

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use model::{Checksum, ChecksumAlgorithm, Error, ErrorClass};

use crate::{
    ObjectKey,
    checksum::RunningChecksum,
    errors::{WriteError, write_error},
    s3_bucket::{ObjectInfo, S3Bucket},
    upload_request::{UploadOutcome, UploadRequest},
    upload_stream::upload_stream,
};

/// An object that exists after a conditional put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutOutcome {
    /// The checksum of the object.
    pub checksum: Checksum,
    /// Whether this call wrote it.
    pub is_new: bool,
}

/// Stores bytes under a key. S3 rejects bytes that differ from our checksum.
pub(crate) async fn put_if_absent(
    bucket: &S3Bucket,
    key: &ObjectKey,
    content_type: &str,
    bytes: Bytes,
) -> Result<PutOutcome, Error> {
    let mut running = RunningChecksum::new(bucket.algorithm);
    running.update(&bytes);
    let checksum = running.finish();
    let put = bucket.client.put_object().bucket(&bucket.name).key(bucket.object_key(key));
    let put = match bucket.algorithm {
        ChecksumAlgorithm::Crc64Nvme => put.checksum_crc64_nvme(&checksum.value),
        ChecksumAlgorithm::Crc32 => put.checksum_crc32(&checksum.value),
    };
    let put = (put.content_type(content_type).if_none_match("*").body(ByteStream::from(bytes)))
        .customize()
        .disable_payload_signing();
    match put.send().await.map_err(write_error) {
        Ok(_) => Ok(PutOutcome { checksum, is_new: true }),
        Err(WriteError::AlreadyExists) => {
            let existing = head_existing_object(bucket, key).await?;
            compare_with_existing(bucket, key, existing, &running).await
        }
        Err(WriteError::Other(error) | WriteError::InvalidUpload(error)) => Err(error),
    }
}

/// Stores the bytes of a stream under a key.
pub(crate) async fn put_stream_if_absent<S>(
    bucket: &S3Bucket,
    upload: UploadRequest<'_>,
    open: impl Fn() -> S,
) -> Result<PutOutcome, Error>
where
    S: Stream<Item = Result<Bytes, Error>> + Send,
{
    let existing = match bucket.head_object(upload.key).await? {
        Some(existing) => existing,
        None => match upload_stream(bucket, upload, open()).await? {
            UploadOutcome::Stored { checksum, .. } => return Ok(PutOutcome { checksum, is_new: true }),
            UploadOutcome::AlreadyExists => head_existing_object(bucket, upload.key).await?,
        },
    };
    let mut running = RunningChecksum::new(bucket.algorithm);
    let mut chunks = pin!(open());
    while let Some(chunk) = chunks.try_next().await? {
        running.update(&chunk);
    }
    compare_with_existing(bucket, upload.key, existing, &running).await
}

/// Reads the properties of an object that a conditional write found.
pub(crate) async fn head_existing_object(bucket: &S3Bucket, key: &ObjectKey) -> Result<ObjectInfo, Error> {
    let existing = bucket.head_object(key).await?;
    let message = "an object that existed in the bucket a moment ago does not exist any more";
    existing.ok_or_else(|| Error::new(ErrorClass::StorageUnavailable, message))
}

/// The checksum of an existing object: the stored one, or one that is computed from its bytes.
pub(crate) async fn stored_or_computed_checksum(
    bucket: &S3Bucket,
    key: &ObjectKey,
    existing: ObjectInfo,
) -> Result<Checksum, Error> {
    match existing.checksum {
        Some(checksum) => Ok(checksum),
        None => bucket.compute_checksum(key).await,
    }
}

async fn compare_with_existing(
    bucket: &S3Bucket,
    key: &ObjectKey,
    existing: ObjectInfo,
    expected: &RunningChecksum,
) -> Result<PutOutcome, Error> {
    let checksum = expected.finish();
    let bytes = existing.bytes;
    if stored_or_computed_checksum(bucket, key, existing).await? == checksum && bytes == expected.bytes() {
        return Ok(PutOutcome { checksum, is_new: false });
    }
    let message = format!("another object exists at {}; it was not changed", bucket.object_key(key));
    Err(Error::new(ErrorClass::ObjectConflict, message))
}

//! Stores an object if its key is unused, and otherwise compares the existing object with it.

use std::{pin::pin, time::Duration};

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use model::{Checksum, Error, ErrorClass};

use crate::{
    ObjectKey,
    checksum::RunningChecksum,
    errors::{UploadError, WriteError, write_error},
    s3_bucket::{ObjectInfo, S3Bucket},
    upload_request::{UploadOutcome, UploadRequest},
    upload_stream::upload_stream,
};

/// How often a put is sent again that met a concurrent request for its key.
const MAX_RETRIES: u32 = 3;
/// The delay before the second put. It doubles each time.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(100);

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
    if put_bytes(bucket, key, content_type, bytes, &running.finish()).await? {
        return Ok(PutOutcome { checksum: running.finish(), is_new: true });
    }
    let existing = head_existing_object(bucket, key).await?;
    compare_with_existing(bucket, key, existing, &running).await
}

/// Stores bytes under a key that no one else writes.
pub(crate) async fn put_under_own_key(
    bucket: &S3Bucket,
    key: &ObjectKey,
    content_type: &str,
    bytes: Bytes,
) -> Result<(), Error> {
    let mut running = RunningChecksum::new(bucket.algorithm);
    running.update(&bytes);
    put_bytes(bucket, key, content_type, bytes, &running.finish()).await.map(drop)
}

/// Sends a conditional put, again while it meets concurrent requests for its key. Returns whether it wrote the object.
async fn put_bytes(
    bucket: &S3Bucket,
    key: &ObjectKey,
    content_type: &str,
    bytes: Bytes,
    checksum: &Checksum,
) -> Result<bool, Error> {
    let put = || {
        bucket
            .put_with_checksum(key, checksum)
            .content_type(content_type)
            .if_none_match("*")
            .body(ByteStream::from(bytes.clone()))
    };
    let mut delays = retry_delays();
    loop {
        match put().customize().disable_payload_signing().send().await.map_err(write_error) {
            Ok(_) => return Ok(true),
            Err(WriteError::AlreadyExists) => return Ok(false),
            Err(WriteError::Conflict(error)) => wait_after_conflict(&mut delays, error).await?,
            Err(
                WriteError::IdleBody(error) | WriteError::InvalidUpload(error) | WriteError::Other(error),
            ) => return Err(error),
        }
    }
}

/// The delays before the puts that follow a conflict.
fn retry_delays() -> impl Iterator<Item = Duration> {
    (0..MAX_RETRIES).map(|retry| FIRST_RETRY_DELAY * 2_u32.pow(retry))
}

/// Waits before the next put, or returns the error of the last one.
async fn wait_after_conflict(delays: &mut impl Iterator<Item = Duration>, error: Error) -> Result<(), Error> {
    let Some(delay) = delays.next() else { return Err(error) };
    error.log("a put that met a concurrent request is sent again");
    tokio::time::sleep(delay).await;
    Ok(())
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
        None => match upload_opened(bucket, upload, &open).await? {
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

/// Uploads a stream, again from its start while it meets concurrent requests for its key.
async fn upload_opened<S>(
    bucket: &S3Bucket,
    upload: UploadRequest<'_>,
    open: impl Fn() -> S,
) -> Result<UploadOutcome, Error>
where
    S: Stream<Item = Result<Bytes, Error>> + Send,
{
    let mut delays = retry_delays();
    loop {
        match upload_stream(bucket, upload, open()).await {
            Err(UploadError::Conflict(error)) => wait_after_conflict(&mut delays, error).await?,
            result => return Ok(result?),
        }
    }
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

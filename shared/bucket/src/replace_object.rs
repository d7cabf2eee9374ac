//! Replaces an object in one write, so that a reader finds either the old or the new one.

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use model::Error;

use crate::{ObjectKey, checksum::RunningChecksum, errors::storage_error, s3_bucket::S3Bucket};

/// Stores bytes under a key, whatever exists there. S3 rejects bytes that differ from our checksum.
pub(crate) async fn replace_object(
    bucket: &S3Bucket,
    key: &ObjectKey,
    content_type: &str,
    bytes: Bytes,
) -> Result<(), Error> {
    let mut running = RunningChecksum::new(bucket.algorithm);
    running.update(&bytes);
    let checksum = running.finish();
    let put =
        bucket.put_with_checksum(key, &checksum).content_type(content_type).body(ByteStream::from(bytes));
    let sent = put.customize().disable_payload_signing().send().await;
    sent.map(drop).map_err(|e| storage_error("store the file", e))
}

//! Uploads a stream of known length as one `PutObject`.

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use futures_util::Stream;
use model::{Checksum, ChecksumAlgorithm, Error, ErrorClass};
use tokio::sync::mpsc;

use crate::{
    channel_body::{CHANNEL_CAPACITY, ChannelBody, send_to_body},
    checksum::RunningChecksum,
    errors::{WriteError, write_error},
    s3_bucket::S3Bucket,
    upload_request::UploadRequest,
};

/// Streams bytes into a new object, and compares S3's checksum with ours. Returns the length and the checksum.
pub(crate) async fn put_object_stream(
    bucket: &S3Bucket,
    upload: UploadRequest<'_>,
    length: u64,
    bytes: impl Stream<Item = Result<Bytes, Error>> + Send,
) -> Result<(u64, Checksum), WriteError> {
    let (sender, chunks) = mpsc::channel(CHANNEL_CAPACITY);
    let mut checksum = RunningChecksum::new(bucket.algorithm);
    let body = SdkBody::from_body_1_x(ChannelBody { chunks, remaining: length });
    let put = (bucket.client.put_object().bucket(&bucket.name).key(bucket.object_key(upload.key)))
        .content_type(upload.content_type)
        .content_length(i64::try_from(length).unwrap_or(i64::MAX))
        .if_none_match("*")
        .body(ByteStream::new(body))
        .customize()
        .disable_payload_signing();
    let (source, put) = tokio::join!(send_to_body(bytes, sender, &mut checksum), put.send());
    // The source's error comes first: it is the cause of the failed upload.
    source?;
    let put = put.map_err(write_error)?;
    if checksum.bytes() != length {
        let message = format!("the source sent {} of {length} bytes", checksum.bytes());
        return Err(Error::new(ErrorClass::SourceUnavailable, message).into());
    }
    let computed = checksum.finish();
    let stored = match computed.algorithm {
        ChecksumAlgorithm::Crc64Nvme => put.checksum_crc64_nvme(),
        ChecksumAlgorithm::Crc32 => put.checksum_crc32(),
    };
    if stored.is_some_and(|stored| stored != computed.value) {
        bucket.delete_object(upload.key).await?;
        let message = "the bucket stored other bytes than were sent; they were deleted";
        return Err(Error::new(ErrorClass::StorageUnavailable, message).into());
    }
    Ok((length, computed))
}

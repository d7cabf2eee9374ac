//! The operations of a multipart upload, each by itself, so that a later invocation can continue the upload.

use std::pin::pin;

use aws_sdk_s3::{
    primitives::{ByteStream, SdkBody},
    types::{ChecksumAlgorithm as S3Algorithm, ChecksumType, CompletedMultipartUpload, CompletedPart},
};
use bytes::Bytes;
use futures_util::Stream;
use model::{Checksum, ChecksumAlgorithm, Error, ErrorClass};
use tokio::sync::mpsc;

use crate::{
    ObjectKey,
    channel_body::{CHANNEL_CAPACITY, ChannelBody, send_to_body},
    checksum::RunningChecksum,
    errors::{UploadError, WriteError, is_no_such_upload, part_error, storage_error, write_error},
    s3_bucket::S3Bucket,
    upload_request::UploadOutcome,
    uploaded_part::{UploadedPart, combine_checksums},
};

/// Which part of which multipart upload.
#[derive(Debug, Clone, Copy)]
pub struct PartTarget<'a> {
    /// The key of the object.
    pub key: &'a ObjectKey,
    /// The id of the multipart upload.
    pub id: &'a str,
    /// The part number, 1 to 10,000.
    pub number: i32,
}

/// Creates a multipart upload and returns its id.
pub(crate) async fn create_multipart_upload(
    bucket: &S3Bucket,
    key: &ObjectKey,
    content_type: &str,
) -> Result<String, Error> {
    let create = bucket.client.create_multipart_upload().bucket(&bucket.name).key(bucket.object_key(key));
    let create = create.content_type(content_type).checksum_type(ChecksumType::FullObject);
    let create = create.checksum_algorithm(match bucket.algorithm {
        ChecksumAlgorithm::Crc64Nvme => S3Algorithm::Crc64Nvme,
        ChecksumAlgorithm::Crc32 => S3Algorithm::Crc32,
    });
    let output = create.send().await.map_err(|e| storage_error("create a multipart upload", e))?;
    output.upload_id.ok_or_else(|| {
        Error::new(ErrorClass::StorageUnavailable, "the bucket returned no id of a multipart upload")
    })
}

/// Streams exactly `length` bytes into a part, without buffering them.
pub(crate) async fn stream_part(
    bucket: &S3Bucket,
    target: PartTarget<'_>,
    length: u64,
    bytes: impl Stream<Item = Result<Bytes, Error>> + Send,
) -> Result<UploadedPart, UploadError> {
    let (sender, chunks) = mpsc::channel(CHANNEL_CAPACITY);
    let mut checksum = RunningChecksum::new(bucket.algorithm);
    let body = SdkBody::from_body_1_x(ChannelBody { chunks, remaining: length });
    let upload = pin!(upload_part(bucket, target, ByteStream::new(body), None));
    let (source, upload) = tokio::join!(send_to_body(bytes, sender, &mut checksum), upload);
    // The source's error comes first: it is the cause of the failed part.
    source?;
    let etag = upload?;
    if checksum.bytes() != length {
        let message = format!("the source sent {} of {length} bytes of a part", checksum.bytes());
        return Err(Error::new(ErrorClass::SourceUnavailable, message).into());
    }
    Ok(UploadedPart::new(target.number, etag, &checksum))
}

/// Uploads a part and returns its ETag.
pub(crate) async fn upload_part(
    bucket: &S3Bucket,
    target: PartTarget<'_>,
    body: ByteStream,
    checksum: Option<&RunningChecksum>,
) -> Result<String, UploadError> {
    let upload = (bucket.client.upload_part().bucket(&bucket.name).key(bucket.object_key(target.key)))
        .upload_id(target.id)
        .part_number(target.number)
        .body(body);
    let checksum = checksum.map(|checksum| checksum.finish().value);
    let upload = match bucket.algorithm {
        ChecksumAlgorithm::Crc64Nvme => upload.set_checksum_crc64_nvme(checksum),
        ChecksumAlgorithm::Crc32 => upload.set_checksum_crc32(checksum),
    };
    let output = upload
        .customize()
        .disable_payload_signing()
        .send()
        .await
        .map_err(|e| part_error("accept a part of the file", e))?;
    Ok(output.e_tag.unwrap_or_default())
}

/// Completes an upload with our checksum of the object, combined from those of the parts, so that S3 rejects other
/// bytes.
pub(crate) async fn complete_multipart_upload(
    bucket: &S3Bucket,
    key: &ObjectKey,
    id: &str,
    parts: &[UploadedPart],
) -> Result<Checksum, WriteError> {
    let checksum = combine_checksums(bucket.algorithm, parts);
    let completed =
        parts.iter().map(|part| CompletedPart::builder().part_number(part.number).e_tag(&part.etag).build());
    let completed = CompletedMultipartUpload::builder().set_parts(Some(completed.collect())).build();
    let complete =
        (bucket.client.complete_multipart_upload().bucket(&bucket.name).key(bucket.object_key(key)))
            .upload_id(id)
            .if_none_match("*")
            .checksum_type(ChecksumType::FullObject)
            .multipart_upload(completed);
    let complete = match bucket.algorithm {
        ChecksumAlgorithm::Crc64Nvme => complete.checksum_crc64_nvme(&checksum.value),
        ChecksumAlgorithm::Crc32 => complete.checksum_crc32(&checksum.value),
    };
    complete.send().await.map_err(write_error)?;
    Ok(checksum)
}

/// Completes an upload that another invocation may have completed before.
pub(crate) async fn finish_multipart_upload(
    bucket: &S3Bucket,
    key: &ObjectKey,
    id: &str,
    parts: &[UploadedPart],
) -> Result<UploadOutcome, UploadError> {
    match complete_multipart_upload(bucket, key, id, parts).await {
        Ok(checksum) => {
            Ok(UploadOutcome::Stored { bytes: parts.iter().map(|part| part.bytes).sum(), checksum })
        }
        Err(WriteError::AlreadyExists) => {
            abort_multipart_upload(bucket, &bucket.object_key(key), id).await;
            Ok(UploadOutcome::AlreadyExists)
        }
        // An earlier attempt may have completed the upload, and its response was lost.
        Err(WriteError::InvalidUpload(error)) => match bucket.head_object(key).await? {
            Some(_) => Ok(UploadOutcome::AlreadyExists),
            None => {
                error.log("multipart upload cannot be completed");
                Err(UploadError::NoSuchUpload)
            }
        },
        // The other request may have stored the object. Otherwise the caller aborts this upload and creates a new one.
        Err(WriteError::Conflict(error)) => match bucket.head_object(key).await {
            Ok(Some(_)) => {
                abort_multipart_upload(bucket, &bucket.object_key(key), id).await;
                Ok(UploadOutcome::AlreadyExists)
            }
            _ => Err(UploadError::Conflict(error)),
        },
        Err(WriteError::IdleBody(error) | WriteError::Other(error)) => Err(error.into()),
    }
}

/// Aborts an upload to a complete S3 key. A failure is only logged.
pub(crate) async fn abort_multipart_upload(bucket: &S3Bucket, path: &str, id: &str) {
    let abort = bucket.client.abort_multipart_upload().bucket(&bucket.name).key(path).upload_id(id);
    match abort.send().await {
        Err(e) if !is_no_such_upload(&e) => storage_error("abort a multipart upload", e)
            .log("multipart upload stays open until the lifecycle rule removes it"),
        _ => {}
    }
}

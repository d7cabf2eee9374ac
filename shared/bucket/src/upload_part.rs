//! The parts of a multipart upload, each on its own: for a transfer that can go on where another one stopped.

use std::pin::pin;

use aws_sdk_s3::{
    error::{ProvideErrorMetadata, SdkError},
    primitives::{ByteStream, SdkBody},
    types::{ChecksumAlgorithm as S3Algorithm, ChecksumType, CompletedMultipartUpload, CompletedPart},
};
use bytes::Bytes;
use futures_util::Stream;
use model::{Checksum, ChecksumAlgorithm, Error, ErrorClass};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::{
    Bucket, Key, UploadedObject,
    body::{ChannelBody, WAITING, feed},
    checksum::{Running, joined},
    errors::{WriteError, refused, unwritten},
};

/// A part that S3 has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// 1 to 10,000.
    pub number: i32,
    /// What S3 calls it.
    pub etag: String,
    /// Checksum of its bytes in the configured algorithm.
    pub crc: u64,
    /// Its length.
    pub bytes: u64,
}

/// Why a part was not taken.
#[derive(Debug)]
pub enum UploadPartError {
    /// There is no such upload any more: it was completed, aborted, or expired.
    UploadGone,
    /// Anything else.
    Fault(Error),
}

impl From<Error> for UploadPartError {
    fn from(error: Error) -> Self {
        UploadPartError::Fault(error)
    }
}

impl Part {
    pub(crate) fn new(number: i32, etag: String, running: &Running) -> Self {
        Self { number, etag, crc: running.value(), bytes: running.bytes() }
    }
}

impl Bucket {
    /// Begins a multipart upload and returns its id.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn begin_parts(&self, key: &Key, content_type: &str) -> Result<String, Error> {
        let create = self.client.create_multipart_upload().bucket(&self.bucket).key(self.key(key));
        let create = create.content_type(content_type).checksum_type(ChecksumType::FullObject);
        let create = create.checksum_algorithm(match self.algorithm {
            ChecksumAlgorithm::Crc64Nvme => S3Algorithm::Crc64Nvme,
            ChecksumAlgorithm::Crc32 => S3Algorithm::Crc32,
        });
        let created = create.send().await.map_err(|e| refused("begin an upload", e))?;
        created
            .upload_id
            .ok_or_else(|| Error::new(ErrorClass::StorageUnavailable, "the bucket gave an upload no id"))
    }

    /// Pipes a stream of exactly `length` bytes into a part, without holding it.
    ///
    /// # Errors
    /// The error of the stream if it failed first, else S3's.
    pub async fn pipe_part(
        &self,
        key: &Key,
        id: &str,
        number: i32,
        length: u64,
        bytes: impl Stream<Item = Result<Bytes, Error>> + Send,
    ) -> Result<Part, UploadPartError> {
        let (sender, pieces) = mpsc::channel(WAITING);
        let mut running = Running::new(self.algorithm);
        let body = SdkBody::from_body_1_x(ChannelBody { pieces, left: length });
        let send = pin!(self.upload_part(key, id, number, ByteStream::new(body), None));
        let (fed, sent) = tokio::join!(feed(bytes, sender, &mut running), send);
        // The source's error comes first: it is why the part broke.
        fed?;
        let etag = sent?;
        if running.bytes() != length {
            let message = format!("the source gave {} of {length} bytes of a part", running.bytes());
            return Err(Error::new(ErrorClass::SourceUnavailable, message).into());
        }
        Ok(Part::new(number, etag, &running))
    }

    /// Sends a part and returns its tag.
    pub(crate) async fn upload_part(
        &self,
        key: &Key,
        id: &str,
        number: i32,
        body: ByteStream,
        checksum: Option<&Running>,
    ) -> Result<String, UploadPartError> {
        let send = (self.client.upload_part().bucket(&self.bucket).key(self.key(key)))
            .upload_id(id)
            .part_number(number)
            .body(body);
        let own = checksum.map(|running| running.finish().value);
        let send = match self.algorithm {
            ChecksumAlgorithm::Crc64Nvme => send.set_checksum_crc64_nvme(own),
            ChecksumAlgorithm::Crc32 => send.set_checksum_crc32(own),
        };
        let sent = send
            .customize()
            .disable_payload_signing()
            .send()
            .await
            .map_err(|e| parts_trouble("take a part of the file", e))?;
        Ok(sent.e_tag.unwrap_or_default())
    }

    /// Completes an upload with our checksum of the whole, joined from those of the parts, so that S3 refuses
    /// what differs.
    pub(crate) async fn complete_parts(
        &self,
        key: &Key,
        id: &str,
        parts: &[Part],
    ) -> Result<Checksum, WriteError> {
        let whole = joined(self.algorithm, parts);
        let listed = parts
            .iter()
            .map(|part| CompletedPart::builder().part_number(part.number).e_tag(&part.etag).build());
        let complete = (self.client.complete_multipart_upload().bucket(&self.bucket).key(self.key(key)))
            .upload_id(id)
            .if_none_match("*")
            .checksum_type(ChecksumType::FullObject)
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(listed.collect())).build());
        let complete = match self.algorithm {
            ChecksumAlgorithm::Crc64Nvme => complete.checksum_crc64_nvme(&whole.value),
            ChecksumAlgorithm::Crc32 => complete.checksum_crc32(&whole.value),
        };
        complete.send().await.map_err(unwritten)?;
        Ok(whole)
    }

    /// Completes an upload whose parts, sorted by number, are all there.
    ///
    /// # Errors
    /// [`UploadPartError::UploadGone`] when the upload is gone, unless because it was completed, and when S3 does not
    /// accept what it has of it; else [`ErrorClass::StorageUnavailable`].
    pub async fn finish_parts(
        &self,
        key: &Key,
        id: &str,
        parts: &[Part],
    ) -> Result<UploadedObject, UploadPartError> {
        match self.complete_parts(key, id, parts).await {
            Ok(checksum) => {
                Ok(UploadedObject::Stored { bytes: parts.iter().map(|part| part.bytes).sum(), checksum })
            }
            Err(WriteError::AlreadyThere) => {
                self.abort_parts(key, id).await;
                Ok(UploadedObject::AlreadyThere)
            }
            // The answer to an earlier try may have been lost.
            Err(WriteError::Worthless(error)) => match self.head(key).await? {
                Some(_) => Ok(UploadedObject::AlreadyThere),
                None => {
                    error.log("an upload cannot be completed");
                    Err(UploadPartError::UploadGone)
                }
            },
            Err(WriteError::Fault(error)) => Err(error.into()),
        }
    }

    /// Gives up an upload. Its own failure is only logged: the first error matters, and the bucket's lifecycle
    /// rule removes what is left.
    pub async fn abort_parts(&self, key: &Key, id: &str) {
        self.abort_parts_at(&self.key(key), id).await;
    }

    pub(crate) async fn abort_parts_at(&self, path: &str, id: &str) {
        let abort = self.client.abort_multipart_upload().bucket(&self.bucket).key(path).upload_id(id);
        match abort.send().await {
            Err(e) if !is_gone(&e) => {
                refused("abort an upload", e).log("an upload stays open until the lifecycle rule removes it")
            }
            _ => {}
        }
    }
}

fn is_gone<E: ProvideErrorMetadata, R>(e: &SdkError<E, R>) -> bool {
    e.as_service_error().and_then(ProvideErrorMetadata::code) == Some("NoSuchUpload")
}

fn parts_trouble<E>(what: &str, e: SdkError<E, aws_sdk_s3::config::http::HttpResponse>) -> UploadPartError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    if is_gone(&e) { UploadPartError::UploadGone } else { UploadPartError::Fault(refused(what, e)) }
}

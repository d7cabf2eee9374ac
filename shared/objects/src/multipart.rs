//! A multipart upload with buffered parts, for a stream that is long or of unknown length.

use std::pin::{Pin, pin};

use aws_sdk_s3::{
    error::SdkError,
    operation::create_multipart_upload::CreateMultipartUploadOutput,
    primitives::ByteStream,
    types::{ChecksumAlgorithm as S3Algorithm, ChecksumType, CompletedMultipartUpload, CompletedPart},
};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use model::{Checksum, ChecksumAlgorithm, Fault, FaultClass};

use crate::{
    Key, Objects, Upload,
    checksum::Running,
    trouble::{Unwritten, refused, unwritten},
};

/// S3 takes no more parts than this.
const MOST_PARTS: u64 = 10_000;
/// Parts are at least this long (S3 wants 5 MiB), and longer when a known length would need too many.
const PART: u64 = 8 * 1024 * 1024;
/// Parts on their way at once; each is in memory.
const AT_ONCE: usize = 2;

impl Objects {
    pub(crate) async fn put_parts(
        &self,
        upload: Upload<'_>,
        bytes: impl Stream<Item = Result<Bytes, Fault>> + Send,
    ) -> Result<(u64, Checksum), Unwritten> {
        let created = self.create(upload).await?;
        let id = created.upload_id().unwrap_or_default().to_owned();
        let mut running = Running::new(self.algorithm);
        let sent = self.send_parts(upload, &id, bytes, &mut running).await;
        let done = match sent {
            Ok(parts) => self.complete(upload, &id, parts, &running).await,
            Err(fault) => Err(fault.into()),
        };
        if done.is_err() {
            self.abort(upload.key, &id).await;
        }
        done.map(|()| (running.bytes(), running.finish()))
    }

    async fn create(&self, upload: Upload<'_>) -> Result<CreateMultipartUploadOutput, Fault> {
        let create = self.client.create_multipart_upload().bucket(&self.bucket).key(self.key(upload.key));
        let create = create.content_type(upload.content_type).checksum_type(ChecksumType::FullObject);
        let create = create.checksum_algorithm(match self.algorithm {
            ChecksumAlgorithm::Crc64Nvme => S3Algorithm::Crc64Nvme,
            ChecksumAlgorithm::Crc32 => S3Algorithm::Crc32,
        });
        create.send().await.map_err(|e| refused("begin an upload", e))
    }

    async fn send_parts(
        &self,
        upload: Upload<'_>,
        id: &str,
        bytes: impl Stream<Item = Result<Bytes, Fault>> + Send,
        running: &mut Running,
    ) -> Result<Vec<CompletedPart>, Fault> {
        let long = upload.length.unwrap_or(0).div_ceil(MOST_PARTS).max(PART);
        let size = usize::try_from(long).unwrap_or(usize::MAX);
        let bytes = pin!(bytes);
        let parts = cut(bytes, size, running);
        let sent = parts.zip(stream::iter(1..)).map(|(part, number)| async move {
            self.send_part(upload, id, number, part?).await
        });
        sent.buffered(AT_ONCE).try_collect().await
    }

    async fn send_part(&self, upload: Upload<'_>, id: &str, number: i32, part: Bytes) -> Result<CompletedPart, Fault> {
        let mut own = Running::new(self.algorithm);
        own.update(&part);
        let own = own.finish().value;
        let send = (self.client.upload_part().bucket(&self.bucket).key(self.key(upload.key)))
            .upload_id(id)
            .part_number(number)
            .body(ByteStream::from(part));
        let done = CompletedPart::builder().part_number(number);
        let (send, done) = match self.algorithm {
            ChecksumAlgorithm::Crc64Nvme => (send.checksum_crc64_nvme(&own), done.checksum_crc64_nvme(own)),
            ChecksumAlgorithm::Crc32 => (send.checksum_crc32(&own), done.checksum_crc32(own)),
        };
        let sent = send.customize().disable_payload_signing().send().await;
        let sent = sent.map_err(|e: SdkError<_, _>| refused("take a part of the file", e))?;
        Ok(done.set_e_tag(sent.e_tag).build())
    }

    /// Completes the upload with our checksum of the whole, so that S3 refuses what differs.
    async fn complete(
        &self,
        upload: Upload<'_>,
        id: &str,
        parts: Vec<CompletedPart>,
        running: &Running,
    ) -> Result<(), Unwritten> {
        if upload.length.is_some_and(|length| length != running.bytes()) {
            return Err(Fault::new(FaultClass::SourceUnavailable, "the source gave fewer bytes than it announced").into());
        }
        let complete = (self.client.complete_multipart_upload().bucket(&self.bucket).key(self.key(upload.key)))
            .upload_id(id)
            .if_none_match("*")
            .checksum_type(ChecksumType::FullObject)
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build());
        let whole = running.finish().value;
        let complete = match self.algorithm {
            ChecksumAlgorithm::Crc64Nvme => complete.checksum_crc64_nvme(whole),
            ChecksumAlgorithm::Crc32 => complete.checksum_crc32(whole),
        };
        complete.send().await.map(|_| ()).map_err(unwritten)
    }

    /// Gives up an upload. Its own failure is only logged: the first error matters, and the bucket's lifecycle
    /// rule removes what is left.
    pub(crate) async fn abort(&self, key: &Key, id: &str) {
        let abort = self.client.abort_multipart_upload().bucket(&self.bucket).key(self.key(key)).upload_id(id);
        if let Err(e) = abort.send().await {
            refused("abort an upload", e).log("an upload stays open until the lifecycle rule removes it");
        }
    }
}

/// Cuts a stream into parts of `size` bytes, the last one shorter, and never no part at all: S3 completes no
/// upload without one.
fn cut<'s, S>(bytes: Pin<&'s mut S>, size: usize, running: &'s mut Running) -> impl Stream<Item = Result<Bytes, Fault>> + 's
where
    S: Stream<Item = Result<Bytes, Fault>> + Send,
{
    let state = Some((bytes, running, BytesMut::new(), true));
    stream::unfold(state, move |state| async move {
        let (mut bytes, running, mut left, first) = state?;
        while left.len() < size {
            match bytes.next().await {
                Some(Ok(piece)) => {
                    running.update(&piece);
                    left.extend_from_slice(&piece);
                }
                Some(Err(fault)) => return Some((Err(fault), None)),
                None if left.is_empty() && !first => return None,
                None => return Some((Ok(left.freeze()), None)),
            }
        }
        let part = left.split_to(size).freeze();
        Some((Ok(part), Some((bytes, running, left, false))))
    })
}

//! Uploads a stream that is long or of unknown length as a multipart upload with buffered parts.

use std::pin::{Pin, pin};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use model::{Checksum, ChecksumAlgorithm, Error, ErrorClass};

use crate::{
    channel_body::BufferedBody,
    checksum::RunningChecksum,
    errors::WriteError,
    multipart_upload::{
        PartTarget, abort_multipart_upload, complete_multipart_upload, create_multipart_upload, upload_part,
    },
    s3_bucket::S3Bucket,
    upload_request::UploadRequest,
    uploaded_part::UploadedPart,
};

/// The most parts of a multipart upload in S3.
const MAX_PARTS: u64 = 10_000;
/// The length of a part (S3 requires 5 MiB). Parts are longer when a known length would need too many.
const MIN_PART_BYTES: u64 = 8 * 1024 * 1024;
/// How many parts are uploaded at once. Each is in memory.
const CONCURRENCY: usize = 2;
/// Chunks of at least this length are kept as they are. Shorter ones are copied together, because a chunk from the network
/// may be a slice of a buffer twice as long.
const LONG_CHUNK_BYTES: usize = 64 * 1024;
/// The capacity of the buffer for short chunks.
const BUFFER_BYTES: usize = 256 * 1024;

/// Uploads a stream in parts. Returns the length and the checksum.
pub(crate) async fn upload_buffered_parts(
    bucket: &S3Bucket,
    upload: UploadRequest<'_>,
    bytes: impl Stream<Item = Result<Bytes, Error>> + Send,
) -> Result<(u64, Checksum), WriteError> {
    let id = create_multipart_upload(bucket, upload.key, upload.content_type).await?;
    let result = match upload_parts(bucket, upload, &id, bytes).await {
        Ok(parts) => complete_upload(bucket, upload, &id, &parts).await,
        Err(error) => Err(error.into()),
    };
    if result.is_err() {
        abort_multipart_upload(bucket, &bucket.object_key(upload.key), &id).await;
    }
    result
}

async fn upload_parts(
    bucket: &S3Bucket,
    upload: UploadRequest<'_>,
    id: &str,
    bytes: impl Stream<Item = Result<Bytes, Error>> + Send,
) -> Result<Vec<UploadedPart>, Error> {
    let part_bytes = upload.length.unwrap_or(0).div_ceil(MAX_PARTS).max(MIN_PART_BYTES);
    let size = usize::try_from(part_bytes).unwrap_or(usize::MAX);
    let bytes = pin!(bytes);
    let parts = split_into_parts(bytes, size, bucket.algorithm).zip(stream::iter(1..));
    let uploads = parts.map(|(part, number)| async move {
        let (chunks, checksum) = part?;
        let target = PartTarget { key: upload.key, id, number };
        upload_buffered_part(bucket, target, chunks, &checksum).await
    });
    uploads.buffered(CONCURRENCY).try_collect().await
}

/// Uploads a part with its checksum. It is in memory, so the SDK can retry it.
async fn upload_buffered_part(
    bucket: &S3Bucket,
    target: PartTarget<'_>,
    chunks: Vec<Bytes>,
    checksum: &RunningChecksum,
) -> Result<UploadedPart, Error> {
    let body = SdkBody::retryable(move || SdkBody::from_body_1_x(BufferedBody::new(chunks.clone())));
    match upload_part(bucket, target, ByteStream::new(body), Some(checksum)).await {
        Ok(etag) => Ok(UploadedPart::new(target.number, etag, checksum)),
        Err(error) => Err(error.into()),
    }
}

/// Completes the upload if the source sent as many bytes as it announced.
async fn complete_upload(
    bucket: &S3Bucket,
    upload: UploadRequest<'_>,
    id: &str,
    parts: &[UploadedPart],
) -> Result<(u64, Checksum), WriteError> {
    let bytes: u64 = parts.iter().map(|part| part.bytes).sum();
    if upload.length.is_some_and(|length| length != bytes) {
        let message = "the source sent fewer bytes than it announced";
        return Err(Error::new(ErrorClass::SourceUnavailable, message).into());
    }
    Ok((bytes, complete_multipart_upload(bucket, upload.key, id, parts).await?))
}

/// Splits a stream into parts of `size` bytes with their checksums. The last part may be shorter. An empty stream gives
/// one empty part, because S3 does not complete an upload without parts.
fn split_into_parts<'s, S>(
    bytes: Pin<&'s mut S>,
    size: usize,
    algorithm: ChecksumAlgorithm,
) -> impl Stream<Item = Result<(Vec<Bytes>, RunningChecksum), Error>> + 's
where
    S: Stream<Item = Result<Bytes, Error>> + Send,
{
    let state = Some((bytes, Bytes::new(), true));
    stream::unfold(state, move |state| async move {
        let (mut bytes, mut rest, first) = state?;
        let mut part = PartBuffer::default();
        let mut checksum = RunningChecksum::new(algorithm);
        while part.length < size {
            let chunk = rest.split_to(rest.len().min(size - part.length));
            checksum.update(&chunk);
            part.add(chunk);
            if part.length < size {
                rest = match bytes.next().await {
                    Some(Ok(chunk)) => chunk,
                    Some(Err(error)) => return Some((Err(error), None)),
                    None if part.length == 0 && !first => return None,
                    None => return Some((Ok((part.into_chunks(), checksum)), None)),
                };
            }
        }
        Some((Ok((part.into_chunks(), checksum)), Some((bytes, rest, false))))
    })
}

/// The chunks of a part. None is much shorter than the memory that it keeps allocated.
#[derive(Default)]
struct PartBuffer {
    chunks: Vec<Bytes>,
    buffer: BytesMut,
    length: usize,
}

impl PartBuffer {
    fn add(&mut self, chunk: Bytes) {
        self.length += chunk.len();
        if chunk.len() >= LONG_CHUNK_BYTES {
            self.flush_buffer();
            self.chunks.push(chunk);
            return;
        }
        if self.buffer.capacity() - self.buffer.len() < chunk.len() {
            self.flush_buffer();
            self.buffer = BytesMut::with_capacity(BUFFER_BYTES);
        }
        self.buffer.extend_from_slice(&chunk);
    }

    fn flush_buffer(&mut self) {
        if !self.buffer.is_empty() {
            self.chunks.push(std::mem::take(&mut self.buffer).freeze());
        }
    }

    fn into_chunks(mut self) -> Vec<Bytes> {
        self.flush_buffer();
        self.chunks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part_lengths(chunks: &[usize], size: usize) -> Vec<Vec<usize>> {
        let chunks = chunks.iter().map(|length| Ok(Bytes::from(vec![7; *length])));
        let mut bytes = stream::iter(chunks.collect::<Vec<_>>());
        let parts = split_into_parts(Pin::new(&mut bytes), size, ChecksumAlgorithm::Crc64Nvme)
            .try_collect::<Vec<_>>();
        let parts = futures_util::FutureExt::now_or_never(parts)
            .expect("a stream in memory is always ready")
            .expect("parts");
        parts
            .into_iter()
            .map(|(part, checksum)| {
                let lengths: Vec<usize> = part.iter().map(Bytes::len).collect();
                assert_eq!(checksum.bytes(), lengths.iter().sum::<usize>() as u64);
                lengths
            })
            .collect()
    }

    #[test]
    fn long_chunks_are_kept_and_short_ones_are_copied_together() {
        assert_eq!(part_lengths(&[10, 20, LONG_CHUNK_BYTES, 30], 1 << 20), [vec![30, LONG_CHUNK_BYTES, 30]]);
        let short = LONG_CHUNK_BYTES - 1;
        assert_eq!(part_lengths(&[short; 6], 1 << 20), [vec![4 * short, 2 * short]]);
    }

    #[test]
    fn part_boundaries_are_independent_of_chunk_boundaries() {
        assert_eq!(part_lengths(&[100, 100, 100], 150), [vec![150], vec![150]]);
        assert_eq!(
            part_lengths(&[3 * LONG_CHUNK_BYTES], 2 * LONG_CHUNK_BYTES),
            [vec![2 * LONG_CHUNK_BYTES], vec![LONG_CHUNK_BYTES]]
        );
        assert_eq!(part_lengths(&[], 150), [vec![0; 0]]);
    }
}

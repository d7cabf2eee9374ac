//! Reads ranges of an object, into memory or as a stream that continues after a broken connection.

use std::{ops::Range, pin::pin, time::Duration};

use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, TryStreamExt, stream};
use model::Error;

use crate::{
    ObjectKey,
    errors::{incomplete_body, storage_error},
    s3_bucket::S3Bucket,
};

/// How often in a row a body may break before the stream fails.
const MAX_ATTEMPTS: u32 = 4;
/// The first delay before the rest of a broken body is requested. It doubles with each attempt.
const RETRY_DELAY: Duration = Duration::from_millis(50);

/// Reads a range of an object into memory.
pub(crate) async fn read_range(
    bucket: &S3Bucket,
    key: &ObjectKey,
    range: Range<u64>,
) -> Result<Bytes, Error> {
    let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
    let mut bytes = BytesMut::with_capacity(length);
    let mut chunks = pin!(stream_range(bucket, key, range));
    while let Some(chunk) = chunks.try_next().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// Streams a range of an object.
pub(crate) fn stream_range<'a>(
    bucket: &'a S3Bucket,
    key: &'a ObjectKey,
    range: Range<u64>,
) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'a {
    let reader = RangeReader { bucket, key, remaining: range, body: None, failures: 0 };
    stream::try_unfold(reader, |mut reader| async move {
        Ok(reader.next_chunk().await?.map(|chunk| (chunk, reader)))
    })
}

/// The state of a range that is being read.
struct RangeReader<'a> {
    bucket: &'a S3Bucket,
    key: &'a ObjectKey,
    remaining: Range<u64>,
    body: Option<ByteStream>,
    failures: u32,
}

impl RangeReader<'_> {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        while !self.remaining.is_empty() {
            match self.read_chunk().await? {
                Ok(chunk) => {
                    self.failures = 0;
                    self.remaining.start += chunk.len() as u64;
                    return Ok(Some(chunk));
                }
                Err(error) if self.failures + 1 == MAX_ATTEMPTS => return Err(error),
                Err(_) => {
                    self.body = None;
                    tokio::time::sleep(RETRY_DELAY * (1 << self.failures)).await;
                    self.failures += 1;
                }
            }
        }
        Ok(None)
    }

    /// Reads the next chunk. The inner error is a broken body, which can be retried here; the outer one is a failed
    /// request, which the SDK has retried already.
    async fn read_chunk(&mut self) -> Result<Result<Bytes, Error>, Error> {
        let body = match &mut self.body {
            Some(body) => body,
            None => {
                let S3Bucket { client, name, .. } = self.bucket;
                let get = client.get_object().bucket(name).key(self.bucket.object_key(self.key));
                let get = get.range(format!("bytes={}-{}", self.remaining.start, self.remaining.end - 1));
                let output = get.send().await.map_err(|e| storage_error("return the file", e))?;
                self.body.insert(output.body)
            }
        };
        let remaining = self.remaining.end - self.remaining.start;
        Ok(match body.try_next().await {
            Ok(Some(chunk)) if chunk.len() as u64 <= remaining => Ok(chunk),
            Ok(_) => Err(incomplete_body()),
            Err(e) => Err(incomplete_body().with_source(e)),
        })
    }
}

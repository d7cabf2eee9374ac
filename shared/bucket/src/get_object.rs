//! Reading ranges of an object, into memory or as a stream that goes on where it broke.

use std::{ops::Range, pin::pin, time::Duration};

use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, TryStreamExt, stream};
use model::Error;

use crate::{Bucket, Key, bucket::cut, errors::refused};

/// How often in a row a body may break before the reader is told.
const MAX_ATTEMPTS: u32 = 4;
/// The first wait before a broken body is asked for again; it doubles.
const WAIT: Duration = Duration::from_millis(50);

impl Bucket {
    /// Reads a range of an object into memory.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`], also when the answer is not exactly that range.
    pub async fn read(&self, key: &Key, range: Range<u64>) -> Result<Bytes, Error> {
        let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        let mut bytes = BytesMut::with_capacity(length);
        let mut pieces = pin!(self.stream(key, range));
        while let Some(piece) = pieces.try_next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    }

    /// Reads a range of an object piece by piece: exactly its bytes, or an error. A body that breaks is asked for
    /// again from where it broke.
    ///
    /// # Errors
    /// The stream ends with [`model::ErrorClass::StorageUnavailable`].
    pub fn stream<'a>(
        &'a self,
        key: &'a Key,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'a {
        let reading = Reading { objects: self, key, left: range, body: None, broke: 0 };
        stream::try_unfold(reading, |mut reading| async move {
            Ok(reading.next().await?.map(|piece| (piece, reading)))
        })
    }
}

/// A range on its way.
struct Reading<'a> {
    objects: &'a Bucket,
    key: &'a Key,
    left: Range<u64>,
    body: Option<ByteStream>,
    broke: u32,
}

impl Reading<'_> {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while !self.left.is_empty() {
            match self.piece().await? {
                Ok(piece) => {
                    self.broke = 0;
                    self.left.start += piece.len() as u64;
                    return Ok(Some(piece));
                }
                Err(broken) if self.broke + 1 == MAX_ATTEMPTS => return Err(broken),
                Err(_) => {
                    self.body = None;
                    tokio::time::sleep(WAIT * (1 << self.broke)).await;
                    self.broke += 1;
                }
            }
        }
        Ok(None)
    }

    /// The next piece, or how the body broke. A request that fails has been repeated by the SDK already.
    async fn piece(&mut self) -> Result<Result<Bytes, Error>, Error> {
        let body = match &mut self.body {
            Some(body) => body,
            None => {
                let Bucket { client, bucket, .. } = self.objects;
                let get = client.get_object().bucket(bucket).key(self.objects.key(self.key));
                let get = get.range(format!("bytes={}-{}", self.left.start, self.left.end - 1));
                let answer = get.send().await.map_err(|e| refused("give the file back", e))?;
                self.body.insert(answer.body)
            }
        };
        let left = self.left.end - self.left.start;
        Ok(match body.try_next().await {
            Ok(Some(piece)) if piece.len() as u64 <= left => Ok(piece),
            Ok(_) => Err(cut()),
            Err(e) => Err(cut().with_source(e)),
        })
    }
}

//! A stream that is long or of unknown length, in buffered parts.

use std::pin::{Pin, pin};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use model::{Checksum, ChecksumAlgorithm, Error, ErrorClass};

use crate::{Bucket, Part, Upload, UploadPartError, body::PiecesBody, checksum::Running, errors::WriteError};

/// S3 takes no more parts than this.
const MAX_PARTS: u64 = 10_000;
/// Parts are at least this long (S3 wants 5 MiB), and longer when a known length would need too many.
const PART: u64 = 8 * 1024 * 1024;
/// Parts on their way at once; each is in memory.
const CONCURRENCY: usize = 2;
/// Pieces this long are kept as they are. Shorter ones are copied together: a network's pieces may be slices of
/// buffers twice as long.
const LONG_PIECE: usize = 64 * 1024;
/// Where short pieces are copied together.
const ROOM: usize = 256 * 1024;

impl Bucket {
    pub(crate) async fn put_parts(
        &self,
        upload: Upload<'_>,
        bytes: impl Stream<Item = Result<Bytes, Error>> + Send,
    ) -> Result<(u64, Checksum), WriteError> {
        let id = self.begin_parts(upload.key, upload.content_type).await?;
        let done = match self.send_parts(upload, &id, bytes).await {
            Ok(parts) => self.complete_announced(upload, &id, &parts).await,
            Err(error) => Err(error.into()),
        };
        if done.is_err() {
            self.abort_parts(upload.key, &id).await;
        }
        done
    }

    async fn send_parts(
        &self,
        upload: Upload<'_>,
        id: &str,
        bytes: impl Stream<Item = Result<Bytes, Error>> + Send,
    ) -> Result<Vec<Part>, Error> {
        let long = upload.length.unwrap_or(0).div_ceil(MAX_PARTS).max(PART);
        let size = usize::try_from(long).unwrap_or(usize::MAX);
        let bytes = pin!(bytes);
        let parts = cut(bytes, size, self.algorithm).zip(stream::iter(1..));
        let sent = parts.map(|(part, number)| async move {
            let (part, running) = part?;
            self.send_part(upload, id, number, part, &running).await
        });
        sent.buffered(CONCURRENCY).try_collect().await
    }

    /// Sends a part with its own checksum; unlike a piped one it is in memory, so the SDK can send it again.
    async fn send_part(
        &self,
        upload: Upload<'_>,
        id: &str,
        number: i32,
        part: Vec<Bytes>,
        running: &Running,
    ) -> Result<Part, Error> {
        let body = SdkBody::retryable(move || SdkBody::from_body_1_x(PiecesBody::new(part.clone())));
        let sent = self.upload_part(upload.key, id, number, ByteStream::new(body), Some(running)).await;
        match sent {
            Ok(etag) => Ok(Part::new(number, etag, running)),
            Err(UploadPartError::Fault(error)) => Err(error),
            Err(UploadPartError::UploadGone) => Err(Error::new(
                ErrorClass::StorageUnavailable,
                "the bucket forgot an upload that was under way",
            )),
        }
    }

    async fn complete_announced(
        &self,
        upload: Upload<'_>,
        id: &str,
        parts: &[Part],
    ) -> Result<(u64, Checksum), WriteError> {
        let bytes: u64 = parts.iter().map(|part| part.bytes).sum();
        if upload.length.is_some_and(|length| length != bytes) {
            return Err(Error::new(
                ErrorClass::SourceUnavailable,
                "the source gave fewer bytes than it announced",
            )
            .into());
        }
        Ok((bytes, self.complete_parts(upload.key, id, parts).await?))
    }
}

/// Cuts a stream into parts of `size` bytes, the last one shorter, and never no part at all: S3 completes no
/// upload without one. Each comes with its checksum.
fn cut<'s, S>(
    bytes: Pin<&'s mut S>,
    size: usize,
    algorithm: ChecksumAlgorithm,
) -> impl Stream<Item = Result<(Vec<Bytes>, Running), Error>> + 's
where
    S: Stream<Item = Result<Bytes, Error>> + Send,
{
    let state = Some((bytes, Bytes::new(), true));
    stream::unfold(state, move |state| async move {
        let (mut bytes, mut rest, first) = state?;
        let mut part = Gathered::default();
        let mut running = Running::new(algorithm);
        while part.length < size {
            let piece = rest.split_to(rest.len().min(size - part.length));
            running.update(&piece);
            part.add(piece);
            if part.length < size {
                rest = match bytes.next().await {
                    Some(Ok(piece)) => piece,
                    Some(Err(error)) => return Some((Err(error), None)),
                    None if part.length == 0 && !first => return None,
                    None => return Some((Ok((part.pieces(), running)), None)),
                };
            }
        }
        Some((Ok((part.pieces(), running)), Some((bytes, rest, false))))
    })
}

/// The pieces of a part, none of them much shorter than the memory it keeps.
#[derive(Default)]
struct Gathered {
    pieces: Vec<Bytes>,
    room: BytesMut,
    length: usize,
}

impl Gathered {
    fn add(&mut self, piece: Bytes) {
        self.length += piece.len();
        if piece.len() >= LONG_PIECE {
            self.close_room();
            self.pieces.push(piece);
            return;
        }
        if self.room.capacity() - self.room.len() < piece.len() {
            self.close_room();
            self.room = BytesMut::with_capacity(ROOM);
        }
        self.room.extend_from_slice(&piece);
    }

    fn close_room(&mut self) {
        if !self.room.is_empty() {
            self.pieces.push(std::mem::take(&mut self.room).freeze());
        }
    }

    fn pieces(mut self) -> Vec<Bytes> {
        self.close_room();
        self.pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(pieces: &[usize], size: usize) -> Vec<Vec<usize>> {
        let pieces = pieces.iter().map(|length| Ok(Bytes::from(vec![7; *length])));
        let mut bytes = stream::iter(pieces.collect::<Vec<_>>());
        let parts = cut(Pin::new(&mut bytes), size, ChecksumAlgorithm::Crc64Nvme).try_collect::<Vec<_>>();
        let parts = futures_util::FutureExt::now_or_never(parts).expect("memory never waits").expect("parts");
        parts
            .into_iter()
            .map(|(part, running)| {
                let lengths: Vec<usize> = part.iter().map(Bytes::len).collect();
                assert_eq!(running.bytes(), lengths.iter().sum::<usize>() as u64);
                lengths
            })
            .collect()
    }

    #[test]
    fn long_pieces_are_kept_and_short_ones_copied_together() {
        assert_eq!(parts(&[10, 20, LONG_PIECE, 30], 1 << 20), [vec![30, LONG_PIECE, 30]]);
        let short = LONG_PIECE - 1;
        assert_eq!(parts(&[short; 6], 1 << 20), [vec![4 * short, 2 * short]]);
    }

    #[test]
    fn parts_are_cut_wherever_the_pieces_end() {
        assert_eq!(parts(&[100, 100, 100], 150), [vec![150], vec![150]]);
        assert_eq!(parts(&[3 * LONG_PIECE], 2 * LONG_PIECE), [vec![2 * LONG_PIECE], vec![LONG_PIECE]]);
        assert_eq!(parts(&[], 150), [vec![0; 0]]);
    }
}

//! A stream that is long or of unknown length, in buffered parts.

use std::pin::{Pin, pin};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use model::{Checksum, ChecksumAlgorithm, Fault, FaultClass};

use crate::{Objects, Part, PartsTrouble, Upload, checksum::Running, trouble::Unwritten};

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
        let id = self.begin_parts(upload.key, upload.content_type).await?;
        let done = match self.send_parts(upload, &id, bytes).await {
            Ok(parts) => self.complete_announced(upload, &id, &parts).await,
            Err(fault) => Err(fault.into()),
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
        bytes: impl Stream<Item = Result<Bytes, Fault>> + Send,
    ) -> Result<Vec<Part>, Fault> {
        let long = upload.length.unwrap_or(0).div_ceil(MOST_PARTS).max(PART);
        let size = usize::try_from(long).unwrap_or(usize::MAX);
        let bytes = pin!(bytes);
        let parts = cut(bytes, size, self.algorithm).zip(stream::iter(1..));
        let sent = parts.map(|(part, number)| async move {
            let (part, running) = part?;
            self.send_part(upload, id, number, part, &running).await
        });
        sent.buffered(AT_ONCE).try_collect().await
    }

    /// Sends a part with its own checksum; unlike a piped one it is in memory, so the SDK can send it again.
    async fn send_part(
        &self,
        upload: Upload<'_>,
        id: &str,
        number: i32,
        part: Bytes,
        running: &Running,
    ) -> Result<Part, Fault> {
        let sent = self.upload_part(upload.key, id, number, part.into(), Some(running)).await;
        match sent {
            Ok(etag) => Ok(Part::new(number, etag, running)),
            Err(PartsTrouble::Fault(fault)) => Err(fault),
            Err(PartsTrouble::UploadGone) => Err(Fault::new(
                FaultClass::StorageUnavailable,
                "the bucket forgot an upload that was under way",
            )),
        }
    }

    async fn complete_announced(
        &self,
        upload: Upload<'_>,
        id: &str,
        parts: &[Part],
    ) -> Result<(u64, Checksum), Unwritten> {
        let bytes: u64 = parts.iter().map(|part| part.bytes).sum();
        if upload.length.is_some_and(|length| length != bytes) {
            return Err(Fault::new(
                FaultClass::SourceUnavailable,
                "the source gave fewer bytes than it announced",
            )
            .into());
        }
        Ok((bytes, self.complete_parts(upload.key, id, parts).await?))
    }
}

/// Cuts a stream into parts of `size` bytes, the last one shorter, and never no part at all: S3 completes no
/// upload without one. Each comes with its checksum.
///
/// A part's room is taken once and whole: one that grows would be in memory twice while it is moved.
fn cut<'s, S>(
    bytes: Pin<&'s mut S>,
    size: usize,
    algorithm: ChecksumAlgorithm,
) -> impl Stream<Item = Result<(Bytes, Running), Fault>> + 's
where
    S: Stream<Item = Result<Bytes, Fault>> + Send,
{
    let state = Some((bytes, Bytes::new(), true));
    stream::unfold(state, move |state| async move {
        let (mut bytes, mut rest, first) = state?;
        let mut part = BytesMut::with_capacity(size);
        let mut running = Running::new(algorithm);
        while part.len() < size {
            let piece = rest.split_to(rest.len().min(size - part.len()));
            running.update(&piece);
            part.extend_from_slice(&piece);
            if part.len() < size {
                rest = match bytes.next().await {
                    Some(Ok(piece)) => piece,
                    Some(Err(fault)) => return Some((Err(fault), None)),
                    None if part.is_empty() && !first => return None,
                    None => return Some((Ok((part.freeze(), running)), None)),
                };
            }
        }
        Some((Ok((part.freeze(), running)), Some((bytes, rest, false))))
    })
}

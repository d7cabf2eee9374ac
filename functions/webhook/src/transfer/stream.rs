//! What is done to the bytes on their way.

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use model::Fault;

/// How many of the first bytes are judged.
const JUDGED: usize = 4;

/// Ends a stream that does not begin as it should, before anything of it is stored.
pub(super) fn beginning(
    bytes: impl Stream<Item = Result<Bytes, Fault>> + Send,
    begins: fn(&[u8]) -> Result<(), Fault>,
) -> impl Stream<Item = Result<Bytes, Fault>> + Send {
    let mut start: Vec<u8> = Vec::with_capacity(JUDGED);
    bytes.map(move |piece| {
        let piece = piece?;
        if start.len() < JUDGED {
            start.extend(piece.iter().take(JUDGED - start.len()));
            begins(&start)?;
        }
        Ok(piece)
    })
}

/// The first `length` bytes of a stream; what follows is left alone.
pub(super) fn first(
    bytes: impl Stream<Item = Result<Bytes, Fault>> + Send,
    length: u64,
) -> impl Stream<Item = Result<Bytes, Fault>> + Send {
    bytes.scan(length, |left, piece| {
        if *left == 0 {
            return std::future::ready(None);
        }
        let piece = piece.map(|mut piece| {
            piece.truncate(usize::try_from(*left).unwrap_or(usize::MAX).min(piece.len()));
            *left -= piece.len() as u64;
            piece
        });
        std::future::ready(Some(piece))
    })
}

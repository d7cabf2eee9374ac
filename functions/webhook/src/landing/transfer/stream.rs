//! What is done to the bytes on their way.

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use model::Error;

/// How many first bytes of a file are looked at before anything of it is stored. Frame headers of pictures come
/// behind their profiles.
const LOOKED_AT: usize = 64 * 1024;

/// The bytes of a file, or of a part of it.
pub(super) type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;

/// Takes the first bytes of a file, and gives them back with the stream as it was.
pub(super) async fn peeked(mut pieces: Pieces) -> Result<(Bytes, Pieces), Error> {
    let mut first: Vec<Bytes> = vec![];
    let mut length = 0;
    while length < LOOKED_AT {
        match pieces.next().await.transpose()? {
            Some(piece) => {
                length += piece.len();
                first.push(piece);
            }
            None => break,
        }
    }
    let mut start = BytesMut::with_capacity(length.min(LOOKED_AT));
    for piece in &first {
        start.extend_from_slice(&piece[..piece.len().min(LOOKED_AT - start.len())]);
    }
    let again = stream::iter(first.into_iter().map(Ok)).chain(pieces);
    Ok((start.freeze(), Box::pin(again)))
}

/// The first `length` bytes of a stream; what follows is left alone.
pub(super) fn first(
    bytes: impl Stream<Item = Result<Bytes, Error>> + Send,
    length: u64,
) -> impl Stream<Item = Result<Bytes, Error>> + Send {
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

//! The stream of the bytes of a file.

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use model::Error;

/// How many first bytes of a file are checked before anything of it is stored. The frame headers of images follow
/// their color profiles.
const START_BYTES: usize = 64 * 1024;

/// The bytes of a file, or of a part of it.
pub(super) type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;

/// Reads the first bytes of a stream, and returns them with a stream of all bytes.
pub(super) async fn peek_start(mut stream: ByteStream) -> Result<(Bytes, ByteStream), Error> {
    let mut chunks: Vec<Bytes> = vec![];
    let mut length = 0;
    while length < START_BYTES {
        match stream.next().await.transpose()? {
            Some(chunk) => {
                length += chunk.len();
                chunks.push(chunk);
            }
            None => break,
        }
    }
    let mut start = BytesMut::with_capacity(length.min(START_BYTES));
    for chunk in &chunks {
        start.extend_from_slice(&chunk[..chunk.len().min(START_BYTES - start.len())]);
    }
    let whole = stream::iter(chunks.into_iter().map(Ok)).chain(stream);
    Ok((start.freeze(), Box::pin(whole)))
}

/// The first `length` bytes of a stream. The rest is not read, and not waited for.
pub(super) fn take_bytes(bytes: ByteStream, length: u64) -> impl Stream<Item = Result<Bytes, Error>> + Send {
    stream::unfold((bytes, length), |(mut bytes, left)| async move {
        if left == 0 {
            return None;
        }
        let chunk = bytes.next().await?.map(|mut chunk| {
            chunk.truncate(usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len()));
            chunk
        });
        let length = chunk.as_ref().map_or(0, Bytes::len) as u64;
        Some((chunk, (bytes, left - length)))
    })
    .fuse()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn bytes_beyond_the_requested_ones_are_not_waited_for() {
        let chunks = stream::iter([Ok(Bytes::from_static(b"abc")), Ok(Bytes::from_static(b"def"))]);
        let endless: ByteStream = Box::pin(chunks.chain(stream::pending()));
        let taken = take_bytes(endless, 6).map(|chunk| chunk.expect("a chunk")).collect::<Vec<_>>();
        assert_eq!(taken.now_or_never().expect("no more chunk is awaited").concat(), b"abcdef");
    }
}

//! Inflates the file data of an entry as a stream, and checks the result against its uncompressed size and CRC-32.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use model::Error;

use crate::{
    decoder::Decoder,
    entry::ArchiveEntry,
    inflate_in_memory::ensure_readable,
    verify_crc32::{ContentCheck, size_exceeded},
};

/// The most inflated bytes in one chunk of the stream.
const MAX_CHUNK_BYTES: usize = 256 * 1024;

/// Inflates a file in chunks. `source` is all file data of the entry.
///
/// The last chunk follows only after the size and the CRC-32 are verified, so a consumer that stores the stream
/// never stores all bytes of a damaged file.
pub fn inflate_stream<'a>(
    entry: &'a ArchiveEntry,
    source: impl Stream<Item = Result<Bytes, Error>> + Send + 'a,
) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'a {
    let decoder = Decoder::new(entry.compression_method, Bytes::new());
    let check = ContentCheck::default();
    let chunks = InflatedChunks { entry, source: Box::pin(source), decoder, check, last_chunk: None };
    stream::try_unfold(chunks, |mut chunks| async move {
        Ok(chunks.next_verified_chunk().await?.map(|chunk| (chunk, chunks)))
    })
}

struct InflatedChunks<'a, S> {
    entry: &'a ArchiveEntry,
    source: Pin<Box<S>>,
    decoder: Option<Decoder>,
    check: ContentCheck,
    /// The latest chunk. It is withheld until another one follows or the file is verified.
    last_chunk: Option<Bytes>,
}

impl<S: Stream<Item = Result<Bytes, Error>>> InflatedChunks<'_, S> {
    async fn next_verified_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        ensure_readable(self.entry)?;
        loop {
            match self.next_chunk().await? {
                Some(chunk) => {
                    self.check.update(self.entry, &chunk)?;
                    if let Some(previous) = self.last_chunk.replace(chunk) {
                        return Ok(Some(previous));
                    }
                }
                None => {
                    self.check.finish(self.entry)?;
                    return Ok(self.last_chunk.take());
                }
            }
        }
    }

    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(decoder) = &mut self.decoder else { return self.source.next().await.transpose() };
        let remaining = self.entry.uncompressed_size.saturating_sub(self.check.length());
        let remaining = usize::try_from(remaining).unwrap_or(usize::MAX);
        // Room for one byte more than remains shows whether the stream has more.
        let max_bytes = remaining.saturating_add(1).min(MAX_CHUNK_BYTES);
        let mut chunk = Vec::with_capacity(max_bytes);
        while !decoder.is_finished() && chunk.len() < max_bytes {
            if decoder.needs_input() {
                match self.source.next().await {
                    Some(input) => decoder.set_input(input?),
                    None => break,
                }
            }
            let decoded = decoder.decode_into(&mut chunk);
            if chunk.len() > remaining {
                return Err(size_exceeded(self.entry));
            }
            decoded?;
        }
        Ok((!chunk.is_empty()).then(|| chunk.into()))
    }
}

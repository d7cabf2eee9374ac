//! Decodes a body that a server compressed although the request accepts only the file as it is.

use std::io::Write;

use bytes::Bytes;
use flate2::write::GzDecoder;
use futures_util::{StreamExt, stream};
use model::{Error, ErrorClass};

use crate::download_response::{DownloadStream, too_large};

/// How many compressed bytes are decoded at once. Deflate expands a byte to at most 1,032, so a chunk of the decoded file
/// is shorter than 5 MiB.
const STEP_BYTES: usize = 4096;

/// A decoder and what it has read.
struct Decoding {
    body: DownloadStream,
    chunk: Bytes,
    decoder: GzDecoder<Vec<u8>>,
    decoded: u64,
    max_bytes: u64,
}

/// The decoded bytes of a body, at most `max_bytes`. A body that is no gzip, has another checksum or is not whole ends in
/// an error.
pub(crate) fn decode_gzip(body: DownloadStream, max_bytes: u64) -> DownloadStream {
    let decoder = GzDecoder::new(vec![]);
    let state = Decoding { body, chunk: Bytes::new(), decoder, decoded: 0, max_bytes };
    let bytes = stream::unfold(Some(state), |state| async {
        let mut state = state?;
        match state.next_chunk().await {
            Ok(Some(chunk)) => Some((Ok(chunk), Some(state))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    });
    Box::pin(bytes.fuse())
}

impl Decoding {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let is_end = self.chunk.is_empty() && self.read_chunk().await?;
            if is_end {
                self.decoder.try_finish().map_err(invalid)?;
            } else {
                let step = self.chunk.split_to(self.chunk.len().min(STEP_BYTES));
                self.decoder.write_all(&step).map_err(invalid)?;
            }
            let decoded = std::mem::take(self.decoder.get_mut());
            self.decoded += decoded.len() as u64;
            if self.decoded > self.max_bytes {
                return Err(too_large(self.max_bytes));
            }
            if is_end && decoded.is_empty() {
                return Ok(None);
            }
            if !decoded.is_empty() {
                return Ok(Some(decoded.into()));
            }
        }
    }

    /// Reads the next compressed bytes. Returns whether there are none.
    async fn read_chunk(&mut self) -> Result<bool, Error> {
        match self.body.next().await.transpose()? {
            Some(chunk) => {
                self.chunk = chunk;
                Ok(false)
            }
            None => Ok(true),
        }
    }
}

fn invalid(e: std::io::Error) -> Error {
    let message = "download refused: its content encoding is gzip, and its body is not";
    Error::new(ErrorClass::SourceRefused, message).with_source(e)
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};
    use futures_util::{FutureExt, TryStreamExt};

    use super::*;

    fn encoded(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(vec![], Compression::fast());
        encoder.write_all(bytes).expect("in memory");
        encoder.finish().expect("in memory")
    }

    /// Decodes a body that comes in chunks of `size` bytes. Returns the chunks.
    fn decode(body: &[u8], size: usize, max_bytes: u64) -> Result<Vec<Bytes>, Error> {
        let chunks: Vec<_> = body.chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        let decoded = decode_gzip(Box::pin(stream::iter(chunks)), max_bytes);
        decoded.try_collect().now_or_never().expect("a stream in memory is always ready")
    }

    #[test]
    fn a_body_is_decoded_however_it_is_cut_into_chunks() {
        let file: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let body = encoded(&file);
        for size in [1, 10, 5_000, body.len()] {
            assert!(decode(&body, size, 1 << 20).expect("decoded").concat() == file, "{size}");
        }
        assert_eq!(decode(&encoded(b""), 7, 10).expect("decoded"), Vec::<Bytes>::new());
    }

    #[test]
    fn a_bomb_is_decoded_in_bounded_chunks_and_stopped_at_the_limit() {
        let body = encoded(&vec![0; 32 << 20]);
        let chunks = decode(&body, body.len(), 32 << 20).expect("within the limit");
        assert!(chunks.len() > 1 && chunks.iter().all(|chunk| chunk.len() < 5 << 20));
        let error = decode(&body, body.len(), 1 << 20).expect_err("beyond the limit");
        assert_eq!(error.class, ErrorClass::SourceTooLarge);
    }

    #[test]
    fn a_body_that_is_cut_off_damaged_or_no_gzip_is_never_complete() {
        let body = encoded(&b"a file of some length".repeat(50));
        let mut damaged = body.clone();
        let crc = damaged.len() - 6;
        damaged[crc] ^= 1;
        for wrong in [
            &body[..body.len() - 1],
            &body[..body.len() - 8],
            &body[..5],
            &damaged,
            b"PK\x05\x06 no gzip",
            b"",
        ] {
            let error = decode(wrong, 8, 1 << 20).expect_err("not whole");
            assert_eq!(error.class, ErrorClass::SourceRefused, "{}", wrong.len());
        }
    }
}

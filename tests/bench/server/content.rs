//! Generated content of any length: a block of noise that repeats.

use std::{convert::Infallible, ops::Range, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest};
use futures_util::{Stream, stream};
use http_body::Frame;
use tokio::time::{Instant, sleep_until};

/// The block size. It divides no part length, so that a part at the wrong offset has other bytes.
const BLOCK_BYTES: usize = 4 * 1024 * 1024 + 4099;
/// The number of bytes that are sent at once.
const CHUNK_BYTES: u64 = 256 * 1024;
/// The same with a limited rate: small enough for an even rate.
const SLOW_CHUNK_BYTES: u64 = 32 * 1024;

/// The block.
#[derive(Debug)]
pub(crate) struct Content(Bytes);

impl Content {
    /// Generates the block with xorshift, so that it cannot be compressed.
    pub(crate) fn generate() -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let words = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        Self(words.flatten().take(BLOCK_BYTES).collect())
    }

    fn chunk(&self, range: &Range<u64>, max_bytes: u64) -> Bytes {
        let from = usize::try_from(range.start % BLOCK_BYTES as u64).unwrap_or_default();
        let length = usize::try_from((range.end - range.start).min(max_bytes)).unwrap_or(usize::MAX);
        self.0.slice(from..BLOCK_BYTES.min(from + length))
    }

    /// Streams a range of the content, limited to `rate` bytes a second if given.
    pub(crate) fn stream(
        &self,
        range: Range<u64>,
        rate: Option<u64>,
    ) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> + Send + use<> {
        let content = Self(self.0.clone());
        let (begun, first) = (Instant::now(), range.start);
        stream::unfold(range, move |range| {
            let chunk = content.chunk(&range, if rate.is_some() { SLOW_CHUNK_BYTES } else { CHUNK_BYTES });
            async move {
                if range.is_empty() {
                    return None;
                }
                let next = range.start + chunk.len() as u64..range.end;
                if let Some(rate) = rate {
                    sleep_until(begun + Duration::from_micros((next.start - first) * 1_000_000 / rate)).await;
                }
                Some((Ok(Frame::data(chunk)), next))
            }
        })
    }

    /// Returns the CRC-64/NVME of the first `length` bytes, encoded as in S3.
    pub(crate) fn checksum(&self, length: u64) -> String {
        let mut digest = Digest::new(CrcAlgorithm::Crc64Nvme);
        let mut range = 0..length;
        while !range.is_empty() {
            let chunk = self.chunk(&range, u64::MAX);
            digest.update(&chunk);
            range.start += chunk.len() as u64;
        }
        BASE64_STANDARD.encode(digest.finalize().to_be_bytes())
    }
}

//! Content of any length that needs no disk: a block of noise, again and again.

use std::{convert::Infallible, ops::Range, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest};
use futures_util::{Stream, stream};
use http_body::Frame;
use tokio::time::{Instant, sleep_until};

/// No divisor of any part length, so that a part in the wrong place is other bytes.
const BLOCK: usize = 4 * 1024 * 1024 + 4099;
/// What is handed to the connection at once.
const PIECE: u64 = 256 * 1024;
/// The same when the pace is limited: small enough to be even.
const SLOW_PIECE: u64 = 32 * 1024;

/// The block.
#[derive(Debug)]
pub(crate) struct Content(Bytes);

impl Content {
    /// Noise of the xorshift kind: nothing on the way could compress it.
    pub(crate) fn generate() -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let words = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        Self(words.flatten().take(BLOCK).collect())
    }

    fn piece(&self, range: &Range<u64>, longest: u64) -> Bytes {
        let from = usize::try_from(range.start % BLOCK as u64).unwrap_or_default();
        let length = usize::try_from((range.end - range.start).min(longest)).unwrap_or(usize::MAX);
        self.0.slice(from..BLOCK.min(from + length))
    }

    /// A range of the content, at most `rate` bytes a second of it if one is given.
    pub(crate) fn stream(
        &self,
        range: Range<u64>,
        rate: Option<u64>,
    ) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> + Send + use<> {
        let content = Self(self.0.clone());
        let (begun, first) = (Instant::now(), range.start);
        stream::unfold(range, move |range| {
            let piece = content.piece(&range, if rate.is_some() { SLOW_PIECE } else { PIECE });
            async move {
                if range.is_empty() {
                    return None;
                }
                let next = range.start + piece.len() as u64..range.end;
                if let Some(rate) = rate {
                    sleep_until(begun + Duration::from_micros((next.start - first) * 1_000_000 / rate)).await;
                }
                Some((Ok(Frame::data(piece)), next))
            }
        })
    }

    /// The CRC-64/NVME of the first `length` bytes, as S3 writes it.
    pub(crate) fn checksum(&self, length: u64) -> String {
        let mut digest = Digest::new(CrcAlgorithm::Crc64Nvme);
        let mut range = 0..length;
        while !range.is_empty() {
            let piece = self.piece(&range, u64::MAX);
            digest.update(&piece);
            range.start += piece.len() as u64;
        }
        BASE64_STANDARD.encode(digest.finalize().to_be_bytes())
    }
}

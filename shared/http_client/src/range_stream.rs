//! Downloads a range of a file, however many responses its server takes for it.
//!
//! A server may send less than was requested (RFC 9110, 15.3.7). What a response lacks is requested from there on, under
//! the same validator.

use std::ops::Range;

use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use model::{Error, ErrorClass};

use crate::{
    download_response::{
        ContentEncoding, DownloadStream, check_status, range_body, read_encoding, unreliable_ranges,
    },
    http_get::HttpGet,
    remote_file_version::{ContentRange, is_same_version, read_content_range},
};

/// A response that is shorter than requested and than this, in bytes, is short without need.
const SMALL_RESPONSE_BYTES: u64 = 256 * 1024;
/// How many such responses of one range are accepted. A server that sends a byte at a time would take millions of
/// requests.
const MAX_SMALL_RESPONSES: u32 = 16;

/// A file of which ranges are requested.
#[derive(Clone)]
pub(crate) struct RangeSource {
    pub(crate) get: HttpGet,
    pub(crate) url: String,
    pub(crate) length: u64,
    pub(crate) validator: String,
}

/// The response to a range request: what it encloses, and its body.
pub(crate) struct RangeResponse {
    pub(crate) range: Range<u64>,
    pub(crate) body: DownloadStream,
}

impl RangeSource {
    /// Requests a range.
    ///
    /// # Errors
    /// [`ErrorClass::SourceChanged`] if the response is not of this file, or is no range of it that begins where it was
    /// requested; else as [`crate::Downloader::start_download`].
    pub(crate) async fn request(&self, range: &Range<u64>) -> Result<RangeResponse, Error> {
        let bytes = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        let value = |text: &str| HeaderValue::try_from(text).map_err(|e| invalid_range().with_source(e));
        let headers = [(header::RANGE, value(&bytes)?), (header::IF_RANGE, value(&self.validator)?)];
        let response = self.get.send_following_redirects(&self.url, &HeaderMap::from_iter(headers)).await?;
        match response.status() {
            StatusCode::OK => return Err(unreliable_ranges("one has another ETag or Last-Modified")),
            StatusCode::PRECONDITION_FAILED | StatusCode::RANGE_NOT_SATISFIABLE => {
                let code = response.status().as_u16();
                return Err(unreliable_ranges(&format!("one was answered with HTTP {code}")));
            }
            status => check_status(status, StatusCode::PARTIAL_CONTENT)?,
        }
        let ContentRange { range: received, total } =
            read_partial(&response, range.start).map_err(|reason| unreliable_ranges(&reason))?;
        if !is_same_version(response.headers(), &self.validator) {
            return Err(unreliable_ranges("one has another ETag or Last-Modified"));
        }
        if total.is_some_and(|total| total != self.length) {
            return Err(unreliable_ranges("they are of files of different lengths"));
        }
        if received.end > range.end {
            return Err(unreliable_ranges("one ends later than requested"));
        }
        let body = range_body(response, received.end - received.start);
        Ok(RangeResponse { range: received, body })
    }

    /// The bytes of `range`, whose first response is `response`.
    pub(crate) fn into_stream(self, range: Range<u64>, response: RangeResponse) -> DownloadStream {
        let small_responses = 0;
        let state = RangeReading { source: self, end: range.end, response, small_responses };
        // Fused, as all other streams of this crate: the reader of the first bytes of a short file polls its end twice.
        let bytes = stream::unfold(Some(state), |state| async {
            let mut state = state?;
            loop {
                match state.response.body.next().await {
                    Some(Ok(chunk)) => return Some((Ok(chunk), Some(state))),
                    Some(Err(error)) => return Some((Err(error), None)),
                    None if state.response.range.end >= state.end => return None,
                    None => {}
                }
                if let Err(error) = state.request_rest().await {
                    return Some((Err(error), None));
                }
            }
        });
        Box::pin(bytes.fuse())
    }
}

/// A range that is being read.
struct RangeReading {
    source: RangeSource,
    end: u64,
    response: RangeResponse,
    small_responses: u32,
}

impl RangeReading {
    /// Requests what the last response lacks.
    async fn request_rest(&mut self) -> Result<(), Error> {
        let Range { start, end } = self.response.range;
        if end - start < SMALL_RESPONSE_BYTES {
            self.small_responses += 1;
            if self.small_responses >= MAX_SMALL_RESPONSES {
                return Err(unreliable_ranges("they are too short"));
            }
        }
        self.response = self.source.request(&(end..self.end)).await?;
        Ok(())
    }
}

/// Reads which range a 206 encloses, or why that is not known or another one than from `start` on.
pub(crate) fn read_partial(response: &reqwest::Response, start: u64) -> Result<ContentRange, String> {
    let headers = response.headers();
    let content_type = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    if content_type.to_ascii_lowercase().starts_with(b"multipart/byteranges") {
        return Err("one has several parts".to_owned());
    }
    if !matches!(read_encoding(headers), Ok(ContentEncoding::Identity)) {
        return Err("one has a content encoding".to_owned());
    }
    let content = read_content_range(headers).ok_or("one has no valid Content-Range")?;
    if content.range.start != start {
        return Err("one begins elsewhere than requested".to_owned());
    }
    let length = content.range.end - content.range.start;
    if response.content_length().is_some_and(|announced| announced != length) {
        return Err("one has a Content-Length that contradicts its Content-Range".to_owned());
    }
    Ok(content)
}

fn invalid_range() -> Error {
    Error::new(ErrorClass::Internal, "a range cannot be requested")
}

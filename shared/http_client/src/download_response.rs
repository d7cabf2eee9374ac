//! The response of a download: its checks, and its body as a stream of known length.

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::{StatusCode, header};
use model::{Error, ErrorClass};

/// The body of a download in progress.
#[derive(Debug)]
pub struct DownloadStream {
    /// The length in bytes, when the server announced it.
    pub length: Option<u64>,
    response: reqwest::Response,
    max_bytes: u64,
}

impl DownloadStream {
    /// Checks the final response of a download, which must have the status `expected`, no content encoding, and no more
    /// than `max_bytes` bytes.
    pub(crate) fn new(
        response: reqwest::Response,
        expected: StatusCode,
        max_bytes: u64,
    ) -> Result<Self, Error> {
        let status = response.status();
        let code = status.as_u16();
        if status.is_server_error()
            || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
        {
            let message = format!("the download server answered HTTP {code}");
            return Err(Error::new(ErrorClass::SourceUnavailable, message));
        }
        if status != expected {
            let message = format!(
                "the file cannot be downloaded any more: HTTP {code}; the URL expired or the file was deleted"
            );
            return Err(Error::new(ErrorClass::SourceGone, message));
        }
        let mut encodings = response.headers().get_all(header::CONTENT_ENCODING).iter();
        if let Some(encoding) = encodings.find(|e| !e.as_bytes().eq_ignore_ascii_case(b"identity")) {
            let message = format!("download refused: unexpected content encoding {encoding:?}");
            return Err(Error::new(ErrorClass::SourceRefused, message));
        }
        let length = response.content_length();
        if length.is_some_and(|length| length > max_bytes) {
            return Err(too_large(max_bytes));
        }
        Ok(Self { length, response, max_bytes })
    }

    /// The bytes of the file. A body that is shorter or longer than announced, or longer than the limit, ends in an
    /// error and never as if it were complete.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, Error>> + Send {
        let (announced, max_bytes) = (self.length, self.max_bytes);
        let mut received = 0_u64;
        self.response.bytes_stream().map(Some).chain(futures_util::stream::iter([None])).filter_map(
            move |chunk| {
                let checked = match chunk {
                    Some(Ok(bytes)) => {
                        received += bytes.len() as u64;
                        Some(if received > max_bytes { Err(too_large(max_bytes)) } else { Ok(bytes) })
                    }
                    Some(Err(e)) => {
                        let message = format!("the download broke off after {received} bytes");
                        Some(Err(
                            Error::new(ErrorClass::SourceUnavailable, message).with_source(e.without_url())
                        ))
                    }
                    None => announced.filter(|length| *length != received).map(|length| {
                        let message = format!("the download ended after {received} of {length} bytes");
                        Err(Error::new(ErrorClass::SourceUnavailable, message))
                    }),
                };
                std::future::ready(checked)
            },
        )
    }
}

fn too_large(max_bytes: u64) -> Error {
    let message = format!("the file is larger than the limit of {max_bytes} bytes");
    Error::new(ErrorClass::SourceTooLarge, message)
}

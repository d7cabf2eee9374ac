//! Fetches a file from a provider, hop by hop through the guard, as a stream.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, StatusCode, header};
use model::{Error, ErrorClass};
use url::Url;

use crate::{
    SsrfGuard, client,
    ssrf_guard::{NotPublic, PublicOnly, SystemResolver},
};

/// How many redirects a download may take.
const REDIRECTS: usize = 5;

/// A source that sends nothing for this long is given up.
const STALL: Duration = Duration::from_secs(30);

/// Fetches files.
#[derive(Debug, Clone)]
pub struct Downloader {
    client: reqwest::Client,
    guard: SsrfGuard,
    largest: u64,
}

/// A file on its way.
#[derive(Debug)]
pub struct Download {
    /// Its length in bytes, when the source says so.
    pub length: Option<u64>,
    answer: reqwest::Response,
    largest: u64,
}

impl Downloader {
    /// A downloader behind a guard, for files of at most `largest` bytes. The authorities in `ca_bundle`, which is
    /// PEM, are trusted besides the public ones.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] if there is anything else in it, or the client cannot be built.
    pub fn new(guard: SsrfGuard, largest: u64, ca_bundle: &[u8]) -> Result<Self, Error> {
        let builder =
            client::trusting(ca_bundle)?.dns_resolver(PublicOnly(SystemResolver)).read_timeout(STALL);
        Ok(Self { client: client::build(builder)?, guard, largest })
    }

    /// Asks for a file, hop by hop through the guard, and returns the answer whatever its status.
    pub(crate) async fn follow(&self, url: &str, asked: &HeaderMap) -> Result<reqwest::Response, Error> {
        let mut url = Url::parse(url).map_err(|e| {
            Error::new(ErrorClass::SourceRefused, "download refused: not a URL").with_source(e)
        })?;
        for _ in 0..=REDIRECTS {
            self.guard.check(&url).inspect_err(|_| count_refusal(&url))?;
            let answer = self.request(&url, asked).await?;
            match redirect(&url, &answer)? {
                Some(next) => url = next,
                None => return Ok(answer),
            }
        }
        Err(Error::new(
            ErrorClass::SourceRefused,
            format!("download refused: more than {REDIRECTS} redirects"),
        ))
    }

    async fn request(&self, url: &Url, asked: &HeaderMap) -> Result<reqwest::Response, Error> {
        let request = self.client.get(url.clone()).headers(asked.clone());
        // Encoded bytes would not be the archive's bytes.
        let request = request.header(header::ACCEPT_ENCODING, "identity");
        request.send().await.map_err(|e| {
            let e = e.without_url();
            if causes(&e).any(|cause| cause.is::<NotPublic>()) {
                count_refusal(url);
                let host = url.host_str().unwrap_or_default();
                let message = format!("download from {host} refused: the host has no public address");
                return Error::new(ErrorClass::SourceRefused, message);
            }
            if e.is_builder() {
                // Nothing was sent, and nothing would be the next time: no request can be made of such a URL.
                return Error::new(
                    ErrorClass::SourceRefused,
                    "download refused: the URL cannot be requested",
                )
                .with_source(e);
            }
            Error::new(ErrorClass::SourceUnavailable, "the download server does not answer").with_source(e)
        })
    }

    /// Judges a final answer, which is as expected with status `expected` only.
    pub(crate) fn judged(&self, answer: reqwest::Response, expected: StatusCode) -> Result<Download, Error> {
        let status = answer.status();
        let code = status.as_u16();
        if status.is_server_error()
            || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
        {
            let message = format!("the download server answered HTTP {code}");
            return Err(Error::new(ErrorClass::SourceUnavailable, message));
        }
        if status != expected {
            let message = format!(
                "the file cannot be downloaded any more: HTTP {code}; the link expired or the file is gone"
            );
            return Err(Error::new(ErrorClass::SourceGone, message));
        }
        let mut encodings = answer.headers().get_all(header::CONTENT_ENCODING).iter();
        if let Some(encoding) = encodings.find(|e| !e.as_bytes().eq_ignore_ascii_case(b"identity")) {
            let message = format!("download refused: unasked content encoding {encoding:?}");
            return Err(Error::new(ErrorClass::SourceRefused, message));
        }
        let length = answer.content_length();
        if length.is_some_and(|length| length > self.largest) {
            return Err(too_large(self.largest));
        }
        Ok(Download { length, answer, largest: self.largest })
    }
}

impl Download {
    /// The file's bytes. A body that is shorter or longer than announced, or longer than the limit, ends in an
    /// error and never as if it were whole.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, Error>> + Send {
        let (announced, largest) = (self.length, self.largest);
        let mut received = 0_u64;
        self.answer.bytes_stream().map(Some).chain(futures_util::stream::iter([None])).filter_map(
            move |piece| {
                let checked = match piece {
                    Some(Ok(bytes)) => {
                        received += bytes.len() as u64;
                        Some(if received > largest { Err(too_large(largest)) } else { Ok(bytes) })
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

/// Counts a host that the guard keeps everybody from.
fn count_refusal(url: &Url) {
    let host = url.host_str().unwrap_or_default();
    tracing::warn!(metric = "BlockedDownloads", count = 1, host, "a download is refused");
}

fn redirect(from: &Url, answer: &reqwest::Response) -> Result<Option<Url>, Error> {
    if !answer.status().is_redirection() {
        return Ok(None);
    }
    let target =
        answer.headers().get(header::LOCATION).and_then(|l| l.to_str().ok()).and_then(|l| from.join(l).ok());
    let refused = || Error::new(ErrorClass::SourceRefused, "download refused: a redirect leads nowhere");
    target.map(Some).ok_or_else(refused)
}

fn too_large(largest: u64) -> Error {
    Error::new(ErrorClass::SourceTooLarge, format!("the file is larger than the limit of {largest} bytes"))
}

pub(crate) fn causes<'e>(
    e: &'e (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(e), |&e| e.source())
}

#[cfg(test)]
mod tests;

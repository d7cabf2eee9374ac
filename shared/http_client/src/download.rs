//! Downloads a file, or a range of it, from a provider: each redirect passes the guard, and the body is a stream.

use std::{ops::Range, time::Duration};

use http::{HeaderMap, HeaderValue, StatusCode, header};
use model::{Error, ErrorClass};
use url::Url;

use crate::{
    client_builder,
    download_response::DownloadStream,
    public_resolver::{PublicResolver, SystemResolver, is_blocked},
    remote_file_version::{RemoteFile, read_content_range, read_validator},
    ssrf_guard::SsrfGuard,
};

/// How many redirects a download follows.
const MAX_REDIRECTS: usize = 5;

/// A download whose server sends nothing for this long fails. The bytes are streamed into a request to S3, which ends a
/// request without new bytes after 20 seconds, as a maintainer of an AWS SDK says
/// (<https://github.com/aws/aws-sdk-php/issues/885>); AWS documents the error `RequestTimeout` and not its time. This
/// timeout comes first, so that the error names the server that paused.
const READ_TIMEOUT: Duration = Duration::from_secs(15);
const _: () = assert!(READ_TIMEOUT.as_secs() < 20, "S3 would end the upload first");

/// Downloads files.
#[derive(Debug, Clone)]
pub struct Downloader {
    client: reqwest::Client,
    guard: SsrfGuard,
    max_bytes: u64,
}

impl Downloader {
    /// A downloader of files of at most `largest` bytes. The certificate authorities in `ca_bundle`, which is PEM, are
    /// trusted besides the public ones.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] if `ca_bundle` contains anything else, or the client cannot be built.
    pub fn new(guard: SsrfGuard, largest: u64, ca_bundle: &[u8]) -> Result<Self, Error> {
        let builder = client_builder::builder_with_ca_bundle(ca_bundle)?;
        let builder = builder.dns_resolver(PublicResolver(SystemResolver)).read_timeout(READ_TIMEOUT);
        Ok(Self { client: client_builder::build(builder)?, guard, max_bytes: largest })
    }

    /// Starts the download of a file, and learns its length and whether the server supports ranges. It requests the
    /// range `bytes=0-` and never uses HEAD, which many pre-signed URLs reject.
    ///
    /// # Errors
    /// - [`ErrorClass::SourceRefused`]: the guard blocked the URL or one that it redirects to.
    /// - [`ErrorClass::SourceGone`]: the URL expired or the file was deleted.
    /// - [`ErrorClass::SourceTooLarge`]: the file is longer than the limit.
    /// - [`ErrorClass::SourceUnavailable`]: any error that a retry may resolve.
    pub async fn start_download(&self, url: &str) -> Result<(RemoteFile, DownloadStream), Error> {
        let from_start = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-"))]);
        let mut response = self.send_following_redirects(url, &from_start).await?;
        if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            // An empty file has no range, so it is requested without one.
            response = self.send_following_redirects(url, &HeaderMap::new()).await?;
        }
        let is_partial = response.status() == StatusCode::PARTIAL_CONTENT;
        let total = read_content_range(response.headers())
            .filter(|(range, _)| range.start == 0)
            .map(|(_, total)| total);
        let validator = read_validator(response.headers());
        let expected = if is_partial { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
        let download = DownloadStream::new(response, expected, self.max_bytes)?;
        if is_partial && total.is_none_or(|total| download.length != Some(total)) {
            return Err(wrong_range());
        }
        let (url, length) = (url.to_owned(), download.length);
        Ok((RemoteFile { url, length, supports_ranges: is_partial, validator }, download))
    }

    /// Downloads a range of a file that was opened before, and of no other file.
    ///
    /// # Errors
    /// [`ErrorClass::SourceChanged`] when the URL leads to another file by now; else as [`Downloader::start_download`].
    pub async fn download_range(
        &self,
        remote: &RemoteFile,
        range: Range<u64>,
    ) -> Result<DownloadStream, Error> {
        let mut headers = HeaderMap::new();
        let bytes = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        headers
            .insert(header::RANGE, HeaderValue::try_from(bytes).map_err(|e| invalid_range().with_source(e))?);
        if let Some(validator) = &remote.validator {
            let validator = HeaderValue::try_from(validator).map_err(|e| invalid_range().with_source(e))?;
            headers.insert(header::IF_RANGE, validator);
        }
        let response = self.send_following_redirects(&remote.url, &headers).await?;
        match response.status() {
            StatusCode::OK | StatusCode::PRECONDITION_FAILED | StatusCode::RANGE_NOT_SATISFIABLE => {
                return Err(file_changed());
            }
            _ => {}
        }
        let is_same_file =
            read_validator(response.headers()).is_none_or(|validator| Some(validator) == remote.validator);
        let received = read_content_range(response.headers());
        let download = DownloadStream::new(response, StatusCode::PARTIAL_CONTENT, self.max_bytes)?;
        match received {
            Some((_, total)) if Some(total) != remote.length => Err(file_changed()),
            Some(_) if !is_same_file => Err(file_changed()),
            Some((received, _)) if received == range => Ok(download),
            _ => Err(wrong_range()),
        }
    }

    /// Requests a URL and follows its redirects, each of which passes the guard. Returns the final response, whatever its
    /// status.
    async fn send_following_redirects(
        &self,
        url: &str,
        headers: &HeaderMap,
    ) -> Result<reqwest::Response, Error> {
        let mut url = Url::parse(url).map_err(|e| {
            Error::new(ErrorClass::SourceRefused, "download refused: not a URL").with_source(e)
        })?;
        for _ in 0..=MAX_REDIRECTS {
            self.guard.check(&url).inspect_err(|_| count_blocked_download(&url))?;
            let response = self.send(&url, headers).await?;
            match redirect_target(&url, &response)? {
                Some(next) => url = next,
                None => return Ok(response),
            }
        }
        Err(Error::new(
            ErrorClass::SourceRefused,
            format!("download refused: more than {MAX_REDIRECTS} redirects"),
        ))
    }

    async fn send(&self, url: &Url, headers: &HeaderMap) -> Result<reqwest::Response, Error> {
        let request = self.client.get(url.clone()).headers(headers.clone());
        // Encoded bytes would not be the bytes of the file.
        let request = request.header(header::ACCEPT_ENCODING, "identity");
        request.send().await.map_err(|e| {
            let e = e.without_url();
            if is_blocked(&e) {
                count_blocked_download(url);
                let host = url.host_str().unwrap_or_default();
                let message = format!("download from {host} refused: the host has no public address");
                return Error::new(ErrorClass::SourceRefused, message);
            }
            if e.is_builder() {
                // Nothing was sent, and a retry would not help: no request can be built for this URL.
                return Error::new(
                    ErrorClass::SourceRefused,
                    "download refused: the URL cannot be requested",
                )
                .with_source(e);
            }
            Error::new(ErrorClass::SourceUnavailable, "the download server does not answer").with_source(e)
        })
    }
}

fn count_blocked_download(url: &Url) {
    let host = url.host_str().unwrap_or_default();
    tracing::warn!(metric = "BlockedDownloads", count = 1, host, "download blocked");
}

/// The URL that a response redirects to, or none if it does not redirect.
fn redirect_target(from: &Url, response: &reqwest::Response) -> Result<Option<Url>, Error> {
    if !response.status().is_redirection() {
        return Ok(None);
    }
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    let target = location.and_then(|location| from.join(location).ok());
    let missing =
        || Error::new(ErrorClass::SourceRefused, "download refused: a redirect has no valid Location");
    target.map(Some).ok_or_else(missing)
}

fn file_changed() -> Error {
    Error::new(ErrorClass::SourceChanged, "the file at the provider changed during the download")
}

fn wrong_range() -> Error {
    Error::new(ErrorClass::SourceUnavailable, "the download server sent another range than requested")
}

fn invalid_range() -> Error {
    Error::new(ErrorClass::Internal, "a range cannot be requested")
}

#[cfg(test)]
mod tests;

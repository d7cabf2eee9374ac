//! Downloads a file, or a range of it, from a provider.
//!
//! Ranges are used as long as they can be trusted: each response says which range it encloses and belongs to the same
//! strong validator. Else the file is downloaded whole, with one plain GET.

use std::{ops::Range, time::Duration};

use http::{HeaderMap, HeaderValue, StatusCode, header};
use model::{Error, ErrorClass};

use crate::{
    client_builder,
    download_response::{
        ContentEncoding, DownloadStream, check_length, check_status, range_body, read_encoding, whole_body,
    },
    gzip_decoding::decode_gzip,
    http_get::HttpGet,
    public_resolver::{PublicResolver, SystemResolver},
    range_stream::{RangeResponse, RangeSource, read_partial},
    remote_file_version::{ContentRange, RemoteFile, read_validator},
    ssrf_guard::SsrfGuard,
};

/// A download whose server sends nothing for this long fails. The bytes are streamed into a request to S3, which ends a
/// request without new bytes after 20 seconds, as a maintainer of an AWS SDK says
/// (<https://github.com/aws/aws-sdk-php/issues/885>); AWS documents the error `RequestTimeout` and not its time. This
/// timeout comes first, so that the error names the server that paused.
const READ_TIMEOUT: Duration = Duration::from_secs(15);
const _: () = assert!(READ_TIMEOUT.as_secs() < 20, "S3 would end the upload first");

/// Why a file is downloaded whole if its server answers a range request with all of it, or with HTTP 416.
const NO_RANGES: &str = "its server does not support ranges";

/// Downloads files.
#[derive(Debug, Clone)]
pub struct Downloader {
    get: HttpGet,
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
        Ok(Self { get: HttpGet { client: client_builder::build(builder)?, guard }, max_bytes: largest })
    }

    /// Starts the download of a file, and learns its length and whether its ranges can be combined. It requests the range
    /// `bytes=0-` and never uses HEAD, which many pre-signed URLs reject. The stream is the whole file: what the first
    /// response lacks is requested from there on. If the response is no range that can be trusted, the file is requested
    /// again without one.
    ///
    /// # Errors
    /// - [`ErrorClass::SourceRefused`]: the guard blocked the URL or one that it redirects to.
    /// - [`ErrorClass::SourceGone`]: the URL expired or the file was deleted.
    /// - [`ErrorClass::SourceTooLarge`]: the file is longer than the limit.
    /// - [`ErrorClass::SourceInvalid`]: the server sends a part of the file to a request for the whole.
    /// - [`ErrorClass::SourceUnavailable`]: any error that a retry may resolve.
    ///
    /// The stream ends with [`ErrorClass::SourceChanged`] if the responses do not belong together.
    pub async fn start_download(&self, url: &str) -> Result<(RemoteFile, DownloadStream), Error> {
        let from_start = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-"))]);
        let response = self.get.send_following_redirects(url, &from_start).await?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT => {}
            // An empty file has no range.
            StatusCode::RANGE_NOT_SATISFIABLE => return self.download_whole(url, NO_RANGES).await,
            _ => return self.read_whole(url, response, NO_RANGES),
        }
        let validator = read_validator(response.headers());
        match read_partial(&response, 0) {
            Ok(ContentRange { range, total: Some(length) }) if range.end == length || validator.is_ok() => {
                let remote = RemoteFile { url: url.to_owned(), length: Some(length), validator };
                self.read_ranges(remote, response, range)
            }
            Ok(ContentRange { total: Some(_), .. }) => {
                let reason = validator.err().unwrap_or_default();
                self.download_whole(url, &reason).await
            }
            Ok(ContentRange { total: None, .. }) => self.learn_length(url, validator).await,
            Err(reason) => self.download_whole(url, &reason).await,
        }
    }

    /// Downloads a whole file with a plain GET. `reason` is why its ranges are not used.
    ///
    /// # Errors
    /// As [`Downloader::start_download`].
    pub async fn download_whole(
        &self,
        url: &str,
        reason: &str,
    ) -> Result<(RemoteFile, DownloadStream), Error> {
        let response = self.get.send_following_redirects(url, &HeaderMap::new()).await?;
        self.read_whole(url, response, reason)
    }

    /// Downloads a range of a file that was opened before, and of no other file. What a response lacks is requested from
    /// there on.
    ///
    /// # Errors
    /// [`ErrorClass::SourceChanged`], also as the end of the stream, when the responses are not of that file or cannot be
    /// trusted; else as [`Downloader::start_download`].
    pub async fn download_range(
        &self,
        remote: &RemoteFile,
        range: Range<u64>,
    ) -> Result<DownloadStream, Error> {
        let (Some(length), Ok(validator)) = (remote.length, &remote.validator) else {
            return Err(Error::new(ErrorClass::Internal, "a file without ranges has no part"));
        };
        let source = self.range_source(&remote.url, length, validator);
        let response = source.request(&range).await?;
        Ok(source.into_stream(range, response))
    }

    fn range_source(&self, url: &str, length: u64, validator: &str) -> RangeSource {
        let (url, validator) = (url.to_owned(), validator.to_owned());
        RangeSource { get: self.get.clone(), url, length, validator }
    }

    /// Downloads a whole file whose ranges are of unknown length. Their validator stays valid if the whole response,
    /// which announces the length, has it as well.
    async fn learn_length(
        &self,
        url: &str,
        validator: Result<String, String>,
    ) -> Result<(RemoteFile, DownloadStream), Error> {
        let response = self.get.send_following_redirects(url, &HeaderMap::new()).await?;
        let is_same = validator.is_ok() && read_validator(response.headers()) == validator;
        let (mut remote, stream) = self.read_whole(url, response, "its ranges do not tell its length")?;
        if is_same && remote.length.is_some() {
            remote.validator = validator;
        }
        Ok((remote, stream))
    }

    /// Reads a response that begins with the first byte of a file whose length is known.
    fn read_ranges(
        &self,
        remote: RemoteFile,
        response: reqwest::Response,
        range: Range<u64>,
    ) -> Result<(RemoteFile, DownloadStream), Error> {
        check_length(remote.length, self.max_bytes)?;
        let body = range_body(response, range.end);
        let stream = match (remote.length, &remote.validator) {
            (Some(length), Ok(validator)) if range.end < length => {
                let source = self.range_source(&remote.url, length, validator);
                source.into_stream(0..length, RangeResponse { range, body })
            }
            _ => body,
        };
        Ok((remote, stream))
    }

    /// Reads the response to a request for a whole file.
    fn read_whole(
        &self,
        url: &str,
        response: reqwest::Response,
        reason: &str,
    ) -> Result<(RemoteFile, DownloadStream), Error> {
        check_status(response.status(), StatusCode::OK)?;
        let encoding = read_encoding(response.headers())?;
        check_length(response.content_length(), self.max_bytes)?;
        // The length of an encoded body is not that of the file.
        let length = response.content_length().filter(|_| encoding == ContentEncoding::Identity);
        let remote = RemoteFile { url: url.to_owned(), length, validator: Err(reason.to_owned()) };
        let body = whole_body(response, self.max_bytes);
        Ok(match encoding {
            ContentEncoding::Identity => (remote, body),
            ContentEncoding::Gzip => (remote, decode_gzip(body, self.max_bytes)),
        })
    }
}

#[cfg(test)]
mod tests;

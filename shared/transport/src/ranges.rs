//! A file at a provider, and ranges of it that provably belong to the same file.

use std::ops::Range;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use model::{Error, ErrorClass};

use crate::{Download, Downloader};

/// A file at a provider, as its first answer described it. Without `Debug`, since its URL may be pre-signed.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteFile {
    url: String,
    /// Its length in bytes, when the source says so.
    pub length: Option<u64>,
    /// Whether the source serves ranges of it.
    pub ranges: bool,
    /// Its strong `ETag`, else its `Last-Modified`: what tells this file from a later one at the same URL.
    pub validator: Option<String>,
}

impl Downloader {
    /// Begins to fetch a file, and learns its length and whether ranges are served. Asks for the range
    /// `bytes=0-` and never by HEAD, which many pre-signed URLs refuse.
    ///
    /// # Errors
    /// - [`ErrorClass::SourceRefused`]: the guard refused the address or one that it redirects to.
    /// - [`ErrorClass::SourceGone`]: the URL expired or the file is gone.
    /// - [`ErrorClass::SourceTooLarge`]: longer than the limit.
    /// - [`ErrorClass::SourceUnavailable`]: anything that may be better later.
    pub async fn open(&self, url: &str) -> Result<(RemoteFile, Download), Error> {
        let from_start = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-"))]);
        let mut answer = self.follow(url, &from_start).await?;
        if answer.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            // An empty file has no range; ask for it as it is.
            answer = self.follow(url, &HeaderMap::new()).await?;
        }
        let partial = answer.status() == StatusCode::PARTIAL_CONTENT;
        let total =
            content_range(answer.headers()).filter(|(range, _)| range.start == 0).map(|(_, total)| total);
        let validator = validator(answer.headers());
        let download =
            self.judged(answer, if partial { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK })?;
        if partial && total.is_none_or(|total| download.length != Some(total)) {
            return Err(Error::new(
                ErrorClass::SourceUnavailable,
                "the download server answered another range than asked",
            ));
        }
        let remote = RemoteFile { url: url.to_owned(), length: download.length, ranges: partial, validator };
        Ok((remote, download))
    }

    /// Fetches a range of the file that was opened, and of no other.
    ///
    /// # Errors
    /// [`ErrorClass::SourceChanged`] when the URL leads to another file by now; else as [`Downloader::open`].
    pub async fn range(&self, remote: &RemoteFile, range: Range<u64>) -> Result<Download, Error> {
        let mut asked = HeaderMap::new();
        let bytes = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        asked.insert(header::RANGE, HeaderValue::try_from(bytes).map_err(|e| unusable().with_source(e))?);
        if let Some(validator) = &remote.validator {
            let validator = HeaderValue::try_from(validator).map_err(|e| unusable().with_source(e))?;
            asked.insert(header::IF_RANGE, validator);
        }
        let answer = self.follow(&remote.url, &asked).await?;
        match answer.status() {
            StatusCode::OK | StatusCode::PRECONDITION_FAILED | StatusCode::RANGE_NOT_SATISFIABLE => {
                return Err(changed());
            }
            _ => {}
        }
        let same = validator(answer.headers()).is_none_or(|validator| Some(validator) == remote.validator);
        let answered = content_range(answer.headers());
        let download = self.judged(answer, StatusCode::PARTIAL_CONTENT)?;
        match answered {
            Some((_, total)) if Some(total) != remote.length => Err(changed()),
            Some(_) if !same => Err(changed()),
            Some((answered, _)) if answered == range => Ok(download),
            _ => Err(Error::new(
                ErrorClass::SourceUnavailable,
                "the download server answered another range than asked",
            )),
        }
    }
}

fn changed() -> Error {
    Error::new(ErrorClass::SourceChanged, "the file at the provider changed while it was fetched")
}

fn unusable() -> Error {
    Error::new(ErrorClass::Internal, "a range cannot be asked for")
}

/// A weak `ETag` does not promise equal bytes, so it does not count.
fn validator(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let strong = text(header::ETAG).filter(|tag| !tag.starts_with("W/"));
    strong.or_else(|| text(header::LAST_MODIFIED)).map(str::to_owned)
}

/// `Content-Range: bytes 0-99/200` as range and total length.
fn content_range(headers: &HeaderMap) -> Option<(Range<u64>, u64)> {
    let text = headers.get(header::CONTENT_RANGE)?.to_str().ok()?.trim().strip_prefix("bytes ")?;
    let (range, total) = text.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    Some((first..last.checked_add(1)?, total.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_is_read_exactly_or_not_at_all() {
        let read = |text: &str| {
            content_range(&HeaderMap::from_iter([(header::CONTENT_RANGE, text.parse().expect("a value"))]))
        };
        assert_eq!(read("bytes 0-99/200"), Some((0..100, 200)));
        assert_eq!(read("bytes 100-199/200"), Some((100..200, 200)));
        for text in [
            "bytes */200",
            "bytes 0-99/*",
            "0-99/200",
            "bytes 0-/200",
            "bytes 0-18446744073709551615/1",
            "bytes -5/9",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn only_a_validator_that_promises_equal_bytes_counts() {
        let read = |pairs: &[(header::HeaderName, &'static str)]| {
            validator(
                &pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect(),
            )
        };
        let date = (header::LAST_MODIFIED, "Sat, 21 Nov 2026 10:00:00 GMT");
        assert_eq!(read(&[(header::ETAG, "\"a\""), date.clone()]).as_deref(), Some("\"a\""));
        assert_eq!(read(&[(header::ETAG, "W/\"a\""), date.clone()]).as_deref(), Some(date.1));
        assert_eq!(read(&[(header::ETAG, "W/\"a\"")]), None);
    }
}

//! The final response of a download: the checks of its head, and its body as a stream.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, StatusCode, header};
use model::{Error, ErrorClass};

/// The bytes of a download. A body that is shorter or longer than announced, or longer than the limit, ends in an error
/// and never as if it were complete.
pub type DownloadStream = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;

/// The error of ranges that are not of one file, or of a server whose ranges contradict the request or themselves. It
/// does not tell whether the file changed: only a download of the whole file does.
pub(crate) fn unreliable_ranges(reason: &str) -> Error {
    let message = format!("the ranges that its server sends cannot be combined: {reason}");
    Error::new(ErrorClass::SourceChanged, message)
}

/// Checks that the response has the status `expected`.
pub(crate) fn check_status(status: StatusCode, expected: StatusCode) -> Result<(), Error> {
    let code = status.as_u16();
    if status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
    {
        let message = format!("the download server answered HTTP {code}");
        return Err(Error::new(ErrorClass::SourceUnavailable, message));
    }
    if status == StatusCode::PARTIAL_CONTENT && status != expected {
        let message = "the download server sends a part of the file where the whole file was requested";
        return Err(Error::new(ErrorClass::SourceInvalid, message));
    }
    if status != expected {
        let message = format!(
            "the file cannot be downloaded any more: HTTP {code}; the URL expired or the file was deleted"
        );
        return Err(Error::new(ErrorClass::SourceGone, message));
    }
    Ok(())
}

/// The error of a file that is longer than the limit.
pub(crate) fn check_length(length: Option<u64>, max_bytes: u64) -> Result<(), Error> {
    match length {
        Some(length) if length > max_bytes => Err(too_large(max_bytes)),
        Some(_) | None => Ok(()),
    }
}

/// The content encoding of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContentEncoding {
    /// The bytes of the file.
    Identity,
    /// Compressed on the way, though the request accepts only the file as it is.
    Gzip,
}

/// Reads the content encoding.
///
/// # Errors
/// [`ErrorClass::SourceRefused`] for any encoding but gzip, and for several.
pub(crate) fn read_encoding(headers: &HeaderMap) -> Result<ContentEncoding, Error> {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    let others: Vec<_> =
        encodings.by_ref().filter(|e| !e.as_bytes().eq_ignore_ascii_case(b"identity")).collect();
    let is_gzip = |e: &[u8]| e.eq_ignore_ascii_case(b"gzip") || e.eq_ignore_ascii_case(b"x-gzip");
    match others[..] {
        [] => Ok(ContentEncoding::Identity),
        [encoding] if is_gzip(encoding.as_bytes()) => Ok(ContentEncoding::Gzip),
        [encoding, ..] => {
            let message = format!("download refused: unexpected content encoding {encoding:?}");
            Err(Error::new(ErrorClass::SourceRefused, message))
        }
    }
}

/// The body of a whole file, as it was sent.
pub(crate) fn whole_body(response: reqwest::Response, max_bytes: u64) -> DownloadStream {
    let announced = response.content_length();
    let end = move |received| announced.filter(|length| *length != received).map(|l| cut_off(received, l));
    limited_body(response, max_bytes, end)
}

/// The body of a range of `length` bytes.
pub(crate) fn range_body(response: reqwest::Response, length: u64) -> DownloadStream {
    let announced = response.content_length();
    let end = move |received| {
        // A body that ends properly and not where its Content-Range says contradicts itself.
        let reason = "a body has another length than its Content-Range";
        (received != length).then(|| match announced {
            Some(announced) => cut_off(received, announced),
            None => unreliable_ranges(reason),
        })
    };
    limited_body(response, length, end)
        .map(|chunk| match chunk {
            Err(error) if error.class == ErrorClass::SourceTooLarge => {
                Err(unreliable_ranges("a body is longer than its Content-Range"))
            }
            chunk => chunk,
        })
        .boxed()
}

/// A body of at most `max_bytes` bytes. `end` returns the error of a body that ends after so many bytes, if it is one.
fn limited_body(
    response: reqwest::Response,
    max_bytes: u64,
    end: impl Fn(u64) -> Option<Error> + Send + 'static,
) -> DownloadStream {
    let mut received = 0_u64;
    let chunks = response.bytes_stream().map(Some).chain(futures_util::stream::iter([None]));
    let checked = chunks.filter_map(move |chunk| {
        let checked = match chunk {
            Some(Ok(bytes)) => {
                received += bytes.len() as u64;
                Some(if received > max_bytes { Err(too_large(max_bytes)) } else { Ok(bytes) })
            }
            Some(Err(e)) => {
                let message = format!("the download broke off after {received} bytes");
                Some(Err(Error::new(ErrorClass::SourceUnavailable, message).with_source(e.without_url())))
            }
            None => end(received).map(Err),
        };
        std::future::ready(checked)
    });
    Box::pin(checked)
}

fn cut_off(received: u64, announced: u64) -> Error {
    let message = format!("the download ended after {received} of {announced} bytes");
    Error::new(ErrorClass::SourceUnavailable, message)
}

pub(crate) fn too_large(max_bytes: u64) -> Error {
    let message = format!("the file is larger than the limit of {max_bytes} bytes");
    Error::new(ErrorClass::SourceTooLarge, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoding(encodings: &[&'static str]) -> Result<ContentEncoding, Error> {
        let pairs = encodings.iter().map(|e| (header::CONTENT_ENCODING, http::HeaderValue::from_static(e)));
        let mut headers = HeaderMap::new();
        pairs.for_each(|(name, value)| {
            headers.append(name, value);
        });
        read_encoding(&headers)
    }

    #[test]
    fn only_bodies_as_they_are_or_compressed_with_gzip_are_accepted() {
        for encodings in [&[][..], &["identity"], &["Identity"], &["identity", "identity"]] {
            assert_eq!(encoding(encodings).expect("accepted"), ContentEncoding::Identity, "{encodings:?}");
        }
        for encodings in [&["gzip"][..], &["X-GZIP"], &["identity", "gzip"]] {
            assert_eq!(encoding(encodings).expect("accepted"), ContentEncoding::Gzip, "{encodings:?}");
        }
        for encodings in [
            &["deflate"][..],
            &["br"],
            &["zstd"],
            &["compress"],
            &["aws-chunked"],
            &["gzip, identity"],
            &["identity, gzip"],
            &["gzip", "gzip"],
            &[""],
        ] {
            let error = encoding(encodings).expect_err("encoded");
            assert_eq!(error.class, ErrorClass::SourceRefused, "{encodings:?}");
            assert!(error.message.contains("encoding"), "{error}");
        }
    }
}

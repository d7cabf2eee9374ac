//! A file at a provider, and the headers that identify it and its ranges.

use std::ops::Range;

use http::{HeaderMap, HeaderValue, header};

/// A file at a provider, as its first response described it. It has no `Debug`, because its URL may be pre-signed.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteFile {
    pub(crate) url: String,
    /// The length in bytes, when the server announced it.
    pub length: Option<u64>,
    /// Whether the server supports range requests for it.
    pub supports_ranges: bool,
    /// The strong `ETag`, else the `Last-Modified`. It distinguishes this file from a later one at the same URL.
    pub validator: Option<String>,
}

/// Reads the validator of a response. A weak `ETag` does not guarantee equal bytes, so it is not used.
pub(crate) fn read_validator(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let strong = text(header::ETAG).filter(|tag| !tag.starts_with("W/"));
    strong.or_else(|| text(header::LAST_MODIFIED)).map(str::to_owned)
}

/// Reads `Content-Range: bytes 0-99/200` as range and total length.
pub(crate) fn read_content_range(headers: &HeaderMap) -> Option<(Range<u64>, u64)> {
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
    fn only_a_complete_content_range_is_read() {
        let read = |text: &str| {
            read_content_range(&HeaderMap::from_iter([(
                header::CONTENT_RANGE,
                text.parse().expect("a value"),
            )]))
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
    fn only_a_validator_that_guarantees_equal_bytes_is_read() {
        let read = |pairs: &[(header::HeaderName, &'static str)]| {
            read_validator(
                &pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect(),
            )
        };
        let date = (header::LAST_MODIFIED, "Sat, 21 Nov 2026 10:00:00 GMT");
        assert_eq!(read(&[(header::ETAG, "\"a\""), date.clone()]).as_deref(), Some("\"a\""));
        assert_eq!(read(&[(header::ETAG, "W/\"a\""), date.clone()]).as_deref(), Some(date.1));
        assert_eq!(read(&[(header::ETAG, "W/\"a\"")]), None);
    }
}

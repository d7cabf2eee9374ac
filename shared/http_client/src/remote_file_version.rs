//! A file at a provider, and the headers that identify it and its ranges (RFC 9110, sections 8.8 and 14.4).

use std::ops::Range;

use http::{HeaderMap, HeaderName, header};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// A file at a provider, as its first response described it. It has no `Debug`, because its URL may be pre-signed.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteFile {
    pub(crate) url: String,
    /// The length in bytes, when the server announced it.
    pub length: Option<u64>,
    /// The strong validator that all ranges of the file share, or why it can only be downloaded whole.
    pub validator: Result<String, String>,
}

/// The range that a response encloses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContentRange {
    pub(crate) range: Range<u64>,
    /// The length of the whole file, unless the server does not know it.
    pub(crate) total: Option<u64>,
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text(headers, name)?, &Rfc2822).ok()
}

/// Reads the strong validator of a response, or why it has none. Ranges can only be combined under a strong one (RFC
/// 9110, 15.3.7.3): a strong `ETag`, or, where there is no `ETag`, a `Last-Modified` at least one second before the
/// `Date` (8.8.2.2, 13.1.5).
pub(crate) fn read_validator(headers: &HeaderMap) -> Result<String, String> {
    if text(headers, header::ACCEPT_RANGES).is_some_and(|ranges| ranges.trim().eq_ignore_ascii_case("none")) {
        return Err("its server says Accept-Ranges: none".to_owned());
    }
    match text(headers, header::ETAG) {
        Some(tag) if tag.starts_with("W/") => Err("its ETag is weak".to_owned()),
        Some(tag) => Ok(tag.to_owned()),
        None => {
            let modified = text(headers, header::LAST_MODIFIED)
                .filter(|_| date(headers, header::LAST_MODIFIED) < date(headers, header::DATE));
            let missing = || "it has neither a strong ETag nor a Last-Modified before its Date".to_owned();
            modified.filter(|modified| is_date(modified)).map(str::to_owned).ok_or_else(missing)
        }
    }
}

fn is_date(validator: &str) -> bool {
    OffsetDateTime::parse(validator, &Rfc2822).is_ok()
}

/// Whether a response to a request with `If-Range` belongs to the version of this validator. Such a response need not
/// repeat a `Last-Modified`, but always an `ETag` (RFC 9110, 15.3.7).
pub(crate) fn is_same_version(headers: &HeaderMap, validator: &str) -> bool {
    let received = text(headers, header::ETAG).or_else(|| text(headers, header::LAST_MODIFIED));
    received.map_or_else(|| is_date(validator), |received| received == validator)
}

/// Reads `Content-Range: bytes 0-99/200`, or with `*` in place of the length. Returns `None` if it is invalid: with
/// another unit, or ends that contradict each other.
pub(crate) fn read_content_range(headers: &HeaderMap) -> Option<ContentRange> {
    let (unit, text) = text(headers, header::CONTENT_RANGE)?.trim().split_once(' ')?;
    let (range, total) = text.split_once('/').filter(|_| unit.eq_ignore_ascii_case("bytes"))?;
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    let total = match total.trim() {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    let range = first..last.checked_add(1)?;
    let is_valid = !range.is_empty() && total.is_none_or(|total| range.end <= total);
    is_valid.then_some(ContentRange { range, total })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_a_valid_content_range_is_read() {
        let read = |text| read_content_range(&headers(&[(header::CONTENT_RANGE, text)]));
        assert_eq!(read("bytes 0-99/200"), Some(ContentRange { range: 0..100, total: Some(200) }));
        assert_eq!(read("Bytes 100-199/200"), Some(ContentRange { range: 100..200, total: Some(200) }));
        assert_eq!(read("bytes 0-99/*"), Some(ContentRange { range: 0..100, total: None }));
        for text in [
            "bytes */200",
            "0-99/200",
            "pages 0-99/200",
            "bytes 0-/200",
            "bytes 0-18446744073709551615/1",
            "bytes 0-200/200",
            "bytes 9-8/200",
            "bytes -5/9",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    const MODIFIED: (HeaderName, &str) = (header::LAST_MODIFIED, "Sat, 21 Nov 2026 10:00:00 GMT");
    const LATER: (HeaderName, &str) = (header::DATE, "Sat, 21 Nov 2026 10:00:01 GMT");

    #[test]
    fn only_a_validator_that_guarantees_equal_bytes_is_read() {
        let read = |pairs: &[(HeaderName, &'static str)]| read_validator(&headers(pairs)).ok();
        assert_eq!(read(&[(header::ETAG, "\"a\""), MODIFIED, LATER]).as_deref(), Some("\"a\""));
        assert_eq!(read(&[MODIFIED, LATER]).as_deref(), Some(MODIFIED.1));
        assert_eq!(read(&[(header::ETAG, "W/\"a\""), MODIFIED, LATER]), None);
        assert_eq!(read(&[MODIFIED]), None, "without a Date");
        assert_eq!(read(&[MODIFIED, (header::DATE, MODIFIED.1)]), None, "within the same second");
        assert_eq!(read(&[(header::LAST_MODIFIED, "yesterday"), LATER]), None);
        assert_eq!(read(&[(header::ETAG, "\"a\""), (header::ACCEPT_RANGES, "none")]), None);
    }

    #[test]
    fn a_range_is_of_the_same_version_if_its_validator_is_equal() {
        let tag = |tag| (header::ETAG, tag);
        assert!(is_same_version(&headers(&[tag("\"a\""), MODIFIED]), "\"a\""));
        assert!(is_same_version(&headers(&[MODIFIED]), MODIFIED.1));
        assert!(is_same_version(&headers(&[]), MODIFIED.1), "a Last-Modified need not be repeated");
        for other in [vec![tag("\"b\"")], vec![tag("W/\"a\"")], vec![MODIFIED], vec![]] {
            assert!(!is_same_version(&headers(&other), "\"a\""), "{other:?}");
        }
        assert!(!is_same_version(&headers(&[(header::LAST_MODIFIED, LATER.1)]), MODIFIED.1));
    }
}

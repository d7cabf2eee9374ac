//! Byte ranges of a download (RFC 9110, section 14).

use std::ops::Range;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_RANGE, RANGE,
};
use http::{Request, Response, StatusCode};

use crate::response::{self, insert_header};

/// The metadata of a file, known before its bytes are read.
pub(crate) struct FileMetadata<'a> {
    /// In bytes.
    pub(crate) length: usize,
    pub(crate) content_type: &'a str,
    /// With its quotation marks.
    pub(crate) etag: &'a str,
    /// Whether range requests are supported.
    pub(crate) ranges: bool,
}

/// The requested range lies outside the file (416).
pub(crate) struct RangeNotSatisfiable;

/// Responds with the whole file or the requested part. `read` returns the bytes of a range.
pub(crate) fn respond_with_range(
    request: &Request<Bytes>,
    file: &FileMetadata<'_>,
    read: impl FnOnce(Range<usize>) -> Bytes,
) -> Result<Response<Bytes>, RangeNotSatisfiable> {
    let header =
        |name: HeaderName| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    // A range of another version (`If-Range`) is answered with the whole file.
    let same = header(IF_RANGE).is_none_or(|version| version == file.etag);
    let range = header(RANGE).filter(|_| file.ranges && same);
    let length = file.length;
    let (status, body, content_range) =
        match range.map_or(RequestedRange::Whole, |range| parse_range(range, length)) {
            RequestedRange::Whole => (StatusCode::OK, read(0..length), None),
            RequestedRange::Unsatisfiable => return Err(RangeNotSatisfiable),
            RequestedRange::Part(part) => {
                let content_range = format!("bytes {}-{}/{length}", part.start, part.end - 1);
                (StatusCode::PARTIAL_CONTENT, read(part), Some(content_range))
            }
        };
    let mut response = response::bytes_response(status, None, body);
    insert_header(&mut response, CONTENT_TYPE, file.content_type);
    insert_header(&mut response, ETAG, file.etag);
    if file.ranges {
        insert_header(&mut response, ACCEPT_RANGES, "bytes");
    }
    if let Some(content_range) = content_range {
        insert_header(&mut response, CONTENT_RANGE, &content_range);
    }
    Ok(response)
}

/// The part of a file that a `Range` header requests.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RequestedRange {
    /// No range, or one that may be ignored.
    Whole,
    /// These bytes.
    Part(Range<usize>),
    /// A range outside the file.
    Unsatisfiable,
}

/// Parses a single range. Several ranges are answered with the whole file, which RFC 9110 allows.
pub(crate) fn parse_range(header: &str, length: usize) -> RequestedRange {
    let Some((first, last)) = header.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-'))
    else {
        return RequestedRange::Whole;
    };
    let (first, last) = (first.trim(), last.trim());
    let part = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Ok(first), Err(_)) if last.is_empty() => first..length,
        (Err(_), Ok(suffix)) if first.is_empty() => length.saturating_sub(suffix)..length,
        _ => return RequestedRange::Whole,
    };
    if part.is_empty() { RequestedRange::Unsatisfiable } else { RequestedRange::Part(part) }
}

#[cfg(test)]
mod tests {
    //! Every form of a single range, as a table.

    use super::*;

    #[test]
    fn single_ranges_are_parsed() {
        let table = [
            ("bytes=0-0", RequestedRange::Part(0..1)),
            ("bytes=2-5", RequestedRange::Part(2..6)),
            ("bytes=2-", RequestedRange::Part(2..10)),
            ("bytes=-3", RequestedRange::Part(7..10)),
            ("bytes=-30", RequestedRange::Part(0..10)),
            ("bytes=8-99", RequestedRange::Part(8..10)),
            ("bytes=10-", RequestedRange::Unsatisfiable),
            ("bytes=-0", RequestedRange::Unsatisfiable),
            ("bytes=5-2", RequestedRange::Whole),
            ("bytes=0-1,4-5", RequestedRange::Whole),
            ("pages=1-2", RequestedRange::Whole),
        ];
        for (header, expected) in table {
            assert_eq!(parse_range(header, 10), expected, "{header}");
        }
    }
}

//! File servers that are careless with ranges: they break RFC 9110, or use what it allows and few servers do.

use std::io::Write;
use std::ops::Range;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue, IF_RANGE, LAST_MODIFIED,
    RANGE,
};
use http::{Request, Response, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::byte_range::{FileMetadata, RangeNotSatisfiable, respond_with_range};
use crate::id_generator::hex;
use crate::response::insert_header;

/// The `Last-Modified` of a file without an `ETag`: before the `Date` of every response.
const MODIFIED: &str = "Sat, 21 Nov 2020 10:00:00 GMT";

/// What a server does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RangeFlaw {
    /// 206 without `Content-Range`.
    NoContentRange,
    /// `Content-Range` has `*` in place of the length.
    UnknownLength,
    /// The range begins a byte earlier, or a byte later if it is the first.
    Shifted,
    /// The range ends with the file, whatever was requested.
    TooLong,
    /// A response has at most `bytes` bytes, and says so in its `Content-Range` (RFC 9110, 15.3.7).
    Short,
    /// A response has at most `bytes` bytes, and its `Content-Range` is that of the request.
    Contradicting,
    /// `multipart/byteranges` for a single range.
    SeveralParts,
    /// 416 for every range.
    NotSatisfiable,
    /// Each range comes from a node with an `ETag` of its own, which evaluates `If-Range` by it.
    NodeEtag,
    /// The same, and the nodes do not know `If-Range`.
    NodeEtagWithoutIfRange,
    /// The `ETag` is weak.
    WeakEtag,
    /// `Last-Modified` without an `ETag`.
    LastModified,
    /// Neither `ETag` nor `Last-Modified`, and `If-Range` is ignored.
    NoValidator,
    /// `Accept-Ranges: none`, though ranges are served.
    AcceptRangesNone,
    /// The file is compressed, though the request accepts `identity` only.
    Gzip,
}

/// A flaw and its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CarelessServer {
    pub(crate) flaw: RangeFlaw,
    /// The most bytes of a short response.
    pub(crate) bytes: usize,
}

/// Responds as [`respond_with_range`], with this flaw if there is one.
pub(crate) fn respond_carelessly(
    server: Option<CarelessServer>,
    request: &Request<Bytes>,
    file: &FileMetadata<'_>,
    read: impl Fn(Range<usize>) -> Bytes,
) -> Result<Response<Bytes>, RangeNotSatisfiable> {
    let Some(CarelessServer { flaw, bytes }) = server else {
        return respond_with_range(request, file, read);
    };
    let is_range = request.headers().contains_key(RANGE);
    if flaw == RangeFlaw::NotSatisfiable && is_range {
        return Err(RangeNotSatisfiable);
    }
    let etag = etag_of_flaw(flaw, request, file.etag);
    let file = FileMetadata { etag: &etag, ..*file };
    let mut response = respond_with_range(&request_of_flaw(flaw, request, &etag), &file, &read)?;
    change_validators(flaw, &mut response);
    if flaw == RangeFlaw::Gzip {
        *response.body_mut() = compress(response.body());
        insert_header(&mut response, CONTENT_ENCODING, "gzip");
    }
    if response.status() == StatusCode::PARTIAL_CONTENT {
        change_range(CarelessServer { flaw, bytes }, &mut response, file.length, read);
    }
    Ok(response)
}

/// The `ETag` of the node that answers, which its range decides.
fn etag_of_flaw(flaw: RangeFlaw, request: &Request<Bytes>, etag: &str) -> String {
    match flaw {
        RangeFlaw::NodeEtag | RangeFlaw::NodeEtagWithoutIfRange => {
            let range = request.headers().get(RANGE).map_or(&b""[..], HeaderValue::as_bytes);
            format!("\"{}\"", &hex(&Sha256::new().chain_update(etag).chain_update(range).finalize())[..32])
        }
        RangeFlaw::WeakEtag => format!("W/{etag}"),
        _ => etag.to_owned(),
    }
}

/// The request as the server understands it.
fn request_of_flaw(flaw: RangeFlaw, request: &Request<Bytes>, etag: &str) -> Request<Bytes> {
    let mut request = request.clone();
    let headers = request.headers_mut();
    match flaw {
        RangeFlaw::NodeEtagWithoutIfRange | RangeFlaw::NoValidator => {
            headers.remove(IF_RANGE);
        }
        // The date is compared in place of the tag.
        RangeFlaw::LastModified if headers.get(IF_RANGE).is_some_and(|value| value == MODIFIED) => {
            if let Ok(etag) = HeaderValue::from_str(etag) {
                headers.insert(IF_RANGE, etag);
            }
        }
        _ => {}
    }
    request
}

fn change_validators(flaw: RangeFlaw, response: &mut Response<Bytes>) {
    if matches!(flaw, RangeFlaw::LastModified | RangeFlaw::NoValidator) {
        response.headers_mut().remove(ETAG);
    }
    match flaw {
        RangeFlaw::LastModified => insert_header(response, LAST_MODIFIED, MODIFIED),
        RangeFlaw::AcceptRangesNone => insert_header(response, ACCEPT_RANGES, "none"),
        _ => {}
    }
}

/// Changes a 206.
fn change_range(
    server: CarelessServer,
    response: &mut Response<Bytes>,
    length: usize,
    read: impl Fn(Range<usize>) -> Bytes,
) {
    let Some(Range { start, end }) = enclosed_range(response) else { return };
    let shorter = end.min(start.saturating_add(server.bytes));
    let range = match server.flaw {
        RangeFlaw::NoContentRange => {
            response.headers_mut().remove(CONTENT_RANGE);
            return;
        }
        RangeFlaw::UnknownLength => {
            insert_header(response, CONTENT_RANGE, &format!("bytes {start}-{}/*", end - 1));
            return;
        }
        RangeFlaw::SeveralParts => {
            let part = format!("--part\r\nContent-Range: bytes {start}-{}/{length}\r\n\r\n", end - 1);
            *response.body_mut() = [part.as_bytes(), response.body(), b"\r\n--part--\r\n"].concat().into();
            insert_header(response, CONTENT_TYPE, "multipart/byteranges; boundary=part");
            response.headers_mut().remove(CONTENT_RANGE);
            return;
        }
        RangeFlaw::Contradicting => {
            *response.body_mut() = read(start..shorter);
            return;
        }
        RangeFlaw::Shifted if start == 0 => 1.min(end - 1)..end,
        RangeFlaw::Shifted => start - 1..end - 1,
        RangeFlaw::TooLong => start..length,
        RangeFlaw::Short => start..shorter,
        _ => return,
    };
    insert_header(response, CONTENT_RANGE, &format!("bytes {}-{}/{length}", range.start, range.end - 1));
    *response.body_mut() = read(range);
}

/// The range of a correct `Content-Range`.
fn enclosed_range(response: &Response<Bytes>) -> Option<Range<usize>> {
    let text = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    let (first, last) = text.strip_prefix("bytes ")?.split_once('/')?.0.split_once('-')?;
    Some(first.parse().ok()?..last.parse::<usize>().ok()? + 1)
}

fn compress(body: &Bytes) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // A vector accepts every byte.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    //! Each flaw, as a client sees it.

    use super::*;

    const FILE: &[u8] = b"0123456789";

    /// The status, `Content-Range` and body of a response to `bytes=2-5` under this `If-Range`.
    fn respond(flaw: RangeFlaw, if_range: &str) -> (u16, String, Vec<u8>) {
        let request = Request::get("/").header(RANGE, "bytes=2-5").header(IF_RANGE, if_range);
        let file = FileMetadata { length: FILE.len(), content_type: "a/b", etag: "\"a\"", ranges: true };
        let server = CarelessServer { flaw, bytes: 3 };
        let read = |range| Bytes::from_static(FILE).slice(range);
        let request = request.body(Bytes::new()).expect("a request");
        match respond_carelessly(Some(server), &request, &file, read) {
            Ok(response) => {
                let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
                let range = range.unwrap_or_default().to_owned();
                (response.status().as_u16(), range, response.body().to_vec())
            }
            Err(RangeNotSatisfiable) => (416, String::new(), Vec::new()),
        }
    }

    #[test]
    fn each_flaw_changes_a_range_response() {
        for (flaw, status, range, body) in [
            (RangeFlaw::NoContentRange, 206, "", &b"2345"[..]),
            (RangeFlaw::UnknownLength, 206, "bytes 2-5/*", b"2345"),
            (RangeFlaw::Shifted, 206, "bytes 1-4/10", b"1234"),
            (RangeFlaw::TooLong, 206, "bytes 2-9/10", b"23456789"),
            (RangeFlaw::Short, 206, "bytes 2-4/10", b"234"),
            (RangeFlaw::Contradicting, 206, "bytes 2-5/10", b"234"),
            (RangeFlaw::NotSatisfiable, 416, "", b""),
            (RangeFlaw::NodeEtag, 200, "", FILE),
            (RangeFlaw::NodeEtagWithoutIfRange, 206, "bytes 2-5/10", b"2345"),
            (RangeFlaw::WeakEtag, 200, "", FILE),
            (RangeFlaw::NoValidator, 206, "bytes 2-5/10", b"2345"),
            (RangeFlaw::AcceptRangesNone, 206, "bytes 2-5/10", b"2345"),
        ] {
            assert_eq!(respond(flaw, "\"a\""), (status, range.to_owned(), body.to_vec()), "{flaw:?}");
        }
    }

    #[test]
    fn a_last_modified_is_compared_in_place_of_a_tag() {
        assert_eq!(respond(RangeFlaw::LastModified, MODIFIED).0, 206);
        assert_eq!(respond(RangeFlaw::LastModified, "Sat, 21 Nov 2020 10:00:01 GMT").0, 200);
    }

    #[test]
    fn several_parts_are_enclosed_in_the_body() {
        let (status, range, body) = respond(RangeFlaw::SeveralParts, "\"a\"");
        assert_eq!((status, range.as_str()), (206, ""));
        assert!(body.windows(4).any(|window| window == b"2345") && body.starts_with(b"--part"));
    }
}

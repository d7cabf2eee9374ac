//! The source: `GET /file/<bytes>` and `GET /checksum/<bytes>`.
//!
//! A file has an `ETag`, and supports ranges and `If-Range`. The query degrades the source: `ranges=no`, `length=no`
//! (chunked, and no ranges), `delay=<milliseconds>` before each response, `rate=<bytes per second>` of each response.

use std::{collections::HashMap, ops::Range, sync::Arc, time::Duration};

use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Incoming;

use crate::{
    content::Content,
    service::{HttpResponse, text},
};

pub(crate) async fn handle_request(content: Arc<Content>, request: Request<Incoming>) -> HttpResponse {
    let query = request.uri().query().unwrap_or_default();
    let query: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let number = |name: &str| query.get(name).and_then(|value| value.parse::<u64>().ok());
    let path = request.uri().path();
    let parts = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    let Some((kind, Ok(length))) = parts.map(|(kind, length)| (kind, length.parse::<u64>())) else {
        return text(StatusCode::NOT_FOUND, "");
    };
    tokio::time::sleep(Duration::from_millis(number("delay").unwrap_or(0))).await;
    if kind == "checksum" {
        return text(StatusCode::OK, content.checksum(length));
    }
    let omits_length = query.get("length").is_some_and(|value| value == "no");
    let ranges = !omits_length && query.get("ranges").is_none_or(|value| value != "no");
    let etag = format!("\"{length}\"");
    let range = if ranges { requested_range(request.headers(), length, &etag) } else { None };
    let served = range.clone().unwrap_or(0..length);
    let mut response = Response::builder()
        .header(header::ETAG, etag)
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::ACCEPT_RANGES, if ranges { "bytes" } else { "none" });
    if !omits_length {
        response = response.header(header::CONTENT_LENGTH, served.end - served.start);
    }
    if let Some(Range { start, end }) = range {
        let range = format!("bytes {start}-{}/{length}", end - 1);
        response = response.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, range);
    }
    let body = StreamBody::new(content.stream(served, number("rate"))).boxed_unsync();
    response.body(body).unwrap_or_else(|_| text(StatusCode::INTERNAL_SERVER_ERROR, ""))
}

/// Returns the single requested range, if it is within the file and `If-Range` matches.
pub(crate) fn requested_range(headers: &HeaderMap, length: u64, etag: &str) -> Option<Range<u64>> {
    if headers.get(header::IF_RANGE).is_some_and(|wanted| wanted != etag) {
        return None;
    }
    let (first, last) = headers.get(header::RANGE)?.to_str().ok()?.strip_prefix("bytes=")?.split_once('-')?;
    let first: u64 = first.parse().ok()?;
    let last: u64 = if last.is_empty() { length.checked_sub(1)? } else { last.parse().ok()? };
    let range = first..length.min(last.checked_add(1)?);
    (!range.is_empty()).then_some(range)
}

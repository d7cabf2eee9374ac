//! The sink: the S3 operations that uploads need, with path-style addresses and without signatures. Bytes are counted and
//! discarded.
//!
//! For the bucket `verified`, CRC-64/NVME and CRC-32 are computed: a completion with another checksum of the object is
//! rejected, and a HEAD returns the checksum. Other buckets only receive. A HEAD also returns in `x-bench-requests` how many
//! other requests there were for the key. `GET /<prefix>?objects` lists the objects as JSON: `key`, `bytes`, and `crc32` if
//! known. Objects at `archives/` in any bucket can be read, see [`crate::archives`].

use std::{collections::HashMap, sync::Arc};

use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::{
    archives::Archives,
    service::{HttpResponse, text},
    uploads::{SinkError, StoredBytes, Uploads},
    xml,
};

const CHECKSUM: &str = "x-amz-checksum-crc64nvme";
const REQUESTS: &str = "x-bench-requests";
const VERIFIED: &str = "/verified/";

/// The state of the sink.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    pub(crate) uploads: Uploads,
    pub(crate) archives: Archives,
}

pub(crate) async fn handle_request(bucket: Arc<Bucket>, request: Request<Incoming>) -> HttpResponse {
    let Bucket { uploads, archives } = &*bucket;
    let (head, body) = request.into_parts();
    if let Some(response) = archives.handle_request(&head) {
        return response;
    }
    let query = head.uri.query().unwrap_or_default();
    let query: HashMap<String, String> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let key = head.uri.path();
    let upload = query.get("uploadId").map(String::as_str);
    if head.method != Method::HEAD {
        uploads.count_request(key);
    }
    let create_only = head.headers.get(header::IF_NONE_MATCH).is_some();
    let result = match (&head.method, upload) {
        (&Method::POST, None) if query.contains_key("uploads") => {
            Ok(text(StatusCode::OK, xml::begun(&uploads.begin(key))))
        }
        (&Method::PUT, upload) => {
            let part = upload.zip(query.get("partNumber").and_then(|number| number.parse().ok()));
            match receive_body(body, &head.headers, key.starts_with(VERIFIED)).await {
                Some(stored) => match part {
                    Some((upload, number)) => uploads.part(upload, number, stored),
                    None => uploads.put(key, stored, create_only),
                }
                .map(|()| tagged(text(StatusCode::OK, ""), stored)),
                None => Ok(text(StatusCode::BAD_REQUEST, xml::error("IncompleteBody"))),
            }
        }
        (&Method::POST, Some(upload)) => {
            let wanted = head.headers.get(CHECKSUM).and_then(|value| value.to_str().ok()).map(str::to_owned);
            let _ = body.collect().await;
            uploads
                .complete(upload, key, wanted.as_deref().filter(|_| key.starts_with(VERIFIED)), create_only)
                .map(|()| text(StatusCode::OK, xml::completed(key)))
        }
        (&Method::GET, Some(upload)) => {
            uploads.parts(upload).map(|parts| text(StatusCode::OK, xml::parts(&parts)))
        }
        (&Method::DELETE, upload) => {
            uploads.remove(key, upload);
            Ok(text(StatusCode::NO_CONTENT, ""))
        }
        (&Method::HEAD, _) => uploads.head(key).map(|stored| described(stored, uploads.requests(key))),
        (&Method::GET, None) if query.contains_key("objects") => {
            Ok(text(StatusCode::OK, list_json(uploads.list(key))))
        }
        (&Method::GET, None) => Ok(text(StatusCode::OK, xml::EMPTY_LIST)),
        _ => Ok(text(StatusCode::NOT_IMPLEMENTED, xml::error("NotImplemented"))),
    };
    result.unwrap_or_else(|error| match error {
        SinkError::NotFound if head.method == Method::HEAD => text(StatusCode::NOT_FOUND, ""),
        SinkError::NotFound => text(StatusCode::NOT_FOUND, xml::error("NoSuchUpload")),
        SinkError::AlreadyThere => text(StatusCode::PRECONDITION_FAILED, xml::error("PreconditionFailed")),
        SinkError::BadDigest => text(StatusCode::BAD_REQUEST, xml::error("BadDigest")),
    })
}

/// Reads a body to its end. Returns `None` if the body is truncated.
async fn receive_body(mut body: Incoming, headers: &HeaderMap, verified: bool) -> Option<StoredBytes> {
    let mut stored = StoredBytes::default();
    // An empty body has a checksum, too.
    stored.update(&[], verified);
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame.ok()?.into_data() {
            stored.update(&bytes, verified);
        }
    }
    // An SDK that encodes the body in chunks sends its length without the encoding.
    let unwrapped =
        headers.get("x-amz-decoded-content-length").and_then(|length| length.to_str().ok()?.parse().ok());
    stored.bytes = unwrapped.unwrap_or(stored.bytes);
    Some(stored)
}

fn list_json(objects: Vec<(String, StoredBytes)>) -> String {
    let objects = objects.into_iter().map(
        |(key, stored)| serde_json::json!({ "key": key, "bytes": stored.bytes, "crc32": stored.crc32() }),
    );
    serde_json::Value::Array(objects.collect()).to_string()
}

fn tagged(mut response: HttpResponse, stored: StoredBytes) -> HttpResponse {
    // On S3 without encryption the ETag is the MD5. Computing it would cost more than the rest of the sink.
    if let Ok(tag) = format!("\"{:x}-bench\"", stored.bytes).parse() {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn described(stored: StoredBytes, requests: u64) -> HttpResponse {
    let mut response = tagged(text(StatusCode::OK, ""), stored);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, stored.bytes.into());
    headers.insert(REQUESTS, requests.into());
    headers.insert(header::LAST_MODIFIED, http::HeaderValue::from_static("Thu, 01 Jan 2026 00:00:00 GMT"));
    if let Some(Ok(checksum)) = stored.checksum().map(|checksum| checksum.parse()) {
        headers.insert(CHECKSUM, checksum);
    }
    response
}

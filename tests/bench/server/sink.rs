//! The sink: as much of S3 as uploads need, path-style, unsigned requests welcome. Bytes are counted and dropped.
//!
//! What goes into the bucket `verified` passes through CRC-64/NVME and CRC-32, too; there, a completion whose checksum
//! of the whole differs is refused, and a HEAD tells the checksum. Any other bucket costs nothing but the receiving. A
//! HEAD also tells in `x-bench-requests` how many other requests there were for the key. `GET /<prefix>?objects` lists
//! as JSON what lies below: `key`, `bytes`, and `crc32` where it is known. What lies at `archives/` in any bucket is
//! given back, whole or in ranges; see [`crate::archives`].

use std::{collections::HashMap, sync::Arc};

use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::{
    archives::Archives,
    service::{Answer, text},
    uploads::{Refusal, Stored, Uploads},
    xml,
};

const CHECKSUM: &str = "x-amz-checksum-crc64nvme";
const REQUESTS: &str = "x-bench-requests";
const VERIFIED: &str = "/verified/";

/// What the sink has.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    pub(crate) uploads: Uploads,
    pub(crate) archives: Archives,
}

pub(crate) async fn answer(bucket: Arc<Bucket>, request: Request<Incoming>) -> Answer {
    let Bucket { uploads, archives } = &*bucket;
    let (head, body) = request.into_parts();
    if let Some(answer) = archives.answer(&head) {
        return answer;
    }
    let query = head.uri.query().unwrap_or_default();
    let query: HashMap<String, String> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let key = head.uri.path();
    let upload = query.get("uploadId").map(String::as_str);
    if head.method != Method::HEAD {
        uploads.asked(key);
    }
    let create_only = head.headers.get(header::IF_NONE_MATCH).is_some();
    let done = match (&head.method, upload) {
        (&Method::POST, None) if query.contains_key("uploads") => {
            Ok(text(StatusCode::OK, xml::begun(&uploads.begin(key))))
        }
        (&Method::PUT, upload) => {
            let part = upload.zip(query.get("partNumber").and_then(|number| number.parse().ok()));
            match received(body, &head.headers, key.starts_with(VERIFIED)).await {
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
            Ok(text(StatusCode::OK, listed(uploads.list(key))))
        }
        (&Method::GET, None) => Ok(text(StatusCode::OK, xml::EMPTY_LIST)),
        _ => Ok(text(StatusCode::NOT_IMPLEMENTED, xml::error("NotImplemented"))),
    };
    done.unwrap_or_else(|refusal| match refusal {
        Refusal::NotFound if head.method == Method::HEAD => text(StatusCode::NOT_FOUND, ""),
        Refusal::NotFound => text(StatusCode::NOT_FOUND, xml::error("NoSuchUpload")),
        Refusal::AlreadyThere => text(StatusCode::PRECONDITION_FAILED, xml::error("PreconditionFailed")),
        Refusal::BadDigest => text(StatusCode::BAD_REQUEST, xml::error("BadDigest")),
    })
}

/// Takes a body to its end; `None` when it ends before that.
async fn received(mut body: Incoming, headers: &HeaderMap, verified: bool) -> Option<Stored> {
    let mut stored = Stored::default();
    // Nothing has a checksum, too.
    stored.update(&[], verified);
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame.ok()?.into_data() {
            stored.update(&bytes, verified);
        }
    }
    // An SDK that wraps the body in chunks tells how long it is without them.
    let unwrapped =
        headers.get("x-amz-decoded-content-length").and_then(|length| length.to_str().ok()?.parse().ok());
    stored.bytes = unwrapped.unwrap_or(stored.bytes);
    Some(stored)
}

fn listed(objects: Vec<(String, Stored)>) -> String {
    let objects = objects.into_iter().map(
        |(key, stored)| serde_json::json!({ "key": key, "bytes": stored.bytes, "crc32": stored.crc32() }),
    );
    serde_json::Value::Array(objects.collect()).to_string()
}

fn tagged(mut answer: Answer, stored: Stored) -> Answer {
    // Not the MD5 that it is on S3 without encryption: that would cost more than everything else here.
    if let Ok(tag) = format!("\"{:x}-bench\"", stored.bytes).parse() {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    answer
}

fn described(stored: Stored, requests: u64) -> Answer {
    let mut answer = tagged(text(StatusCode::OK, ""), stored);
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_LENGTH, stored.bytes.into());
    headers.insert(REQUESTS, requests.into());
    headers.insert(header::LAST_MODIFIED, http::HeaderValue::from_static("Thu, 01 Jan 2026 00:00:00 GMT"));
    if let Some(Ok(checksum)) = stored.checksum().map(|checksum| checksum.parse()) {
        headers.insert(CHECKSUM, checksum);
    }
    answer
}

//! The Files door: how downloads are answered (contract 2.4 and 10). `stored.rs` says what lies there.

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue, IF_RANGE, LOCATION, RANGE,
};
use http::{Method, Request, Response, StatusCode};
use sha2::{Digest, Sha256};

use crate::sim::{Door, Manner, Reply};

use super::denied::Denied;
use super::fault::DownloadFault;
use super::knobs::seconds;
use super::range::{Wanted, wanted};
use super::signature::hex;
use super::stored::{Place, Stored};
use super::{AbyssaleSimulator, Moment, answer};

impl AbyssaleSimulator {
    /// Answers a download and writes it down.
    pub(super) fn answer_files(&mut self, request: &Request<Bytes>, at: Moment) -> Reply {
        let (method, path) = (request.method(), request.uri().path());
        let place = Place::find(path);
        let fault = if path.starts_with("/exports/") {
            self.state.faults.for_archive(method, path)
        } else {
            let banner = self.banner_at(place).cloned();
            self.state.faults.for_file(method, path, banner.as_ref())
        };
        let reply = self.download(place, request, fault.as_ref(), at);
        self.state.requests.note(Door::Files, request, &reply, at);
        self.state.arrivals.note(Door::Files, request.method(), request.uri().path(), at.wall);
        reply
    }

    fn download(
        &mut self,
        place: Option<Place>,
        request: &Request<Bytes>,
        fault: Option<&DownloadFault>,
        at: Moment,
    ) -> Reply {
        if let Some(refused) = self.refused(request, fault) {
            return answer::plain(refused);
        }
        let file = match self.stored(place, request, fault, at) {
            Ok(file) => file,
            Err(denied) => return answer::plain(denied.answer()),
        };
        let file = spoiled(file, fault);
        let response = self.ranged(request, file);
        Reply { response, manner: manner(fault) }
    }

    /// What is said before any file is looked for.
    fn refused(&self, request: &Request<Bytes>, fault: Option<&DownloadFault>) -> Option<Response<Bytes>> {
        let head = request.method() == Method::HEAD && self.state.knobs.archive_head;
        if request.method() != Method::GET && !head {
            return Some(Denied::METHOD.answer());
        }
        match fault? {
            DownloadFault::Expired => Some(Denied::EXPIRED.answer()),
            DownloadFault::NotFound => Some(Denied::NO_KEY.answer()),
            DownloadFault::Unavailable { status } => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
                Some(Denied::new(status, "SlowDown", "Please reduce your request rate.").answer())
            }
            DownloadFault::Redirect { location, status } => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::FOUND);
                let mut response = answer::bytes(status, None, Bytes::new());
                response.headers_mut().insert(LOCATION, HeaderValue::from_str(location).ok()?);
                Some(response)
            }
            DownloadFault::Truncated { .. }
            | DownloadFault::Cut { .. }
            | DownloadFault::Page
            | DownloadFault::ContentType { .. }
            | DownloadFault::FewerEntries { .. }
            | DownloadFault::NoLength { .. }
            | DownloadFault::Slow { .. } => None,
        }
    }

    fn ranged(&self, request: &Request<Bytes>, file: Stored) -> Response<Bytes> {
        let etag = format!("\"{}\"", &hex(&Sha256::digest(&file.bytes))[..32]);
        let header = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let ranges = self.state.knobs.archive_ranges;
        // A range of another version than the one that lies here is answered with the whole.
        let same = header(IF_RANGE).is_none_or(|version| version == etag);
        let range = header(RANGE).filter(|_| ranges && same);
        let length = file.bytes.len();
        let (status, body, content_range) = match range.map_or(Wanted::Whole, |range| wanted(range, length)) {
            Wanted::Whole => (StatusCode::OK, file.bytes, None),
            Wanted::Unsatisfiable => {
                let mut response = Denied::RANGE.answer();
                insert(&mut response, CONTENT_RANGE, &format!("bytes */{length}"));
                return response;
            }
            Wanted::Part(part) => {
                let content_range = format!("bytes {}-{}/{length}", part.start, part.end - 1);
                (StatusCode::PARTIAL_CONTENT, file.bytes.slice(part), Some(content_range))
            }
        };
        let mut response = answer::bytes(status, None, body);
        insert(&mut response, CONTENT_TYPE, &file.content_type);
        insert(&mut response, ETAG, &etag);
        if ranges {
            insert(&mut response, ACCEPT_RANGES, "bytes");
        }
        if let Some(content_range) = content_range {
            insert(&mut response, CONTENT_RANGE, &content_range);
        }
        response
    }
}

/// The file as a fault makes it.
fn spoiled(file: Stored, fault: Option<&DownloadFault>) -> Stored {
    match fault {
        Some(DownloadFault::Truncated { bytes }) => {
            Stored { bytes: file.bytes.slice(..file.bytes.len().min(*bytes)), ..file }
        }
        Some(DownloadFault::Page) => Stored {
            bytes: Bytes::from_static(b"<!doctype html><html><body><h1>Sign in</h1></body></html>\n"),
            content_type: "text/html; charset=utf-8".to_owned(),
        },
        Some(DownloadFault::ContentType { value }) => Stored { content_type: value.clone(), ..file },
        Some(_) | None => file,
    }
}

fn manner(fault: Option<&DownloadFault>) -> Manner {
    match fault {
        Some(DownloadFault::Cut { after_bytes }) => Manner::CutAfter(*after_bytes),
        Some(DownloadFault::NoLength { short_after: None }) => Manner::NoLength,
        Some(DownloadFault::NoLength { short_after: Some(bytes) }) => Manner::ShortNoLength(*bytes),
        Some(DownloadFault::Slow { chunk, pause_seconds }) => {
            Manner::Slow { chunk: (*chunk).max(1), pause: seconds(*pause_seconds) }
        }
        Some(_) | None => Manner::Plain,
    }
}

fn insert(response: &mut Response<Bytes>, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

//! The Files endpoint: how downloads are answered (contract 2.4 and 10). `stored.rs` says what lies there.

use bytes::Bytes;
use http::header::{CONTENT_RANGE, HeaderValue, LOCATION};
use http::{Method, Request, Response, StatusCode};
use sha2::{Digest, Sha256};

use crate::{Endpoint, Manner, Reply};

use super::denied::Denied;
use super::fault::DownloadFault;
use super::knobs::seconds;
use super::range::{self, Described, Unsatisfiable};
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
        self.state.requests.note(Endpoint::Files, request, &reply, at);
        self.state.arrivals.note(Endpoint::Files, request.method(), request.uri().path(), at.wall);
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
        let response = self.ranged(request, &file);
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

    fn ranged(&self, request: &Request<Bytes>, file: &Stored) -> Response<Bytes> {
        let etag = format!("\"{}\"", &hex(&Sha256::digest(&file.bytes))[..32]);
        let described = Described {
            length: file.bytes.len(),
            content_type: &file.content_type,
            etag: &etag,
            ranges: self.state.knobs.archive_ranges,
        };
        range::serve(request, &described, |part| file.bytes.slice(part)).unwrap_or_else(|Unsatisfiable| {
            let mut response = Denied::RANGE.answer();
            answer::insert(&mut response, CONTENT_RANGE, &format!("bytes */{}", file.bytes.len()));
            response
        })
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

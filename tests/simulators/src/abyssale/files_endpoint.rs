//! The Files endpoint: how downloads are answered (contract 2.4 and 10). `stored.rs` says what lies there.

use bytes::Bytes;
use http::header::{CONTENT_RANGE, HeaderValue, LOCATION};
use http::{Method, Request, Response, StatusCode};
use sha2::{Digest, Sha256};

use crate::abyssale::stored_file;
use crate::simulator::{Endpoint, Manner, Reply};

use crate::abyssale::api_response;
use crate::abyssale::fault_types::DownloadFault;
use crate::abyssale::settings::seconds;
use crate::abyssale::state::AbyssaleSimulator;
use crate::abyssale::storage_error::Denied;
use crate::abyssale::stored_file::{Place, Stored};
use crate::byte_range;
use crate::byte_range::{Described, Unsatisfiable};
use crate::id_generator::hex;
use crate::virtual_clock::Moment;

/// Answers a download and writes it down.
pub(super) fn answer_files(simulator: &mut AbyssaleSimulator, request: &Request<Bytes>, at: Moment) -> Reply {
    let (method, path) = (request.method(), request.uri().path());
    let place = Place::find(path);
    let fault = if path.starts_with("/exports/") {
        simulator.state.faults.for_archive(method, path)
    } else {
        let banner = stored_file::banner_at(simulator, place).cloned();
        simulator.state.faults.for_file(method, path, banner.as_ref())
    };
    let reply = download(simulator, place, request, fault.as_ref(), at);
    simulator.state.requests.note(Endpoint::Files, request, &reply, at);
    simulator.state.arrivals.note(Endpoint::Files, request.method(), request.uri().path(), at.wall);
    reply
}

fn download(
    simulator: &mut AbyssaleSimulator,
    place: Option<Place>,
    request: &Request<Bytes>,
    fault: Option<&DownloadFault>,
    at: Moment,
) -> Reply {
    if let Some(refused) = refused(simulator, request, fault) {
        return api_response::plain(refused);
    }
    let file = match stored_file::stored(simulator, place, request, fault, at) {
        Ok(file) => file,
        Err(denied) => return api_response::plain(denied.answer()),
    };
    let file = spoiled(file, fault);
    let response = ranged(simulator, request, &file);
    Reply { response, manner: manner(fault) }
}

/// What is said before any file is looked for.
fn refused(
    simulator: &AbyssaleSimulator,
    request: &Request<Bytes>,
    fault: Option<&DownloadFault>,
) -> Option<Response<Bytes>> {
    let head = request.method() == Method::HEAD && simulator.state.knobs.archive_head;
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
            let mut response = api_response::bytes(status, None, Bytes::new());
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

fn ranged(simulator: &AbyssaleSimulator, request: &Request<Bytes>, file: &Stored) -> Response<Bytes> {
    let etag = format!("\"{}\"", &hex(&Sha256::digest(&file.bytes))[..32]);
    let described = Described {
        length: file.bytes.len(),
        content_type: &file.content_type,
        etag: &etag,
        ranges: simulator.state.knobs.archive_ranges,
    };
    byte_range::serve(request, &described, |part| file.bytes.slice(part)).unwrap_or_else(|Unsatisfiable| {
        let mut response = Denied::RANGE.answer();
        api_response::insert(&mut response, CONTENT_RANGE, &format!("bytes */{}", file.bytes.len()));
        response
    })
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

//! The Files endpoint: responds to downloads (contract 2.4 and 10). `stored_file.rs` finds the file of a path.

use bytes::Bytes;
use http::header::{CONTENT_RANGE, HeaderValue, LOCATION};
use http::{Method, Request, Response, StatusCode};
use sha2::{Digest, Sha256};

use crate::abyssale::api_response;
use crate::abyssale::fault_types::DownloadFault;
use crate::abyssale::settings::seconds;
use crate::abyssale::state::AbyssaleSimulator;
use crate::abyssale::storage_error::StorageError;
use crate::abyssale::stored_file::{self, FileLocation, StoredFile};
use crate::byte_range::{FileMetadata, RangeNotSatisfiable};
use crate::id_generator::hex;
use crate::range_flaw::{CarelessServer, respond_carelessly};
use crate::simulator::{Endpoint, Reply, SendMode};
use crate::virtual_clock::Moment;

/// Handles a download and logs it.
pub(super) fn handle_download(
    simulator: &mut AbyssaleSimulator,
    request: &Request<Bytes>,
    at: Moment,
) -> Reply {
    let (method, path) = (request.method(), request.uri().path());
    let location = FileLocation::parse(path);
    let fault = if path.starts_with("/exports/") {
        simulator.state.faults.take_for_archive(method, path)
    } else {
        let banner = stored_file::banner_of_location(simulator, location).cloned();
        simulator.state.faults.take_for_file(method, path, banner.as_ref())
    };
    let reply = respond(simulator, location, request, fault.as_ref(), at);
    simulator.state.request_log.record(Endpoint::Files, request, &reply, at);
    simulator.state.request_rate.record(Endpoint::Files, request, None, at.wall);
    reply
}

fn respond(
    simulator: &mut AbyssaleSimulator,
    location: Option<FileLocation>,
    request: &Request<Bytes>,
    fault: Option<&DownloadFault>,
    at: Moment,
) -> Reply {
    if let Some(rejected) = response_without_file(simulator, request, fault) {
        return api_response::reply(rejected);
    }
    let file = match stored_file::find_file(simulator, location, request, fault, at) {
        Ok(file) => file,
        Err(error) => return api_response::reply(error.into_response()),
    };
    let file = apply_fault(file, fault);
    let response = range_response(simulator, request, &file, fault);
    Reply { response, send_mode: send_mode(fault) }
}

/// Returns the response that needs no file, if any: an error or a redirect.
fn response_without_file(
    simulator: &AbyssaleSimulator,
    request: &Request<Bytes>,
    fault: Option<&DownloadFault>,
) -> Option<Response<Bytes>> {
    let head = request.method() == Method::HEAD && simulator.state.settings.archive_head;
    if request.method() != Method::GET && !head {
        return Some(StorageError::WRONG_METHOD.into_response());
    }
    match fault? {
        DownloadFault::Expired => Some(StorageError::EXPIRED.into_response()),
        DownloadFault::NotFound => Some(StorageError::NO_SUCH_KEY.into_response()),
        DownloadFault::Unavailable { status } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            Some(StorageError::new(status, "SlowDown", "Please reduce your request rate.").into_response())
        }
        DownloadFault::Redirect { location, status } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::FOUND);
            let mut response = api_response::bytes_response(status, None, Bytes::new());
            response.headers_mut().insert(LOCATION, HeaderValue::from_str(location).ok()?);
            Some(response)
        }
        DownloadFault::Truncated { .. }
        | DownloadFault::Cut { .. }
        | DownloadFault::Page
        | DownloadFault::ContentType { .. }
        | DownloadFault::FewerEntries { .. }
        | DownloadFault::NoLength { .. }
        | DownloadFault::Slow { .. }
        | DownloadFault::CarelessRanges { .. } => None,
    }
}

fn range_response(
    simulator: &AbyssaleSimulator,
    request: &Request<Bytes>,
    file: &StoredFile,
    fault: Option<&DownloadFault>,
) -> Response<Bytes> {
    let etag = format!("\"{}\"", &hex(&Sha256::digest(&file.bytes))[..32]);
    let metadata = FileMetadata {
        length: file.bytes.len(),
        content_type: &file.content_type,
        etag: &etag,
        ranges: simulator.state.settings.archive_ranges,
    };
    let careless = match fault {
        Some(DownloadFault::CarelessRanges { flaw, bytes }) => {
            Some(CarelessServer { flaw: *flaw, bytes: *bytes })
        }
        Some(_) | None => None,
    };
    respond_carelessly(careless, request, &metadata, |part| file.bytes.slice(part)).unwrap_or_else(
        |RangeNotSatisfiable| {
            let mut response = StorageError::INVALID_RANGE.into_response();
            api_response::insert_header(
                &mut response,
                CONTENT_RANGE,
                &format!("bytes */{}", file.bytes.len()),
            );
            response
        },
    )
}

/// Applies a fault to the file.
fn apply_fault(file: StoredFile, fault: Option<&DownloadFault>) -> StoredFile {
    match fault {
        Some(DownloadFault::Truncated { bytes }) => {
            StoredFile { bytes: file.bytes.slice(..file.bytes.len().min(*bytes)), ..file }
        }
        Some(DownloadFault::Page) => StoredFile {
            bytes: Bytes::from_static(b"<!doctype html><html><body><h1>Sign in</h1></body></html>\n"),
            content_type: "text/html; charset=utf-8".to_owned(),
        },
        Some(DownloadFault::ContentType { value }) => StoredFile { content_type: value.clone(), ..file },
        Some(_) | None => file,
    }
}

fn send_mode(fault: Option<&DownloadFault>) -> SendMode {
    match fault {
        Some(DownloadFault::Cut { after_bytes }) => SendMode::CutAfter(*after_bytes),
        Some(DownloadFault::NoLength { short_after: None }) => SendMode::NoLength,
        Some(DownloadFault::NoLength { short_after: Some(bytes) }) => SendMode::ShortNoLength(*bytes),
        Some(DownloadFault::Slow { chunk, pause_seconds }) => {
            SendMode::Slow { chunk: (*chunk).max(1), pause: seconds(*pause_seconds) }
        }
        Some(_) | None => SendMode::Plain,
    }
}

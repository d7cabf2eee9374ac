//! The Files endpoint: responds to downloads (contract 6.4 and 9.1).

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_RANGE, CONTENT_TYPE, LOCATION};
use http::{Method, Request, Response, StatusCode};

use crate::acceptance_policy::AcceptancePolicy;
use crate::ai_studios::fault_types::DownloadFault;
use crate::ai_studios::media_file::MediaFile;
use crate::ai_studios::settings::seconds;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::ai_studios::stored_file::{self, REDIRECT_FOLDER, StoredContent, StoredFile};
use crate::byte_range::{self, FileMetadata, RangeNotSatisfiable};
use crate::response;
use crate::simulator::{Endpoint, Reply, SendMode};
use crate::virtual_clock::Moment;

/// Handles a download and logs it.
pub(super) fn handle_download(
    simulator: &mut AiStudiosSimulator,
    request: &Request<Bytes>,
    at: Moment,
) -> Reply {
    let (method, path) = (request.method(), request.uri().path());
    let stored = stored_file::find_file(simulator, path, at);
    let index = stored.as_ref().and_then(|stored| stored.index);
    let project = index.map(|index| simulator.state.projects.at(index).id.clone());
    // No fault applies at the target of a redirect.
    let fault = match path.split('/').nth(1) {
        Some(REDIRECT_FOLDER) => None,
        Some(_) | None => simulator.state.faults.take_for_download(method, path, project.as_deref()),
    };
    let reply = respond(simulator, stored, request, fault.as_ref(), at);
    simulator.state.request_log.record(Endpoint::Files, request, &reply, at);
    simulator.state.request_rate.record(Endpoint::Files, method, path, at.wall);
    reply
}

fn respond(
    simulator: &mut AiStudiosSimulator,
    stored: Option<StoredFile>,
    request: &Request<Bytes>,
    fault: Option<&DownloadFault>,
    at: Moment,
) -> Reply {
    let settings =
        stored.as_ref().map_or_else(|| simulator.state.settings.clone(), |stored| stored.settings.clone());
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return response::reply(storage_error_response(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"));
    }
    if settings.files.authorization == AcceptancePolicy::Refuse
        && request.headers().contains_key(AUTHORIZATION)
    {
        return response::reply(storage_error_response(StatusCode::BAD_REQUEST, "InvalidArgument"));
    }
    if let Some(rejected) = fault.and_then(|fault| fault_response(fault, request)) {
        return response::reply(rejected);
    }
    let Some(stored) = stored else {
        return response::reply(storage_error_response(StatusCode::NOT_FOUND, "NoSuchKey"));
    };
    if stored_file::is_url_expired(simulator, &stored, request.uri().query().unwrap_or_default(), at) {
        return response::reply(storage_error_response(StatusCode::FORBIDDEN, "AccessDenied"));
    }
    let (file, content_type) = match &stored.content {
        StoredContent::Video { note } => {
            (MediaFile::video(note, settings.files.padding_megabytes), settings.files.content_type.as_str())
        }
        StoredContent::Generated(content, content_type) => (MediaFile::generated(content), *content_type),
    };
    let file = match fault {
        Some(DownloadFault::Truncated { bytes }) => file.cut_to(*bytes),
        Some(_) | None => file,
    };
    let content_type = match fault {
        Some(DownloadFault::ContentType { value }) => value,
        Some(_) | None => content_type,
    };
    Reply {
        response: range_response(request, &file, content_type, settings.files.ranges),
        send_mode: send_mode(fault),
    }
}

/// Returns the response that a fault sends instead of a video.
fn fault_response(fault: &DownloadFault, request: &Request<Bytes>) -> Option<Response<Bytes>> {
    match fault {
        DownloadFault::Forbidden => Some(storage_error_response(StatusCode::FORBIDDEN, "AccessDenied")),
        DownloadFault::NotFound => Some(storage_error_response(StatusCode::NOT_FOUND, "NoSuchKey")),
        DownloadFault::Unavailable { status } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            Some(storage_error_response(status, "SlowDown"))
        }
        DownloadFault::Redirect { location, status } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::FOUND);
            let mut response = response::bytes_response(status, None, Bytes::new());
            let file = request.uri().path().rsplit('/').next().unwrap_or_default();
            let query = request.uri().query().map_or_else(String::new, |query| format!("?{query}"));
            let elsewhere = || format!("/{REDIRECT_FOLDER}/{file}{query}");
            response::insert_header(&mut response, LOCATION, &location.clone().unwrap_or_else(elsewhere));
            Some(response)
        }
        DownloadFault::Page => {
            let page = Bytes::from_static(b"<!doctype html><html><body><h1>Sign in</h1></body></html>\n");
            let mut response = response::bytes_response(StatusCode::OK, None, page);
            response::insert_header(&mut response, CONTENT_TYPE, "text/html; charset=utf-8");
            Some(response)
        }
        DownloadFault::Empty => Some(response::bytes_response(StatusCode::OK, None, Bytes::new())),
        DownloadFault::Truncated { .. }
        | DownloadFault::Cut { .. }
        | DownloadFault::ContentType { .. }
        | DownloadFault::NoLength { .. }
        | DownloadFault::Slow { .. } => None,
    }
}

fn range_response(
    request: &Request<Bytes>,
    file: &MediaFile,
    content_type: &str,
    ranges: bool,
) -> Response<Bytes> {
    let (length, etag) = (file.length(), file.etag());
    let metadata = FileMetadata { length, content_type, etag: &etag, ranges };
    byte_range::respond_with_range(request, &metadata, |part| file.read(part)).unwrap_or_else(
        |RangeNotSatisfiable| {
            let mut response = storage_error_response(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange");
            response::insert_header(&mut response, CONTENT_RANGE, &format!("bytes */{length}"));
            response
        },
    )
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

/// Returns an error in the format of an object store.
fn storage_error_response(status: StatusCode, code: &str) -> Response<Bytes> {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code></Error>\n");
    let mut response = response::bytes_response(status, None, Bytes::from(body));
    response::insert_header(&mut response, CONTENT_TYPE, "application/xml");
    response
}

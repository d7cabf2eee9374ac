//! The Files endpoint: how downloads are answered (contract 6.4 and 9.1).

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_RANGE, CONTENT_TYPE, LOCATION};
use http::{Method, Request, Response, StatusCode};

use crate::range::{self, Described, Unsatisfiable};
use crate::{Endpoint, Manner, Reply, answer};

use super::fault::DownloadFault;
use super::knobs::{Knobs, seconds};
use super::lenience::Lenience;
use super::video::Video;
use super::{AiStudiosSimulator, Moment};

/// Where a redirect leads that goes nowhere else.
const MOVED: &str = "moved";

/// A video that lies at the origin.
pub(super) struct Stored {
    /// What tells it from others: its export's `backendTaskId`.
    note: String,
    /// The project's place, unless it was dubbed.
    pub(super) place: Option<usize>,
    pub(super) knobs: Knobs,
}

impl AiStudiosSimulator {
    /// Answers a download and writes it down.
    pub(super) fn answer_files(&mut self, request: &Request<Bytes>, at: Moment) -> Reply {
        let (method, path) = (request.method(), request.uri().path());
        let stored = self.stored(path, at);
        let place = stored.as_ref().and_then(|stored| stored.place);
        let project = place.map(|place| self.state.projects.at(place).id.clone());
        // A redirect is followed to a place where nothing goes wrong.
        let fault = match path.split('/').nth(1) {
            Some(MOVED) => None,
            Some(_) | None => self.state.faults.for_download(method, path, project.as_deref()),
        };
        let reply = self.download(stored, request, fault.as_ref(), at);
        self.state.requests.note(Endpoint::Files, request, &reply, at);
        self.state.arrivals.note(Endpoint::Files, method, path, at.wall);
        reply
    }

    fn download(
        &mut self,
        stored: Option<Stored>,
        request: &Request<Bytes>,
        fault: Option<&DownloadFault>,
        at: Moment,
    ) -> Reply {
        let knobs = stored.as_ref().map_or_else(|| self.state.knobs.clone(), |stored| stored.knobs.clone());
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            return answer::plain(denied(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"));
        }
        if knobs.files.authorization == Lenience::Refuse && request.headers().contains_key(AUTHORIZATION) {
            return answer::plain(denied(StatusCode::BAD_REQUEST, "InvalidArgument"));
        }
        if let Some(refused) = fault.and_then(|fault| instead(fault, request)) {
            return answer::plain(refused);
        }
        let Some(stored) = stored else { return answer::plain(denied(StatusCode::NOT_FOUND, "NoSuchKey")) };
        if self.url_is_over(&stored, request.uri().query().unwrap_or_default(), at) {
            return answer::plain(denied(StatusCode::FORBIDDEN, "AccessDenied"));
        }
        let video = Video::of(&stored.note, knobs.files.padding_megabytes);
        let video = match fault {
            Some(DownloadFault::Truncated { bytes }) => video.cut_to(*bytes),
            Some(_) | None => video,
        };
        let content_type = match fault {
            Some(DownloadFault::ContentType { value }) => value,
            Some(_) | None => &knobs.files.content_type,
        };
        Reply { response: ranged(request, &video, content_type, knobs.files.ranges), manner: manner(fault) }
    }

    /// What lies at a path: the latest video of a project, the video of a task, or a dubbed one.
    fn stored(&self, path: &str, at: Moment) -> Option<Stored> {
        let (folder, file) = path.trim_start_matches('/').split_once('/')?;
        let name = file.strip_suffix(".mp4")?;
        let projects = &self.state.projects;
        let by_id = || {
            let place = projects.place(name, at.now)?;
            Some((place, projects.at(place).latest_video(at.now)?))
        };
        let by_task = || {
            let (project, run) = projects.of_task(name).filter(|(_, run)| run.is_exported(at.now))?;
            Some((projects.place(&project.id, at.now)?, run))
        };
        let stored = if let Some((place, run)) = by_id().or_else(by_task) {
            Stored { note: run.task.clone(), place: Some(place), knobs: self.knobs_for(place) }
        } else if self.dubbed_is_ready(name, at) {
            Stored { note: name.to_owned(), place: None, knobs: self.state.knobs.clone() }
        } else {
            return None;
        };
        (folder == MOVED || folder == stored.knobs.invented.media_folder).then_some(stored)
    }
}

/// What a fault answers instead of a video.
fn instead(fault: &DownloadFault, request: &Request<Bytes>) -> Option<Response<Bytes>> {
    match fault {
        DownloadFault::Forbidden => Some(denied(StatusCode::FORBIDDEN, "AccessDenied")),
        DownloadFault::NotFound => Some(denied(StatusCode::NOT_FOUND, "NoSuchKey")),
        DownloadFault::Unavailable { status } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            Some(denied(status, "SlowDown"))
        }
        DownloadFault::Redirect { location, status } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::FOUND);
            let mut response = answer::bytes(status, None, Bytes::new());
            let file = request.uri().path().rsplit('/').next().unwrap_or_default();
            let query = request.uri().query().map_or_else(String::new, |query| format!("?{query}"));
            let elsewhere = || format!("/{MOVED}/{file}{query}");
            answer::insert(&mut response, LOCATION, &location.clone().unwrap_or_else(elsewhere));
            Some(response)
        }
        DownloadFault::Page => {
            let page = Bytes::from_static(b"<!doctype html><html><body><h1>Sign in</h1></body></html>\n");
            let mut response = answer::bytes(StatusCode::OK, None, page);
            answer::insert(&mut response, CONTENT_TYPE, "text/html; charset=utf-8");
            Some(response)
        }
        DownloadFault::Empty => Some(answer::bytes(StatusCode::OK, None, Bytes::new())),
        DownloadFault::Truncated { .. }
        | DownloadFault::Cut { .. }
        | DownloadFault::ContentType { .. }
        | DownloadFault::NoLength { .. }
        | DownloadFault::Slow { .. } => None,
    }
}

fn ranged(request: &Request<Bytes>, video: &Video, content_type: &str, ranges: bool) -> Response<Bytes> {
    let (length, etag) = (video.length(), video.etag());
    let described = Described { length, content_type, etag: &etag, ranges };
    range::serve(request, &described, |part| video.read(part)).unwrap_or_else(|Unsatisfiable| {
        let mut response = denied(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange");
        answer::insert(&mut response, CONTENT_RANGE, &format!("bytes */{length}"));
        response
    })
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

/// A refusal in the manner of an object store.
fn denied(status: StatusCode, code: &str) -> Response<Bytes> {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code></Error>\n");
    let mut response = answer::bytes(status, None, Bytes::from(body));
    answer::insert(&mut response, CONTENT_TYPE, "application/xml");
    response
}

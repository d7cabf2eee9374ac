//! The Files door: archives behind URLs that expire, and the banners' own files (contract 2.4 and 10).

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue, IF_RANGE, LOCATION, RANGE,
};
use http::{Method, Request, Response, StatusCode};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::sim::{Door, Manner, Reply};

use super::denied::Denied;
use super::export::Export;
use super::fault::ArchiveFault;
use super::knobs::seconds;
use super::range::{Wanted, wanted};
use super::signature::hex;
use super::{AbyssaleSimulator, Moment, answer, archive};

/// A file and what to call it.
struct File {
    bytes: Bytes,
    content_type: String,
}

impl AbyssaleSimulator {
    /// Where an export's archive is, as a URL that expires.
    pub(super) fn archive_url(&self, export: &Export, at: Moment) -> String {
        let knobs = &self.state.knobs;
        let from = if knobs.archive_url_renewed { at.now } else { export.generated_at };
        let expires = (from + seconds(knobs.archive_expiry_seconds)).unix_timestamp();
        let extension = match export.found.first() {
            Some(banner) if export.bare_file => banner.file.extension(),
            Some(_) | None => "zip",
        };
        let seal = self.seal(export.id, expires);
        format!("{}/exports/{}.{extension}?Expires={expires}&Signature={seal}", self.origins.files, export.id)
    }

    /// Answers a download and writes it down.
    pub(super) fn answer_files(&mut self, request: &Request<Bytes>, at: Moment) -> Reply {
        let fault = self.state.faults.for_archive(request.method(), request.uri().path());
        let reply = self.download(request, fault.as_ref(), at);
        self.state.requests.note(Door::Files, request, &reply, at);
        reply
    }

    fn download(&mut self, request: &Request<Bytes>, fault: Option<&ArchiveFault>, at: Moment) -> Reply {
        if let Some(refused) = self.refused(request, fault) {
            return answer::plain(refused);
        }
        let file = match self.file(request, fault, at) {
            Ok(file) => file,
            Err(denied) => return answer::plain(denied.answer()),
        };
        let file = spoiled(file, fault);
        let response = self.ranged(request, file);
        Reply { response, manner: manner(fault) }
    }

    /// What is said before any file is looked for.
    fn refused(&self, request: &Request<Bytes>, fault: Option<&ArchiveFault>) -> Option<Response<Bytes>> {
        let head = request.method() == Method::HEAD && self.state.knobs.archive_head;
        if request.method() != Method::GET && !head {
            return Some(Denied::METHOD.answer());
        }
        match fault? {
            ArchiveFault::Expired => Some(Denied::EXPIRED.answer()),
            ArchiveFault::NotFound => Some(Denied::NO_KEY.answer()),
            ArchiveFault::Unavailable { status } => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
                Some(Denied::new(status, "SlowDown", "Please reduce your request rate.").answer())
            }
            ArchiveFault::Redirect { location, status } => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::FOUND);
                let mut response = answer::bytes(status, None, Bytes::new());
                response.headers_mut().insert(LOCATION, HeaderValue::from_str(location).ok()?);
                Some(response)
            }
            ArchiveFault::Truncated { .. }
            | ArchiveFault::Cut { .. }
            | ArchiveFault::NotAZip
            | ArchiveFault::ContentType { .. }
            | ArchiveFault::FewerEntries { .. }
            | ArchiveFault::NoLength { .. }
            | ArchiveFault::Slow { .. } => None,
        }
    }

    fn file(
        &mut self,
        request: &Request<Bytes>,
        fault: Option<&ArchiveFault>,
        at: Moment,
    ) -> Result<File, Denied> {
        let segments: Vec<&str> = request.uri().path().split('/').collect();
        let ["", folder, name] = segments.as_slice() else { return Err(Denied::NO_KEY) };
        let id = name.split_once('.').and_then(|(stem, _)| Uuid::try_parse(stem).ok());
        match (*folder, id) {
            ("banners", Some(id)) => {
                let banner = self.workspace.banner(id).ok_or(Denied::NO_KEY)?;
                let content_type = banner.file.content_type().to_owned();
                Ok(File { bytes: archive::picture_of(banner), content_type })
            }
            ("exports", Some(id)) => {
                self.sealed(id, request.uri().query().unwrap_or_default(), at)?;
                self.archive(id, fault, at)
            }
            _ => Err(Denied::NO_KEY),
        }
    }

    /// Checks that the query was given out by this simulator and is not too old.
    fn sealed(&self, id: Uuid, query: &str, at: Moment) -> Result<(), Denied> {
        let field = |wanted: &str| {
            url::form_urlencoded::parse(query.as_bytes())
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.into_owned())
        };
        let expires = field("Expires").and_then(|text| text.parse::<i64>().ok());
        match (expires, field("Signature")) {
            (Some(expires), Some(seal)) if seal == self.seal(id, expires) => {
                if at.now.unix_timestamp() < expires { Ok(()) } else { Err(Denied::EXPIRED) }
            }
            _ => Err(Denied::NO_SEAL),
        }
    }

    fn archive(&mut self, id: Uuid, fault: Option<&ArchiveFault>, at: Moment) -> Result<File, Denied> {
        let content_type = self.state.knobs.archive_content_type.clone();
        let export = self.state.exports.find(id).ok_or(Denied::NO_KEY)?;
        if at.now < export.generated_at {
            return Err(Denied::NO_KEY);
        }
        export.downloads += 1;
        if let Some(chosen) = &export.chosen {
            return Ok(File { bytes: chosen.bytes.clone(), content_type: chosen.content_type.clone() });
        }
        if let Some(ArchiveFault::FewerEntries { entries }) = fault {
            let few = export.found.len().min(*entries);
            return Ok(File { bytes: archive::pack(&export.found[..few]), content_type });
        }
        if let (true, Some(banner)) = (export.bare_file, export.found.first()) {
            let content_type = banner.file.content_type().to_owned();
            return Ok(File { bytes: archive::picture_of(banner), content_type });
        }
        let bytes = export.packed.get_or_insert_with(|| archive::pack(&export.found)).clone();
        Ok(File { bytes, content_type })
    }

    fn ranged(&self, request: &Request<Bytes>, file: File) -> Response<Bytes> {
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

    fn seal(&self, id: Uuid, expires: i64) -> String {
        let label = format!("archive {id}");
        hex(&self.draw.seeded(&label, expires.unsigned_abs())).chars().take(40).collect()
    }
}

fn spoiled(file: File, fault: Option<&ArchiveFault>) -> File {
    match fault {
        Some(ArchiveFault::Truncated { bytes }) => {
            File { bytes: file.bytes.slice(..file.bytes.len().min(*bytes)), ..file }
        }
        Some(ArchiveFault::NotAZip) => File {
            bytes: Bytes::from_static(b"<!doctype html><html><body><h1>Sign in</h1></body></html>\n"),
            content_type: "text/html; charset=utf-8".to_owned(),
        },
        Some(ArchiveFault::ContentType { value }) => File { content_type: value.clone(), ..file },
        Some(_) | None => file,
    }
}

fn manner(fault: Option<&ArchiveFault>) -> Manner {
    match fault {
        Some(ArchiveFault::Cut { after_bytes }) => Manner::CutAfter(*after_bytes),
        Some(ArchiveFault::NoLength { short_after: None }) => Manner::NoLength,
        Some(ArchiveFault::NoLength { short_after: Some(bytes) }) => Manner::ShortNoLength(*bytes),
        Some(ArchiveFault::Slow { chunk, pause_seconds }) => {
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

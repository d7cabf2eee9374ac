//! Serves the keys `archives/<name>` of any bucket: the files of a folder, as objects that can be read in ranges.

use std::{convert::Infallible, fs::File, ops::Range, os::unix::fs::FileExt, path::PathBuf};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{Method, Response, StatusCode, header, request};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

use crate::{
    service::{HttpResponse, text},
    source::requested_range,
    xml,
};

const PREFIX: &str = "archives/";
/// The number of bytes that are read and sent at once.
const CHUNK_BYTES: u64 = 256 * 1024;

/// The folder of the archives, if one is given.
#[derive(Debug, Default)]
pub(crate) struct Archives(Option<PathBuf>);

impl Archives {
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self(folder)
    }

    /// Returns the response, if the request is for an archive. The files are in the page cache, so reads do not block.
    pub(crate) fn handle_request(&self, head: &request::Parts) -> Option<HttpResponse> {
        let (_bucket, key) = head.uri.path().strip_prefix('/')?.split_once('/')?;
        let name = key.strip_prefix(PREFIX)?;
        if ![Method::GET, Method::HEAD].contains(&head.method) {
            return None;
        }
        let file =
            self.0.as_ref().filter(|_| !name.contains('/')).map(|folder| File::open(folder.join(name)));
        let Some(Ok(file)) = file else {
            return Some(text(StatusCode::NOT_FOUND, xml::error("NoSuchKey")));
        };
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let etag = format!("\"{length:x}-bench\"");
        let range = requested_range(&head.headers, length, &etag);
        let served = range.clone().unwrap_or(0..length);
        let mut response = Response::builder()
            .header(header::ETAG, etag)
            .header(header::ACCEPT_RANGES, "bytes")
            .header(header::CONTENT_TYPE, "application/zip")
            .header(header::LAST_MODIFIED, "Thu, 01 Jan 2026 00:00:00 GMT")
            .header(header::CONTENT_LENGTH, served.end - served.start);
        if let Some(Range { start, end }) = range {
            let range = format!("bytes {start}-{}/{length}", end - 1);
            response = response.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, range);
        }
        let sent = if head.method == Method::HEAD { 0..0 } else { served };
        let response = response.body(StreamBody::new(read_chunks(file, sent)).boxed_unsync());
        Some(response.unwrap_or_else(|_| text(StatusCode::INTERNAL_SERVER_ERROR, "")))
    }
}

/// Streams a range of a file. The stream ends early if the file cannot be read, which truncates the response.
fn read_chunks(
    file: File,
    range: Range<u64>,
) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> + Send + use<> {
    stream::unfold((file, range), |(file, range)| async move {
        let length = usize::try_from((range.end - range.start).min(CHUNK_BYTES)).unwrap_or_default();
        let mut chunk = vec![0; length];
        if chunk.is_empty() || file.read_exact_at(&mut chunk, range.start).is_err() {
            return None;
        }
        let rest = range.start + length as u64..range.end;
        Some((Ok(Frame::data(Bytes::from(chunk))), (file, rest)))
    })
}

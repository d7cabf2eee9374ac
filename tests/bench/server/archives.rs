//! The keys `archives/<name>` of any bucket: files of a folder, as objects that are read whole or in ranges.

use std::{convert::Infallible, fs::File, ops::Range, os::unix::fs::FileExt, path::PathBuf};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{Method, Response, StatusCode, header, request};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

use crate::{
    service::{Answer, text},
    source::ranged,
    xml,
};

const PREFIX: &str = "archives/";
/// What is read and handed to the connection at once.
const PIECE: u64 = 256 * 1024;

/// The folder, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Archives(Option<PathBuf>);

impl Archives {
    pub(crate) fn of(folder: Option<PathBuf>) -> Self {
        Self(folder)
    }

    /// The answer, if the request is for an archive. The files are in the page cache, so reading them waits for
    /// nothing.
    pub(crate) fn answer(&self, head: &request::Parts) -> Option<Answer> {
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
        let range = ranged(&head.headers, length, &etag);
        let served = range.clone().unwrap_or(0..length);
        let mut answer = Response::builder()
            .header(header::ETAG, etag)
            .header(header::ACCEPT_RANGES, "bytes")
            .header(header::CONTENT_TYPE, "application/zip")
            .header(header::LAST_MODIFIED, "Thu, 01 Jan 2026 00:00:00 GMT")
            .header(header::CONTENT_LENGTH, served.end - served.start);
        if let Some(Range { start, end }) = range {
            let range = format!("bytes {start}-{}/{length}", end - 1);
            answer = answer.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, range);
        }
        let sent = if head.method == Method::HEAD { 0..0 } else { served };
        let answer = answer.body(StreamBody::new(pieces(file, sent)).boxed_unsync());
        Some(answer.unwrap_or_else(|_| text(StatusCode::INTERNAL_SERVER_ERROR, "")))
    }
}

/// Ends early if the file cannot be read, which breaks the answer off.
fn pieces(
    file: File,
    range: Range<u64>,
) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> + Send + use<> {
    stream::unfold((file, range), |(file, range)| async move {
        let length = usize::try_from((range.end - range.start).min(PIECE)).unwrap_or_default();
        let mut piece = vec![0; length];
        if piece.is_empty() || file.read_exact_at(&mut piece, range.start).is_err() {
            return None;
        }
        let rest = range.start + length as u64..range.end;
        Some((Ok(Frame::data(Bytes::from(piece))), (file, rest)))
    })
}

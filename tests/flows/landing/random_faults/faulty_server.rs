//! A file server with every kind of fault, one for each request.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// How the server responds without a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServingMode {
    /// Ranges of the file, with its length.
    Ranges,
    /// The complete file, with its length.
    Length,
    /// The complete file in chunks, without its length.
    Chunks,
}

/// The fault of one response. Positions are in thousandths of its body.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// No fault.
    None,
    /// Another status.
    Status(u16),
    /// The connection closes without a response.
    NoResponse,
    /// The connection closes within the body.
    Cut(usize),
    /// The body pauses for so many milliseconds.
    Pause(usize, u64),
    /// The response announces more bytes than it has.
    Longer(u64),
    /// The file is truncated, and its headers agree with that.
    Shorter(usize),
    /// Another range than the requested one, with a matching `Content-Range`.
    WrongRange,
    /// The complete file instead of a range.
    IgnoredRange,
    /// A range, or the complete file, as 206 without `Content-Range`.
    AlwaysPartial,
    /// A range without `Content-Range`.
    NoContentRange,
    /// A range whose `Content-Range` does not tell the length of the file.
    UnknownLength,
    /// The first bytes of the range, with a matching `Content-Range`.
    ShortRange(usize),
    /// The first bytes of the range, with the `Content-Range` of the request.
    Contradicting(usize),
    /// A range of the same file with the `ETag` of another node.
    OtherTag,
    /// The `ETag` is weak.
    WeakTag,
    /// The `ETag` is missing, and `If-Range` is ignored.
    NoTag,
    /// No range is satisfiable.
    NotSatisfiable,
    /// From this response on, the second file is served.
    FileChanged,
}

/// Any fault, the simplest ones first.
pub(super) fn faults() -> impl Strategy<Value = Fault> {
    let statuses = prop::sample::select(vec![500_u16, 502, 503, 504, 429, 408]);
    prop_oneof![
        1 => Just(Fault::None),
        3 => statuses.prop_map(Fault::Status),
        1 => Just(Fault::NoResponse),
        4 => (0..1000_usize).prop_map(Fault::Cut),
        1 => (0..1000_usize, 20..120_u64).prop_map(|(at, pause)| Fault::Pause(at, pause)),
        1 => (1..100_000_u64).prop_map(Fault::Longer),
        1 => (0..1000_usize).prop_map(Fault::Shorter),
        1 => Just(Fault::WrongRange),
        1 => Just(Fault::IgnoredRange),
        1 => Just(Fault::AlwaysPartial),
        1 => Just(Fault::NoContentRange),
        1 => Just(Fault::UnknownLength),
        4 => (0..1000_usize).prop_map(Fault::ShortRange),
        1 => (0..1000_usize).prop_map(Fault::Contradicting),
        1 => Just(Fault::OtherTag),
        1 => Just(Fault::WeakTag),
        1 => Just(Fault::NoTag),
        1 => Just(Fault::NotSatisfiable),
        3 => Just(Fault::FileChanged),
    ]
}

/// A running server.
pub(super) struct FaultyServer {
    pub(super) origin: String,
    shared: Arc<Shared>,
}

struct Shared {
    files: Vec<Bytes>,
    mode: ServingMode,
    state: Mutex<ServerState>,
}

/// The progress of the server.
struct ServerState {
    faults: VecDeque<Fault>,
    /// The index of the served file.
    file: usize,
    /// The requests, each with its fault.
    request_log: Vec<String>,
}

impl FaultyServer {
    /// Serves the first of these files, and the second after [`Fault::FileChanged`]. Each request uses one fault.
    pub(super) async fn start(files: Vec<Vec<u8>>, mode: ServingMode, faults: Vec<Fault>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let files = files.into_iter().map(Bytes::from).collect();
        let state = Mutex::new(ServerState { faults: faults.into(), file: 0, request_log: vec![] });
        let shared = Arc::new(Shared { files, mode, state });
        let served = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // The client closes a connection that it has given up; the error is ignored.
                tokio::spawn(respond(stream, served.clone()));
            }
        });
        Self { origin, shared }
    }

    /// Whether these are the bytes of a file that was served.
    pub(super) fn has_served(&self, bytes: &[u8]) -> bool {
        let last = self.shared.state.lock().expect("no panic").file;
        self.shared.files[..=last].iter().any(|file| file == bytes)
    }

    /// The requests and faults so far, for messages.
    pub(super) fn request_log(&self) -> String {
        format!("requests at the source: {:#?}", self.shared.state.lock().expect("no panic").request_log)
    }
}

impl Shared {
    /// Takes the next fault. Returns it with the index of the served file.
    fn take_fault(&self, requested: &str) -> (Fault, usize) {
        let mut state = self.state.lock().expect("no panic");
        let fault = state.faults.pop_front().unwrap_or(Fault::None);
        if matches!(fault, Fault::FileChanged) {
            state.file = self.files.len() - 1;
        }
        let entry = format!("file {}, {requested}: {fault:?}", state.file);
        state.request_log.push(entry);
        (fault, state.file)
    }
}

/// The value of a header. The name is lower-case.
fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

fn range(request: &str, length: usize) -> Option<Range<usize>> {
    let (first, last) = header(request, "range")?.strip_prefix("bytes=")?.split_once('-')?;
    let first = first.parse().ok().filter(|first| *first < length)?;
    Some(first..last.parse().map_or(length, |last: usize| length.min(last + 1)))
}

async fn respond(mut stream: TcpStream, shared: Arc<Shared>) -> std::io::Result<()> {
    let mut request = vec![];
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let (fault, number) = shared.take_fault(header(&request, "range").unwrap_or("no range"));
    let file = match fault {
        Fault::Shorter(at) => shared.files[number].slice(..(shared.files[number].len() * at / 1000).max(1)),
        _ => shared.files[number].clone(),
    };
    match fault {
        Fault::NoResponse => return Ok(()),
        Fault::Status(status) => {
            let text = format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            return stream.write_all(text.as_bytes()).await;
        }
        Fault::NotSatisfiable if header(&request, "range").is_some() => {
            let text = "HTTP/1.1 416 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            return stream.write_all(text.as_bytes()).await;
        }
        _ => {}
    }
    let tag = format!("\"{number}\"");
    let ignores_tag = matches!(fault, Fault::OtherTag | Fault::NoTag);
    let same = ignores_tag || header(&request, "if-range").is_none_or(|etag| etag == tag);
    let ranged = shared.mode == ServingMode::Ranges && same && !matches!(fault, Fault::IgnoredRange);
    let requested = range(&request, file.len()).filter(|_| ranged).map(|requested| match fault {
        // Keeps the length of the range if possible.
        Fault::WrongRange if requested.start > 0 => requested.start - 1..requested.end - 1,
        Fault::WrongRange => usize::from(requested.len() > 1)..requested.end,
        Fault::ShortRange(at) => requested.start..requested.start + shortened(requested.len(), at),
        _ => requested,
    });
    let body = requested.clone().map_or_else(|| file.clone(), |requested| file.slice(requested));
    let body = match fault {
        Fault::Contradicting(at) if requested.is_some() => body.slice(..shortened(body.len(), at)),
        _ => body,
    };
    let more = if let Fault::Longer(more) = fault { more } else { 0 };
    let length = match shared.mode {
        ServingMode::Chunks => "transfer-encoding: chunked".to_owned(),
        _ => format!("content-length: {}", body.len() as u64 + more),
    };
    let head = distort(&format_head(requested, file.len(), &length, &tag), &fault, file.len());
    stream.write_all(head.as_bytes()).await?;
    send(&mut stream, &body, &fault, shared.mode == ServingMode::Chunks).await
}

/// The status line and headers of a response with this range of a file.
fn format_head(requested: Option<Range<usize>>, file_length: usize, length: &str, tag: &str) -> String {
    let (status, range) = match requested {
        Some(Range { start, end }) => {
            ("206 Partial Content", format!("content-range: bytes {start}-{}/{file_length}\r\n", end - 1))
        }
        None => ("200 OK", String::new()),
    };
    format!("HTTP/1.1 {status}\r\n{range}{length}\r\netag: {tag}\r\nconnection: close\r\n\r\n")
}

/// A length in thousandths of another one, and at least one byte.
fn shortened(length: usize, thousandths: usize) -> usize {
    (length * thousandths / 1000).max(1)
}

/// Changes the head of a response as the fault demands.
fn distort(head: &str, fault: &Fault, file_length: usize) -> String {
    let without = |name: &str| {
        let lines = head.split_inclusive("\r\n").filter(|line| !line.starts_with(name));
        lines.collect::<String>()
    };
    match fault {
        Fault::AlwaysPartial => without("content-range").replace("200 OK", "206 Partial Content"),
        Fault::NoContentRange => without("content-range"),
        Fault::UnknownLength => head.replace(&format!("/{file_length}\r\n"), "/*\r\n"),
        Fault::OtherTag => head.replace("etag: \"", "etag: \"node-"),
        Fault::WeakTag => head.replace("etag: ", "etag: W/"),
        Fault::NoTag => without("etag"),
        _ => head.to_owned(),
    }
}

/// Sends a body in pieces, as far as the fault allows.
async fn send(stream: &mut TcpStream, body: &Bytes, fault: &Fault, chunks: bool) -> std::io::Result<()> {
    let (end, is_complete) = match fault {
        Fault::Cut(at) => (body.len() * at / 1000, false),
        _ => (body.len(), true),
    };
    let pause = match fault {
        Fault::Pause(at, pause) => Some((body.len() * at / 1000, Duration::from_millis(*pause))),
        _ => None,
    };
    let mut sent = 0;
    while sent < end {
        let mut next = end.min(sent + 256 * 1024);
        if let Some((at, pause)) = pause {
            match at {
                at if at == sent => tokio::time::sleep(pause).await,
                at if at > sent => next = next.min(at),
                _ => {}
            }
        }
        let piece = &body[sent..next];
        if chunks {
            stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
        }
        stream.write_all(piece).await?;
        if chunks {
            stream.write_all(b"\r\n").await?;
        }
        sent = next;
    }
    if chunks && is_complete {
        stream.write_all(b"0\r\n\r\n").await?;
    }
    stream.shutdown().await
}

//! A file server that responds as a test decides, and logs the ranges that were requested.

use std::{
    net::{Ipv4Addr, SocketAddr},
    ops::Range,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

pub(super) const LENGTH: usize = 10_000;

pub(super) fn file() -> Vec<u8> {
    (0..LENGTH).map(|at| (at * 7 % 251) as u8).collect()
}

/// A request: its number from 0, the range that it asks for, and its `If-Range`.
pub(super) struct Request {
    pub(super) number: usize,
    pub(super) range: Option<Range<usize>>,
    pub(super) if_range: Option<String>,
}

/// A response: the status, the headers besides `Content-Length`, and the body.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<String>,
    pub(super) body: Vec<u8>,
    pub(super) content_length: Option<usize>,
}

impl Response {
    pub(super) fn new(status: u16, headers: &[&str], body: Vec<u8>) -> Self {
        let headers = headers.iter().map(|&header| header.to_owned()).collect();
        Self { status, headers, content_length: Some(body.len()), body }
    }

    /// What a server responds that is not careless: a range under `If-Range`, else the whole file.
    pub(super) fn correct(request: &Request) -> Self {
        let is_same = request.if_range.as_deref().is_none_or(|tag| tag == "\"a\"");
        match request.range.clone().filter(|_| is_same) {
            Some(range) => Self::range(range, Some(LENGTH)),
            None => Self::new(200, &["ETag: \"a\""], file()),
        }
    }

    pub(super) fn range(range: Range<usize>, total: Option<usize>) -> Self {
        let total = total.map_or_else(|| "*".to_owned(), |total| total.to_string());
        let content_range = format!("Content-Range: bytes {}-{}/{total}", range.start, range.end - 1);
        Self::new(206, &["ETag: \"a\"", &content_range], file()[range].to_vec())
    }

    pub(super) fn replace(mut self, old: &str, new: &str) -> Self {
        self.headers = self.headers.iter().map(|header| header.replace(old, new)).collect();
        self.headers.retain(|header| !header.is_empty());
        self
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut headers = self.headers.clone();
        headers.extend(self.content_length.map(|length| format!("Content-Length: {length}")));
        let head =
            format!("HTTP/1.1 {} X\r\n{}\r\nConnection: close\r\n\r\n", self.status, headers.join("\r\n"));
        [head.as_bytes(), &self.body].concat()
    }
}

/// The requests of a server, each as its `Range`.
pub(super) type RequestLog = Arc<Mutex<Vec<Option<Range<usize>>>>>;

pub(super) async fn serve(respond: impl Fn(&Request) -> Response + Send + 'static) -> (String, RequestLog) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address: SocketAddr = listener.local_addr().expect("an address");
    let log = RequestLog::default();
    let requests = log.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let length = stream.read(&mut head).await.unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..length]).to_ascii_lowercase();
            let header =
                |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            let range = header("range").and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
            let range = range.map(|(first, last)| {
                let end = last.parse().map_or(LENGTH, |last: usize| LENGTH.min(last + 1));
                first.parse().expect("a number")..end
            });
            let number = requests.lock().expect("no panic").len();
            requests.lock().expect("no panic").push(range.clone());
            let response =
                respond(&Request { number, range, if_range: header("if-range").map(str::to_owned) });
            // The client may have closed the connection by now.
            let _ = stream.write_all(&response.to_bytes()).await;
        }
    });
    (format!("http://{address}/a.bin"), log)
}

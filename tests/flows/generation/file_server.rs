//! A server of many small files, which hand-made deliveries name as banners.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A running file server.
pub(super) struct FileServer {
    /// The origin of the server.
    pub(super) origin: String,
    request_count: Arc<AtomicUsize>,
}

impl FileServer {
    /// Serves every file at once.
    pub(super) async fn start() -> Self {
        Self::start_stalling(0).await
    }

    /// Serves every file at once, except that the response to the fifth request stalls after its first bytes.
    pub(super) async fn start_with_stalled_request() -> Self {
        Self::start_stalling(5).await
    }

    async fn start_stalling(place: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let request_count = Arc::new(AtomicUsize::new(0));
        let count = request_count.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let is_stalled = count.fetch_add(1, Ordering::SeqCst) + 1 == place;
                tokio::spawn(respond(stream, is_stalled));
            }
        });
        Self { origin, request_count }
    }

    /// How many files were requested.
    pub(super) fn request_count(&self) -> usize {
        self.request_count.load(Ordering::SeqCst)
    }

    /// A finished generation of so many banners (contract of Abyssale 3.4).
    pub(super) fn batch(&self, count: usize, provider_job_id: &str) -> Value {
        let banner = |number: usize| {
            json!({
                "id": format!("banner-{number:04}"), "version": 1,
                "file": {
                    "type": "pdf", "url": format!("{}/{number}.pdf?signature={}", self.origin, "s".repeat(120)),
                    "filename": format!("sheet-{number:04}.pdf"),
                },
                "format": { "id": format!("format-{number:04}"), "width": 210, "height": 297, "unit": "mm" },
                "template": { "id": "design", "name": "Made by hand" },
            })
        };
        let banners: Vec<Value> = (0..count).map(banner).collect();
        json!({ "event_type": "NEW_BANNER_BATCH", "id": provider_job_id, "banners": banners, "errors": [] })
    }
}

/// Serves content that is recognised as a PDF. It contains the path, so that no two files are equal.
async fn respond(mut stream: TcpStream, is_stalled: bool) -> std::io::Result<()> {
    let mut request = [0; 4096];
    let read = stream.read(&mut request).await?;
    let line = String::from_utf8_lossy(&request[..read]).lines().next().unwrap_or_default().to_owned();
    let body = format!("%PDF-1.7\n% {line}\n%%EOF\n");
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    let sent = if is_stalled { 4 } else { body.len() };
    stream.write_all(&body.as_bytes()[..sent]).await?;
    while is_stalled && stream.read(&mut request).await? > 0 {}
    Ok(())
}

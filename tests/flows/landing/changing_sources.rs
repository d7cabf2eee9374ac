//! Sources that change during the download.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, body::Body, extract::State, response::Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{archive_builder::archive_of, world::World};

const MIB: usize = 1024 * 1024;

/// A file server that switches to the next file after some requests.
struct ChangingServer {
    files: Vec<Bytes>,
    /// How many requests each file but the last one is served for.
    requests_per_file: usize,
    requests: AtomicUsize,
}

impl ChangingServer {
    async fn serve(files: Vec<Vec<u8>>, requests_per_file: usize) -> String {
        let files = files.into_iter().map(Bytes::from).collect();
        let served = Arc::new(ChangingServer { files, requests_per_file, requests: AtomicUsize::new(0) });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let app = Router::new().fallback(respond).with_state(served);
        tokio::spawn(async move { axum::serve(listener, app).await });
        origin
    }
}

/// Serves a range while `If-Range` matches the current file, else the complete current file.
async fn respond(State(served): State<Arc<ChangingServer>>, headers: HeaderMap) -> Response {
    let at = served.requests.fetch_add(1, Ordering::SeqCst) / served.requests_per_file;
    let at = at.min(served.files.len() - 1);
    let (file, tag) = (&served.files[at], format!("\"{at}\""));
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let same = text(header::IF_RANGE).is_none_or(|etag| etag == tag);
    let range =
        text(header::RANGE).filter(|_| same).and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let response = Response::builder().header(header::ETAG, tag);
    let response = match range {
        Some((first, last)) => {
            let first: usize = first.parse().expect("a number");
            let last = last.parse().unwrap_or(file.len() - 1);
            let range = format!("bytes {first}-{last}/{}", file.len());
            let response = response.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, range);
            response.body(Body::from(file.slice(first..=last)))
        }
        None => response.body(Body::from(file.clone())),
    };
    response.expect("a response")
}

impl World {
    /// Submits a job whose archive is served by this origin. Returns its id.
    async fn submit_archive_from(&self, origin: &str) -> String {
        let (id, url) = self.submit_export_without_callback(3).await;
        let body =
            json!({ "event_type": "NEW_EXPORT", "export_id": "e", "archive_url": format!("{origin}/a.zip") });
        assert_eq!(self.deliver(json!({ "url": url, "sign": true, "body": body })).await, 200);
        id
    }
}

async fn world(origin: &str) -> World {
    World::start_with(|options| options.variable("TRUSTED_ORIGINS", origin)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_during_the_download_is_downloaded_again_as_one_file() {
    let (before, after) = (archive_of(3, 30 * MIB), archive_of(3, 31 * MIB));
    let origin = ChangingServer::serve(vec![before, after.clone()], 3).await;
    let world = world(&origin).await;
    let id = world.submit_archive_from(&origin).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert!(
        world.read_object(job["archive"]["key"].as_str().expect("a key")).await == after,
        "the stored bytes differ"
    );
    assert_eq!(world.open_uploads().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_keeps_changing_lands_as_one_of_its_versions() {
    let files: Vec<_> = (0..4).map(|file| archive_of(3, (30 + file) * MIB)).collect();
    let origin = ChangingServer::serve(files.clone(), 2).await;
    let world = world(&origin).await;
    let id = world.submit_archive_from(&origin).await;
    let job = world.wait_for_status(&id, "stored").await;
    let stored = world.read_object(job["archive"]["key"].as_str().expect("a key")).await;
    assert!(files.contains(&stored), "the stored bytes are those of no version");
    assert_eq!(world.open_uploads().await, Vec::<String>::new());
}

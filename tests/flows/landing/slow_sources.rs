//! Sources below the minimum transfer rate: they delay a landing for three short attempts, not for hours.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::assert_mentions;
use crate::{archive_builder::archive_of, world::World};

/// A file server that sends a limited number of responses slowly, and the others at once.
struct DrippingSource {
    origin: String,
    request_count: Arc<AtomicUsize>,
}

impl DrippingSource {
    async fn start(times: usize, file: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let (drips, request_count) = (Arc::new(AtomicUsize::new(times)), Arc::new(AtomicUsize::new(0)));
        let (left, count, file) = (drips, request_count.clone(), Bytes::from(file));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // The client closes a connection that it has given up; the error is ignored.
                tokio::spawn(respond(stream, file.clone(), left.clone(), count.clone()));
            }
        });
        Self { origin, request_count }
    }

    fn request_count(&self) -> usize {
        self.request_count.load(Ordering::SeqCst)
    }
}

/// Only paths that begin with `/drip` are slow.
async fn respond(
    mut stream: TcpStream,
    file: Bytes,
    drips: Arc<AtomicUsize>,
    request_count: Arc<AtomicUsize>,
) -> std::io::Result<()> {
    let mut request = vec![];
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let mut slow = request.starts_with(b"GET /drip");
    if slow {
        request_count.fetch_add(1, Ordering::SeqCst);
        slow = drips.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
    }
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", file.len());
    stream.write_all(head.as_bytes()).await?;
    if !slow {
        return stream.write_all(&file).await;
    }
    // The pause is the fault under test. The client ends it.
    for byte in file.chunks(1) {
        stream.write_all(byte).await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn world_with(source: &DrippingSource) -> World {
    World::start_with(|mut options| {
        // Beside the files of the simulators.
        options.caller_origins.push(source.origin.clone());
        options
            .variable("MIN_DOWNLOAD_BYTES_PER_SECOND", "20000")
            .variable("MIN_DOWNLOAD_WINDOW_SECONDS", "1")
            .variable("RETRY_BASE_SECONDS", "0")
            .variable("UNPACK", "false")
    })
    .await
}

async fn submit_archive(world: &World, url: String) -> String {
    let (id, callback) = world.submit_export_without_callback(3).await;
    let body = json!({ "event_type": "NEW_EXPORT", "export_id": "e", "archive_url": url });
    assert_eq!(world.deliver(json!({ "url": callback, "sign": true, "body": body })).await, 200);
    id
}

#[tokio::test]
async fn a_slow_source_fails_the_job_after_three_attempts() {
    let source = DrippingSource::start(usize::MAX, archive_of(3, 300_000)).await;
    let world = world_with(&source).await;
    let id = submit_archive(&world, format!("{}/drip.zip", source.origin)).await;
    let job = world.wait_for_status(&id, "failed").await;
    assert_eq!((&job["error"]["type"], &job["error"]["retryable"]), (&json!("SourceGone"), &json!(false)));
    let message = job["error"]["message"].as_str().expect("a message");
    assert_mentions(message, &["too slow", "bytes per second", "20000"]);
    assert_eq!(source.request_count(), 3);
    assert_eq!(world.open_uploads().await, Vec::<String>::new());
    world.wait_for_empty_queue().await;

    // An operator's retry of an export reads its banners, which another server has.
    let retried = world.call_api(http::Method::POST, &format!("/jobs/{id}/retry"), &[], &json!({})).await;
    assert_eq!(retried.status(), 202);
    assert_eq!(world.wait_for_status(&id, "stored").await["completed_by"], "banners");
}

#[tokio::test]
async fn a_source_that_is_slow_twice_lands_at_the_third_attempt() {
    let source = DrippingSource::start(2, archive_of(3, 300_000)).await;
    let world = world_with(&source).await;
    let id = submit_archive(&world, format!("{}/drip.zip", source.origin)).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!((&job["error"], source.request_count()), (&Value::Null, 3));
}

#[tokio::test]
async fn only_the_slow_file_of_a_set_is_missing() {
    let source = DrippingSource::start(usize::MAX, vec![7; 300_000]).await;
    let world = world_with(&source).await;
    let (id, callback) = world.submit_generation_without_callback(&world.three_format_request()).await;
    let banner = |name: &str, path: &str| {
        let file = json!({ "type": "png", "url": format!("{}/{path}", source.origin), "filename": name });
        json!({ "id": name, "file": file })
    };
    let banners = [banner("a.bin", "a.bin"), banner("slow.bin", "drip.bin"), banner("z.bin", "z.bin")];
    let body = json!({ "event_type": "NEW_BANNER_BATCH", "id": "g", "banners": banners, "errors": [] });
    // The provider would know other URLs of its files; here it does not.
    world.inject_fault(json!({ "on": "call", "kind": "answer", "status": 404, "body": { "id": "not_found" }, "count": null }));
    assert_eq!(world.deliver(json!({ "url": callback, "sign": true, "body": body })).await, 200);
    let job = world.wait_for_status(&id, "partial").await;
    assert_mentions(job["error"]["message"].as_str().expect("a message"), &["slow.bin", "too slow"]);
    assert_eq!(job["files_total"], 2, "{job:#}");
}

//! Long landings move to a queue of their own, so that they delay no small export.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use harness::{
    BUCKET, LONG_LANDINGS_QUEUE, StackOptions,
    cloud::{Outage, Service},
    until,
};
use http::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::{
    archive_builder::archive_of, virtual_time::VirtualTime, worker_crashes::with_worker_processes,
    world::World,
};

const MIB: usize = 1024 * 1024;
/// As many slow archives as the delivery queue has workers.
const SLOW_JOBS: usize = 10;

/// A file server that sends `/slow.zip` at 1,000 bytes per second until it is released, and every other file at once.
struct SlowSource {
    origin: String,
    archive: Arc<Vec<u8>>,
    slow_downloads: Arc<AtomicUsize>,
    released: watch::Sender<bool>,
}

impl SlowSource {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let (archive, slow_downloads) = (Arc::new(archive_of(3, 400_000)), Arc::new(AtomicUsize::new(0)));
        let released = watch::Sender::new(false);
        let (file, count, release) = (archive.clone(), slow_downloads.clone(), released.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // The client closes a connection when its landing moves; the error is ignored.
                tokio::spawn(respond(stream, file.clone(), count.clone(), release.subscribe()));
            }
        });
        Self { origin, archive, slow_downloads, released }
    }

    fn release(&self) {
        self.released.send_replace(true);
    }

    /// Waits until so many slow downloads have begun.
    async fn wait_for_slow_downloads(&self, count: usize) {
        until("the slow downloads have begun", || async {
            (self.slow_downloads.load(Ordering::SeqCst) >= count).then_some(())
        })
        .await;
    }
}

async fn respond(
    mut stream: TcpStream,
    archive: Arc<Vec<u8>>,
    slow_downloads: Arc<AtomicUsize>,
    mut released: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let mut request = vec![];
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", archive.len());
    stream.write_all(head.as_bytes()).await?;
    let mut sent = 0;
    if request.starts_with(b"GET /slow.zip") {
        slow_downloads.fetch_add(1, Ordering::SeqCst);
        // The pauses are the behaviour under test.
        while sent < archive.len() && !*released.borrow_and_update() {
            let end = archive.len().min(sent + 1000);
            stream.write_all(&archive[sent..end]).await?;
            sent = end;
            let _ = tokio::time::timeout(Duration::from_secs(1), released.changed()).await;
        }
    }
    stream.write_all(&archive[sent..]).await
}

impl World {
    /// Starts a stack that may download from this source. A landing moves after `short_landing_seconds`.
    async fn start_with_slow_source(
        source: &SlowSource,
        short_landing_seconds: &str,
        change: impl FnOnce(StackOptions) -> StackOptions,
    ) -> Self {
        let world = Self::start_with(|options| {
            change(
                (options.variable("TRUSTED_ORIGINS", source.origin.clone()))
                    .variable("SHORT_LANDING_SECONDS", short_landing_seconds)
                    .variable("MIN_DOWNLOAD_BYTES_PER_SECOND", "0"),
            )
        });
        world.await
    }

    /// Submits an export whose archive is this file of the source, and delivers its callback. Returns the job's id.
    async fn submit_with_archive(&self, source: &SlowSource, file: &str) -> String {
        let (id, callback) = self.submit_export_without_callback(3).await;
        let archive_url = format!("{}/{file}", source.origin);
        let body = json!({ "event_type": "NEW_EXPORT", "export_id": id, "archive_url": archive_url });
        assert_eq!(self.deliver(json!({ "url": callback, "sign": true, "body": body })).await, 200);
        id
    }

    /// Occupies every worker of the delivery queue with a slow archive, and then submits a small export. Returns the
    /// ids of the slow jobs and of the small one.
    async fn submit_small_export_behind_slow_ones(&self, source: &SlowSource) -> (Vec<String>, String) {
        let mut slow = vec![];
        for _ in 0..SLOW_JOBS {
            slow.push(self.submit_with_archive(source, "slow.zip").await);
        }
        source.wait_for_slow_downloads(SLOW_JOBS).await;
        (slow, self.submit_with_archive(source, "small.zip").await)
    }

    async fn is_stored(&self, id: &str) -> bool {
        self.job(id).await["status"] == "stored"
    }

    /// Checks that a job is stored byte for byte and written once, with no upload open and no message left.
    async fn assert_landed_once(&self, id: &str, source: &SlowSource) {
        let job = self.wait_for_status(id, "stored").await;
        let key = job["archive"]["key"].as_str().expect("a key");
        assert!(self.read_object(key).await == *source.archive, "the stored bytes differ");
        assert_eq!(self.cloud.object_writes(BUCKET, key), 1);
        assert_eq!(self.open_uploads().await, Vec::<String>::new());
        self.wait_for_empty_queue().await;
    }

    fn sent_messages(&self) -> u64 {
        self.cloud.requests().count(Service::Sqs, "SendMessage")
    }
}

#[tokio::test]
async fn a_small_export_lands_within_seconds_behind_ten_slow_ones_that_land_whole() {
    let source = SlowSource::start().await;
    let world = World::start_with_slow_source(&source, "10", |options| options).await;
    let (slow, small) = world.submit_small_export_behind_slow_ones(&source).await;
    let clock = VirtualTime::start();
    let limit = Duration::from_secs(20);
    clock.advance_until(limit, "the small export is stored", || world.is_stored(&small)).await;
    for id in &slow {
        assert_eq!(world.job(id).await["status"], "landing", "a slow source still sends");
    }
    let limit = Duration::from_secs(60);
    clock
        .advance_until(limit, "every slow landing has moved", async || {
            world.cloud.queue_depth(LONG_LANDINGS_QUEUE).is_some_and(|depth| depth.in_flight == SLOW_JOBS)
        })
        .await;
    source.release();
    drop(clock);
    for id in &slow {
        world.assert_landed_once(id, &source).await;
    }
    assert_eq!(
        world.sent_messages(),
        2 * SLOW_JOBS as u64 + 1,
        "one more message for each landing that moved"
    );
}

/// Measures how long the small export waits. A slow archive takes 1,200 seconds here, more than one invocation.
#[tokio::test]
#[ignore = "measures; see docs/architecture.md"]
#[expect(clippy::print_stdout, reason = "prints the measurement")]
async fn the_wait_of_a_small_export_behind_ten_slow_ones() {
    for (name, short_landing_seconds) in [("without a move", "900"), ("with a move after 10 s", "10")] {
        let source = SlowSource::start().await;
        let world = World::start_with_slow_source(&source, short_landing_seconds, |options| options).await;
        let (_, small) = world.submit_small_export_behind_slow_ones(&source).await;
        let clock = VirtualTime::start();
        let limit = Duration::from_secs(2000);
        let waited =
            clock.advance_until(limit, "the small export is stored", || world.is_stored(&small)).await;
        println!("{name}: the small export is stored after {:.1} s", waited.as_secs_f64());
    }
}

#[tokio::test]
async fn a_small_export_takes_one_message_of_the_delivery_queue() {
    let source = SlowSource::start().await;
    let world = World::start_with_slow_source(&source, "10", |options| options).await;
    let id = world.submit_with_archive(&source, "small.zip").await;
    world.assert_landed_once(&id, &source).await;
    assert_eq!(world.sent_messages(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_archive_moves_with_its_parts() {
    let world = World::start_with(|options| options.variable("SHORT_LANDING_SECONDS", "4")).await;
    let archive = archive_of(3, 33 * MIB);
    world.set_next_archive(archive.clone());
    // Four of seven parts take three seconds.
    let bytes_per_second = 6 * MIB;
    let slow = json!({
        "on": "archive", "kind": "slow", "count": null, "chunk": bytes_per_second / 50, "pause_seconds": 0.02,
    });
    world.admin(Method::POST, "/faults", slow);
    let id = world.submit_export(3).await;
    let job = world.wait_for_status(&id, "stored").await;
    let key = job["archive"]["key"].as_str().expect("a key");
    assert!(world.read_object(key).await == archive, "the stored bytes differ");
    let requests = world.cloud.requests();
    assert_eq!(requests.count(Service::S3, "CreateMultipartUpload"), 1, "the upload continues");
    assert_eq!(world.sent_messages(), 2, "the delivery and one move");
}

#[tokio::test]
async fn a_worker_killed_before_it_sends_the_landing_on_loses_nothing() {
    let source = SlowSource::start().await;
    let world = World::start_with_slow_source(&source, "1", with_worker_processes).await;
    let id = world.submit_with_archive(&source, "slow.zip").await;
    world.cloud.faults().next(Service::Sqs, "SendMessage", Outage::Stall, 1);
    until("the worker sends the landing on", || async { (world.sent_messages() == 2).then_some(()) }).await;
    world.kill_worker();
    source.release();
    world.assert_landed_once(&id, &source).await;
}

#[tokio::test]
async fn a_landing_that_is_in_both_queues_lands_once() {
    let source = SlowSource::start().await;
    let world = World::start_with_slow_source(&source, "1", |options| options).await;
    let id = world.submit_with_archive(&source, "slow.zip").await;
    // The queue accepts each message, and the worker does not learn of it, as if it had crashed before it deleted its own.
    world.cloud.faults().sqs(Outage::LoseAnswers);
    until("the landing is in the queue of long landings", || async {
        let depth = world.cloud.queue_depth(LONG_LANDINGS_QUEUE)?;
        (depth.visible + depth.in_flight > 1).then_some(())
    })
    .await;
    world.cloud.faults().clear();
    source.release();
    world.assert_landed_once(&id, &source).await;
}

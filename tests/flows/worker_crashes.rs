//! Workers that are killed or vanish during a landing.

use std::{path::PathBuf, sync::Arc};

use harness::{BUCKET, StackOptions, WorkerProcesses, Workers, cloud::Service, until};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{archive_builder::archive_of, world::World};

const MIB: usize = 1024 * 1024;

/// A file server whose first response stalls in the middle. The other responses are complete.
struct PausingSource {
    origin: String,
    archive: Arc<Vec<u8>>,
}

impl PausingSource {
    /// Serves an archive, with its length or without.
    async fn start(archive: Vec<u8>, is_length_known: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let archive = Arc::new(archive);
        let served = archive.clone();
        tokio::spawn(async move {
            let mut sent = served.len() * 3 / 4;
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(respond(stream, served.clone(), sent, is_length_known));
                sent = served.len();
            }
        });
        Self { origin, archive }
    }
}

/// Sends so many bytes. An incomplete response stays open until the client disconnects.
async fn respond(
    mut stream: TcpStream,
    archive: Arc<Vec<u8>>,
    sent: usize,
    is_length_known: bool,
) -> std::io::Result<()> {
    let mut unread = [0; 4096];
    // The request is not parsed.
    if stream.read(&mut unread).await? == 0 {
        return Ok(());
    }
    let length =
        if is_length_known { format!("content-length: {}\r\n", archive.len()) } else { String::new() };
    stream.write_all(format!("HTTP/1.1 200 OK\r\n{length}connection: close\r\n\r\n").as_bytes()).await?;
    stream.write_all(&archive[..sent]).await?;
    while sent < archive.len() && stream.read(&mut unread).await? > 0 {}
    Ok(())
}

/// Runs the real worker in processes that can be killed.
pub(crate) fn with_worker_processes(mut options: StackOptions) -> StackOptions {
    options.workers = Workers::Processes(PathBuf::from(env!("CARGO_BIN_EXE_webhook-process")));
    options
}

impl World {
    async fn start_with_source(
        source: &PausingSource,
        change: impl FnOnce(StackOptions) -> StackOptions,
    ) -> Self {
        Self::start_with(|options| change(options.variable("TRUSTED_ORIGINS", source.origin.clone()))).await
    }

    /// Submits an export, and waits until the landing has called this operation. Returns the job's id.
    async fn submit_and_wait_for_call(&self, source: &PausingSource, operation: &str) -> String {
        let (id, url) = self.submit_export_without_callback(3).await;
        let archive_url = format!("{}/a.zip", source.origin);
        let body = json!({ "event_type": "NEW_EXPORT", "export_id": "e", "archive_url": archive_url });
        assert_eq!(self.deliver(json!({ "url": url, "sign": true, "body": body })).await, 200);
        until("the transfer is under way", || async {
            (self.cloud.requests().count(Service::S3, operation) > 0).then_some(())
        })
        .await;
        assert_eq!(self.object_keys().await, Vec::<String>::new());
        id
    }

    /// Kills the worker that is running.
    pub(crate) fn kill_worker(&self) {
        assert!(self.processes.as_ref().is_some_and(WorkerProcesses::kill), "no worker was running");
    }

    /// Checks that a job is stored byte for byte, written once, with no upload open.
    async fn assert_stored_after_crash(&self, id: &str, source: &PausingSource) {
        let job = self.wait_for_status(id, "stored").await;
        let key = job["archive"]["key"].as_str().expect("a key");
        assert!(self.read_object(key).await == *source.archive, "the stored bytes differ");
        assert_eq!(self.cloud.object_writes(BUCKET, key), 1);
        assert_eq!(self.open_uploads().await, Vec::<String>::new());
        assert_eq!(job["error"], Value::Null);
        self.wait_for_empty_queue().await;
    }
}

#[tokio::test]
async fn a_worker_killed_during_a_multipart_upload_leaves_nothing_behind() {
    let source = PausingSource::start(archive_of(3, 5 * MIB), false).await;
    let world = World::start_with_source(&source, with_worker_processes).await;
    let id = world.submit_and_wait_for_call(&source, "UploadPart").await;
    assert_eq!(world.open_uploads().await.len(), 1);
    world.kill_worker();
    world.assert_stored_after_crash(&id, &source).await;
    assert_eq!(world.cloud.requests().count(Service::S3, "CreateMultipartUpload"), 2);
}

#[tokio::test]
async fn a_worker_killed_during_a_single_put_leaves_nothing_behind() {
    let source = PausingSource::start(archive_of(3, MIB), true).await;
    let world = World::start_with_source(&source, with_worker_processes).await;
    let id = world.submit_and_wait_for_call(&source, "PutObject").await;
    world.kill_worker();
    world.assert_stored_after_crash(&id, &source).await;
}

#[tokio::test]
async fn a_vanished_worker_is_replaced_when_its_lease_expires() {
    let source = PausingSource::start(archive_of(3, 5 * MIB), false).await;
    let mut world = World::start_with_source(&source, |options| options).await;
    let id = world.submit_and_wait_for_call(&source, "UploadPart").await;
    world.stack.pause_worker();
    world.stack.resume_worker();
    world.assert_stored_after_crash(&id, &source).await;
}

#[tokio::test]
async fn a_delivery_waits_in_the_queue_for_a_worker() {
    let mut world = World::start().await;
    world.stack.pause_worker();
    let id = world.submit_export(2).await;
    assert_eq!(world.wait_for_attempts(&world.callback_url(&id), 1).await, [200]);
    assert_eq!(world.job(&id).await["status"], "submitted");
    world.stack.resume_worker();
    world.wait_for_status(&id, "stored").await;
}

//! Landing of archives: complete, incomplete, invalid, slow and changing sources.

mod careless_sources;
mod changing_sources;
mod incomplete_archives;
mod interrupted_downloads;
mod invalid_sources;
mod long_landings;
mod multipart_uploads;
mod random_faults;
mod redirects;
mod resume;
mod size_limits;
mod slow_sources;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::world::World;

impl World {
    /// Lands an export of three files while downloads have these faults.
    async fn land_with_faults(&self, faults: Value, status: &str) -> Value {
        self.inject_fault(faults);
        let id = self.submit_export(3).await;
        let job = self.wait_for_status(&id, status).await;
        assert_eq!(self.open_uploads().await, Vec::<String>::new());
        job
    }

    /// Checks that a landing fails permanently with this error. Returns the message of the job.
    async fn fail_landing(&self, faults: Value, class: &str) -> String {
        let job = self.land_with_faults(faults, "failed").await;
        assert_eq!(self.object_keys().await, Vec::<String>::new(), "an object is left in the bucket");
        assert_eq!((&job["archive"], &job["files"]), (&Value::Null, &json!([])), "{job:#}");
        assert_eq!(
            (&job["error"]["type"], &job["error"]["retryable"]),
            (&json!(class), &json!(false)),
            "{job:#}"
        );
        job["error"]["message"].as_str().expect("a message").to_owned()
    }
}

/// Checks that a message contains all of these parts.
fn assert_mentions(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
}

/// Sends one response, byte for byte, to every client. Returns the origin.
pub(crate) async fn serve_response(response: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // The request is not parsed, and a client that has disconnected needs no response.
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(response).await;
        }
    });
    origin
}

/// An archive without files.
fn empty_archive() -> Bytes {
    let mut end = b"PK\x05\x06".to_vec();
    end.resize(22, 0);
    end.into()
}

//! Archives on their way into the bucket: whole ones, short ones, broken ones, slow ones.

mod changing_sources;
mod incomplete_archives;
mod interrupted_downloads;
mod invalid_sources;
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
    /// Lands an export of three files whose downloads go wrong like this.
    async fn land_with_faults(&self, faults: Value, status: &str) -> Value {
        self.inject_fault(faults);
        let id = self.submit_export(3).await;
        let job = self.wait_for_status(&id, status).await;
        assert_eq!(self.open_uploads().await, Vec::<String>::new());
        job
    }

    /// A landing that fails for good. Returns what the job says about it.
    async fn fail_landing(&self, faults: Value, class: &str) -> String {
        let job = self.land_with_faults(faults, "failed").await;
        assert_eq!(self.object_keys().await, Vec::<String>::new(), "something is left in the bucket");
        assert_eq!((&job["archive"], &job["files"]), (&Value::Null, &json!([])), "{job:#}");
        assert_eq!(
            (&job["error"]["type"], &job["error"]["retryable"]),
            (&json!(class), &json!(false)),
            "{job:#}"
        );
        job["error"]["message"].as_str().expect("a message").to_owned()
    }
}

/// Checks that a text for people says all of this.
fn assert_mentions(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
}

/// Serves one answer, byte for byte, to whoever connects. Returns the origin.
pub(crate) async fn serve_response(response: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // The request is short and of no interest; a client that is gone by now need not be answered.
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(response).await;
        }
    });
    origin
}

/// An archive without a single file.
fn empty_archive() -> Bytes {
    let mut end = b"PK\x05\x06".to_vec();
    end.resize(22, 0);
    end.into()
}

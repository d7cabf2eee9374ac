//! One process of a function that answers one event after another, as an execution environment of Lambda does. A flow
//! sees whether an event ends it.

use std::{
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Child,
};

use crate::{
    function::error,
    process::command,
    runtime_api::{Answer, RuntimeApi},
};

/// How long one invocation may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A running process of a function. Dropping it ends it.
#[derive(Debug)]
pub struct Bootstrap {
    api: RuntimeApi,
    child: Child,
    panics: Arc<Mutex<Vec<String>>>,
}

impl Bootstrap {
    /// Starts this binary with this environment.
    ///
    /// # Errors
    /// The binary cannot be started.
    pub async fn start(binary: &Path, environment: &[(String, String)]) -> std::io::Result<Self> {
        let api = RuntimeApi::start(TIMEOUT).await?;
        let mut child = command(binary, environment, &api.address)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let panics = Arc::default();
        if let Some(output) = child.stderr.take() {
            tokio::spawn(read_panics(output, Arc::clone(&panics)));
        }
        Ok(Self { api, child, panics })
    }

    /// Gives the process an event, byte for byte, and waits for its answer.
    ///
    /// # Errors
    /// What the function failed with; `Runtime.ExitError` when the process ended.
    pub async fn invoke(&mut self, event: impl Into<Bytes>) -> Answer {
        let answer = self.api.invoke(event.into());
        tokio::select! {
            answer = answer => answer.unwrap_or_else(|_| Err(error("Runtime.ExitError", "no answer"))),
            _ = self.child.wait() => Err(error("Runtime.ExitError", "the process ended without an answer")),
            () = tokio::time::sleep(TIMEOUT) => Err(error("Sandbox.Timedout", "the process ran out of time")),
        }
    }

    /// Whether the process still runs.
    ///
    /// # Errors
    /// The operating system does not say.
    pub fn is_running(&mut self) -> std::io::Result<bool> {
        self.child.try_wait().map(|ended| ended.is_none())
    }

    /// Each panic of the process so far. A release build ends at the first one; this build may go on.
    pub fn panics(&self) -> Vec<String> {
        self.panics.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn read_panics(output: impl AsyncRead + Unpin, panics: Arc<Mutex<Vec<String>>>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.contains("panicked at") {
            panics.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }
}

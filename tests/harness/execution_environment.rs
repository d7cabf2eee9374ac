//! A Lambda execution environment: one process of a function that handles one event after another. A flow can check
//! whether an event ends the process.

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
    function::function_error,
    runtime_api::{InvocationResult, RuntimeApi},
    worker_processes::lambda_command,
};

/// The timeout of one invocation.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A running process of a function. Dropping it ends the process.
#[derive(Debug)]
pub struct ExecutionEnvironment {
    api: RuntimeApi,
    child: Child,
    panics: Arc<Mutex<Vec<String>>>,
}

impl ExecutionEnvironment {
    /// Starts this binary with these environment variables.
    ///
    /// # Errors
    /// The binary cannot be started.
    pub async fn start(binary: &Path, environment: &[(String, String)]) -> std::io::Result<Self> {
        let api = RuntimeApi::start(TIMEOUT).await?;
        let mut child = lambda_command(binary, environment, &api.address)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let panics = Arc::default();
        if let Some(output) = child.stderr.take() {
            tokio::spawn(read_panics(output, Arc::clone(&panics)));
        }
        Ok(Self { api, child, panics })
    }

    /// Sends the process an event, byte for byte, and waits for its response.
    ///
    /// # Errors
    /// The error that the function reports, or `Runtime.ExitError` if the process ended.
    pub async fn invoke(&mut self, event: impl Into<Bytes>) -> InvocationResult {
        let result = self.api.invoke(event.into());
        tokio::select! {
            result = result => result.unwrap_or_else(|_| Err(function_error("Runtime.ExitError", "no response"))),
            _ = self.child.wait() => Err(function_error("Runtime.ExitError", "the process ended without a response")),
            () = tokio::time::sleep(TIMEOUT) => Err(function_error("Sandbox.Timedout", "the invocation timed out")),
        }
    }

    /// Returns whether the process still runs.
    ///
    /// # Errors
    /// The operating system does not return the status of the process.
    pub fn is_running(&mut self) -> std::io::Result<bool> {
        self.child.try_wait().map(|status| status.is_none())
    }

    /// Returns the panics of the process so far. A release build ends at the first panic; this build may continue.
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

//! Runs the worker as real processes: the binary that is deployed, driven through the Lambda Runtime API. A flow can kill
//! a process during an invocation and check the state that it leaves.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
};

use crate::{
    Function,
    function::function_error,
    runtime_api::{InvocationResult, RuntimeApi},
};

/// Starts one process for each invocation. At most one runs at a time, as in Lambda with a concurrency of one.
#[derive(Debug)]
pub struct WorkerProcesses {
    state: Arc<ProcessState>,
}

#[derive(Debug)]
struct ProcessState {
    binary: PathBuf,
    environment: Vec<(String, String)>,
    timeout: Duration,
    child: Mutex<Option<u32>>,
    lines: Arc<Mutex<Vec<String>>>,
}

impl WorkerProcesses {
    /// Runs this binary with this environment. An invocation is ended after `timeout`.
    pub fn new(binary: PathBuf, environment: Vec<(String, String)>, timeout: Duration) -> Self {
        let state =
            ProcessState { binary, environment, timeout, child: Mutex::new(None), lines: Arc::default() };
        Self { state: Arc::new(state) }
    }

    /// Returns the function that these processes implement.
    pub fn function(&self) -> Function {
        let state = self.state.clone();
        Arc::new(move |event| {
            let state = state.clone();
            Box::pin(async move { state.invoke(event).await })
        })
    }

    /// Returns the peak resident memory of the running process in bytes. Linux only.
    pub fn peak_memory(&self) -> Option<u64> {
        let pid = (*self.state.child.lock().unwrap_or_else(PoisonError::into_inner))?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        peak.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
    }

    /// Returns the lines that the processes have written to standard output so far.
    pub fn lines(&self) -> Vec<String> {
        self.state.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends SIGKILL to the running process. Returns whether there was one.
    pub fn kill(&self) -> bool {
        let child = self.state.child.lock().unwrap_or_else(PoisonError::into_inner).take();
        let killed =
            child.map(|pid| std::process::Command::new("kill").args(["-9", &pid.to_string()]).status());
        killed.is_some_and(|status| status.is_ok_and(|status| status.success()))
    }
}

impl ProcessState {
    async fn invoke(&self, event: Value) -> InvocationResult {
        let crashed = |e: std::io::Error| function_error("Runtime.ExitError", &e.to_string());
        let api = RuntimeApi::start(self.timeout).await.map_err(crashed)?;
        let result = api.invoke(event.to_string().into());
        let mut child = self.spawn(&api.address).map_err(crashed)?;
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = child.id();
        let reader = child.stdout.take().map(|output| tokio::spawn(read_lines(output, self.lines.clone())));
        let outcome = tokio::select! {
            result = result => result.unwrap_or_else(|_| Err(function_error("Runtime.ExitError", "no response"))),
            _ = child.wait() => Err(function_error("Runtime.ExitError", "the process ended without a response")),
            () = tokio::time::sleep(self.timeout) => Err(function_error("Sandbox.Timedout", "the invocation timed out")),
        };
        self.child.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Fails if the process has ended already.
        let _ = child.kill().await;
        if let Some(reader) = reader {
            // Ends with the process.
            let _ = reader.await;
        }
        outcome
    }

    fn spawn(&self, runtime_api: &str) -> std::io::Result<Child> {
        lambda_command(&self.binary, &self.environment, runtime_api).stdout(Stdio::piped()).spawn()
    }
}

/// Builds the command that starts a function's binary as Lambda does: its environment holds only these variables.
pub(crate) fn lambda_command(binary: &Path, environment: &[(String, String)], runtime_api: &str) -> Command {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", runtime_api),
            ("AWS_LAMBDA_FUNCTION_NAME", "landing"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "local"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local"),
        ])
        .kill_on_drop(true);
    command
}

/// Collects the lines that a process writes, until it ends.
async fn read_lines(output: ChildStdout, lines: Arc<Mutex<Vec<String>>>) {
    let mut output = BufReader::new(output).lines();
    while let Ok(Some(line)) = output.next_line().await {
        lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

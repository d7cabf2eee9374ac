//! Functions as real processes: the very binary that is deployed, spoken to through the Lambda Runtime API. A flow kills
//! a process in the middle of its work to see what is left.

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
    function::error,
    runtime_api::{Answer, RuntimeApi},
};

/// Runs one process per invocation at a time, as Lambda does for a function with concurrency one.
#[derive(Debug)]
pub struct WorkerProcesses {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    binary: PathBuf,
    environment: Vec<(String, String)>,
    timeout: Duration,
    child: Mutex<Option<u32>>,
    lines: Arc<Mutex<Vec<String>>>,
}

impl WorkerProcesses {
    /// Processes of this binary with this environment, ended after `timeout`.
    pub fn new(binary: PathBuf, environment: Vec<(String, String)>, timeout: Duration) -> Self {
        let shared = Shared { binary, environment, timeout, child: Mutex::new(None), lines: Arc::default() };
        Self { shared: Arc::new(shared) }
    }

    /// The function that these processes are.
    pub fn function(&self) -> Function {
        let shared = self.shared.clone();
        Arc::new(move |event| {
            let shared = shared.clone();
            Box::pin(async move { shared.invoke(event).await })
        })
    }

    /// The most memory in bytes that the process at work has had resident so far. Linux only.
    pub fn peak_memory(&self) -> Option<u64> {
        let pid = (*self.shared.child.lock().unwrap_or_else(PoisonError::into_inner))?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        peak.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
    }

    /// What the processes have written to standard output so far, line by line.
    pub fn lines(&self) -> Vec<String> {
        self.shared.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Kills the process that is at work, with SIGKILL. Returns whether there was one.
    pub fn kill(&self) -> bool {
        let child = self.shared.child.lock().unwrap_or_else(PoisonError::into_inner).take();
        let killed =
            child.map(|pid| std::process::Command::new("kill").args(["-9", &pid.to_string()]).status());
        killed.is_some_and(|status| status.is_ok_and(|status| status.success()))
    }
}

impl Shared {
    async fn invoke(&self, event: Value) -> Answer {
        let crashed = |e: std::io::Error| error("Runtime.ExitError", &e.to_string());
        let api = RuntimeApi::start(self.timeout).await.map_err(crashed)?;
        let answer = api.invoke(event.to_string().into());
        let mut child = self.spawn(&api.address).map_err(crashed)?;
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = child.id();
        let read = child.stdout.take().map(|output| tokio::spawn(read_lines(output, self.lines.clone())));
        let outcome = tokio::select! {
            answer = answer => answer.unwrap_or_else(|_| Err(error("Runtime.ExitError", "no answer"))),
            _ = child.wait() => Err(error("Runtime.ExitError", "the process ended without an answer")),
            () = tokio::time::sleep(self.timeout) => Err(error("Sandbox.Timedout", "the process ran out of time")),
        };
        self.child.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Already ended, or not needed any more.
        let _ = child.kill().await;
        if let Some(read) = read {
            // Ends with the process.
            let _ = read.await;
        }
        outcome
    }

    fn spawn(&self, runtime_api: &str) -> std::io::Result<Child> {
        command(&self.binary, &self.environment, runtime_api).stdout(Stdio::piped()).spawn()
    }
}

/// What starts a function's binary as Lambda does: with nothing in its environment but what it is given here.
pub(crate) fn command(binary: &Path, environment: &[(String, String)], runtime_api: &str) -> Command {
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

/// Keeps what a process writes, until it ends.
async fn read_lines(output: ChildStdout, lines: Arc<Mutex<Vec<String>>>) {
    let mut output = BufReader::new(output).lines();
    while let Ok(Some(line)) = output.next_line().await {
        lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

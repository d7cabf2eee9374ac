//! The runner's options.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use clap::Parser;
use harness::{Ports, Stack, StackOptions};
use tracing::Level;

/// Where data lies unless told otherwise. Emptied at each start.
const DATA: &str = ".landfall";
/// More often than on AWS, where it is every minute: somebody watches.
const SWEEP: Duration = Duration::from_secs(5);
/// Held by the runner that works in a folder.
const LOCK: &str = "lock";

/// Runs all of Landfall on this machine, shows one export landing, and serves until Ctrl-C.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Show one export and exit: 0 when it is stored, else 1 with the reason.
    #[arg(long)]
    pub(crate) once: bool,
    /// Show everything that the providers can make, one job after the other, and not one export only.
    #[arg(long)]
    pub(crate) all: bool,
    /// Write URLs, keys and ids as JSON to this file once everything serves.
    #[arg(long, value_name = "FILE")]
    describe: Option<PathBuf>,
    /// Keep data in this folder between runs. Without it, data lies in .landfall and is new at each start.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Port of the submit API; 0 takes a free one, as for every port below.
    #[arg(long, default_value_t = 4100)]
    submit_port: u16,
    /// Port of the webhook API.
    #[arg(long, default_value_t = 4101)]
    webhook_port: u16,
    /// Port of S3.
    #[arg(long, default_value_t = 4102)]
    s3_port: u16,
    /// Port of DynamoDB.
    #[arg(long, default_value_t = 4103)]
    dynamodb_port: u16,
    /// Port of the other AWS services (SQS, Secrets Manager, Lambda).
    #[arg(long, default_value_t = 4104)]
    aws_port: u16,
    /// First port of the provider simulators: each has its API, its files and its control, in this order.
    #[arg(long, default_value_t = 4110)]
    simulator_port: u16,
    /// Take free ports for everything.
    #[arg(long)]
    free_ports: bool,
    /// Origin of a receiver of webhooks on this machine, such as http://127.0.0.1:9000, which jobs may name in
    /// notify.webhook_url. May be repeated.
    #[arg(long = "caller", value_name = "ORIGIN")]
    callers: Vec<String>,
    /// Show what the functions log, at this level: error, warn, info, debug or trace.
    #[arg(long, value_name = "LEVEL")]
    log: Option<Level>,
    /// Set an environment variable of the functions, as NAME=VALUE. May be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = variable)]
    variables: Vec<(String, String)>,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Options {
    /// Starts the functions' log, if it was asked for.
    pub(crate) fn start_log(&self) {
        if let Some(level) = self.log {
            tracing_subscriber::fmt().with_max_level(level).with_writer(io::stderr).init();
        }
    }

    /// The stack that was asked for, on an empty folder unless one was named, and the lock on the folder.
    pub(crate) fn stack(&self) -> io::Result<(StackOptions, File)> {
        let data = self.data.clone().unwrap_or_else(|| PathBuf::from(DATA));
        std::fs::create_dir_all(&data)?;
        let lock = locked(&data)?;
        if self.data.is_none() {
            emptied(&data)?;
        }
        let mut stack = StackOptions::new(data.canonicalize()?);
        stack.run =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        stack.variables = self.variables.clone();
        stack.caller_origins = self.callers.clone();
        stack.sweep_interval = Some(SWEEP);
        if !self.free_ports {
            stack.ports = Ports {
                submit: self.submit_port,
                webhook: self.webhook_port,
                s3: self.s3_port,
                dynamodb: self.dynamodb_port,
                aws: self.aws_port,
                simulators: self.simulator_port,
            };
        }
        Ok((stack, lock))
    }

    /// Writes the description, whole or not at all: a script may be waiting for the file.
    pub(crate) fn describe(&self, stack: &Stack) -> io::Result<()> {
        let Some(file) = &self.describe else { return Ok(()) };
        let unfinished = file.with_extension("unfinished");
        std::fs::write(&unfinished, format!("{:#}\n", stack.describe()))?;
        std::fs::rename(unfinished, file)
    }
}

/// Two runners on one folder would destroy each other's data.
fn locked(data: &Path) -> io::Result<File> {
    let lock = File::create(data.join(LOCK))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            let message = format!(
                "another runner works in {}; stop it, or name another folder with --data",
                data.display()
            );
            Err(io::Error::other(message))
        }
        Err(TryLockError::Error(e)) => Err(e),
    }
}

/// Removes what an earlier run left, but for the lock that is held.
fn emptied(data: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(data)? {
        let entry = entry?;
        if entry.file_name() == LOCK {
            continue;
        }
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

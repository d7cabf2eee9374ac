//! The command-line options of the local runner.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use clap::Parser;
use harness::{Ports, Stack, StackOptions};
use tracing::Level;

/// The default data folder. It is emptied at each start.
const DEFAULT_DATA_FOLDER: &str = ".landfall";
/// The interval of the sweep. On AWS it is one minute; here a person waits for the result.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);
/// The file that a runner locks in its data folder.
const LOCK_FILE: &str = "lock";

/// Runs all of Landfall on this machine, runs one job of each provider, and serves until Ctrl-C.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Run one job of each provider and exit: with 0 if they are stored, else with 1 and the error.
    #[arg(long)]
    pub(crate) once: bool,
    /// Run a job for every kind of work of the providers, one after the other, instead of one job of each provider.
    #[arg(long)]
    pub(crate) all: bool,
    /// Write URLs, keys and ids as JSON to this file when the stack is running.
    #[arg(long, value_name = "FILE")]
    describe: Option<PathBuf>,
    /// Keep data in this folder between runs. Without this option, data is in .landfall, which is emptied at each start.
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
    /// First port of the provider simulators. Each uses three ports: API, file downloads and admin endpoint, in this order.
    #[arg(long, default_value_t = 4110)]
    simulator_port: u16,
    /// Take free ports for all servers.
    #[arg(long)]
    free_ports: bool,
    /// Origin of a webhook receiver on this machine, such as http://127.0.0.1:9000, which jobs may name in
    /// notify.webhook_url. Can be repeated.
    #[arg(long = "caller", value_name = "ORIGIN")]
    callers: Vec<String>,
    /// Show the log of the functions at this level: error, warn, info, debug or trace.
    #[arg(long, value_name = "LEVEL")]
    log: Option<Level>,
    /// Set an environment variable of the functions, as NAME=VALUE. Can be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_variable)]
    variables: Vec<(String, String)>,
}

fn parse_variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Options {
    /// Starts the log of the functions if `--log` is set.
    pub(crate) fn start_log(&self) {
        if let Some(level) = self.log {
            tracing_subscriber::fmt().with_max_level(level).with_writer(io::stderr).init();
        }
    }

    /// Returns the settings of the stack and the lock on its data folder. The default folder is emptied.
    pub(crate) fn stack_options(&self) -> io::Result<(StackOptions, File)> {
        let data = self.data.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_DATA_FOLDER));
        std::fs::create_dir_all(&data)?;
        let lock = lock_folder(&data)?;
        if self.data.is_none() {
            empty_folder(&data)?;
        }
        let mut stack = StackOptions::new(data.canonicalize()?);
        stack.run =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        stack.variables = self.variables.clone();
        stack.caller_origins = self.callers.clone();
        stack.sweep_interval = Some(SWEEP_INTERVAL);
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

    /// Writes the description atomically, because a script may be waiting for the file.
    pub(crate) fn describe(&self, stack: &Stack) -> io::Result<()> {
        let Some(file) = &self.describe else { return Ok(()) };
        let temporary = file.with_extension("unfinished");
        std::fs::write(&temporary, format!("{:#}\n", stack.describe()))?;
        std::fs::rename(temporary, file)
    }
}

/// Locks the data folder. Two runners in one folder would destroy each other's data.
fn lock_folder(data: &Path) -> io::Result<File> {
    let lock = File::create(data.join(LOCK_FILE))?;
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

/// Removes the data of an earlier run, except the lock file.
fn empty_folder(data: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(data)? {
        let entry = entry?;
        if entry.file_name() == LOCK_FILE {
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

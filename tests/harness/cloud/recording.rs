//! Records requests and responses as they are on the wire, one JSON document a line, for `tests/aws_models`, which validates
//! them against the models of AWS. `LANDFALL_RECORD_AWS` names the folder; without it nothing is recorded.

mod body;
mod exchange;

use std::fs::{File, OpenOptions, create_dir_all};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;

pub(super) use self::exchange::Exchange;

const FOLDER_VARIABLE: &str = "LANDFALL_RECORD_AWS";

/// The recording of a process: a file that every local cloud of the process appends to.
#[derive(Debug)]
pub struct Recording {
    file: Mutex<File>,
}

impl Recording {
    /// Starts a recording in a folder, which is created if it is missing.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn start(folder: &Path) -> io::Result<Self> {
        create_dir_all(folder)?;
        let path = folder.join(format!("{}.jsonl", std::process::id()));
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { file: Mutex::new(file) })
    }

    /// Returns the recording that the environment asks for.
    ///
    /// # Panics
    /// The file cannot be created: whoever asked for a recording must not get a run without one.
    #[expect(clippy::disallowed_methods, reason = "a variable of the test run, not a setting of a function")]
    pub(super) fn of_process() -> Option<Arc<Self>> {
        static RECORDING: OnceLock<Option<Arc<Recording>>> = OnceLock::new();
        let recording = RECORDING.get_or_init(|| {
            let folder = PathBuf::from(std::env::var_os(FOLDER_VARIABLE)?);
            let recording = Self::start(&folder);
            Some(Arc::new(recording.unwrap_or_else(|error| {
                panic!("{FOLDER_VARIABLE}={}: {error}", folder.display());
            })))
        });
        recording.clone()
    }

    /// Writes an exchange.
    fn write(&self, exchange: &Value) {
        let line = format!("{exchange}\n");
        // One call, without a buffer: the process may end at any time.
        let result = self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
        if let Err(error) = result {
            // A second panic would hide the first.
            assert!(std::thread::panicking(), "the recording cannot be written: {error}");
        }
    }
}

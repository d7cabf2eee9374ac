//! A queue's file: one line of JSON for each change, so that the cost of a change does not depend on the length of the
//! queue. When most lines describe deleted messages, the file is compacted.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::queue_change::QueueChange;

/// A file with fewer lines is not compacted.
const MIN_LINES_TO_COMPACT: u64 = 1024;
/// The file is compacted when it has this many lines for each needed one. The cost of compaction is at most a third of a
/// line for each change.
const LINES_PER_NEEDED_LINE: u64 = 4;

/// The file of a queue.
#[derive(Debug)]
pub(super) struct QueueJournal {
    path: PathBuf,
    file: File,
    bytes: u64,
    lines: u64,
}

impl QueueJournal {
    /// Opens the file, or creates it.
    pub(super) fn open(path: PathBuf, lines: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { path, file, bytes, lines })
    }

    /// Reads the changes. A last line without a line end was truncated by a crash before the request got a response. It is
    /// removed.
    pub(super) fn read(path: &Path) -> io::Result<Vec<QueueChange>> {
        let bytes = std::fs::read(path)?;
        let complete_length = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if complete_length < bytes.len() {
            OpenOptions::new().write(true).open(path)?.set_len(complete_length as u64)?;
        }
        let lines = bytes[..complete_length].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let damaged = |e| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {e}", path.display()));
        lines.map(|line| serde_json::from_slice(line).map_err(damaged)).collect()
    }

    /// Appends changes in one write.
    pub(super) fn append(&mut self, changes: &[QueueChange]) -> io::Result<()> {
        let lines = lines(changes)?;
        if let Err(error) = self.file.write_all(&lines) {
            // A partial line would damage the next one.
            self.file.set_len(self.bytes)?;
            return Err(error);
        }
        self.bytes += lines.len() as u64;
        self.lines += changes.len() as u64;
        Ok(())
    }

    /// Returns whether most lines are obsolete, given the number of needed lines.
    pub(super) fn should_compact(&self, needed: usize) -> bool {
        self.lines > MIN_LINES_TO_COMPACT.max(LINES_PER_NEEDED_LINE * needed as u64)
    }

    /// Writes a new file with only these changes and renames it over this one. A crash leaves the old or the new file.
    pub(super) fn replace(&mut self, changes: impl Iterator<Item = QueueChange>) -> io::Result<()> {
        let replacement = self.path.with_extension("new");
        let changes: Vec<QueueChange> = changes.collect();
        std::fs::write(&replacement, lines(&changes)?)?;
        std::fs::rename(&replacement, &self.path)?;
        *self = Self::open(self.path.clone(), changes.len() as u64)?;
        Ok(())
    }

    /// Deletes the file.
    pub(super) fn remove(self) -> io::Result<()> {
        std::fs::remove_file(self.path)
    }
}

fn lines(changes: &[QueueChange]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for change in changes {
        serde_json::to_writer(&mut bytes, change)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

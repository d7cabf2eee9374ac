//! A queue's file: one line of JSON for each change, so that a change costs the same however long
//! the queue is. Once most lines are about messages that are gone, the file is written anew with
//! what is left.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::queue_change::QueueChange;

/// A file with fewer lines is never written anew.
const MIN_LINES_TO_COMPACT: u64 = 1024;
/// Written anew when it has so many lines for each one that is needed. So each change pays for a
/// third of a line of the next file at most.
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
    /// Opens the file, making it if it is not there.
    pub(super) fn open(path: PathBuf, lines: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { path, file, bytes, lines })
    }

    /// Reads what was written. A last line without an end was cut off by a crash, before anybody
    /// was told that it is stored; it is taken off.
    pub(super) fn read(path: &Path) -> io::Result<Vec<QueueChange>> {
        let bytes = std::fs::read(path)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < bytes.len() {
            OpenOptions::new().write(true).open(path)?.set_len(whole as u64)?;
        }
        let lines = bytes[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let damaged = |e| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {e}", path.display()));
        lines.map(|line| serde_json::from_slice(line).map_err(damaged)).collect()
    }

    /// Writes changes behind all others, in one go.
    pub(super) fn append(&mut self, changes: &[QueueChange]) -> io::Result<()> {
        let lines = lines(changes)?;
        if let Err(error) = self.file.write_all(&lines) {
            // Half a line would damage the next one.
            self.file.set_len(self.bytes)?;
            return Err(error);
        }
        self.bytes += lines.len() as u64;
        self.lines += changes.len() as u64;
        Ok(())
    }

    /// Whether most lines are not needed any more, when so many are.
    pub(super) fn should_compact(&self, needed: usize) -> bool {
        self.lines > MIN_LINES_TO_COMPACT.max(LINES_PER_NEEDED_LINE * needed as u64)
    }

    /// Writes a neighbouring file with these changes only, and renames it over this one, so that a
    /// crash leaves one or the other.
    pub(super) fn replace(&mut self, changes: impl Iterator<Item = QueueChange>) -> io::Result<()> {
        let neighbour = self.path.with_extension("new");
        let changes: Vec<QueueChange> = changes.collect();
        std::fs::write(&neighbour, lines(&changes)?)?;
        std::fs::rename(&neighbour, &self.path)?;
        *self = Self::open(self.path.clone(), changes.len() as u64)?;
        Ok(())
    }

    /// Takes the file away.
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

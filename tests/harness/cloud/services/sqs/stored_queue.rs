//! A queue with its file and the notification of waiting receivers.

use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::journal::QueueJournal;
use super::queue::Queue;
use super::queue_change::{QueueChange, QueueSettings};

/// The extension of the queue files.
pub(super) const EXTENSION: &str = "jsonl";

/// A queue whose changes are written to its file before they are applied in memory.
#[derive(Debug)]
pub(super) struct StoredQueue {
    queue: Queue,
    journal: QueueJournal,
    changed: Arc<Notify>,
}

/// Gives read access. Only [`StoredQueue::commit`] changes the queue.
impl Deref for StoredQueue {
    type Target = Queue;

    fn deref(&self) -> &Queue {
        &self.queue
    }
}

impl StoredQueue {
    /// Creates a queue and its file.
    pub(super) fn create(folder: &Path, settings: QueueSettings) -> io::Result<Self> {
        let path = folder.join(format!("{}.{EXTENSION}", settings.name));
        let mut journal = QueueJournal::open(path, 0)?;
        journal.append(&[QueueChange::Set(settings.clone())])?;
        Ok(Self { queue: Queue::new(settings), journal, changed: Arc::default() })
    }

    /// Loads a queue from its file. Returns `None` if a crash left the file empty.
    pub(super) fn load(path: PathBuf) -> io::Result<Option<Self>> {
        let changes = QueueJournal::read(&path)?;
        let lines = changes.len() as u64;
        let Some(queue) = Queue::replay(changes) else { return Ok(None) };
        Ok(Some(Self { queue, journal: QueueJournal::open(path, lines)?, changed: Arc::default() }))
    }

    /// Applies changes and wakes waiting receivers.
    pub(super) fn commit(&mut self, changes: Vec<QueueChange>) -> io::Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        self.journal.append(&changes)?;
        changes.into_iter().for_each(|change| self.queue.apply(change));
        if self.journal.should_compact(self.queue.len()) {
            self.journal.replace(self.queue.snapshot())?;
        }
        self.changed.notify_waiters();
        Ok(())
    }

    /// Advances the queue to this time.
    pub(super) fn advance_to(&mut self, now: u64) -> &Queue {
        self.queue.advance(now);
        &self.queue
    }

    /// Makes hidden messages visible earlier by this time. The file does not record this, so a restart undoes it.
    pub(super) fn advance_clock(&mut self, by: Duration) {
        self.queue.advance_clock(by);
        self.changed.notify_waiters();
    }

    /// Returns the notification of changes.
    pub(super) fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }

    /// Deletes the queue and its file, and wakes waiting receivers.
    pub(super) fn remove(self) -> io::Result<()> {
        self.changed.notify_waiters();
        self.journal.remove()
    }
}

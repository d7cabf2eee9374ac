//! A queue together with its file and with whoever waits for its messages.

use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::change::{Change, Settings};
use super::journal::Journal;
use super::queue::Queue;

/// How the names of the files end.
pub(super) const EXTENSION: &str = "jsonl";

/// A queue that is changed in its file first and then in memory.
#[derive(Debug)]
pub(super) struct StoredQueue {
    queue: Queue,
    journal: Journal,
    changed: Arc<Notify>,
}

/// Everything can be read, and changed only by [`StoredQueue::commit`].
impl Deref for StoredQueue {
    type Target = Queue;

    fn deref(&self) -> &Queue {
        &self.queue
    }
}

impl StoredQueue {
    /// Makes a queue and its file.
    pub(super) fn create(folder: &Path, settings: Settings) -> io::Result<Self> {
        let path = folder.join(format!("{}.{EXTENSION}", settings.name));
        let mut journal = Journal::open(path, 0)?;
        journal.append(&[Change::Set(settings.clone())])?;
        Ok(Self { queue: Queue::new(settings), journal, changed: Arc::default() })
    }

    /// Reads a queue from its file, unless a crash left nothing in it.
    pub(super) fn load(path: PathBuf) -> io::Result<Option<Self>> {
        let changes = Journal::read(&path)?;
        let lines = changes.len() as u64;
        let Some(queue) = Queue::replay(changes) else { return Ok(None) };
        Ok(Some(Self { queue, journal: Journal::open(path, lines)?, changed: Arc::default() }))
    }

    /// Makes changes, and wakes who may be waiting for them.
    pub(super) fn commit(&mut self, changes: Vec<Change>) -> io::Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        self.journal.append(&changes)?;
        changes.into_iter().for_each(|change| self.queue.apply(change));
        if self.journal.is_too_long_for(self.queue.len()) {
            self.journal.replace(self.queue.snapshot())?;
        }
        self.changed.notify_waiters();
        Ok(())
    }

    /// The queue at this time.
    pub(super) fn as_of(&mut self, now: u64) -> &Queue {
        self.queue.advance(now);
        &self.queue
    }

    /// Lets hidden messages be visible so much earlier. Not written down: a restart knows nothing of it.
    pub(super) fn pass_time(&mut self, by: Duration) {
        self.queue.pass_time(by);
        self.changed.notify_waiters();
    }

    /// Wakes whenever the queue has changed.
    pub(super) fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }

    /// Takes the queue away with its file. Whoever waits for its messages is told so.
    pub(super) fn remove(self) -> io::Result<()> {
        self.changed.notify_waiters();
        self.journal.remove()
    }
}

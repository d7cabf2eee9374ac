//! A queue together with its file and with whoever waits for its messages.

use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::journal::QueueJournal;
use super::queue::Queue;
use super::queue_change::{QueueChange, QueueSettings};

/// How the names of the files end.
pub(super) const EXTENSION: &str = "jsonl";

/// A queue that is changed in its file first and then in memory.
#[derive(Debug)]
pub(super) struct StoredQueue {
    queue: Queue,
    journal: QueueJournal,
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
    pub(super) fn create(folder: &Path, settings: QueueSettings) -> io::Result<Self> {
        let path = folder.join(format!("{}.{EXTENSION}", settings.name));
        let mut journal = QueueJournal::open(path, 0)?;
        journal.append(&[QueueChange::Set(settings.clone())])?;
        Ok(Self { queue: Queue::new(settings), journal, changed: Arc::default() })
    }

    /// Reads a queue from its file, unless a crash left nothing in it.
    pub(super) fn load(path: PathBuf) -> io::Result<Option<Self>> {
        let changes = QueueJournal::read(&path)?;
        let lines = changes.len() as u64;
        let Some(queue) = Queue::replay(changes) else { return Ok(None) };
        Ok(Some(Self { queue, journal: QueueJournal::open(path, lines)?, changed: Arc::default() }))
    }

    /// Makes changes, and wakes who may be waiting for them.
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

    /// The queue at this time.
    pub(super) fn advance_to(&mut self, now: u64) -> &Queue {
        self.queue.advance(now);
        &self.queue
    }

    /// Lets hidden messages be visible so much earlier. Not written down: a restart knows nothing of it.
    pub(super) fn advance_clock(&mut self, by: Duration) {
        self.queue.advance_clock(by);
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

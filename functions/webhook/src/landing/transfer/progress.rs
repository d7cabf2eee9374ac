//! What a landing shows of itself while it runs, and how it is told to stop.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use model::{Error, ErrorClass, TransferStatistics};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use super::{Checkpoint, FileProgress, MinRate, SourceRate};

/// Counts bytes and files, holds the checkpoint, and says when to stop. One for a whole landing; each of its
/// transfers counts through a [`FileProgress`].
#[derive(Debug)]
pub struct LandingProgress {
    started: Instant,
    pub(super) bytes: AtomicU64,
    state: Mutex<State>,
    /// Files that are long or of unknown length are brought one after the other: one alone takes every connection
    /// and all the memory that a landing has, and there is one checkpoint.
    long: Semaphore,
    pub(super) stop: watch::Sender<bool>,
    source_rate: Arc<SourceRate>,
}

/// Everything that changes together.
#[derive(Debug)]
pub(super) struct State {
    /// Transfers that there will be, and those that learnt what their source says of its length.
    pub(super) transfers: usize,
    pub(super) begun: usize,
    /// The sum of the lengths that are known, and how many sources tell none.
    pub(super) lengths: u64,
    pub(super) unknown: usize,
    files: u64,
    total_files: Option<u64>,
    pub(super) checkpoint: Option<Checkpoint>,
    /// Whether the checkpoint differs from the one that was saved last.
    pub(super) unsaved: bool,
    /// Parts and files that this invocation brought.
    pub(super) brought: usize,
}

impl Default for LandingProgress {
    /// A meter of sources that may be as slow as they are.
    fn default() -> Self {
        Self::new(SourceRate::new(MinRate { bytes_per_second: 0, window: Duration::ZERO }, 0))
    }
}

impl LandingProgress {
    /// A meter of sources that must send at this rate.
    pub fn new(source_rate: SourceRate) -> Self {
        let state = State {
            transfers: 1,
            begun: 0,
            lengths: 0,
            unknown: 0,
            files: 0,
            total_files: None,
            checkpoint: None,
            unsaved: false,
            brought: 0,
        };
        Self {
            started: Instant::now(),
            bytes: AtomicU64::new(0),
            state: Mutex::new(state),
            long: Semaphore::new(1),
            stop: watch::Sender::new(false),
            source_rate: Arc::new(source_rate),
        }
    }

    /// What the sources send.
    pub(crate) fn source_rate(&self) -> &Arc<SourceRate> {
        &self.source_rate
    }

    /// Whether this invocation brought a part of a file, or a whole one.
    pub(crate) fn has_progressed(&self) -> bool {
        self.state().brought > 0
    }

    /// Why a landing ends that did not fit into one invocation and cannot be gone on with.
    pub(crate) fn did_not_fit(&self) -> Error {
        self.source_rate.held_up(self.started.elapsed()).unwrap_or_else(|| {
            Error::new(ErrorClass::SourceUnavailable, "the landing did not fit into one invocation")
        })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Plain data: whoever panicked while holding it left nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A count for one transfer.
    pub fn tally(&self) -> FileProgress<'_> {
        FileProgress::new(self)
    }

    /// Says how many transfers there will be; one, if nobody says.
    pub(crate) fn expect_transfers(&self, transfers: usize) {
        self.state().transfers = transfers;
    }

    /// Says how many files will be in the bucket.
    pub(crate) fn expect_files(&self, files: u64) {
        self.state().total_files = Some(files);
    }

    /// Notes that a file is in the bucket. `new` says that this invocation brought it.
    pub(crate) fn file_done(&self, new: bool) {
        let mut state = self.state();
        state.files += 1;
        state.brought += usize::from(new);
    }

    /// The turn of a long file, at once or not at all.
    pub(super) fn long_now(&self) -> Option<SemaphorePermit<'_>> {
        self.long.try_acquire().ok()
    }

    /// The turn of a long file. None only if the semaphore were closed, which nobody does.
    pub(super) async fn long(&self) -> Option<SemaphorePermit<'_>> {
        self.long.acquire().await.ok()
    }

    /// The checkpoint, if it has changed since it was taken here last.
    pub fn unsaved_checkpoint(&self) -> Option<Checkpoint> {
        let mut state = self.state();
        let unsaved = std::mem::take(&mut state.unsaved);
        state.checkpoint.clone().filter(|_| unsaved)
    }

    /// Whether another invocation could go on, and this one got somewhere: it brought a part of a file that can be
    /// gone on with, or whole files.
    pub fn can_go_on(&self) -> bool {
        let state = self.state();
        let resumable = state.checkpoint.as_ref().is_none_or(|checkpoint| checkpoint.validator.is_some());
        state.brought > 0 && resumable
    }

    /// How far the landing is.
    pub fn transfer(&self) -> TransferStatistics {
        let (bytes, seconds) = (self.bytes.load(Ordering::Relaxed), self.started.elapsed().as_secs_f64());
        let state = self.state();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "a rate is no exact number"
        )]
        let bytes_per_second = (bytes as f64 / seconds.max(0.001)).round() as u64;
        TransferStatistics {
            bytes,
            total_bytes: (state.unknown == 0 && state.begun == state.transfers).then_some(state.lengths),
            seconds: (seconds * 1000.0).round() / 1000.0,
            bytes_per_second,
            files: state.files,
            total_files: state.total_files,
        }
    }

    /// Tells the transfers to stop: their streams end with an error.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Whether they were told to stop.
    pub(crate) fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }
}

pub(crate) fn stopped() -> Error {
    Error::new(ErrorClass::SourceUnavailable, "the landing was stopped")
}

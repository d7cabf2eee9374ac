//! The progress of a landing: bytes, files and the checkpoint. It also stops the transfers of the landing.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use model::{Error, ErrorClass, TransferStatistics};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use super::{
    checkpoint::Checkpoint,
    download_rate::{DownloadRate, MinDownloadRate},
};

/// Counts bytes and files, holds the checkpoint, and stops the transfers. There is one for a landing; each of its
/// transfers counts through a [`super::FileProgress`].
#[derive(Debug)]
pub struct LandingProgress {
    started: Instant,
    pub(super) bytes: AtomicU64,
    state: Mutex<ProgressState>,
    /// Files that are long or of unknown length are transferred one after the other: one alone takes every connection
    /// and all the memory of a landing, and there is one checkpoint.
    long_transfers: Semaphore,
    pub(super) stop: watch::Sender<bool>,
    download_rate: Arc<DownloadRate>,
}

/// What changes together.
#[derive(Debug)]
pub(super) struct ProgressState {
    /// The number of all transfers, and of those that have started.
    pub(super) transfers: usize,
    pub(super) started_transfers: usize,
    /// The sum of the known lengths, and the number of started transfers whose source reports none.
    pub(super) total_length: u64,
    pub(super) unknown_lengths: usize,
    files: u64,
    total_files: Option<u64>,
    pub(super) checkpoint: Option<Checkpoint>,
    /// Whether the checkpoint differs from the one that was saved last.
    pub(super) is_checkpoint_unsaved: bool,
    /// Parts and files that this invocation stored.
    pub(super) new_items: usize,
}

impl Default for LandingProgress {
    /// Without a minimum download rate.
    fn default() -> Self {
        Self::new(DownloadRate::new(MinDownloadRate { bytes_per_second: 0, window: Duration::ZERO }, 0))
    }
}

impl LandingProgress {
    /// The progress of a landing that has not started.
    pub fn new(download_rate: DownloadRate) -> Self {
        let state = ProgressState {
            transfers: 1,
            started_transfers: 0,
            total_length: 0,
            unknown_lengths: 0,
            files: 0,
            total_files: None,
            checkpoint: None,
            is_checkpoint_unsaved: false,
            new_items: 0,
        };
        Self {
            started: Instant::now(),
            bytes: AtomicU64::new(0),
            state: Mutex::new(state),
            long_transfers: Semaphore::new(1),
            stop: watch::Sender::new(false),
            download_rate: Arc::new(download_rate),
        }
    }

    /// Measures and enforces the download rate.
    pub(crate) fn download_rate(&self) -> &Arc<DownloadRate> {
        &self.download_rate
    }

    /// Whether this invocation stored a part of a file, from which another one can resume, or a whole file.
    pub(crate) fn has_progressed(&self) -> bool {
        self.state().new_items > 0
    }

    /// The error of a landing that ran out of time and cannot be resumed.
    pub(crate) fn out_of_time_error(&self) -> Error {
        self.download_rate.slow_source_error(self.started.elapsed()).unwrap_or_else(|| {
            Error::new(ErrorClass::SourceUnavailable, "the landing did not fit into one invocation")
        })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, ProgressState> {
        // Plain data: a panic while the lock was held leaves nothing inconsistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the number of transfers. The default is one.
    pub(crate) fn set_transfer_count(&self, transfers: usize) {
        self.state().transfers = transfers;
    }

    /// Sets the number of files that the landing stores.
    pub(crate) fn set_file_count(&self, files: u64) {
        self.state().total_files = Some(files);
    }

    /// Counts a file that this invocation stored.
    pub(crate) fn record_new_file(&self) {
        let mut state = self.state();
        state.files += 1;
        state.new_items += 1;
    }

    /// Counts a file that was in the bucket already.
    pub(crate) fn record_existing_file(&self) {
        self.state().files += 1;
    }

    /// Acquires the permit for a long file, or returns `None` if another long file has it.
    pub(super) fn try_acquire_long_transfer(&self) -> Option<SemaphorePermit<'_>> {
        self.long_transfers.try_acquire().ok()
    }

    /// Waits for the permit for a long file. Returns `None` only if the semaphore is closed, which never happens.
    pub(super) async fn acquire_long_transfer(&self) -> Option<SemaphorePermit<'_>> {
        self.long_transfers.acquire().await.ok()
    }

    /// Records in the checkpoint that this invocation ran out of time.
    pub(crate) fn mark_out_of_time(&self) {
        let mut state = self.state();
        state.is_checkpoint_unsaved = true;
        if let Some(checkpoint) = &mut state.checkpoint {
            checkpoint.ran_out_of_time = true;
        }
    }

    /// The checkpoint, if it has changed since the last call.
    pub fn take_unsaved_checkpoint(&self) -> Option<Checkpoint> {
        let mut state = self.state();
        let unsaved = std::mem::take(&mut state.is_checkpoint_unsaved);
        state.checkpoint.clone().filter(|_| unsaved)
    }

    /// The statistics of the transfer so far.
    pub fn statistics(&self) -> TransferStatistics {
        let (bytes, seconds) = (self.bytes.load(Ordering::Relaxed), self.started.elapsed().as_secs_f64());
        let state = self.state();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "a rate need not be exact"
        )]
        let bytes_per_second = (bytes as f64 / seconds.max(0.001)).round() as u64;
        TransferStatistics {
            bytes,
            total_bytes: (state.unknown_lengths == 0 && state.started_transfers == state.transfers)
                .then_some(state.total_length),
            seconds: (seconds * 1000.0).round() / 1000.0,
            bytes_per_second,
            files: state.files,
            total_files: state.total_files,
        }
    }

    /// Stops the transfers: their streams end with an error.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Whether the transfers are stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }
}

/// The error of a landing that was stopped.
pub(crate) fn landing_stopped() -> Error {
    Error::new(ErrorClass::SourceUnavailable, "the landing was stopped")
}

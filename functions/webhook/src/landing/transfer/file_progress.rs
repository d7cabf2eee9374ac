//! The progress of one file. It adds to the progress of its landing, and subtracts again when the transfer restarts.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use bucket::UploadedPart;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use model::Error;

use super::{
    checkpoint::Checkpoint,
    landing_progress::{LandingProgress, ProgressState, landing_stopped},
};

/// The share of one file in a [`LandingProgress`].
#[derive(Debug)]
pub struct FileProgress<'a> {
    landing: &'a LandingProgress,
    bytes: AtomicU64,
    /// Set once the transfer has started: the length of the file, if the source reports it.
    started: Mutex<Option<Option<u64>>>,
}

impl<'a> FileProgress<'a> {
    /// The progress of a file that has not started.
    pub fn new(landing: &'a LandingProgress) -> Self {
        Self { landing, bytes: AtomicU64::new(0), started: Mutex::new(None) }
    }

    pub(super) fn landing(&self) -> &'a LandingProgress {
        self.landing
    }

    /// Starts to count from zero. `length` is what the source reports.
    pub(super) fn start(&self, length: Option<u64>) {
        self.set_bytes(0);
        let before = self.started.lock().unwrap_or_else(PoisonError::into_inner).replace(length);
        let mut state = self.landing.state();
        match before {
            None => state.started_transfers += 1,
            Some(None) => state.unknown_lengths -= 1,
            Some(Some(length)) => state.total_length -= length,
        }
        match length {
            None => state.unknown_lengths += 1,
            Some(length) => state.total_length += length,
        }
    }

    fn set_bytes(&self, bytes: u64) {
        let before = self.bytes.swap(bytes, Ordering::Relaxed);
        self.landing.bytes.fetch_sub(before, Ordering::Relaxed);
        self.landing.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts the bytes of a stream, and ends it with an error when the landing is stopped.
    pub(super) fn count_bytes<'t>(
        &'t self,
        bytes: impl Stream<Item = Result<Bytes, Error>> + Send + 't,
    ) -> impl Stream<Item = Result<Bytes, Error>> + Send + 't {
        let mut stop = self.landing.stop.subscribe();
        let counted = bytes.inspect(|chunk| {
            let length = chunk.as_ref().map_or(0, Bytes::len) as u64;
            self.bytes.fetch_add(length, Ordering::Relaxed);
            self.landing.bytes.fetch_add(length, Ordering::Relaxed);
        });
        let until = counted.take_until(async move {
            // A dropped sender means that nothing can stop the landing any more. Then the stream continues to its
            // end.
            if stop.wait_for(|stop| *stop).await.is_err() {
                std::future::pending::<()>().await;
            }
        });
        let stop_error = stream::iter([()])
            .filter_map(|()| std::future::ready(self.landing.is_stopped().then(|| Err(landing_stopped()))));
        until.chain(stop_error)
    }

    /// Subtracts what a failed part had counted.
    pub(super) fn subtract_bytes(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.landing.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn state(&self) -> std::sync::MutexGuard<'a, ProgressState> {
        self.landing.state()
    }

    /// Sets the checkpoint at the start of the transfer.
    pub(super) fn set_checkpoint(&self, checkpoint: Checkpoint) {
        self.set_bytes(checkpoint.parts.iter().map(|part| part.bytes).sum());
        let mut state = self.state();
        (state.checkpoint, state.is_checkpoint_unsaved) = (Some(checkpoint), true);
    }

    /// Adds a part that S3 has to the checkpoint.
    pub(super) fn add_part(&self, part: UploadedPart) {
        let mut state = self.state();
        state.new_items += 1;
        state.is_checkpoint_unsaved = true;
        if let Some(checkpoint) = &mut state.checkpoint {
            checkpoint.parts.push(part);
        }
    }

    /// The parts of the checkpoint.
    pub(super) fn checkpoint_parts(&self) -> Vec<UploadedPart> {
        self.state().checkpoint.as_ref().map(|checkpoint| checkpoint.parts.clone()).unwrap_or_default()
    }

    /// Takes the checkpoint of this transfer.
    pub(super) fn take_checkpoint(&self) -> Option<Checkpoint> {
        self.state().checkpoint.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_that_restarts_is_counted_once() {
        let landing = LandingProgress::default();
        landing.set_transfer_count(2);
        let (one, other) = (FileProgress::new(&landing), FileProgress::new(&landing));
        one.start(Some(10));
        one.set_bytes(7);
        assert_eq!((landing.statistics().bytes, landing.statistics().total_bytes), (7, None));
        other.start(None);
        assert_eq!(landing.statistics().total_bytes, None);
        other.start(Some(5));
        one.start(Some(20));
        one.set_bytes(3);
        assert_eq!((landing.statistics().bytes, landing.statistics().total_bytes), (3, Some(25)));
    }
}

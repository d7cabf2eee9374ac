//! What one transfer adds to its landing's meter, and takes back when it begins again.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use bucket::Part;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use model::Error;

use super::{
    Checkpoint, LandingProgress,
    progress::{State, stopped},
};

/// One transfer's share of a [`LandingProgress`].
#[derive(Debug)]
pub struct FileProgress<'m> {
    meter: &'m LandingProgress,
    bytes: AtomicU64,
    begun: Mutex<Option<Option<u64>>>,
}

impl<'m> FileProgress<'m> {
    pub(super) fn new(meter: &'m LandingProgress) -> Self {
        Self { meter, bytes: AtomicU64::new(0), begun: Mutex::new(None) }
    }

    pub(super) fn meter(&self) -> &'m LandingProgress {
        self.meter
    }

    /// Starts to count, from zero, with what the source says of its length.
    pub(super) fn begin(&self, length: Option<u64>) {
        self.set(0);
        let before = self.begun.lock().unwrap_or_else(PoisonError::into_inner).replace(length);
        let mut state = self.meter.state();
        match before {
            None => state.begun += 1,
            Some(None) => state.unknown -= 1,
            Some(Some(length)) => state.lengths -= length,
        }
        match length {
            None => state.unknown += 1,
            Some(length) => state.lengths += length,
        }
    }

    fn set(&self, bytes: u64) {
        let before = self.bytes.swap(bytes, Ordering::Relaxed);
        self.meter.bytes.fetch_sub(before, Ordering::Relaxed);
        self.meter.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts what passes, and ends the stream with an error when the landing is told to stop.
    pub(super) fn count<'t>(
        &'t self,
        bytes: impl Stream<Item = Result<Bytes, Error>> + Send + 't,
    ) -> impl Stream<Item = Result<Bytes, Error>> + Send + 't {
        let mut stop = self.meter.stop.subscribe();
        let counted = bytes.inspect(|piece| {
            let length = piece.as_ref().map_or(0, Bytes::len) as u64;
            self.bytes.fetch_add(length, Ordering::Relaxed);
            self.meter.bytes.fetch_add(length, Ordering::Relaxed);
        });
        let until = counted.take_until(async move {
            // A dropped sender means that nobody watches any more; then the stream runs on to its own end.
            if stop.wait_for(|stop| *stop).await.is_err() {
                std::future::pending::<()>().await;
            }
        });
        let told = stream::iter([()])
            .filter_map(|()| std::future::ready(self.meter.is_stopped().then(|| Err(stopped()))));
        until.chain(told)
    }

    /// Takes back what a part that failed had counted.
    pub(super) fn uncount(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.meter.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn state(&self) -> std::sync::MutexGuard<'m, State> {
        self.meter.state()
    }

    /// Notes where a transfer stands at its start.
    pub(super) fn set_checkpoint(&self, checkpoint: Checkpoint) {
        self.set(checkpoint.parts.iter().map(|part| part.bytes).sum());
        let mut state = self.state();
        (state.checkpoint, state.unsaved) = (Some(checkpoint), true);
    }

    /// Notes that S3 has a part.
    pub(super) fn part_done(&self, part: Part) {
        let mut state = self.state();
        state.brought += 1;
        state.unsaved = true;
        if let Some(checkpoint) = &mut state.checkpoint {
            checkpoint.parts.push(part);
        }
    }

    /// The parts that S3 has.
    pub(super) fn checkpoint_parts(&self) -> Vec<Part> {
        self.state().checkpoint.as_ref().map(|checkpoint| checkpoint.parts.clone()).unwrap_or_default()
    }

    /// Drops the checkpoint of this transfer.
    pub(super) fn forget_checkpoint(&self) -> Option<Checkpoint> {
        self.state().checkpoint.take()
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.meter.is_stopped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_that_begins_again_counts_once() {
        let meter = LandingProgress::default();
        meter.expect_transfers(2);
        let (one, other) = (meter.tally(), meter.tally());
        one.begin(Some(10));
        one.set(7);
        assert_eq!((meter.transfer().bytes, meter.transfer().total_bytes), (7, None));
        other.begin(None);
        assert_eq!(meter.transfer().total_bytes, None);
        other.begin(Some(5));
        one.begin(Some(20));
        one.set(3);
        assert_eq!((meter.transfer().bytes, meter.transfer().total_bytes), (3, Some(25)));
    }
}

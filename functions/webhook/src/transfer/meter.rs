//! What a transfer shows of itself while it runs, and how it is told to stop.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use model::{Fault, FaultClass, Transfer};
use objects::Part;
use tokio::sync::watch;

use super::Checkpoint;

/// Counts bytes, holds the checkpoint, and says when to stop.
#[derive(Debug)]
pub struct Meter {
    started: Instant,
    bytes: AtomicU64,
    state: Mutex<State>,
    stop: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    total: Option<u64>,
    checkpoint: Option<Checkpoint>,
    /// Whether the checkpoint differs from the one that was saved last.
    unsaved: bool,
    /// Parts that this invocation brought.
    brought: usize,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            bytes: AtomicU64::new(0),
            state: Mutex::default(),
            stop: watch::Sender::new(false),
        }
    }
}

impl Meter {
    fn state(&self) -> MutexGuard<'_, State> {
        // Plain data: whoever panicked while holding it left nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, total: Option<u64>) {
        self.bytes.store(0, Ordering::Relaxed);
        self.state().total = total;
    }

    /// Counts what passes, and ends the stream with an error when the transfer is told to stop.
    pub(super) fn count<'m>(
        &'m self,
        bytes: impl Stream<Item = Result<Bytes, Fault>> + Send + 'm,
    ) -> impl Stream<Item = Result<Bytes, Fault>> + Send + 'm {
        let mut stop = self.stop.subscribe();
        let counted = bytes.inspect(|piece| {
            let length = piece.as_ref().map_or(0, Bytes::len) as u64;
            self.bytes.fetch_add(length, Ordering::Relaxed);
        });
        let until = counted.take_until(async move {
            // A dropped sender means that nobody watches any more; then the stream runs on to its own end.
            if stop.wait_for(|stop| *stop).await.is_err() {
                std::future::pending::<()>().await;
            }
        });
        let told =
            stream::iter([()]).filter_map(|()| std::future::ready(self.is_stopped().then(|| Err(stopped()))));
        until.chain(told)
    }

    /// Takes back what a part that failed had counted.
    pub(super) fn uncount(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Notes where a transfer stands at its start.
    pub(super) fn set_checkpoint(&self, checkpoint: Checkpoint) {
        self.bytes.store(checkpoint.parts.iter().map(|part| part.bytes).sum(), Ordering::Relaxed);
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

    pub(super) fn forget_checkpoint(&self) -> Option<Checkpoint> {
        self.state().checkpoint.take()
    }

    /// The checkpoint, if it has changed since it was taken here last.
    pub fn unsaved_checkpoint(&self) -> Option<Checkpoint> {
        let mut state = self.state();
        let unsaved = std::mem::take(&mut state.unsaved);
        state.checkpoint.clone().filter(|_| unsaved)
    }

    /// Whether another invocation could go on, and this one got somewhere.
    pub fn can_go_on(&self) -> bool {
        let state = self.state();
        state.brought > 0
            && state.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.validator.is_some())
    }

    /// How far the transfer is.
    pub fn transfer(&self) -> Transfer {
        Transfer {
            bytes: self.bytes.load(Ordering::Relaxed),
            total_bytes: self.state().total,
            seconds: (self.started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
        }
    }

    /// Tells the transfer to stop: its streams end with an error.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Whether it was told to stop.
    pub(crate) fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }
}

pub(super) fn stopped() -> Fault {
    Fault::new(FaultClass::SourceUnavailable, "the landing was stopped")
}

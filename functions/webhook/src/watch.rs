//! Keeps a landing alive while it runs, and ends it when it must not go on.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use model::{Event, Fault, FaultClass, Transfer};
use records::Lease;
use time::OffsetDateTime;
use tokio::sync::watch;

use crate::worker::{Receipt, Worker};

/// Time kept back at the end of an invocation to record how far it came.
const RESERVE: Duration = Duration::from_secs(3);
/// After being told to stop, a landing has this long to clean up behind itself.
const CLEAN_UP: Duration = Duration::from_secs(2);

/// What a landing shows of itself, and how it is told to stop.
#[derive(Debug)]
pub(crate) struct Watched {
    started: Instant,
    bytes: AtomicU64,
    total: Mutex<Option<u64>>,
    stop: watch::Sender<bool>,
}

impl Default for Watched {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            bytes: AtomicU64::new(0),
            total: Mutex::new(None),
            stop: watch::Sender::new(false),
        }
    }
}

impl Watched {
    /// Counts what passes, and ends the stream with an error when the landing is told to stop.
    pub(crate) fn count(
        &self,
        total: Option<u64>,
        bytes: impl Stream<Item = Result<Bytes, Fault>> + Send,
    ) -> impl Stream<Item = Result<Bytes, Fault>> + Send {
        if let Ok(mut known) = self.total.lock() {
            *known = total;
        }
        let mut stop = self.stop.subscribe();
        let stopped = self.stop.subscribe();
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
        until.chain(stream::iter([()]).filter_map(move |()| {
            let told = *stopped.borrow();
            std::future::ready(told.then(|| Err(Fault::new(FaultClass::SourceUnavailable, "the landing was stopped"))))
        }))
    }

    fn transfer(&self) -> Transfer {
        Transfer {
            bytes: self.bytes.load(Ordering::Relaxed),
            total_bytes: self.total.lock().ok().and_then(|total| *total),
            seconds: (self.started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
        }
    }
}

/// Runs a landing while renewing its lease, hiding its message and recording its progress.
pub(crate) async fn watch<T>(
    worker: &Worker,
    lease: &Lease,
    receipt: &Receipt,
    watched: &Watched,
    landing: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    tokio::pin!(landing);
    let span = worker.config.lease;
    let left = Duration::try_from(receipt.deadline - OffsetDateTime::now_utc()).unwrap_or(Duration::ZERO);
    let end = tokio::time::sleep(left.saturating_sub(RESERVE));
    tokio::pin!(end);
    let mut beat = tokio::time::interval(span / 3);
    let lost = loop {
        tokio::select! {
            done = &mut landing => {
                if done.is_ok() {
                    note_progress(worker, lease, watched).await?;
                }
                return done;
            }
            () = &mut end => break Fault::new(FaultClass::SourceUnavailable, "the landing did not fit into one invocation"),
            _ = beat.tick() => match keep(worker, lease, receipt, watched).await {
                Err(fault) if fault.class == FaultClass::LandingBusy => break fault,
                // The lease outlives two missed beats; a passing trouble is no reason to stop.
                Err(fault) => fault.log("a landing's lease was not renewed"),
                Ok(()) => {}
            }
        }
    };
    // The stream ends with an error now, and the upload aborts behind it.
    watched.stop.send_replace(true);
    let _ = tokio::time::timeout(CLEAN_UP, landing).await;
    Err(lost)
}

async fn keep(worker: &Worker, lease: &Lease, receipt: &Receipt, watched: &Watched) -> Result<(), Fault> {
    let span = worker.config.lease;
    worker.records.renew(lease, span, OffsetDateTime::now_utc()).await?;
    // A crash of this worker brings the message back when its lease has run out, and not hours later.
    worker.inbox.hide(&receipt.handle, u32::try_from(span.as_secs()).unwrap_or(u32::MAX).max(1)).await?;
    note_progress(worker, lease, watched).await
}

async fn note_progress(worker: &Worker, lease: &Lease, watched: &Watched) -> Result<(), Fault> {
    let transfer = watched.transfer();
    if transfer.bytes == 0 {
        return Ok(());
    }
    worker.records.apply_leased(lease, &Event::Transferred { transfer }, OffsetDateTime::now_utc()).await.map(|_| ())
}

//! Keeps a landing alive while it runs, and ends it when it must not go on.

use std::{convert::Infallible, time::Duration};

use job_store::Lease;
use model::{Error, ErrorClass, Event};
use notifications::UnreachableServices;
use time::OffsetDateTime;

use crate::{
    landing::transfer::LandingProgress,
    worker::{Receipt, Worker},
};

/// Time kept back at the end of an invocation to record how far it came.
const RESERVE: Duration = Duration::from_secs(3);
/// After being told to stop, a landing has this long to clean up behind itself.
const CLEAN_UP: Duration = Duration::from_millis(1500);

/// How a watched landing ended.
#[derive(Debug)]
pub(crate) enum LeasedOutcome<T> {
    /// By itself.
    Done(T),
    /// With the invocation, and another one can go on where it stopped.
    OutOfTime,
}

/// Runs a landing while renewing its lease, hiding its message and recording its progress.
pub(crate) async fn watch<T>(
    worker: &Worker,
    lease: &Lease,
    receipt: &Receipt,
    meter: &LandingProgress,
    landing: impl Future<Output = Result<T, Error>>,
) -> Result<LeasedOutcome<T>, Error> {
    tokio::pin!(landing);
    let left = Duration::try_from(receipt.deadline - OffsetDateTime::now_utc()).unwrap_or(Duration::ZERO);
    let end = tokio::time::sleep(left.saturating_sub(RESERVE));
    // Side by side: the bytes go on while a queue or a table that is in trouble is asked again.
    let lost = tokio::select! {
        done = &mut landing => {
            note_progress(worker, lease, meter).await?;
            return done.map(LeasedOutcome::Done);
        }
        () = end => None,
        error = kept_until_lost(worker, lease, receipt, meter) => Some(error),
        never = signs_of_life(worker, lease) => match never {},
    };
    // The streams end with an error now, and what is open behind them is closed.
    meter.stop();
    let _ = tokio::time::timeout(CLEAN_UP, landing).await;
    if let Some(error) = lost {
        return Err(error);
    }
    note_progress(worker, lease, meter).await?;
    match meter.can_go_on() {
        true => Ok(LeasedOutcome::OutOfTime),
        false => Err(meter.did_not_fit()),
    }
}

/// Renews lease and message at every beat, until the lease is lost.
async fn kept_until_lost(
    worker: &Worker,
    lease: &Lease,
    receipt: &Receipt,
    meter: &LandingProgress,
) -> Error {
    let mut beat = tokio::time::interval(worker.config.lease / 3);
    loop {
        beat.tick().await;
        match keep(worker, lease, receipt, meter).await {
            Err(error) if error.class == ErrorClass::LandingBusy => return error,
            // The lease outlives two missed beats; a passing trouble is no reason to stop.
            Err(error) => error.log("a landing's lease or message was not renewed"),
            Ok(()) => {}
        }
    }
}

/// Lets those who wait for the job know that it goes on, at every beat of their own.
async fn signs_of_life(worker: &Worker, lease: &Lease) -> Infallible {
    let every = worker.config.heartbeat;
    let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        if let Err(error) = give_sign(worker, lease).await {
            error.log("whether somebody waits for a job that lands is not known");
        }
    }
}

async fn give_sign(worker: &Worker, lease: &Lease) -> Result<(), Error> {
    // Read anew: a workflow that retries may wait since a moment ago.
    match worker.records.get(lease.job).await? {
        Some(job) if !job.audience.waiters.is_empty() => {
            worker.give_sign(&job, &UnreachableServices::default()).await
        }
        _ => Ok(()),
    }
}

async fn keep(
    worker: &Worker,
    lease: &Lease,
    receipt: &Receipt,
    meter: &LandingProgress,
) -> Result<(), Error> {
    let span = worker.config.lease;
    // A crash of this worker brings the message back when its lease has run out, and not hours later.
    let seconds = u32::try_from(span.as_secs()).unwrap_or(u32::MAX).max(1);
    let renewed = worker.records.renew(lease, span, OffsetDateTime::now_utc());
    let (renewed, hidden) = tokio::join!(renewed, worker.inbox.hide(&receipt.handle, seconds));
    renewed?;
    hidden?;
    note_progress(worker, lease, meter).await
}

/// Records how far the landing is, for whoever asks, and for whoever goes on with it.
async fn note_progress(worker: &Worker, lease: &Lease, meter: &LandingProgress) -> Result<(), Error> {
    let now = OffsetDateTime::now_utc();
    if let Some(checkpoint) = meter.unsaved_checkpoint() {
        worker.records.save_checkpoint(lease, &checkpoint, now).await?;
    }
    let transfer = meter.transfer();
    if transfer.bytes == 0 {
        return Ok(());
    }
    worker.records.apply_leased(lease, &Event::Transferred { transfer }, now).await.map(|_| ())
}

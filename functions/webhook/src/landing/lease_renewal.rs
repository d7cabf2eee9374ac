//! Renews the lease and hides the queue message while a landing runs. Stops the landing if the lease is lost, if the
//! invocation is about to end, or if the landing takes too long for the delivery queue.

use std::{convert::Infallible, time::Duration};

use job_store::Lease;
use model::{Error, ErrorClass, JobEvent};
use notifications::UnreachableServices;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::{landing_context::LandingClients, transfer::LandingProgress};
use crate::{notifications::workflow_heartbeat::send_heartbeat, queue_message::MessageReceipt};

/// The time reserved at the end of an invocation to store the progress.
const RESERVE: Duration = Duration::from_secs(3);
/// How long a stopped landing may take to abort what it has open.
const CLEAN_UP_TIMEOUT: Duration = Duration::from_millis(1500);

/// How a landing under a lease ended.
#[derive(Debug)]
pub(super) enum LeasedOutcome<T> {
    /// The landing is done.
    Done(T),
    /// The time is over, and another invocation continues the landing.
    OutOfTime,
}

/// The renewal of one lease.
#[derive(Debug, Clone, Copy)]
pub(super) struct LeaseRenewal<'a> {
    pub(super) clients: LandingClients<'a>,
    pub(super) lease: &'a Lease,
    pub(super) receipt: &'a MessageReceipt,
    pub(super) progress: &'a LandingProgress,
    /// Whether the lease was taken or renewed a moment ago.
    pub(super) is_lease_new: bool,
}

impl LeaseRenewal<'_> {
    /// Runs a landing while renewing its lease, hiding its message and storing its progress.
    pub(super) async fn run<T>(
        &self,
        landing: impl Future<Output = Result<T, Error>>,
    ) -> Result<LeasedOutcome<T>, Error> {
        tokio::pin!(landing);
        let end = tokio::time::sleep(self.time_left());
        // Concurrently: the transfer continues while a request to a slow queue or table is retried.
        let lost = tokio::select! {
            ended = &mut landing => {
                match ended {
                    // The next attempt continues here.
                    Err(_) => self.store_progress().await?,
                    // A landing that is done is not resumed, and its outcome contains the statistics. It has a checkpoint
                    // only if it gave up a file.
                    Ok(_) => self.store_checkpoint().await?,
                }
                return ended.map(LeasedOutcome::Done);
            }
            () = end => None,
            error = self.renew_until_lost() => Some(error),
            never = self.send_heartbeats() => match never {},
        };
        // The streams end with an error now, and the landing aborts what it has open.
        self.progress.stop();
        let _ = tokio::time::timeout(CLEAN_UP_TIMEOUT, landing).await;
        if let Some(error) = lost {
            return Err(error);
        }
        if self.receipt.is_long_landing() {
            self.progress.mark_out_of_time();
        }
        self.store_progress().await?;
        // A landing that cannot be resumed starts again, but with a whole invocation. That happens once.
        match self.progress.has_progressed() || !self.receipt.is_long_landing() {
            true => Ok(LeasedOutcome::OutOfTime),
            false => Err(self.progress.out_of_time_error()),
        }
    }

    /// How long the landing may run in this invocation.
    fn time_left(&self) -> Duration {
        let invocation = Duration::try_from(self.receipt.deadline - OffsetDateTime::now_utc());
        let invocation = invocation.unwrap_or(Duration::ZERO).saturating_sub(RESERVE);
        let moves_at = self.receipt.moves_at;
        moves_at.map_or(invocation, |at| invocation.min(at.saturating_duration_since(Instant::now())))
    }

    /// Renews the lease and the message three times per lease duration, until the lease is lost.
    async fn renew_until_lost(&self) -> Error {
        let period = self.clients.config.lease_duration / 3;
        let first = if self.is_lease_new { period } else { Duration::ZERO };
        let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + first, period);
        if self.is_lease_new {
            // Only the message: it is hidden for as long as an invocation lasts.
            if let Err(error) = self.hide_message().await {
                error.log("the message of a landing is not hidden for the time of its lease");
            }
        }
        loop {
            interval.tick().await;
            match self.renew().await {
                Err(error) if error.class == ErrorClass::LandingBusy => return error,
                // The lease outlasts two failed renewals, so a transient error does not stop the landing.
                Err(error) => error.log("a landing's lease or message was not renewed"),
                Ok(()) => {}
            }
        }
    }

    /// Sends heartbeats to the workflows that wait for the job.
    async fn send_heartbeats(&self) -> Infallible {
        let every = self.clients.config.heartbeat_interval;
        let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            if let Err(error) = self.send_heartbeat().await {
                error.log("the heartbeat for the workflows of a landing failed");
            }
        }
    }

    async fn send_heartbeat(&self) -> Result<(), Error> {
        let LandingClients { job_store, workflow_waiters, .. } = self.clients;
        // Read again each time: a workflow that retries may have started to wait a moment ago.
        match job_store.get(self.lease.job_id).await? {
            Some(job) if !job.notify_targets.waiters.is_empty() => {
                send_heartbeat(workflow_waiters, job_store, &job, &UnreachableServices::default()).await
            }
            _ => Ok(()),
        }
    }

    async fn renew(&self) -> Result<(), Error> {
        let LandingClients { config, job_store, .. } = self.clients;
        let renewed = job_store.renew_lease(self.lease, config.lease_duration, OffsetDateTime::now_utc());
        let (renewed, hidden) = tokio::join!(renewed, self.hide_message());
        renewed?;
        hidden?;
        self.store_progress().await
    }

    /// Hides the message for the duration of the lease. If this worker crashes, the message becomes visible when the lease
    /// expires, and not hours later.
    async fn hide_message(&self) -> Result<(), Error> {
        let seconds = u32::try_from(self.clients.config.lease_duration.as_secs()).unwrap_or(u32::MAX).max(1);
        self.receipt.message.change_visibility(seconds).await
    }

    /// Stores the progress, for status requests and for the invocation that resumes the landing.
    async fn store_progress(&self) -> Result<(), Error> {
        self.store_checkpoint().await?;
        let (job_store, now) = (self.clients.job_store, OffsetDateTime::now_utc());
        let transfer = self.progress.statistics();
        if transfer.bytes == 0 {
            return Ok(());
        }
        job_store
            .apply_event_under_lease(self.lease, &JobEvent::TransferProgressed { transfer }, now)
            .await
            .map(|_| ())
    }

    /// Stores the checkpoint, unless there is none or it is stored already.
    async fn store_checkpoint(&self) -> Result<(), Error> {
        match self.progress.take_unsaved_checkpoint() {
            Some(checkpoint) => {
                let now = OffsetDateTime::now_utc();
                self.clients.job_store.save_checkpoint(self.lease, &checkpoint, now).await
            }
            None => Ok(()),
        }
    }
}

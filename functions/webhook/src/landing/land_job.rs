//! Lands a job: acquires the lease, runs an attempt and stores its outcome.

use std::time::Duration;

use bucket::Bucket;
use job_store::{JobStore, Lease, LeaseOutcome, StoredJob};
use model::{Error, ErrorClass, Job, JobChange, JobEvent, JobId, JobStatus, TransferStatistics};
use queues::{DeliveryQueue, DeliveryQueueMessage, LongLandingQueue};
use runtime::{Segment, SegmentId, XrayDaemon};
use time::OffsetDateTime;

use super::{
    cancellation::{abort_uploads_of_cancelled_job, handle_lost_lease},
    landing_attempt::{LandingAttempt, LandingAttemptError},
    landing_context::LandingClients,
    lease_renewal::LeasedOutcome,
};
use crate::{
    clients::WorkerClients,
    notifications::job_notifier::JobNotifier,
    queue_message::{MessageFailure, MessageReceipt},
};

/// Lands jobs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Landing<'a> {
    job_store: &'a JobStore,
    bucket: &'a Bucket,
    delivery_queue: &'a DeliveryQueue,
    long_landing_queue: &'a LongLandingQueue,
    tracer: &'a XrayDaemon,
    lease_duration: Duration,
    notifier: JobNotifier<'a>,
    landing_clients: LandingClients<'a>,
}

impl<'a> Landing<'a> {
    pub(crate) fn new(clients: &'a WorkerClients) -> Self {
        Self {
            job_store: &clients.job_store,
            bucket: &clients.bucket,
            delivery_queue: &clients.delivery_queue,
            long_landing_queue: &clients.long_landing_queue,
            tracer: &clients.tracer,
            lease_duration: clients.config.lease_duration,
            notifier: JobNotifier::new(clients),
            landing_clients: LandingClients::new(clients),
        }
    }

    /// Lands a job if its files are ready and no other worker lands it. `known` is the job if this invocation has read or
    /// written it. `callback` is the trace segment of the delivery that reported the files.
    pub(crate) async fn land(
        &self,
        id: JobId,
        known: Option<&StoredJob>,
        receipt: &MessageReceipt,
        callback: Option<&SegmentId>,
    ) -> Result<(), MessageFailure> {
        let now = OffsetDateTime::now_utc();
        let acquired = self.job_store.acquire_lease(id, known, self.lease_duration, now).await?;
        let (lease, job, is_retry) = match acquired {
            LeaseOutcome::Acquired { lease, job, is_repeat } => (lease, job, is_repeat),
            // This may be the only message that is left of the job, so it must not be dropped.
            LeaseOutcome::HeldByAnother(wait) => {
                return Err(MessageFailure::lease_held_for(wait + Duration::from_millis(500)));
            }
            LeaseOutcome::NothingToLand(job) => {
                abort_uploads_of_cancelled_job(self.bucket, &job).await;
                self.notifier.notify(&job).await;
                return Ok(());
            }
        };
        runtime::record_provider(job.provider.as_str());
        let segment = Segment::start(job.trace.as_ref(), "Landfall landing").with_parent(callback);
        let clients = self.landing_clients;
        let attempt = LandingAttempt { clients, lease: &lease, receipt, is_retry };
        // Concurrently: the transfer need not wait until the targets are notified of the new status.
        // Boxed, since both together are larger than a small stack.
        let landing = Box::pin(attempt.run(&job));
        let ((), ended) = tokio::join!(Box::pin(self.notifier.notify(&job)), landing);
        let landed = match ended {
            Ok(LeasedOutcome::Done(event)) => self.store_outcome(&lease, event).await.map(Some),
            Ok(LeasedOutcome::OutOfTime) => self.queue_continuation(&lease).await.map(|()| None),
            Err(LandingAttemptError { error: lost, .. }) if lost.class == ErrorClass::LandingBusy => {
                Err(lost)
            }
            Err(stopped) if stopped.error.is_retryable() => Err(self.postpone(&lease, stopped).await),
            Err(LandingAttemptError { error, .. }) => {
                error.log("landing failed permanently");
                let error = error.to_job_error(OffsetDateTime::now_utc());
                let failed = JobEvent::LandingFailed { archive: None, transfer: None, error };
                self.store_outcome(&lease, failed).await.map(Some)
            }
        };
        self.send_segment(segment, id, landed.as_ref());
        match landed {
            Err(lost) if lost.class == ErrorClass::LandingBusy => {
                handle_lost_lease(self.job_store, self.bucket, id, lost).await
            }
            landed => landed.map(|_| ()).map_err(MessageFailure::from),
        }
    }

    /// Sends the trace segment of a landing.
    fn send_segment(&self, mut segment: Segment, id: JobId, landed: Result<&Option<Job>, &Error>) {
        segment.add_annotation("job_id", id.to_string());
        match landed {
            Ok(Some(job)) => {
                segment.add_annotation("status", job.status.as_str());
                segment.add_annotation("bytes", job.transfer.map_or(0, |transfer| transfer.bytes));
                segment.add_annotation("files", job.files_total);
            }
            Ok(None) => segment.add_annotation("status", "to be continued"),
            Err(error) => {
                segment.add_annotation("error", error.class.name());
                segment.mark_failed();
            }
        }
        self.tracer.send(segment);
    }

    /// Stores the event that ends the landing, and notifies the targets of the job.
    async fn store_outcome(&self, lease: &Lease, event: JobEvent) -> Result<Job, Error> {
        let now = OffsetDateTime::now_utc();
        let (job, change) = match self.job_store.apply_event_under_lease(lease, &event, now).await {
            Err(rejected) if rejected.class == ErrorClass::StorageRejected => {
                // The table would reject it every time. The error itself is short enough to be stored.
                rejected.log("the outcome of a landing cannot be stored");
                let (transfer, error) = (transfer_of(&event), rejected.to_job_error(now));
                let event = JobEvent::LandingFailed { archive: None, transfer, error };
                self.job_store.apply_event_under_lease(lease, &event, now).await?
            }
            applied => applied?,
        };
        if change == JobChange::StatusChanged
            && let Some(transfer) = &job.transfer
        {
            let (count, value) = (transfer.bytes, transfer.seconds);
            tracing::info!(metric = "BytesLanded", count, "bytes transferred");
            tracing::info!(metric = "LandingSeconds", value, "landing duration");
        }
        self.notifier.notify(&job).await;
        if job.status == JobStatus::Partial && job.poll_state.next_poll_at.is_some() {
            // The missing files of a short archive are named now. If the message is not sent, the sweep sends it.
            let message = DeliveryQueueMessage::Poll(job.id);
            if let Err(error) = self.delivery_queue.send(&message, 0).await {
                error.log("the missing files of a short archive are named by the next sweep");
            }
        }
        Ok(job)
    }

    /// Queues the rest of the landing for another invocation, before the message of this one is deleted. Long landings
    /// have a queue of their own, so that they do not occupy the workers that deliveries wait for. A crash between these
    /// steps leaves a message in at least one of the two queues, and the lease serializes two messages of one job.
    async fn queue_continuation(&self, lease: &Lease) -> Result<(), Error> {
        tracing::info!(metric = "LandingsContinued", count = 1, "landing continues in another invocation");
        self.job_store.release_lease(lease, OffsetDateTime::now_utc()).await?;
        self.long_landing_queue.send(lease.job_id).await
    }

    /// Stores the error on the job, and releases the lease so that the next attempt need not wait for its expiry.
    async fn postpone(&self, lease: &Lease, stopped: LandingAttemptError) -> Error {
        let LandingAttemptError { error, slow_attempt } = stopped;
        let now = OffsetDateTime::now_utc();
        let postponed = JobEvent::LandingPostponed { error: error.to_job_error(now), slow_attempt };
        if let Err(not_stored) = self.job_store.apply_event_under_lease(lease, &postponed, now).await {
            not_stored.log("the reason for postponing a landing is not stored");
        }
        if let Err(not_released) = self.job_store.release_lease(lease, now).await {
            not_released.log("a lease is not released and must expire");
        }
        error
    }
}

/// The statistics in the outcome of a landing.
fn transfer_of(outcome: &JobEvent) -> Option<TransferStatistics> {
    match outcome {
        JobEvent::Landed { transfer, .. }
        | JobEvent::LandedPartially { transfer, .. }
        | JobEvent::LandingFailed { transfer, .. } => *transfer,
        _ => None,
    }
}

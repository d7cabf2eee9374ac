//! Notifies the event bus, workflows and callers of the changes of a job, as soon as the change is stored.

use std::{
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use model::{Error, ErrorClass, Job, OutboxProgress};
use notifications::UnreachableServices;
use outbox::OutboxDispatcher;
use time::OffsetDateTime;

use crate::clients::WorkerClients;

/// The timeout for the event bus and for the caller webhook queue. Files and other jobs wait meanwhile.
const NOTIFY_TIMEOUT: Duration = Duration::from_millis(1500);
/// The delay until the sweep retries a notification that failed.
const RETRY_DELAY: time::Duration = time::Duration::seconds(60);
/// The longest delay until it retries a notification that only an operator can make succeed.
const MAX_DENIED_RETRY_DELAY: time::Duration = time::Duration::hours(1);

/// The targets that failed in this sweep. The remaining jobs of the sweep skip them.
#[derive(Debug, Default)]
pub(crate) struct UnreachableTargets {
    event_bus: AtomicBool,
    caller_webhook_queue: AtomicBool,
    pub(crate) workflows: UnreachableServices,
}

/// Dispatches the outbox of jobs to the targets of their notifications.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JobNotifier<'a> {
    outbox: OutboxDispatcher<'a>,
}

impl<'a> JobNotifier<'a> {
    pub(crate) fn new(clients: &'a WorkerClients) -> Self {
        let outbox = OutboxDispatcher {
            job_store: &clients.job_store,
            event_bus: clients.event_bus.as_ref(),
            workflow_notifier: &clients.workflow_waiters,
            caller_webhook_queue: &clients.caller_webhook_queue,
        };
        Self { outbox }
    }

    /// Notifies all targets of what is new about a job. The sweep retries those that fail.
    pub(crate) async fn notify(&self, job: &Job) {
        let (unreachable, now) = (UnreachableServices::default(), OffsetDateTime::now_utc());
        // Concurrently, and each target is recorded on its own: none waits for another.
        let (event_bus, workflows, caller) = tokio::join!(
            with_timeout(Box::pin(self.outbox.publish_events(job))),
            self.outbox.notify_workflows(job, &unreachable, now),
            with_timeout(Box::pin(self.outbox.queue_caller_webhooks(job)))
        );
        for error in [event_bus, workflows, caller].into_iter().filter_map(Result::err) {
            error.log("a notification of a job failed, the sweep retries it");
        }
    }

    /// Sends the notifications that a crash or an outage left in the outbox, to the targets that are reachable. `now` is the
    /// time that the sweep looks ahead to.
    pub(crate) async fn retry_pending(
        &self,
        job: &Job,
        unreachable: &UnreachableTargets,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let (event_bus, workflows, caller) = tokio::join!(
            unless_unreachable(
                &unreachable.event_bus,
                job,
                with_timeout(Box::pin(self.outbox.publish_events(job)))
            ),
            self.outbox.notify_workflows(job, &unreachable.workflows, now),
            unless_unreachable(
                &unreachable.caller_webhook_queue,
                job,
                with_timeout(Box::pin(self.outbox.queue_caller_webhooks(job)))
            )
        );
        let errors: Vec<Error> = [event_bus, workflows, caller].into_iter().filter_map(Result::err).collect();
        if errors.is_empty() {
            // Also when nothing was left to send.
            return self.outbox.job_store.mark_notified(job.id, OutboxProgress::default()).await;
        }
        for error in &errors {
            error.log("a notification of a job failed, the next sweep retries it");
        }
        // The job moves back in the due index, behind other jobs.
        let delay = retry_delay(&errors, now - job.updated_at);
        self.outbox.job_store.postpone_notifications(job.id, OffsetDateTime::now_utc() + delay).await
    }
}

/// The delay until the next attempt. If all targets wait for an operator, it doubles the time since the end of the job.
fn retry_delay(errors: &[Error], since_end: time::Duration) -> time::Duration {
    if errors.iter().all(|error| error.class == ErrorClass::StorageRejected) {
        return since_end.clamp(RETRY_DELAY, MAX_DENIED_RETRY_DELAY);
    }
    RETRY_DELAY
}

/// Notifies a target, unless it failed before in this sweep.
async fn unless_unreachable(
    unreachable: &AtomicBool,
    job: &Job,
    notification: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    if unreachable.load(Ordering::Relaxed) && !job.outbox.events.is_empty() {
        return Err(timeout_error());
    }
    let notified = notification.await;
    if notified.is_err() {
        unreachable.store(true, Ordering::Relaxed);
    }
    notified
}

/// Limits the time of a notification. The future is boxed: the clients' futures are large, and the future of a
/// landing need not hold them.
async fn with_timeout(notification: Pin<Box<impl Future<Output = Result<(), Error>>>>) -> Result<(), Error> {
    tokio::time::timeout(NOTIFY_TIMEOUT, notification).await.unwrap_or_else(|_| Err(timeout_error()))
}

fn timeout_error() -> Error {
    Error::new(ErrorClass::StorageUnavailable, "the target of a notification did not respond in time")
        .with_retry_after(5)
}

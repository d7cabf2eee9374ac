//! Records the outcome of a submission on its job, and then notifies the job's targets.

use std::time::Duration;

use job_store::{JobStore, StoredJob};
use model::{Error, Job, JobEvent, JobId};
use provider_client::time_until;
use time::OffsetDateTime;

use crate::{clients::Clients, submission::notify_targets::JobNotifier};

/// The shortest timeout of a write to the table.
const MIN_RECORD_TIME: Duration = Duration::from_millis(500);

/// Records events on jobs within one invocation.
#[derive(Clone, Copy)]
pub(crate) struct OutcomeRecorder<'a> {
    job_store: &'a JobStore,
    notifier: JobNotifier<'a>,
    deadline: OffsetDateTime,
}

impl<'a> OutcomeRecorder<'a> {
    pub(crate) fn new(clients: &'a Clients, deadline: OffsetDateTime) -> Self {
        Self { job_store: &clients.job_store, notifier: JobNotifier::new(clients, deadline), deadline }
    }

    /// Records an event after a request to the provider, notifies the targets, and returns the changed job.
    ///
    /// A failed write is no error: the provider has received the request, so an error would make the caller send a
    /// second one. The callback corrects the record.
    pub(crate) async fn record(&self, mut job: Job, event: JobEvent) -> Job {
        let now = OffsetDateTime::now_utc();
        let applied = async { Ok(self.job_store.apply_event(job.id, &event, now).await?.0) };
        match self.finish(job.id, applied).await {
            Some(job) => job,
            None => {
                job.apply(event, now);
                job
            }
        }
    }

    /// The same for a job that this invocation has read or written before.
    pub(crate) async fn record_on(&self, stored: StoredJob, event: JobEvent) -> Job {
        let now = OffsetDateTime::now_utc();
        let applied = async {
            let (job, _) = self.job_store.apply_event_to(&stored, &event, now).await?;
            Ok(job.into_job())
        };
        match self.finish(stored.id, applied).await {
            Some(job) => job,
            None => {
                let mut job = stored.into_job();
                job.apply(event, now);
                job
            }
        }
    }

    /// Waits for the write and notifies the targets. Returns none if the write failed.
    async fn finish(&self, id: JobId, applied: impl Future<Output = Result<Job, Error>>) -> Option<Job> {
        match tokio::time::timeout(self.time_to_record(), applied).await {
            Ok(Ok(job)) => {
                self.notifier.notify_targets(&job).await;
                return Some(job);
            }
            Ok(Err(error)) => error.log("the outcome of a submission is not recorded"),
            Err(_) => {
                tracing::error!(job_id = %id, "the outcome of a submission is not recorded in time")
            }
        }
        None
    }

    /// The timeout of a write: half of the time left, so that the other half remains for the response.
    pub(crate) fn time_to_record(&self) -> Duration {
        (time_until(self.deadline) / 2).max(MIN_RECORD_TIME)
    }
}

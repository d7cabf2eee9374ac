//! Synchronous jobs: the provider does the work within the submit request. Landfall lands the files, and the caller
//! waits for them as long as the invocation permits. If the response may take longer than a caller can wait, the queue
//! submits the job, and the caller waits for that.

use std::time::Duration;

use bytes::Bytes;
use job_store::JobStore;
use model::{Error, Job, JobEvent, JobStatus};
use provider_client::time_until;
use providers::SynchronousResult;
use queues::{DeliveryBody, DeliveryQueue, DeliveryQueueMessage, DeliveryRoute, QueuedDelivery};
use time::OffsetDateTime;

use crate::{clients::Clients, submission::record_outcome::OutcomeRecorder};

/// The interval at which a landing job is read.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The time of the invocation that is reserved for the response.
const RESPONSE_TIME: Duration = Duration::from_secs(2);

/// A synchronous job whose result is recorded.
pub(crate) struct SynchronousJob {
    pub(crate) job: Job,
    /// Whether the result is on the delivery queue, so that the worker lands its files now.
    pub(crate) is_queued: bool,
}

/// Records the results of synchronous jobs and waits for their files.
pub(crate) struct SynchronousJobs<'a> {
    job_store: &'a JobStore,
    delivery_queue: &'a DeliveryQueue,
    recorder: OutcomeRecorder<'a>,
    deadline: OffsetDateTime,
}

impl<'a> SynchronousJobs<'a> {
    pub(crate) fn new(clients: &'a Clients, recorder: OutcomeRecorder<'a>, deadline: OffsetDateTime) -> Self {
        Self { job_store: &clients.job_store, delivery_queue: &clients.delivery_queue, recorder, deadline }
    }

    /// Records that the provider accepted the work, if it named an id for it, and its result.
    pub(crate) async fn record_result(
        &self,
        job: Job,
        accepted: Option<JobEvent>,
        result: SynchronousResult,
    ) -> SynchronousJob {
        match result {
            SynchronousResult::Json(result) => {
                let job = self.record_if_any(job, accepted).await;
                let job = self.recorder.record(job, JobEvent::ResultReturned { result }).await;
                SynchronousJob { job, is_queued: false }
            }
            SynchronousResult::Files(body) => {
                // The queue comes first: only this response names the files, and the worker lands them from the
                // message.
                let queued = self.queue_delivery(&job, body.clone()).await;
                let job = self.record_if_any(job, accepted).await;
                match queued {
                    Ok(()) => SynchronousJob { job, is_queued: true },
                    Err(error) => {
                        let job = self.record_delivery(job, &body, error).await;
                        SynchronousJob { job, is_queued: false }
                    }
                }
            }
        }
    }

    async fn record_if_any(&self, job: Job, event: Option<JobEvent>) -> Job {
        match event {
            Some(event) => self.recorder.record(job, event).await,
            None => job,
        }
    }

    /// Sends the provider's response to the delivery queue, where the worker reads it.
    async fn queue_delivery(&self, job: &Job, body: Bytes) -> Result<(), Error> {
        let message = QueuedDelivery {
            provider: job.provider.clone(),
            route: DeliveryRoute::SubmitResponse(job.id),
            received_at: OffsetDateTime::now_utc(),
            delivery_id: None,
            body: DeliveryBody::from_bytes(&body),
            lookup_attempts: 0,
        };
        self.delivery_queue.send(&DeliveryQueueMessage::Delivery(message), 0).await
    }

    /// Records a result that could not be queued in the job's record, where the sweep finds it.
    async fn record_delivery(&self, job: Job, body: &[u8], error: Error) -> Job {
        error.log("a result with files is not queued; the sweep lands the files");
        let provider = providers::find_provider(job.provider.as_str());
        let report = provider.and_then(|provider| provider.read_submit_response(body).ok());
        self.record_if_any(job, report.and_then(|report| report.event)).await
    }

    /// Waits for a job that the queue submits.
    ///
    /// # Errors
    /// The error with which the provider rejected the submission.
    pub(crate) async fn wait_for_queued_job(&self, job: Job) -> Result<Job, Error> {
        let job = self.wait_for_end(job).await;
        match job.submission_error() {
            Some(rejection) => Err(rejection.to_error().with_job(job.id)),
            None => Ok(job),
        }
    }

    /// Waits until the job has ended or no time is left, and returns the job as it is then.
    pub(crate) async fn wait_for_end(&self, mut job: Job) -> Job {
        while !job.status.is_final() && time_until(self.deadline) > RESPONSE_TIME {
            tokio::time::sleep(POLL_INTERVAL).await;
            match tokio::time::timeout(time_until(self.deadline), self.job_store.get(job.id)).await {
                Ok(Ok(Some(newer))) => job = newer,
                Ok(Ok(None)) | Err(_) => break,
                Ok(Err(error)) => error.log("a landing job cannot be read"),
            }
            if is_delayed(&job) {
                break;
            }
        }
        job
    }
}

/// Whether the submission or the landing failed temporarily, or the outcome of the submission is unknown. The caller need
/// not wait for what happens later.
fn is_delayed(job: &Job) -> bool {
    match job.status {
        JobStatus::Unknown => true,
        JobStatus::Waiting | JobStatus::Landing => job.error.is_some(),
        _ => false,
    }
}

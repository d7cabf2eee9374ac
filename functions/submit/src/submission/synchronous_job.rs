//! Work that the provider did at once: its files are landed, and the caller waits for them as long as it can.

use std::time::Duration;

use bytes::Bytes;
use model::{Error, Event, Job, Status};
use provider_client::time_left;
use providers::SynchronousResult;
use queues::{DeliveryBody, DeliveryQueueMessage, DeliveryRoute, QueuedDelivery};
use time::OffsetDateTime;

use crate::{App, submission::submit_attempt::RESERVE};

/// How often a job is looked at whose files are landing.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Work that is done, as far as it is recorded.
pub(crate) struct SynchronousJob {
    pub(crate) job: Job,
    /// Whether the worker was told of its files.
    pub(crate) handed_over: bool,
}

impl App {
    /// Records what came of a job that is done.
    pub(crate) async fn done(
        &self,
        job: Job,
        accepted: Event,
        outcome: SynchronousResult,
        deadline: OffsetDateTime,
    ) -> SynchronousJob {
        match outcome {
            SynchronousResult::Answer(result) => {
                let job = self.record(job, accepted, deadline).await;
                let job = self.record(job, Event::Answered { result }, deadline).await;
                SynchronousJob { job, handed_over: false }
            }
            SynchronousResult::Delivery(body) => {
                // The queue first: it is the only one who knows the files, and its worker lands them.
                let queued = self.deliver(&job, body.clone()).await;
                let job = self.record(job, accepted, deadline).await;
                match queued {
                    Ok(()) => SynchronousJob { job, handed_over: true },
                    Err(error) => {
                        let job = self.remember(job, &body, error, deadline).await;
                        SynchronousJob { job, handed_over: false }
                    }
                }
            }
        }
    }

    /// Hands an answer to the worker as if the provider had delivered it.
    async fn deliver(&self, job: &Job, body: Bytes) -> Result<(), Error> {
        let message = QueuedDelivery {
            provider: job.provider.clone(),
            route: DeliveryRoute::Callback(job.id),
            received_at: OffsetDateTime::now_utc(),
            delivery_id: None,
            body: DeliveryBody::inline(&body),
            looked_up: 0,
        };
        self.inbox.send(&DeliveryQueueMessage::Delivery(message), 0).await
    }

    /// Keeps what the queue did not take in the job's record, where the sweep finds it.
    async fn remember(&self, job: Job, body: &[u8], error: Error, deadline: OffsetDateTime) -> Job {
        error.log("files that are ready are not queued; the sweep lands them");
        let provider = providers::find(job.provider.as_str());
        let report = provider.and_then(|provider| provider.read_delivery(body).ok());
        match report.and_then(|report| report.event) {
            Some(event) => self.record(job, event, deadline).await,
            None => job,
        }
    }

    /// The job once its files are in the bucket, or as it is when there is no time left to wait.
    pub(crate) async fn landed(&self, mut job: Job, deadline: OffsetDateTime) -> Job {
        while !job.status.is_final() && time_left(deadline) > RESERVE {
            tokio::time::sleep(POLL_INTERVAL).await;
            match tokio::time::timeout(time_left(deadline), self.records.get(job.id)).await {
                Ok(Ok(Some(newer))) => job = newer,
                Ok(Ok(None)) | Err(_) => break,
                Ok(Err(error)) => error.log("a job that is landing cannot be looked at"),
            }
            if job.status == Status::Landing && job.error.is_some() {
                // Passing trouble; the caller need not wait for its end.
                break;
            }
        }
        job
    }
}

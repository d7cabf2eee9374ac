//! Use cases: show a job, cancel it, and hand a delivery of it to the worker again.

use job_store::LoggedDelivery;
use model::{Change, DeliveryView, Error, ErrorClass, Event, Job, JobId, Status};
use queues::{DeliveryBody, DeliveryQueueMessage, DeliveryRoute, QueuedDelivery};
use time::OffsetDateTime;

use crate::App;

/// How many deliveries are shown with a job.
const MAX_DELIVERIES: i32 = 50;

impl App {
    /// Reads a job as it is now.
    pub(crate) async fn job(&self, id: JobId) -> Result<Job, Error> {
        self.records.get(id).await?.ok_or_else(no_such_job)
    }

    /// Shows a job and what was delivered for it.
    pub(crate) async fn whole(&self, id: JobId) -> Result<(Job, Vec<DeliveryView>), Error> {
        let now = OffsetDateTime::now_utc();
        let (job, deliveries) =
            tokio::try_join!(self.job(id), self.records.deliveries(id, MAX_DELIVERIES, now))?;
        Ok((job, deliveries.iter().map(LoggedDelivery::view).collect()))
    }

    /// Cancels a job. What the provider has been asked for it goes on with; nothing of it is brought in any more. The
    /// record is all that has to change: whoever waits for a turn, lands files or wants the job's place looks there.
    pub(crate) async fn cancel(&self, id: JobId, deadline: OffsetDateTime) -> Result<Job, Error> {
        let cancelled = self.records.apply(id, &Event::Cancelled, OffsetDateTime::now_utc()).await;
        let (job, change) = cancelled.map_err(|error| match error.class {
            ErrorClass::NotFound => no_such_job(),
            _ => error,
        })?;
        if change == Change::Moved {
            tracing::info!(job_id = %id, "job cancelled");
            self.tell(&job, deadline).await;
        }
        match job.status {
            Status::Cancelled => Ok(job),
            status => Err(conflict(
                &job,
                format!("the job is {status}; only what is not at its end can be cancelled"),
            )),
        }
    }

    /// Puts a delivery on the queue again, as it came.
    pub(crate) async fn replay(&self, id: JobId, delivery: Option<&str>) -> Result<Job, Error> {
        let (job, now) = (self.job(id).await?, OffsetDateTime::now_utc());
        if job.status == Status::Cancelled {
            return Err(conflict(&job, "the job is cancelled; deliveries change nothing about it any more"));
        }
        let kept = match delivery {
            Some(delivery) => self.records.delivery(id, delivery, now).await?,
            None => self.records.deliveries(id, 1, now).await?.pop(),
        };
        let kept =
            kept.ok_or_else(|| Error::new(ErrorClass::NotFound, "there is no such delivery of this job"))?;
        let body = body(&kept).ok_or_else(|| {
            conflict(&job, "the body of this delivery is not kept, so it cannot be replayed")
        })?;
        // With the time and the id that it had, it is no other delivery, and is not recorded twice.
        let message = QueuedDelivery {
            provider: job.provider.clone(),
            route: DeliveryRoute::Callback(id),
            received_at: kept.received_at,
            delivery_id: Some(kept.own_id),
            body,
            looked_up: 0,
        };
        self.inbox.send(&DeliveryQueueMessage::Delivery(message), 0).await?;
        tracing::info!(metric = "DeliveriesReplayed", count = 1, job_id = %id, "a delivery is queued again");
        Ok(job)
    }
}

/// A body as the queue carries it.
fn body(kept: &LoggedDelivery) -> Option<DeliveryBody> {
    match (&kept.body, &kept.body_key) {
        (Some(text), _) if text.len() <= DeliveryBody::MAX_INLINE_BYTES => {
            Some(DeliveryBody::Text(text.clone()))
        }
        (_, Some(key)) => Some(DeliveryBody::Stored(key.clone())),
        (_, None) => None,
    }
}

fn no_such_job() -> Error {
    Error::new(ErrorClass::NotFound, "there is no such job")
}

/// What cannot be done with a job, where it stands.
pub(crate) fn conflict(job: &Job, message: impl Into<String>) -> Error {
    Error::new(ErrorClass::JobConflict, message).about(job.id)
}

//! Use case: replay a delivery, which sends a logged delivery to the delivery queue again.

use job_store::{DeliveryLogEntry, JobStore};
use model::{Error, ErrorClass, Job, JobId, JobStatus};
use queues::{DeliveryBody, DeliveryQueue, DeliveryQueueMessage, DeliveryRoute, QueuedDelivery};
use time::OffsetDateTime;

use crate::jobs::{errors::job_conflict, get_job::get_job};

/// Sends a delivery of the job to the delivery queue again, unchanged: the one with this id, or the newest one.
pub(crate) async fn replay_delivery(
    job_store: &JobStore,
    delivery_queue: &DeliveryQueue,
    id: JobId,
    delivery_id: Option<&str>,
) -> Result<Job, Error> {
    let (job, now) = (get_job(job_store, id).await?, OffsetDateTime::now_utc());
    if job.status == JobStatus::Cancelled {
        return Err(job_conflict(&job, "the job is cancelled; a delivery no longer changes it"));
    }
    let delivery = match delivery_id {
        Some(delivery_id) => job_store.get_delivery(id, delivery_id, now).await?,
        None => job_store.list_deliveries(id, 1, now).await?.pop(),
    };
    let delivery =
        delivery.ok_or_else(|| Error::new(ErrorClass::NotFound, "there is no such delivery of this job"))?;
    let body = queue_body(&delivery).ok_or_else(|| {
        job_conflict(&job, "the body of this delivery is not stored, so the delivery cannot be replayed")
    })?;
    // Synchronous work has no callback: what is logged with its job is the response to its submission.
    let provider = providers::find_provider(job.provider.as_str());
    let route = match provider.is_some_and(|provider| provider.is_synchronous(&job.kind)) {
        true => DeliveryRoute::SubmitResponse(id),
        false => DeliveryRoute::Callback(id),
    };
    // The original time and id identify the delivery, so that the worker does not log it a second time.
    let message = QueuedDelivery {
        provider: job.provider.clone(),
        route,
        received_at: delivery.received_at,
        delivery_id: Some(delivery.provider_delivery_id),
        body,
        lookup_attempts: 0,
    };
    delivery_queue.send(&DeliveryQueueMessage::Delivery(message), 0).await?;
    tracing::info!(metric = "DeliveriesReplayed", count = 1, job_id = %id, "delivery replayed");
    Ok(job)
}

/// The body for the queue message: inline if it fits, else the key of the stored object.
fn queue_body(delivery: &DeliveryLogEntry) -> Option<DeliveryBody> {
    match (&delivery.body, &delivery.body_key) {
        (Some(text), _) if text.len() <= DeliveryBody::MAX_INLINE_BYTES => {
            Some(DeliveryBody::Text(text.clone()))
        }
        (_, Some(key)) => Some(DeliveryBody::S3Key(key.clone())),
        (_, None) => None,
    }
}

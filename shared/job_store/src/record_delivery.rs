//! What providers delivered, kept beside the job it was for.

use model::{Error, JobId, ProviderName};
use time::OffsetDateTime;

use crate::{JobStore, errors::refused, item::Writer};

/// How long a delivery is kept, in seconds: 30 days.
const TTL_SECONDS: i64 = 30 * 24 * 3600;

/// A delivery as it came.
#[derive(Debug, Clone)]
pub struct DeliveryRecord<'a> {
    /// When our receiver received it.
    pub received_at: OffsetDateTime,
    /// What tells it from others received in the same moment: the provider's id of it, or the queue's.
    pub id: &'a str,
    /// The provider's name for the event.
    pub name: &'a str,
    /// The body, when it is short enough for an item.
    pub body: Option<&'a str>,
    /// Where the body lies in S3, when it is not.
    pub body_key: Option<&'a str>,
    /// Why it cannot be used.
    pub problem: Option<&'a str>,
}

impl JobStore {
    /// Records a delivery. Recording the same one again changes nothing.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn record_delivery(&self, job: JobId, delivery: &DeliveryRecord<'_>) -> Result<(), Error> {
        self.record_under(&job.to_string(), delivery).await
    }

    /// Records a delivery that is about no job, by provider and day.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn record_workspace_delivery(
        &self,
        provider: &ProviderName,
        delivery: &DeliveryRecord<'_>,
    ) -> Result<(), Error> {
        self.record_under(&format!("WORKSPACE#{provider}#{}", delivery.received_at.date()), delivery).await
    }

    async fn record_under(&self, pk: &str, delivery: &DeliveryRecord<'_>) -> Result<(), Error> {
        let milliseconds = delivery.received_at.unix_timestamp_nanos() / 1_000_000;
        let item = Writer::key(pk, format!("DELIVERY#{milliseconds:015}#{}", delivery.id))
            .time("received_at", delivery.received_at)
            .text("name", delivery.name)
            .maybe("body", delivery.body)
            .maybe("body_key", delivery.body_key)
            .maybe("problem", delivery.problem)
            .number("ttl", delivery.received_at.unix_timestamp() + TTL_SECONDS);
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item.done()));
        match put.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(()),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(())
            }
            Err(e) => Err(refused("record the delivery", e)),
        }
    }
}

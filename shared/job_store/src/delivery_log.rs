//! The log of a job's deliveries: each request of a provider, stored beside the job that it was for.

use model::{DeliveryView, Error, JobId, ProviderName};
use time::OffsetDateTime;

use crate::{
    errors::storage_error,
    item_attributes::{Item, ItemReader, ItemWriter, text_value, unreadable},
    table::{Table, put_if},
};

const PREFIX: &str = "DELIVERY#";

/// How long a delivery is stored, in seconds: 30 days.
const TTL_SECONDS: i64 = 30 * 24 * 3600;

/// A delivery to write to the log.
#[derive(Debug, Clone)]
pub struct NewDeliveryLogEntry<'a> {
    /// When the receiver received it.
    pub received_at: OffsetDateTime,
    /// The provider's id of the delivery, or the queue's. It distinguishes deliveries of the same moment.
    pub id: &'a str,
    /// The provider's name for the event.
    pub name: &'a str,
    /// The body, when it is short enough for an item.
    pub body: Option<&'a str>,
    /// The S3 key of the body, when it is not.
    pub body_key: Option<&'a str>,
    /// Why the delivery cannot be used.
    pub problem: Option<&'a str>,
}

/// A delivery that was read from the log.
#[derive(Clone, PartialEq, Eq)]
pub struct DeliveryLogEntry {
    /// The id of this delivery in the API. Unlike the provider's id it is unique among repeated attempts.
    pub id: String,
    /// The provider's id of the delivery, or the queue's.
    pub provider_delivery_id: String,
    /// When the receiver received it.
    pub received_at: OffsetDateTime,
    /// The provider's name for the event.
    pub name: String,
    /// The body, when it was short enough for an item.
    pub body: Option<String>,
    /// The S3 key of the body, when it was not.
    pub body_key: Option<String>,
    /// Why the delivery cannot be used.
    pub problem: Option<String>,
}

impl std::fmt::Debug for DeliveryLogEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The body names files by URLs that may be pre-signed.
        f.debug_struct("DeliveryLogEntry").field("id", &self.id).field("name", &self.name).finish()
    }
}

impl DeliveryLogEntry {
    /// The delivery as the API shows it.
    pub fn to_view(&self) -> DeliveryView {
        DeliveryView {
            id: self.id.clone(),
            name: self.name.clone(),
            received_at: self.received_at,
            replayable: self.body.is_some() || self.body_key.is_some(),
            problem: self.problem.clone(),
        }
    }

    fn from_item(item: &Item) -> Result<Self, Error> {
        let reader = ItemReader(item);
        let (milliseconds, own_id) = (reader.text("sk")?.strip_prefix(PREFIX))
            .and_then(|rest| rest.split_once('#'))
            .ok_or_else(|| unreadable("sk"))?;
        Ok(Self {
            id: format!("{milliseconds}-{own_id}"),
            provider_delivery_id: own_id.to_owned(),
            received_at: reader.time("received_at")?,
            name: reader.text("name")?.to_owned(),
            body: reader.maybe_text("body").map(str::to_owned),
            body_key: reader.maybe_text("body_key").map(str::to_owned),
            problem: reader.maybe_text("problem").map(str::to_owned),
        })
    }
}

/// The partition key of deliveries that are about no job: the provider and the day.
pub(crate) fn workspace_partition(provider: &ProviderName, delivery: &NewDeliveryLogEntry<'_>) -> String {
    format!("WORKSPACE#{provider}#{}", delivery.received_at.date())
}

/// Writes a delivery, unless it is there.
pub(crate) async fn record_delivery(
    table: &Table,
    partition: &str,
    delivery: &NewDeliveryLogEntry<'_>,
) -> Result<(), Error> {
    let milliseconds = delivery.received_at.unix_timestamp_nanos() / 1_000_000;
    let item = ItemWriter::key(partition, format!("{PREFIX}{milliseconds:015}#{}", delivery.id))
        .time("received_at", delivery.received_at)
        .text("name", delivery.name)
        .maybe_text("body", delivery.body)
        .maybe_text("body_key", delivery.body_key)
        .maybe_text("problem", delivery.problem)
        .number("ttl", delivery.received_at.unix_timestamp() + TTL_SECONDS);
    let put = table.put_item(item.finish()).condition_expression("attribute_not_exists(pk)");
    put_if(put, "record the delivery").await.map(drop)
}

/// Lists the latest deliveries of a job, newest first.
pub(crate) async fn list_deliveries(
    table: &Table,
    job: JobId,
    limit: i32,
    now: OffsetDateTime,
) -> Result<Vec<DeliveryLogEntry>, Error> {
    let query = (table.query())
        .consistent_read(true)
        .key_condition_expression("pk = :job AND begins_with(sk, :prefix)")
        .expression_attribute_values(":job", text_value(job.to_string()))
        .expression_attribute_values(":prefix", text_value(PREFIX))
        .scan_index_forward(false)
        .limit(limit);
    let output = query.send().await.map_err(|e| storage_error("answer", e))?;
    output.items().iter().filter(|item| !is_expired(item, now)).map(DeliveryLogEntry::from_item).collect()
}

/// Reads a delivery of a job by its [`DeliveryLogEntry::id`].
pub(crate) async fn get_delivery(
    table: &Table,
    job: JobId,
    id: &str,
    now: OffsetDateTime,
) -> Result<Option<DeliveryLogEntry>, Error> {
    let Some((milliseconds, own_id)) =
        id.split_once('-').filter(|(time, own)| !time.is_empty() && !own.is_empty())
    else {
        return Ok(None);
    };
    let key = ItemWriter::key(job.to_string(), format!("{PREFIX}{milliseconds}#{own_id}"));
    let item = table.get_item(key).await?;
    item.filter(|item| !is_expired(item, now)).map(|item| DeliveryLogEntry::from_item(&item)).transpose()
}

/// DynamoDB deletes expired items late, sometimes by days.
fn is_expired(item: &Item, now: OffsetDateTime) -> bool {
    ItemReader(item).maybe_number("ttl").is_some_and(|ttl: i64| ttl <= now.unix_timestamp())
}

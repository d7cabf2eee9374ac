//! Reading back what providers delivered for a job.

use aws_sdk_dynamodb::types::AttributeValue;
use model::{DeliveryView, Error, JobId};
use time::OffsetDateTime;

use crate::{
    JobStore,
    errors::refused,
    item::{Item, Reader, Writer, unreadable},
};

const PREFIX: &str = "DELIVERY#";

/// A delivery that is recorded beside its job.
#[derive(Clone, PartialEq, Eq)]
pub struct LoggedDelivery {
    /// What a caller calls it: unlike the provider's own id it is never shared with another attempt.
    pub id: String,
    /// The provider's id of it, or the queue's.
    pub own_id: String,
    /// When our receiver received it.
    pub received_at: OffsetDateTime,
    /// The provider's name for the event.
    pub name: String,
    /// The body, when it was short enough for an item.
    pub body: Option<String>,
    /// Where the body lies in S3, when it was not.
    pub body_key: Option<String>,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

impl std::fmt::Debug for LoggedDelivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The body names files by URLs that may be pre-signed.
        f.debug_struct("LoggedDelivery").field("id", &self.id).field("name", &self.name).finish()
    }
}

impl LoggedDelivery {
    /// What a caller may read of it.
    pub fn view(&self) -> DeliveryView {
        DeliveryView {
            id: self.id.clone(),
            name: self.name.clone(),
            received_at: self.received_at,
            replayable: self.body.is_some() || self.body_key.is_some(),
            problem: self.problem.clone(),
        }
    }

    fn read(item: &Item) -> Result<Self, Error> {
        let reader = Reader(item);
        let (moment, own_id) = (reader.text("sk")?.strip_prefix(PREFIX))
            .and_then(|rest| rest.split_once('#'))
            .ok_or_else(|| unreadable("sk"))?;
        Ok(Self {
            id: format!("{moment}-{own_id}"),
            own_id: own_id.to_owned(),
            received_at: reader.time("received_at")?,
            name: reader.text("name")?.to_owned(),
            body: reader.maybe("body").map(str::to_owned),
            body_key: reader.maybe("body_key").map(str::to_owned),
            problem: reader.maybe("problem").map(str::to_owned),
        })
    }
}

impl JobStore {
    /// The latest deliveries of a job, newest first, at most `most` of them and 1 MB: what DynamoDB gives at once.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`], or [`model::ErrorClass::Internal`] for a damaged record.
    pub async fn deliveries(
        &self,
        job: JobId,
        most: i32,
        now: OffsetDateTime,
    ) -> Result<Vec<LoggedDelivery>, Error> {
        let query = (self.client.query().table_name(&self.table))
            .key_condition_expression("pk = :job AND begins_with(sk, :prefix)")
            .expression_attribute_values(":job", AttributeValue::S(job.to_string()))
            .expression_attribute_values(":prefix", AttributeValue::S(PREFIX.into()))
            .scan_index_forward(false)
            .limit(most);
        let found = query.send().await.map_err(|e| refused("answer", e))?;
        found.items().iter().filter(|item| is_kept(item, now)).map(LoggedDelivery::read).collect()
    }

    /// A delivery of a job by the id that [`LoggedDelivery::id`] gave it.
    ///
    /// # Errors
    /// As [`JobStore::deliveries`].
    pub async fn delivery(
        &self,
        job: JobId,
        id: &str,
        now: OffsetDateTime,
    ) -> Result<Option<LoggedDelivery>, Error> {
        let Some((moment, own_id)) =
            id.split_once('-').filter(|(moment, own)| !moment.is_empty() && !own.is_empty())
        else {
            return Ok(None);
        };
        let item = self.read(Writer::key(job.to_string(), format!("{PREFIX}{moment}#{own_id}"))).await?;
        item.filter(|item| is_kept(item, now)).map(|item| LoggedDelivery::read(&item)).transpose()
    }
}

/// Expiry deletes late, by days at times.
fn is_kept(item: &Item, now: OffsetDateTime) -> bool {
    Reader(item).maybe_number("ttl").is_none_or(|ttl: i64| ttl > now.unix_timestamp())
}

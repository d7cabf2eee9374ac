//! Jobs that somebody has to look after, found by the time at which they are due and never by a scan.

use aws_sdk_dynamodb::types::AttributeValue;
use model::{Fault, JobId};
use time::OffsetDateTime;

use crate::{
    Records,
    item::Reader,
    job_item::{DUE_SHARDS, due_time},
    trouble::refused,
};

impl Records {
    /// The jobs that have been due longest, of each partition of the index at most `each`. The index lags behind the
    /// table by moments, so a job may be among them that was just looked after.
    ///
    /// # Errors
    /// [`model::FaultClass::StorageUnavailable`].
    pub async fn due(&self, until: OffsetDateTime, each: i32) -> Result<Vec<JobId>, Fault> {
        let until = due_time(until)?;
        let mut jobs = vec![];
        for shard in 0..DUE_SHARDS {
            let query = (self.client.query().table_name(&self.table).index_name("due"))
                .key_condition_expression("due_shard = :shard AND due_at <= :until")
                .expression_attribute_values(":shard", AttributeValue::S(shard.to_string()))
                .expression_attribute_values(":until", AttributeValue::S(until.clone()))
                .limit(each);
            let found = query.send().await.map_err(|e| refused("answer", e))?;
            for item in found.items() {
                jobs.push(Reader(item).parsed("pk")?);
            }
        }
        Ok(jobs)
    }

    /// How long the oldest of them has been due: what an operator watches.
    ///
    /// # Errors
    /// [`model::FaultClass::StorageUnavailable`].
    pub async fn oldest_due(&self, now: OffsetDateTime) -> Result<Option<time::Duration>, Fault> {
        let mut oldest = None;
        for id in self.due(now, 1).await? {
            let due = self.get(id).await?.and_then(|job| job.due());
            oldest = oldest.max(due.map(|at| now - at));
        }
        Ok(oldest)
    }
}

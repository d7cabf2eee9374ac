//! Jobs that somebody has to look after, found by the time at which they are due and never by a scan.

use aws_sdk_dynamodb::types::AttributeValue;
use model::{Error, JobId};
use time::OffsetDateTime;

use crate::{
    JobStore,
    errors::refused,
    item::Reader,
    job_item::{DUE_SHARDS, due_time},
};

/// The most jobs that are read to find one that is not at its end.
const MAX_READ: usize = 50;

impl JobStore {
    /// The jobs that have been due longest, of each partition of the index at most `each`. The index lags behind the
    /// table by moments, so a job may be among them that was just looked after.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn due(&self, until: OffsetDateTime, each: i32) -> Result<Vec<JobId>, Error> {
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

    /// The oldest job that is not at its end, as far as the index knows: of each partition it looks at one page, some
    /// 5,000 jobs, those that are due first.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn oldest_active(&self) -> Result<Option<JobId>, Error> {
        let mut jobs: Vec<JobId> = vec![];
        for shard in 0..DUE_SHARDS {
            let query = (self.client.query().table_name(&self.table).index_name("due"))
                .key_condition_expression("due_shard = :shard")
                .expression_attribute_values(":shard", AttributeValue::S(shard.to_string()));
            let found = query.send().await.map_err(|e| refused("answer", e))?;
            for item in found.items() {
                jobs.push(Reader(item).parsed("pk")?);
            }
        }
        jobs.sort_by_key(|id| id.created_at());
        for id in jobs.into_iter().take(MAX_READ) {
            // Also in the index is whatever others are still to be told of, at its end or not.
            if self.get(id).await?.is_some_and(|job| job.status.is_silent()) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }
}

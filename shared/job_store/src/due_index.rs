//! Finds jobs that need work by the time at which they are due, with an index and never with a scan.

use model::{Error, JobId};
use time::OffsetDateTime;

use crate::{
    errors::storage_error,
    item_attributes::{ItemReader, text_value},
    job_keys::{DUE_SHARDS, due_time},
    job_reads::get_job,
    table::Table,
};

/// The most jobs that are read to find an active one.
const MAX_JOBS_READ: usize = 50;

/// Lists the jobs that have been due longest, at most `limit_per_shard` of each partition of the index.
pub(crate) async fn list_due_jobs(
    table: &Table,
    until: OffsetDateTime,
    limit_per_shard: i32,
) -> Result<Vec<JobId>, Error> {
    let until = due_time(until)?;
    let mut jobs = vec![];
    for shard in 0..DUE_SHARDS {
        let query = (table.query_index("due"))
            .key_condition_expression("due_shard = :shard AND due_at <= :until")
            .expression_attribute_values(":shard", text_value(shard.to_string()))
            .expression_attribute_values(":until", text_value(&until))
            .limit(limit_per_shard);
        let output = query.send().await.map_err(|e| storage_error("answer", e))?;
        for item in output.items() {
            jobs.push(ItemReader(item).parsed("pk")?);
        }
    }
    Ok(jobs)
}

/// Finds the oldest active job in the first page of each partition of the index.
pub(crate) async fn find_oldest_active_job(table: &Table) -> Result<Option<JobId>, Error> {
    let mut jobs: Vec<JobId> = vec![];
    for shard in 0..DUE_SHARDS {
        let query = (table.query_index("due"))
            .key_condition_expression("due_shard = :shard")
            .expression_attribute_values(":shard", text_value(shard.to_string()));
        let output = query.send().await.map_err(|e| storage_error("answer", e))?;
        for item in output.items() {
            jobs.push(ItemReader(item).parsed("pk")?);
        }
    }
    jobs.sort_by_key(|id| id.created_at());
    for id in jobs.into_iter().take(MAX_JOBS_READ) {
        // The index also holds finished jobs with pending notifications.
        if get_job(table, id).await?.is_some_and(|job| job.status.is_active()) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

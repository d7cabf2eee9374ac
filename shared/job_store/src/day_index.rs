//! Lists jobs by the UTC day of their creation, newest first, with an index and never with a scan.
//!
//! The index holds keys only, and the jobs are read from the table. A job is written a dozen times in its life and its
//! keys once: an index of complete jobs would be written each time, up to 400 KB, to save one request per hundred
//! listed jobs. And the list shows each job as it is now, not as the index last saw it: the jobs are
//! read consistently. Only which jobs there are comes from the index, which learns of a new job a moment later.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::KeysAndAttributes;
use model::{Error, ErrorClass, Job, JobId};
use time::Date;

use crate::{
    errors::storage_error,
    item_attributes::{Item, ItemReader, ItemWriter, text_value},
    job_item,
    job_keys::{JOB, day_key},
    table::Table,
};

/// How often the items that a batch response left out are requested while no response has any of them.
const MAX_ATTEMPTS: u32 = 6;

/// The most jobs that one `BatchGetItem` may name.
pub(crate) const MAX_PAGE_JOBS: usize = 100;

/// A page of the jobs of one day.
#[derive(Debug, Default)]
pub struct DayPage {
    /// The ids of the jobs, newest first.
    pub job_ids: Vec<JobId>,
    /// Whether older jobs of the same day may follow.
    pub has_more: bool,
}

/// Lists at most `limit` jobs of a day that are older than `before`.
pub(crate) async fn list_created_on(
    table: &Table,
    date: Date,
    before: Option<JobId>,
    limit: usize,
) -> Result<DayPage, Error> {
    let mut query = (table.query_index("by_day"))
        .expression_attribute_names("#day", "day")
        .expression_attribute_values(":day", text_value(day_key(date)?))
        .scan_index_forward(false)
        .limit(i32::try_from(limit.clamp(1, MAX_PAGE_JOBS)).unwrap_or(1));
    query = match before {
        Some(before) => (query.key_condition_expression("#day = :day AND created < :before"))
            .expression_attribute_values(":before", text_value(before.to_string())),
        None => query.key_condition_expression("#day = :day"),
    };
    let output = query.send().await.map_err(|e| storage_error("answer", e))?;
    let ids = output.items().iter().map(|item| ItemReader(item).parsed("pk")).collect::<Result<_, _>>()?;
    Ok(DayPage { job_ids: ids, has_more: output.last_evaluated_key.is_some() })
}

/// Reads at most [`MAX_PAGE_JOBS`] jobs. Missing and damaged ones are left out.
pub(crate) async fn get_batch(table: &Table, ids: &[JobId]) -> Result<HashMap<JobId, Job>, Error> {
    let mut jobs = HashMap::with_capacity(ids.len());
    let mut remaining: Vec<Item> =
        ids.iter().map(|id| ItemWriter::key(id.to_string(), JOB).finish()).collect();
    let mut attempts_without_progress = 0;
    while !remaining.is_empty() {
        let requested = remaining.len();
        // A list that shows an old status would contradict the job itself. It costs twice the read units.
        let keys = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(remaining));
        let keys = keys.build().map_err(|e| {
            Error::new(ErrorClass::Internal, "a request for jobs is incomplete").with_source(e)
        })?;
        let output = table.client.batch_get_item().request_items(&table.name, keys).send().await;
        let output = output.map_err(|e| storage_error("answer", e))?;
        for item in output.responses.unwrap_or_default().into_values().flatten() {
            match job_item::read_job(&item) {
                Ok(job) => drop(jobs.insert(job.id, job)),
                Err(error) => error.log("damaged job left out of the list"),
            }
        }
        let unprocessed = output.unprocessed_keys.unwrap_or_default().into_values();
        remaining = unprocessed.flat_map(|keys| keys.keys).collect();
        // A response holds at most 16 MB, and 1 MB of each partition, so it may take many
        // (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html). Only a busy table returns
        // nothing.
        if remaining.len() < requested {
            attempts_without_progress = 0;
            continue;
        }
        attempts_without_progress += 1;
        if attempts_without_progress == MAX_ATTEMPTS {
            let message = "the job table is too busy to list jobs; try again";
            return Err(Error::new(ErrorClass::StorageUnavailable, message).with_retry_after(5));
        }
        tokio::time::sleep(Duration::from_millis(10) * 2_u32.pow(attempts_without_progress)).await;
    }
    Ok(jobs)
}

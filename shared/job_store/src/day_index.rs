//! Jobs by the day on which they were made, newest first, found by an index and never by a scan.
//!
//! The index holds keys only, and the jobs are read from the table. A job is written a dozen times in its life and its
//! keys once: an index of whole jobs would be written with each of those, up to 400 KB at a time, to save one request
//! per hundred jobs that somebody lists. And a job is listed as it is now, not as the index last heard of it.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use model::{Error, ErrorClass, Job, JobId};
use time::Date;

use crate::{
    JobStore,
    errors::refused,
    item::{Item, Reader, Writer},
    job_item::{self, JOB, day},
};

/// How often the table is asked for items that it did not give at once.
const MAX_ATTEMPTS: u32 = 6;

/// Some jobs of one day.
#[derive(Debug, Default)]
pub struct DayPage {
    /// Newest first.
    pub ids: Vec<JobId>,
    /// Whether older ones of the same day may follow.
    pub more: bool,
}

impl JobStore {
    /// The most jobs that are found or read at once: what one request for items may name.
    pub const MAX_PAGE_JOBS: usize = 100;

    /// Jobs that were made on a day (in UTC), those before `before` if it is given, at most `most` of them. The index
    /// lags behind the table by moments.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn made_on(&self, date: Date, before: Option<JobId>, most: usize) -> Result<DayPage, Error> {
        let mut query = (self.client.query().table_name(&self.table).index_name("by_day"))
            .expression_attribute_names("#day", "day")
            .expression_attribute_values(":day", AttributeValue::S(day(date)?))
            .scan_index_forward(false)
            .limit(i32::try_from(most.clamp(1, Self::MAX_PAGE_JOBS)).unwrap_or(1));
        query = match before {
            Some(before) => (query.key_condition_expression("#day = :day AND created < :before"))
                .expression_attribute_values(":before", AttributeValue::S(before.to_string())),
            None => query.key_condition_expression("#day = :day"),
        };
        let found = query.send().await.map_err(|e| refused("answer", e))?;
        let ids = found.items().iter().map(|item| Reader(item).parsed("pk")).collect::<Result<_, _>>()?;
        Ok(DayPage { ids, more: found.last_evaluated_key.is_some() })
    }

    /// Reads jobs, at most [`JobStore::MAX_PAGE_JOBS`], in no order. What is not there or damaged is left out.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn get_all(&self, ids: &[JobId]) -> Result<HashMap<JobId, Job>, Error> {
        let mut jobs = HashMap::with_capacity(ids.len());
        let mut left: Vec<Item> = ids.iter().map(|id| Writer::key(id.to_string(), JOB).done()).collect();
        for attempt in 0..MAX_ATTEMPTS {
            if left.is_empty() {
                return Ok(jobs);
            }
            let keys = KeysAndAttributes::builder().set_keys(Some(left)).build().map_err(|e| {
                Error::new(ErrorClass::Internal, "a request for jobs is incomplete").with_source(e)
            })?;
            let answer = self.client.batch_get_item().request_items(&self.table, keys).send().await;
            let answer = answer.map_err(|e| refused("answer", e))?;
            for item in answer.responses.unwrap_or_default().into_values().flatten() {
                match job_item::read(&item) {
                    Ok(job) => drop(jobs.insert(job.id, job)),
                    Err(error) => error.log("a job is not listed"),
                }
            }
            let unprocessed = answer.unprocessed_keys.unwrap_or_default().into_values();
            left = unprocessed.flat_map(|keys| keys.keys).collect();
            if !left.is_empty() {
                // An answer holds 16 MB at most, and a busy table gives less.
                tokio::time::sleep(Duration::from_millis(20) * 2_u32.pow(attempt)).await;
            }
        }
        match left.is_empty() {
            true => Ok(jobs),
            false => Err(Error::new(
                ErrorClass::StorageUnavailable,
                "the job table is too busy to list jobs; try again",
            )
            .retry_after(5)),
        }
    }
}

//! Writes a changed job over the version that was read, and retries after a concurrent write.

use std::time::Duration;

use model::{Error, ErrorClass, Job};

use crate::{
    item_attributes::{Item, number_value, text_value},
    job_item,
    table::{Table, put_if},
};

/// How often a change is applied again after another writer changed the job first.
pub(crate) const MAX_ATTEMPTS: u32 = 12;

/// The attribute with the random id of the last write, by which a writer recognizes its own write.
pub(crate) const WRITE_ID: &str = "write";

/// Replaces the item of a job and keeps the attributes of its lease. Returns false if the job has another version than
/// `read_version` by now.
pub(crate) async fn replace_job(
    table: &Table,
    job: &Job,
    read_version: u64,
    read_item: &Item,
    write_id: &str,
) -> Result<bool, Error> {
    let mut item = job_item::write_job(job)?;
    item.insert(WRITE_ID.to_owned(), text_value(write_id));
    if !job.status.is_final() {
        let lease = ["lease_token", "lease_until"].into_iter();
        item.extend(lease.filter_map(|name| Some((name.to_owned(), read_item.get(name)?.clone()))));
    }
    let put = (table.put_item(item))
        .condition_expression("version = :read")
        .expression_attribute_values(":read", number_value(read_version));
    put_if(put, "accept the change").await
}

/// Waits a little after another writer changed the job first.
pub(crate) async fn back_off(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(u64::from(attempt) * 15)).await;
}

pub(crate) fn too_many_writers() -> Error {
    Error::new(ErrorClass::StorageUnavailable, "too many concurrent writes to this job; try again")
        .with_retry_after(1)
}

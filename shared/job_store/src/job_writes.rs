//! Writes a changed job over the version that was read, and retries after a concurrent write.

use std::time::Duration;

use model::{Error, ErrorClass};

use crate::{
    item_attributes::number_value,
    stored_job::StoredJob,
    table::{Table, put_if},
};

/// How often a change is applied again after another writer changed the job first.
pub(crate) const MAX_ATTEMPTS: u32 = 12;

/// Replaces the item of a job. Returns false if the job has another version than `read_version` by now.
///
/// The version grows with every write of the item, a lease's included. So a job of the same version has the status and the
/// lease that were read with it.
pub(crate) async fn replace_job(table: &Table, job: &StoredJob, read_version: u64) -> Result<bool, Error> {
    let put = (table.put_item(job.write()?))
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

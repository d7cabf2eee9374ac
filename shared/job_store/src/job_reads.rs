//! Reads single jobs and finds them by the provider's job id.

use model::{Error, ErrorClass, Job, JobId, ProviderJobId, ProviderName};

use crate::{
    errors::storage_error,
    item_attributes::{ItemReader, ItemWriter, text_value, unreadable},
    job_keys::{self, JOB},
    stored_job::StoredJob,
    table::Table,
};

pub(crate) async fn get_job(table: &Table, id: JobId) -> Result<Option<Job>, Error> {
    Ok(get_stored_job(table, id).await?.map(StoredJob::into_job))
}

pub(crate) async fn get_stored_job(table: &Table, id: JobId) -> Result<Option<StoredJob>, Error> {
    let item = table.get_item(ItemWriter::key(id.to_string(), JOB)).await?;
    item.map(|item| StoredJob::read(&item)).transpose()
}

/// Reads a job that must exist.
pub(crate) async fn read_stored_job(table: &Table, id: JobId) -> Result<StoredJob, Error> {
    let job = get_stored_job(table, id).await?;
    job.ok_or_else(|| Error::new(ErrorClass::NotFound, format!("there is no job {id}")))
}

/// Reads the job that an idempotency key names. It exists, because one transaction writes both.
pub(crate) async fn get_claimed_job(table: &Table, id: JobId) -> Result<Job, Error> {
    get_job(table, id).await?.ok_or_else(|| unreadable("pk"))
}

pub(crate) async fn find_by_provider_job_id(
    table: &Table,
    provider: &ProviderName,
    provider_job_id: &ProviderJobId,
) -> Result<Option<JobId>, Error> {
    let query = (table.query_index("by_provider_job_id"))
        .key_condition_expression("provider_job_key = :key")
        .expression_attribute_values(
            ":key",
            text_value(job_keys::provider_job_key(provider, provider_job_id)),
        )
        .limit(1);
    let output = query.send().await.map_err(|e| storage_error("answer", e))?;
    output.items().first().map(|item| ItemReader(item).parsed("pk")).transpose()
}

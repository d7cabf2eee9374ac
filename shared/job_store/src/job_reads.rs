//! Reads single jobs and finds them by the provider's job id.

use model::{Error, Job, JobId, ProviderJobId, ProviderName};

use crate::{
    errors::storage_error,
    item_attributes::{Item, ItemReader, ItemWriter, text_value, unreadable},
    job_item,
    job_keys::{self, JOB},
    table::Table,
};

pub(crate) async fn get_job(table: &Table, id: JobId) -> Result<Option<Job>, Error> {
    get_job_item(table, id).await?.map(|item| job_item::read_job(&item)).transpose()
}

pub(crate) async fn get_job_item(table: &Table, id: JobId) -> Result<Option<Item>, Error> {
    table.get_item(ItemWriter::key(id.to_string(), JOB)).await
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

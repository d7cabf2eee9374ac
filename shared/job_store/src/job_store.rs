//! Reading jobs, finding them, and letting events happen to them.

use std::time::Duration;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use model::{Change, Error, ErrorClass, Event, Job, JobId, ProviderJobId, ProviderName};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    errors::refused,
    item::{Item, Reader, Writer, unreadable},
    job_item::{self, JOB},
    job_metrics,
    lease::Lease,
};

/// How often a write that another writer overtook is tried on the newer job.
pub(crate) const MAX_ATTEMPTS: u32 = 12;

/// Tells a writer its own write again.
const WRITE: &str = "write";

/// The table of jobs.
#[derive(Debug, Clone)]
pub struct JobStore {
    pub(crate) client: Client,
    pub(crate) table: String,
    /// Whether others are told of jobs.
    pub(crate) publishes_events: bool,
}

impl JobStore {
    /// The table of this name.
    pub fn new(aws: &aws_types::SdkConfig, table: impl Into<String>) -> Self {
        Self { client: Client::new(aws), table: table.into(), publishes_events: false }
    }

    /// The same table, and each change that others are to be told of is kept with its job until they have been.
    #[must_use]
    pub fn publishing_events(self, publishes_events: bool) -> Self {
        Self { publishes_events, ..self }
    }

    /// Reads a job as it is now.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`], or [`ErrorClass::Internal`] for a damaged record.
    pub async fn get(&self, id: JobId) -> Result<Option<Job>, Error> {
        self.item(id).await?.map(|item| job_item::read(&item)).transpose()
    }

    pub(crate) async fn item(&self, id: JobId) -> Result<Option<Item>, Error> {
        self.read(Writer::key(id.to_string(), JOB)).await
    }

    /// An item as it is now, whatever a replica says.
    pub(crate) async fn read(&self, key: Writer) -> Result<Option<Item>, Error> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let found = get.set_key(Some(key.done())).send().await;
        Ok(found.map_err(|e| refused("answer", e))?.item)
    }

    /// Finds the job of a provider's provider job id. The index lags behind the table by moments, so a job that has
    /// just learnt its provider job id may not be found yet.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn find_by_provider_job_id(
        &self,
        provider: &ProviderName,
        provider_job_id: &ProviderJobId,
    ) -> Result<Option<JobId>, Error> {
        let query = (self.client.query().table_name(&self.table).index_name("by_provider_job_id"))
            .key_condition_expression("provider_job_key = :provider_job_id")
            .expression_attribute_values(
                ":provider_job_id",
                AttributeValue::S(job_item::provider_job_key(provider, provider_job_id)),
            )
            .limit(1);
        let found = query.send().await.map_err(|e| refused("answer", e))?;
        found.items().first().map(|item| Reader(item).parsed("pk")).transpose()
    }

    /// Lets an event happen to a job.
    ///
    /// # Errors
    /// [`ErrorClass::NotFound`] if there is no such job, else as [`JobStore::get`].
    pub async fn apply(&self, id: JobId, event: &Event, now: OffsetDateTime) -> Result<(Job, Change), Error> {
        self.apply_under(id, None, event, now).await
    }

    /// Lets an event of the landing happen to a job, if the lease is still held.
    ///
    /// # Errors
    /// [`ErrorClass::LandingBusy`] if the lease was lost, else as [`JobStore::apply`].
    pub async fn apply_leased(
        &self,
        lease: &Lease,
        event: &Event,
        now: OffsetDateTime,
    ) -> Result<(Job, Change), Error> {
        self.apply_under(lease.job, Some(lease), event, now).await
    }

    async fn apply_under(
        &self,
        id: JobId,
        lease: Option<&Lease>,
        event: &Event,
        now: OffsetDateTime,
    ) -> Result<(Job, Change), Error> {
        let write = Uuid::now_v7().to_string();
        let mut tried = None;
        for attempt in 0..MAX_ATTEMPTS {
            let item = self.item(id).await?;
            let item =
                item.ok_or_else(|| Error::new(ErrorClass::NotFound, format!("there is no job {id}")))?;
            // The answer to our write was lost, and its repetition met the version that it had made itself.
            if let Some((change, before)) =
                tried.filter(|_| Reader(&item).maybe(WRITE) == Some(write.as_str()))
            {
                let job = job_item::read(&item)?;
                job_metrics::changed(change, before, &job);
                return Ok((job, change));
            }
            if lease.is_some_and(|lease| Reader(&item).maybe("lease_token") != Some(lease.token.as_str())) {
                return Err(Error::new(ErrorClass::LandingBusy, "another worker took this landing over"));
            }
            let mut job = job_item::read(&item)?;
            let (read, before) = (job.version, job.status);
            let change = job.apply(event.clone(), now);
            if change == Change::Nothing {
                return Ok((job, change));
            }
            job.version += 1;
            if self.publishes_events || job.audience.is_notified_of(job.status) {
                job.add_outbox_event(event, change, now);
            }
            job.notify_waiters(now);
            tried = Some((change, before));
            if self.replace(&job, read, &item, &write).await? {
                job_metrics::changed(change, before, &job);
                return Ok((job, change));
            }
            Self::make_way(attempt).await;
        }
        Err(Error::new(ErrorClass::StorageUnavailable, "too many writers at this job; try again")
            .retry_after(1))
    }

    /// Waits a little after another writer was faster.
    pub(crate) async fn make_way(attempt: u32) {
        tokio::time::sleep(Duration::from_millis(u64::from(attempt) * 15)).await;
    }

    /// Writes a job over the version that was read, keeping the lease. Returns whether nobody was faster.
    pub(crate) async fn replace(
        &self,
        job: &Job,
        read: u64,
        before: &Item,
        write: &str,
    ) -> Result<bool, Error> {
        let mut item = job_item::write(job)?;
        item.insert(WRITE.to_owned(), AttributeValue::S(write.to_owned()));
        if !job.status.is_final() {
            let kept = ["lease_token", "lease_until"].into_iter();
            item.extend(kept.filter_map(|name| Some((name.to_owned(), before.get(name)?.clone()))));
        }
        let put = (self.client.put_item().table_name(&self.table).set_item(Some(item)))
            .condition_expression("version = :read")
            .expression_attribute_values(":read", AttributeValue::N(read.to_string()));
        match put.send().await {
            Ok(_) => Ok(true),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(false)
            }
            Err(e) => Err(refused("take the change", e)),
        }
    }

    /// Reads the job that a claim found, which must be there since both were written at once.
    pub(crate) async fn claimed(&self, id: JobId) -> Result<Job, Error> {
        self.get(id).await?.ok_or_else(|| unreadable("pk"))
    }
}

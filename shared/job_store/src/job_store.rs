//! The operations of the job store. Each is implemented in the module of its subject.
//!
//! Each is boxed: the futures of the SDK are large, and an unoptimised caller would hold room for each of them on its stack.

use std::{collections::HashMap, time::Duration};

use model::{
    Error, Job, JobChange, JobEvent, JobId, OutboxProgress, ProviderJobId, ProviderName, WorkflowWaiter,
};
use serde::{Serialize, de::DeserializeOwned};
use time::{Date, OffsetDateTime};

use crate::{
    apply_event::{self, EventApplication},
    checkpoints, concurrency_limit,
    day_index::{self, DayPage},
    delivery_log::{self, DeliveryLogEntry, NewDeliveryLogEntry},
    due_index,
    exclusive_lock::{self, LockRequest},
    idempotency::{self, ClaimOutcome, IdempotencyKey},
    job_reads,
    lease::{self, LeaseOutcome, LeaseRequest},
    lease_token::Lease,
    outbox,
    rate_limit::{PauseScope, RateLimit, RateLimiter, ReportedQuota, Reservation},
    stored_job::StoredJob,
    table::Table,
};

/// The table of jobs.
///
/// Every operation returns [`model::ErrorClass::StorageUnavailable`] when DynamoDB does not answer, and those that read jobs
/// return [`model::ErrorClass::Internal`] for a damaged item.
#[derive(Debug, Clone)]
pub struct JobStore {
    table: Table,
    /// Whether every event goes to the outbox for the event bus.
    publishes_events: bool,
}

impl JobStore {
    /// The most jobs that one page lists and one batch reads: as many as one `BatchGetItem` may name.
    pub const MAX_PAGE_JOBS: usize = day_index::MAX_PAGE_JOBS;

    /// The table of this name.
    pub fn new(aws: &aws_types::SdkConfig, table: impl Into<String>) -> Self {
        Self { table: Table::new(aws, table), publishes_events: false }
    }

    /// The same store, which adds every event to the outbox of its job if `publishes_events` is true. Otherwise only
    /// the events go there that the targets of the job need.
    #[must_use]
    pub fn with_event_publishing(self, publishes_events: bool) -> Self {
        Self { publishes_events, ..self }
    }

    /// Reads a job, strongly consistent.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`], or [`model::ErrorClass::Internal`] for a damaged item.
    pub async fn get(&self, id: JobId) -> Result<Option<Job>, Error> {
        Box::pin(job_reads::get_job(&self.table, id)).await
    }

    /// Reads a job, strongly consistent, for a change by [`JobStore::apply_event_to`].
    ///
    /// # Errors
    /// As [`JobStore::get`].
    pub async fn get_stored(&self, id: JobId) -> Result<Option<StoredJob>, Error> {
        Box::pin(job_reads::get_stored_job(&self.table, id)).await
    }

    /// Reads at most [`JobStore::MAX_PAGE_JOBS`] jobs, in no order. Missing and damaged ones are left out.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn get_batch(&self, ids: &[JobId]) -> Result<HashMap<JobId, Job>, Error> {
        Box::pin(day_index::get_batch(&self.table, ids)).await
    }

    /// Finds the job of a provider's job id. The index is eventually consistent, so a job that has just received its
    /// provider job id may not be found yet.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn find_by_provider_job_id(
        &self,
        provider: &ProviderName,
        provider_job_id: &ProviderJobId,
    ) -> Result<Option<JobId>, Error> {
        Box::pin(job_reads::find_by_provider_job_id(&self.table, provider, provider_job_id)).await
    }

    /// Lists the jobs that were created on a day (UTC), newest first: at most `limit`, and only those older than
    /// `before` if it is given. The index is eventually consistent.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn list_created_on(
        &self,
        date: Date,
        before: Option<JobId>,
        limit: usize,
    ) -> Result<DayPage, Error> {
        Box::pin(day_index::list_created_on(&self.table, date, before, limit)).await
    }

    /// Lists the jobs that have been due longest, at most `limit_per_shard` of each partition of the index. The index is
    /// eventually consistent, so the list may contain a job that was processed just now.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn list_due_jobs(
        &self,
        until: OffsetDateTime,
        limit_per_shard: i32,
    ) -> Result<Vec<JobId>, Error> {
        Box::pin(due_index::list_due_jobs(&self.table, until, limit_per_shard)).await
    }

    /// Finds the oldest active job that the index knows. It reads one page of each partition, some 5,000 jobs, those
    /// that are due first.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn find_oldest_active_job(&self) -> Result<Option<JobId>, Error> {
        Box::pin(due_index::find_oldest_active_job(&self.table)).await
    }

    /// Reads a job and applies an event to it. Returns the job after it and whether the event changed it.
    ///
    /// # Errors
    /// [`model::ErrorClass::NotFound`] if there is no such job, else as [`JobStore::get`].
    pub async fn apply_event(
        &self,
        id: JobId,
        event: &JobEvent,
        now: OffsetDateTime,
    ) -> Result<(Job, JobChange), Error> {
        let application = self.application(id, event, now);
        let (job, change) = Box::pin(apply_event::apply_event(&self.table, application)).await?;
        Ok((job.into_job(), change))
    }

    /// Applies an event to a job that this invocation has read or written before. It is read again only if it has changed
    /// since, or if the event does not change it.
    ///
    /// # Errors
    /// As [`JobStore::apply_event`].
    pub async fn apply_event_to(
        &self,
        job: &StoredJob,
        event: &JobEvent,
        now: OffsetDateTime,
    ) -> Result<(StoredJob, JobChange), Error> {
        let application = EventApplication { known: Some(job), ..self.application(job.id, event, now) };
        Box::pin(apply_event::apply_event(&self.table, application)).await
    }

    /// Applies an event of the landing to a job, on condition that the lease is held.
    ///
    /// # Errors
    /// [`model::ErrorClass::LandingBusy`] if the lease was lost, else as [`JobStore::apply_event`].
    pub async fn apply_event_under_lease(
        &self,
        lease: &Lease,
        event: &JobEvent,
        now: OffsetDateTime,
    ) -> Result<(Job, JobChange), Error> {
        let application =
            EventApplication { lease: Some(lease), ..self.application(lease.job_id, event, now) };
        let (job, change) = Box::pin(apply_event::apply_event(&self.table, application)).await?;
        Ok((job.into_job(), change))
    }

    /// The application of an event to the newest version of a job, without a lease.
    fn application<'a>(
        &self,
        job_id: JobId,
        event: &'a JobEvent,
        now: OffsetDateTime,
    ) -> EventApplication<'a> {
        let publishes_events = self.publishes_events;
        EventApplication { job_id, known: None, lease: None, event, now, publishes_events }
    }

    /// Creates a job, unless its key created one before. Of concurrent claims with one key, exactly one creates the job.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`]: nothing was written, and nothing will be written later, unless the table
    /// stays unreachable.
    pub async fn claim(
        &self,
        job: &Job,
        key: Option<&IdempotencyKey>,
        now: OffsetDateTime,
    ) -> Result<ClaimOutcome, Error> {
        Box::pin(idempotency::claim(&self.table, job, key, now)).await
    }

    /// Releases a job's idempotency key after a retryable failure, so that the caller's retry is a new attempt.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn release_idempotency_key(&self, key: &IdempotencyKey, job: JobId) -> Result<(), Error> {
        Box::pin(idempotency::release_key(&self.table, key, job)).await
    }

    /// Takes the lease of a job for `duration` and moves the job to `landing`. `known` is the job if this invocation has read
    /// or written it before; it is read again only if it has changed since, or if its lease cannot be taken.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`] or [`model::ErrorClass::NotFound`].
    pub async fn acquire_lease(
        &self,
        job_id: JobId,
        known: Option<&StoredJob>,
        duration: Duration,
        now: OffsetDateTime,
    ) -> Result<LeaseOutcome, Error> {
        let publishes_events = self.publishes_events;
        let request = LeaseRequest { job_id, known, duration, now, publishes_events };
        Box::pin(lease::acquire_lease(&self.table, request)).await
    }

    /// When the last lease of a job expired or will expire. None if there has been no lease.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn lease_expiry(&self, id: JobId) -> Result<Option<OffsetDateTime>, Error> {
        Box::pin(lease::read_lease_expiry(&self.table, id)).await
    }

    /// Extends a lease to `duration` from now.
    ///
    /// # Errors
    /// [`model::ErrorClass::LandingBusy`] if it was lost; the landing must stop.
    pub async fn renew_lease(
        &self,
        lease: &Lease,
        duration: Duration,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        Box::pin(lease::renew_lease(&self.table, lease, duration, now)).await
    }

    /// Ends a lease early, so that the next attempt need not wait until it expires.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn release_lease(&self, lease: &Lease, now: OffsetDateTime) -> Result<(), Error> {
        Box::pin(lease::release_lease(&self.table, lease, now)).await
    }

    /// Saves the checkpoint of a landing, on condition that the lease is held.
    ///
    /// # Errors
    /// [`model::ErrorClass::LandingBusy`] if the lease was lost, [`model::ErrorClass::StorageUnavailable`].
    pub async fn save_checkpoint(
        &self,
        lease: &Lease,
        state: &impl Serialize,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        Box::pin(checkpoints::save_checkpoint(&self.table, lease, state, now)).await
    }

    /// Reads the checkpoint of a landing. None if there is none, or if another version of Landfall wrote it.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn load_checkpoint<T: DeserializeOwned>(
        &self,
        job: JobId,
        now: OffsetDateTime,
    ) -> Result<Option<T>, Error> {
        Box::pin(checkpoints::load_checkpoint(&self.table, job, now)).await
    }

    /// Takes a lock of a provider, such as a project, for a job. Returns none when the job holds it now, else the
    /// unfinished job that holds it. An expired job does not keep a lock.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn acquire_lock(
        &self,
        provider: &ProviderName,
        name: &str,
        job: JobId,
        now: OffsetDateTime,
    ) -> Result<Option<JobId>, Error> {
        let request = LockRequest { provider, name, job, now };
        Box::pin(exclusive_lock::acquire_lock(&self.table, request)).await
    }

    /// Takes one of a provider's `slots` slots for a job, unless the job holds one. Returns whether it holds one now. A
    /// job without a slot must try again within two minutes to keep its position in line.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn acquire_slot(
        &self,
        provider: &ProviderName,
        slots: u32,
        job: JobId,
        now: OffsetDateTime,
    ) -> Result<bool, Error> {
        Box::pin(concurrency_limit::acquire_slot(&self.table, provider, slots, job, now)).await
    }

    /// Reserves the first free time for a request to a provider between `from` and `latest`. Reservations are an interval
    /// apart, and each window of the tier holds no more than its budget.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn reserve_request(
        &self,
        limit: RateLimit<'_>,
        from: OffsetDateTime,
        latest: OffsetDateTime,
    ) -> Result<Reservation, Error> {
        self.rate_limiter(limit).reserve(from, latest).await
    }

    /// Returns an unused reservation: its time if there is none after it, and its part of the tier's budgets.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn release_reservation(
        &self,
        limit: RateLimit<'_>,
        reserved: OffsetDateTime,
    ) -> Result<(), Error> {
        self.rate_limiter(limit).release(reserved).await
    }

    /// Pauses the requests of a tier or a provider: no reservation is before `until`. Invocations that hold a reservation
    /// read [`JobStore::paused_until`] before they use it. A longer pause stays.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn pause_until(
        &self,
        limit: RateLimit<'_>,
        until: OffsetDateTime,
        scope: PauseScope,
    ) -> Result<(), Error> {
        self.rate_limiter(limit).pause_until(until, scope).await
    }

    /// Until when the last pause that a provider asked for lasts or lasted, for the tier or for all requests, if there
    /// was one.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn paused_until(&self, limit: RateLimit<'_>) -> Result<Option<OffsetDateTime>, Error> {
        self.rate_limiter(limit).read_pause().await
    }

    /// Counts the requests that others make with the same account, if the provider reports that less is left of a budget
    /// of the tier than Landfall expects. They count until the provider's reset. Writes nothing otherwise. Returns how
    /// many requests are left if the report was news.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn adopt_reported_quota(
        &self,
        limit: RateLimit<'_>,
        quota: ReportedQuota,
        now: OffsetDateTime,
    ) -> Result<Option<u32>, Error> {
        self.rate_limiter(limit).adopt_quota(quota, now).await
    }

    fn rate_limiter<'a>(&'a self, limit: RateLimit<'a>) -> RateLimiter<'a> {
        RateLimiter { table: &self.table, limit }
    }

    /// Writes a delivery to the log of its job, unless it is there.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn record_delivery(&self, job: JobId, delivery: &NewDeliveryLogEntry<'_>) -> Result<(), Error> {
        Box::pin(delivery_log::record_delivery(&self.table, &job.to_string(), delivery)).await
    }

    /// Writes a delivery that is about no job to the log, by provider and day.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn record_workspace_delivery(
        &self,
        provider: &ProviderName,
        delivery: &NewDeliveryLogEntry<'_>,
    ) -> Result<(), Error> {
        let partition = delivery_log::workspace_partition(provider, delivery);
        Box::pin(delivery_log::record_delivery(&self.table, &partition, delivery)).await
    }

    /// Lists the latest deliveries of a job, newest first: at most `limit`, and at most 1 MB, which is what one DynamoDB
    /// query returns.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`], or [`model::ErrorClass::Internal`] for a damaged item.
    pub async fn list_deliveries(
        &self,
        job: JobId,
        limit: i32,
        now: OffsetDateTime,
    ) -> Result<Vec<DeliveryLogEntry>, Error> {
        Box::pin(delivery_log::list_deliveries(&self.table, job, limit, now)).await
    }

    /// Reads a delivery of a job by its [`DeliveryLogEntry::id`].
    ///
    /// # Errors
    /// As [`JobStore::list_deliveries`].
    pub async fn get_delivery(
        &self,
        job: JobId,
        id: &str,
        now: OffsetDateTime,
    ) -> Result<Option<DeliveryLogEntry>, Error> {
        Box::pin(delivery_log::get_delivery(&self.table, job, id, now)).await
    }

    /// Marks the events up to `progress` as sent to the event bus and to the caller, and removes those that both have from
    /// the outbox.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`]: the events are sent again.
    pub async fn mark_notified(&self, id: JobId, progress: OutboxProgress) -> Result<(), Error> {
        let mark = |job: &mut Job| {
            let due = job.outbox.due_at;
            job.acknowledge_outbox_events(progress) || job.outbox.due_at != due
        };
        Box::pin(outbox::change_outbox(&self.table, id, mark)).await.map(drop)
    }

    /// Postpones the pending notifications of a job until `at`, after a target could not be notified.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn postpone_notifications(&self, id: JobId, at: OffsetDateTime) -> Result<(), Error> {
        Box::pin(outbox::change_outbox(&self.table, id, |job| outbox::postpone_notifications(job, at)))
            .await
            .map(drop)
    }

    /// Adds workflows that wait for a job. Returns the job after it, or none if there is no such job.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`]: the workflows are not added.
    pub async fn add_waiters(
        &self,
        id: JobId,
        waiters: &[WorkflowWaiter],
        now: OffsetDateTime,
    ) -> Result<Option<Job>, Error> {
        Box::pin(outbox::change_outbox(&self.table, id, |job| job.add_waiters(waiters, now))).await
    }

    /// Removes workflows that no longer wait for a job.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`]: the workflows are notified again.
    pub async fn remove_waiters(&self, id: JobId, waiters: &[WorkflowWaiter]) -> Result<(), Error> {
        Box::pin(outbox::change_outbox(&self.table, id, |job| job.remove_waiters(waiters))).await.map(drop)
    }

    /// Postpones the next heartbeat to the workflows that wait for a job until `at`.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn postpone_heartbeat(&self, id: JobId, at: OffsetDateTime) -> Result<(), Error> {
        Box::pin(outbox::change_outbox(&self.table, id, |job| outbox::postpone_heartbeat(job, at)))
            .await
            .map(drop)
    }
}

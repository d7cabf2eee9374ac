//! Rescues a job: runs one batch of reads, and continues later or concludes.

use bucket::Bucket;
use job_store::JobStore;
use model::{CompletedBy, Error, Job, JobEvent, JobId, JobStatus, MissingFile, Source};
use providers::Provider;
use queues::{DeliveryQueue, DeliveryQueueMessage};
use time::{Duration, OffsetDateTime};

use super::{
    item_reads::{ItemReads, store_conclusion},
    missing_names::{name_missing_files, without_landed},
    read_items::{BatchEnd, read_batch},
    rescue_time::rescue_time,
};
use crate::{
    clients::WorkerClients,
    config::SweepConfig,
    polling::{
        expired_job::expired, poll_outcome::CheckOutcome, poll_request::Poller,
        update_job_after_poll::JobUpdate,
    },
    provider_of_job::find_job_provider,
    stored_source_urls::read_source_list,
};

/// How long one batch reads. Deliveries wait behind it, as behind a short landing.
const BATCH_TIME: Duration = Duration::seconds(10);
/// The time reserved at the end of an invocation to save what is read.
const RESERVE: Duration = Duration::seconds(30);
/// The delay before the next batch, in seconds. When the rate limiter has no time, it is longer: up to what SQS can
/// delay a message.
const NEXT_BATCH_SECONDS: u32 = 1;
const MAX_DELAY_SECONDS: u32 = 900;
/// The delay after a batch that the provider did not answer. It doubles up to eight minutes.
const FAILURE_DELAY: Duration = Duration::minutes(1);
/// After so many such batches in a row, a job that is due to expire is given up.
const MAX_FAILED_BATCHES: u32 = 10;
/// How many items a message names.
const MAX_NAMED_ITEMS: usize = 5;

/// Rescues jobs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rescue<'a> {
    job_store: &'a JobStore,
    bucket: &'a Bucket,
    delivery_queue: &'a DeliveryQueue,
    config: &'a SweepConfig,
    poller: Poller<'a>,
    update: JobUpdate<'a>,
}

impl<'a> Rescue<'a> {
    pub(crate) fn new(clients: &'a WorkerClients) -> Self {
        Self {
            job_store: &clients.job_store,
            bucket: &clients.bucket,
            delivery_queue: &clients.delivery_queue,
            config: &clients.config.sweep,
            poller: Poller::new(clients),
            update: JobUpdate::new(clients),
        }
    }

    /// Whether the items of a job are to be read now: nothing is known of its files, or its archive is short.
    pub(crate) fn is_due(&self, job: &Job, now: OffsetDateTime) -> Result<bool, Error> {
        match job.status {
            JobStatus::Partial => Ok(job.poll_state.next_poll_at.is_some()),
            JobStatus::Submitted | JobStatus::Unknown | JobStatus::Rendering => {
                let rescue_at = rescue_time(find_job_provider(job)?, job, self.config);
                Ok(rescue_at.is_some_and(|at| at <= now))
            }
            JobStatus::Waiting
            | JobStatus::Submitting
            | JobStatus::Received
            | JobStatus::Landing
            | JobStatus::Stored
            | JobStatus::Failed
            | JobStatus::Expired
            | JobStatus::Cancelled => Ok(false),
        }
    }

    /// Queues a batch of reads, which take longer than the sweep has for one job.
    pub(crate) async fn queue(&self, id: JobId, now: OffsetDateTime) -> Result<CheckOutcome, Error> {
        // Before the message is sent, so that the worker that receives it has the last word.
        let outcome = self.update.schedule_check(id, now, now + Job::FIRST_POLL_DELAY).await?;
        self.delivery_queue.send(&DeliveryQueueMessage::Poll(id), 0).await.map(|()| outcome)
    }

    /// Reads one batch of items. When all are read, the job has its files, or its missing files are named.
    pub(crate) async fn run(&self, job: Job, deadline: OffsetDateTime) -> Result<(), Error> {
        let provider = find_job_provider(&job)?;
        let items = provider.items(&job);
        let is_disabled = self.config.rescue_after.is_zero() && job.status == JobStatus::Partial;
        if items.is_empty() || is_disabled {
            return self.finish_naming(&job, job.missing.clone()).await;
        }
        let mut reads = ItemReads::load(self.bucket, &job, items).await?;
        let until = (OffsetDateTime::now_utc() + BATCH_TIME).min(deadline - RESERVE);
        match read_batch(&self.poller, provider, &job, &mut reads, until).await? {
            BatchEnd::Finished => self.finish(job, provider, reads).await,
            BatchEnd::OutOfTime => self.continue_later(&job, reads, NEXT_BATCH_SECONDS).await,
            BatchEnd::RateLimited(at) => {
                // A negative wait is over.
                let wait =
                    u32::try_from((at - OffsetDateTime::now_utc()).whole_seconds() + 1).unwrap_or_default();
                self.continue_later(&job, reads, wait.clamp(NEXT_BATCH_SECONDS, MAX_DELAY_SECONDS)).await
            }
            BatchEnd::Unanswered(error, wait) => {
                error.log("the provider does not answer for the items of a job");
                self.postpone(job, provider, reads, (error, wait)).await
            }
        }
    }

    /// Uses what is read, when nothing is read any more.
    async fn finish(&self, job: Job, provider: &dyn Provider, reads: ItemReads) -> Result<(), Error> {
        if job.status == JobStatus::Partial {
            let missing = name_missing_files(self.bucket, &job, &reads).await?;
            return self.finish_naming(&job, missing).await;
        }
        self.conclude(job, provider, reads).await
    }

    async fn finish_naming(&self, job: &Job, missing: Vec<MissingFile>) -> Result<(), Error> {
        let count = missing.len();
        let event = JobEvent::MissingFilesNamed { missing };
        self.job_store.apply_event(job.id, &event, OffsetDateTime::now_utc()).await?;
        tracing::info!(job_id = %job.id, count, "missing files of a short archive named");
        Ok(())
    }

    /// Saves what is read and queues the next batch. The sweep queues it if this message is lost.
    async fn continue_later(&self, job: &Job, mut reads: ItemReads, delay: u32) -> Result<(), Error> {
        reads.failed_batches = 0;
        reads.save(self.bucket, self.job_store, job).await?;
        let now = OffsetDateTime::now_utc();
        let check_at = now + Duration::seconds(delay.into()) + Job::FIRST_POLL_DELAY;
        self.update.schedule_check(job.id, now, check_at).await?;
        self.delivery_queue.send(&DeliveryQueueMessage::Poll(job.id), delay).await
    }

    /// Leaves the next batch to a later sweep, or gives up a job that is due to expire.
    async fn postpone(
        &self,
        job: Job,
        provider: &dyn Provider,
        mut reads: ItemReads,
        (error, wait): (Error, Duration),
    ) -> Result<(), Error> {
        let now = OffsetDateTime::now_utc();
        reads.failed_batches += 1;
        let is_overdue = now >= job.created_at + self.config.callback_timeout;
        if is_overdue && reads.failed_batches >= MAX_FAILED_BATCHES {
            reads.give_up(&error);
            return self.finish(job, provider, reads).await;
        }
        let delay = FAILURE_DELAY * 2_i32.pow(reads.failed_batches.min(4) - 1);
        reads.save(self.bucket, self.job_store, &job).await?;
        self.update.schedule_check_without_answer(job.id, now, now + delay.max(wait)).await.map(drop)
    }

    /// Lands the files that were found.
    async fn conclude(&self, job: Job, provider: &dyn Provider, reads: ItemReads) -> Result<(), Error> {
        let ItemReads { mut found, missing, .. } = reads;
        // In the order of the request, so that a repetition gives the same names.
        let found = provider.items(&job).into_iter().filter_map(|id| found.remove_entry(&id));
        let sources = distinguish_names(found.collect());
        if sources.is_empty() {
            let named = missing.iter().take(MAX_NAMED_ITEMS).map(|missing| {
                format!("{} ({})", missing.name.as_deref().unwrap_or_default(), missing.reason)
            });
            let (count, named) = (missing.len(), named.collect::<Vec<_>>().join(", "));
            let more = if count > MAX_NAMED_ITEMS { " and more" } else { "" };
            let conclusion = format!("none of its {count} files can be read one by one: {named}{more}");
            return self.give_up(job, missing, conclusion).await;
        }
        let missing = without_landed(self.bucket, &job, missing).await?;
        let (id, status) = (job.id, job.status.as_str());
        let event = JobEvent::FilesFound { sources, missing, completed_by: CompletedBy::Banners };
        let outcome = self.update.apply_event(&job, event).await?;
        if outcome == CheckOutcome::StatusChanged {
            tracing::warn!(metric = "JobsRescued", count = 1, provider = provider.name(), job_id = %id, status,
                "the files of a job were found one by one");
        }
        Ok(())
    }

    /// Ends the reads of a job of which no file was found. What it has landed stays; otherwise it waits for its callback
    /// until it expires.
    async fn give_up(&self, job: Job, missing: Vec<MissingFile>, conclusion: String) -> Result<(), Error> {
        if job.manifest.is_some() {
            let sources = read_source_list(self.bucket, &job).await?;
            let missing = if job.missing.is_empty() { missing } else { job.missing.clone() };
            let completed_by = job.completed_by.unwrap_or(CompletedBy::Callback);
            let event = JobEvent::FilesFound { sources, missing, completed_by };
            return self.update.apply_event(&job, event).await.map(drop);
        }
        tracing::warn!(job_id = %job.id, conclusion, "the files of a job cannot be read one by one");
        let now = OffsetDateTime::now_utc();
        let event = JobEvent::MissingFilesNamed { missing };
        self.job_store.apply_event(job.id, &event, now).await?;
        let job = store_conclusion(self.job_store, &job, conclusion).await?;
        let expiry = job.created_at + self.config.callback_timeout;
        match now >= expiry {
            true => self.update.apply_event(&job, expired(&job, now)).await.map(drop),
            false => self.update.schedule_check(job.id, now, expiry).await.map(drop),
        }
    }
}

/// Adds the id of its item to each file name that occurs more than once. Numbers would change when another item is
/// found later, and a file in the bucket would be taken for another one.
fn distinguish_names(found: Vec<(String, Vec<Source>)>) -> Vec<Source> {
    let comparable = |source: &Source| source.name.as_ref().map(|name| name.to_lowercase());
    let mut counts = std::collections::HashMap::<String, usize>::new();
    for name in found.iter().flat_map(|(_, sources)| sources).filter_map(comparable) {
        *counts.entry(name).or_default() += 1;
    }
    let mut all = vec![];
    for (id, sources) in found {
        for source in sources {
            let is_repeated = comparable(&source).is_some_and(|name| counts.get(&name) > Some(&1));
            let name = source.name.clone().map(|name| match name.rsplit_once('.') {
                Some((stem, extension)) if is_repeated => format!("{stem}-{id}.{extension}"),
                None if is_repeated => format!("{name}-{id}"),
                _ => name,
            });
            all.push(Source { name, ..source });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use model::SourceRole;

    use super::*;

    #[test]
    fn files_of_the_same_name_are_told_apart_by_their_items() {
        let found = |id: &str, name: &str| {
            let source = Source {
                role: SourceRole::File,
                name: Some(name.to_owned()),
                ..Source::archive("https://h/x")
            };
            (id.to_owned(), vec![source])
        };
        let sources = distinguish_names(vec![
            found("1", "square.png"),
            found("2", "Square.png"),
            found("3", "story.png"),
        ]);
        let names: Vec<Option<&str>> = sources.iter().map(|source| source.name.as_deref()).collect();
        assert_eq!(names, [Some("square-1.png"), Some("Square-2.png"), Some("story.png")]);
    }
}

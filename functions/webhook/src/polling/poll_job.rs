//! Polls for a job's work and applies the result to the job, or lets the job expire.

use job_store::JobStore;
use model::{Error, ErrorClass, Job, JobEvent};
use providers::PollStatus;
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::{
    next_poll_time,
    poll_outcome::CheckOutcome,
    poll_request::{PollOutcome, Poller},
    update_job_after_poll::JobUpdate,
};
use crate::{
    clients::WorkerClients, notifications::job_notifier::JobNotifier, provider_of_job::find_job_provider,
};

/// A job whose poll the rate limit delays by no more than this stays due. The next sweep is a minute away.
const MAX_RATE_LIMIT_WAIT: Duration = Duration::minutes(1);

/// Polls for jobs and updates them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JobPoll<'a> {
    job_store: &'a JobStore,
    poller: Poller<'a>,
    update: JobUpdate<'a>,
    notifier: JobNotifier<'a>,
    callback_timeout: std::time::Duration,
}

impl<'a> JobPoll<'a> {
    pub(crate) fn new(clients: &'a WorkerClients) -> Self {
        Self {
            job_store: &clients.job_store,
            poller: Poller::new(clients),
            update: JobUpdate::new(clients),
            notifier: JobNotifier::new(clients),
            callback_timeout: clients.config.sweep.callback_timeout,
        }
    }

    /// Polls for work that the provider has, and updates the job. The request is sent at `latest` at the latest.
    pub(crate) async fn poll(&self, job: Job, latest: OffsetDateTime) -> Result<CheckOutcome, Error> {
        let provider = find_job_provider(&job)?;
        let outcome = self.poller.poll(provider, &job, latest).await?;
        let now = OffsetDateTime::now_utc();
        let expiry = next_poll_time::expiry(provider, &job, &outcome, self.callback_timeout);
        match outcome {
            PollOutcome::OutOfTime => Ok(CheckOutcome::OutOfTime),
            PollOutcome::RateLimited(at) if at <= now + MAX_RATE_LIMIT_WAIT => Ok(CheckOutcome::OutOfTime),
            PollOutcome::Answered(PollStatus::Ended(event)) => self.update.apply_event(&job, event).await,
            PollOutcome::Answered(PollStatus::NotFound(error)) => {
                let error = error.to_job_error(now);
                self.update.apply_event(&job, JobEvent::WorkFailed { error, missing: vec![] }).await
            }
            _ if now >= expiry => self.update.apply_event(&job, expired(&job, now)).await,
            PollOutcome::NotSupported => self.update.schedule_check(job.id, now, expiry).await,
            // Otherwise the jobs of a paused tier would stay at the head of the due index and hide the others.
            PollOutcome::RateLimited(at) => self.update.schedule_check(job.id, now, at.min(expiry)).await,
            PollOutcome::Answered(PollStatus::Accepted { provider_job_id, provider_state }) => {
                self.store_notes(&job, provider_state, now).await?;
                self.update.apply_event(&job, JobEvent::SubmissionAccepted { provider_job_id }).await
            }
            PollOutcome::Answered(PollStatus::InProgress { percent, provider_state }) => {
                self.store_notes(&job, provider_state, now).await?;
                if let Some(percent) = percent {
                    let (job, _) = self
                        .job_store
                        .apply_event(job.id, &JobEvent::ProgressReported { percent }, now)
                        .await?;
                    self.notifier.notify(&job).await;
                }
                let next = next_poll_time::next_poll(provider, &job, now).min(expiry);
                self.update.schedule_check(job.id, now, next).await
            }
            PollOutcome::Unanswered(error, wait) => {
                error.log("the provider did not report the status of a job's work");
                let next = next_poll_time::next_poll_after_failure(provider, &job, now).max(now + wait);
                self.update.schedule_check_without_answer(job.id, now, next.min(expiry)).await
            }
        }
    }

    async fn store_notes(
        &self,
        job: &Job,
        provider_state: Option<Map<String, Value>>,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        match provider_state {
            Some(provider_state) => self
                .job_store
                .apply_event(job.id, &JobEvent::ProviderStateStored { provider_state }, now)
                .await
                .map(|_| ()),
            None => Ok(()),
        }
    }
}

fn expired(job: &Job, now: OffsetDateTime) -> JobEvent {
    let hours = (now - job.created_at).whole_hours();
    // Not every kind of work has a callback, so the message does not mention one.
    let message = match job.provider_job_id {
        Some(_) => format!(
            "the provider sent no update for {hours} hours; the job still lands if an update arrives later"
        ),
        None => format!(
            "it is unknown whether the provider accepted the work, and it sent no update for {hours} hours; the job \
             still lands if an update arrives later"
        ),
    };
    JobEvent::Expired { error: Error::new(ErrorClass::ProviderSilent, message).to_job_error(now) }
}

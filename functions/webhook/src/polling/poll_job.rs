//! Polls for a job's work and applies the result to the job, or lets the job expire.

use job_store::JobStore;
use model::{CompletedBy, Error, Job, JobEvent};
use providers::PollStatus;
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::{
    expired_job::expired,
    next_poll_time,
    poll_outcome::CheckOutcome,
    poll_request::{PollOutcome, Poller},
    update_job_after_poll::JobUpdate,
};
use crate::{
    clients::WorkerClients, config::SweepConfig, notifications::job_notifier::JobNotifier,
    provider_of_job::find_job_provider, rescue::rescue_time::rescue_time,
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
    sweep: &'a SweepConfig,
}

impl<'a> JobPoll<'a> {
    pub(crate) fn new(clients: &'a WorkerClients) -> Self {
        Self {
            job_store: &clients.job_store,
            poller: Poller::new(clients),
            update: JobUpdate::new(clients),
            notifier: JobNotifier::new(clients),
            sweep: &clients.config.sweep,
        }
    }

    /// Polls for work that the provider has, and updates the job. The request is sent at `latest` at the latest.
    pub(crate) async fn poll(&self, job: Job, latest: OffsetDateTime) -> Result<CheckOutcome, Error> {
        let provider = find_job_provider(&job)?;
        let outcome = self.poller.poll(provider, &job, latest).await?;
        let now = OffsetDateTime::now_utc();
        let expiry = next_poll_time::expiry(provider, &job, &outcome, self.sweep.callback_timeout);
        match outcome {
            PollOutcome::OutOfTime => Ok(CheckOutcome::OutOfTime),
            PollOutcome::RateLimited(at) if at <= now + MAX_RATE_LIMIT_WAIT => Ok(CheckOutcome::OutOfTime),
            PollOutcome::Answered(PollStatus::Ended(event)) => {
                self.update.apply_event(&job, event.with_completion(CompletedBy::Poll)).await
            }
            PollOutcome::Answered(PollStatus::NotFound(error)) => {
                let error = error.to_job_error(now);
                self.update.apply_event(&job, JobEvent::WorkFailed { error, missing: vec![] }).await
            }
            PollOutcome::Answered(PollStatus::PhaseFinished) => {
                self.update.apply_event(&job, JobEvent::PhaseFinished).await
            }
            _ if now >= expiry => self.update.apply_event(&job, expired(&job, now)).await,
            PollOutcome::NotSupported => {
                let rescue = rescue_time(provider, &job, self.sweep).filter(|at| *at > now);
                self.update.schedule_check(job.id, now, rescue.map_or(expiry, |at| at.min(expiry))).await
            }
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

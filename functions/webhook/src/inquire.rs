//! Asking a provider how work stands, in our turn and once: what it does not answer is asked again by a later sweep.

use model::{Fault, FaultClass, Job};
use providers::{Access, Ask, Credentials, Provider, SendFailure, Standing};
use records::Turn;
use time::{Duration, OffsetDateTime};
use transport::Unanswered;

use crate::worker::Worker;

/// What came of asking.
#[derive(Debug)]
pub(crate) enum Inquired {
    /// The provider said this.
    Answered(Standing),
    /// It did not, for this reason, and wants to be left alone for so long.
    Unanswered(Fault, Option<Duration>),
    /// It cannot be asked about this work.
    CannotBe,
    /// There was no time to ask.
    NoTime,
}

impl Worker {
    /// Asks a job's provider, unless its turn comes only after `latest`.
    pub(crate) async fn inquire(
        &self,
        provider: &dyn Provider,
        job: &Job,
        latest: OffsetDateTime,
    ) -> Result<Inquired, Fault> {
        let secret = self.secrets.get().await?;
        let credentials = Credentials::new(secret.provider(provider.name()));
        let settings = &self.config.sweep.providers;
        let access = Access { api_url: settings.api_url(provider.name()), credentials: &credentials };
        let Some(mut inquiry) = provider.poll(&access, job)? else { return Ok(Inquired::CannotBe) };
        let mut step = inquiry.start();
        loop {
            let request = match step {
                Ask::Send(request) => request,
                Ask::SendAfter { wait, otherwise, .. } => {
                    self.hold_back(job, &otherwise, wait).await;
                    return Ok(Inquired::Unanswered(otherwise, Duration::try_from(wait).ok()));
                }
                Ask::Done(standing) => return Ok(Inquired::Answered(standing)),
                Ask::Failed(fault) => return Ok(Inquired::Unanswered(fault, None)),
            };
            if !self.turn_comes(job, latest).await? {
                return Ok(Inquired::NoTime);
            }
            let answer = self.sender.send(request, self.config.sweep.provider_timeout).await;
            step = inquiry.answered(answer.map_err(|unanswered| match unanswered {
                Unanswered::NotSent => SendFailure::NotSent,
                Unanswered::MaybeSent => SendFailure::MaybeSent,
            }));
        }
    }

    /// Waits for a turn in the line that all invocations stand in. Returns whether it came in time.
    async fn turn_comes(&self, job: &Job, latest: OffsetDateTime) -> Result<bool, Fault> {
        let Some(interval) = self.config.sweep.providers.interval(job.provider.as_str()) else {
            return Ok(OffsetDateTime::now_utc() < latest);
        };
        let now = OffsetDateTime::now_utc();
        match self.records.take_turn(&job.provider, interval, now, latest).await? {
            Turn::At(turn) => {
                if let Ok(wait) = std::time::Duration::try_from(turn - now) {
                    tokio::time::sleep(wait).await;
                }
                Ok(true)
            }
            Turn::NotBefore(_) => Ok(false),
        }
    }

    /// Everybody leaves a provider alone that asked for it.
    async fn hold_back(&self, job: &Job, refusal: &Fault, wait: std::time::Duration) {
        let interval = self.config.sweep.providers.interval(job.provider.as_str());
        if refusal.class != FaultClass::ProviderThrottled || interval.is_none() {
            return;
        }
        let until = OffsetDateTime::now_utc() + wait;
        if let Err(fault) = self.records.hold_back(&job.provider, until).await {
            fault.log("the others do not know that the provider wants to be left alone");
        }
    }
}

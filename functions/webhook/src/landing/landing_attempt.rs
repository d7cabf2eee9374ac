//! One attempt to land a job: transfers its files under the lease, from new URLs if the old ones expired.

use job_store::Lease;
use model::{Error, ErrorClass, Job, JobEvent, SlowAttempt, SourceRole, TransferStatistics};
use time::OffsetDateTime;

use super::{
    archive::land_archive::land_archive,
    bare_file::land_bare_file,
    individual_files::land_individual_files,
    landing_context::{LandingClients, LandingContext},
    landing_outcome::LandingOutcome,
    lease_renewal::{LeaseRenewal, LeasedOutcome},
    refresh_source_urls::{SourceRefresh, refresh_sources},
    transfer::{Checkpoint, DownloadRate, LandingProgress},
};
use crate::{queue_message::MessageReceipt, stored_source_urls::read_source_list};

/// How many times the provider is polled for new URLs.
const MAX_SOURCE_REFRESHES: u32 = 3;

/// Why an attempt stopped before its end.
pub(super) struct LandingAttemptError {
    pub(super) error: Error,
    /// Set if the source was too slow.
    pub(super) slow_attempt: Option<SlowAttempt>,
}

impl From<Error> for LandingAttemptError {
    fn from(error: Error) -> Self {
        Self { error, slow_attempt: None }
    }
}

/// One attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct LandingAttempt<'a> {
    pub(super) clients: LandingClients<'a>,
    pub(super) lease: &'a Lease,
    pub(super) receipt: &'a MessageReceipt,
    /// Whether an earlier attempt may have stored files.
    pub(super) is_retry: bool,
}

impl LandingAttempt<'_> {
    /// Transfers the files, and polls for new URLs if files are not at their URLs any more.
    pub(super) async fn run(&self, job: &Job) -> Result<LeasedOutcome<JobEvent>, LandingAttemptError> {
        let (mut refreshed, mut refreshes_left) = (None, MAX_SOURCE_REFRESHES);
        loop {
            let job = refreshed.as_deref().unwrap_or(job);
            match self.transfer_leased(job, refreshes_left).await {
                Err(missing) if missing.error.class == ErrorClass::SourceGone && refreshes_left > 0 => {
                    missing
                        .error
                        .log("files are not at their URLs any more, the provider is polled for new ones");
                    let refresh = refresh_sources(&self.clients, self.lease, job, self.receipt);
                    match refresh.await? {
                        SourceRefresh::Refreshed(job) => {
                            (refreshed, refreshes_left) = (Some(job), refreshes_left - 1);
                        }
                        SourceRefresh::OutOfTime => return Ok(LeasedOutcome::OutOfTime),
                        SourceRefresh::NotAvailable
                            if job.sources.iter().all(|source| source.role == SourceRole::Archive) =>
                        {
                            return Err(missing);
                        }
                        // The missing files stay missing, and the other files land.
                        SourceRefresh::NotAvailable => refreshes_left = 0,
                    }
                }
                ended => return ended,
            }
        }
    }

    /// Transfers the files while the lease and the message are renewed. Stops if the lease is lost or the time is
    /// over.
    async fn transfer_leased(
        &self,
        job: &Job,
        refreshes_left: u32,
    ) -> Result<LeasedOutcome<JobEvent>, LandingAttemptError> {
        let min_rate = self.clients.config.min_download_rate;
        let progress = LandingProgress::new(DownloadRate::new(min_rate, job.slow_attempts));
        let landing = Box::pin(self.transfer(job, refreshes_left, &progress));
        let renewal = LeaseRenewal {
            clients: self.clients,
            lease: self.lease,
            receipt: self.receipt,
            progress: &progress,
            is_lease_new: refreshes_left == MAX_SOURCE_REFRESHES,
        };
        let landed = renewal.run(landing).await.map_err(|error| {
            let is_slow = progress.download_rate().slow_downloads() > 0;
            let slow_attempt = is_slow.then(|| SlowAttempt { has_progressed: progress.has_progressed() });
            LandingAttemptError { error, slow_attempt }
        })?;
        Ok(match landed {
            LeasedOutcome::Done(outcome) => {
                let transfer = Some(progress.statistics()).filter(|transfer| transfer.bytes > 0);
                LeasedOutcome::Done(outcome_event(outcome, transfer))
            }
            LeasedOutcome::OutOfTime => LeasedOutcome::OutOfTime,
        })
    }

    /// Transfers the files. A repetition changes nothing: files that are in the bucket are not downloaded again.
    async fn transfer(
        &self,
        job: &Job,
        refreshes_left: u32,
        progress: &LandingProgress,
    ) -> Result<LandingOutcome, Error> {
        let LandingClients { bucket, job_store, .. } = self.clients;
        let sources = read_source_list(bucket, job).await?;
        let is_retry = self.is_retry || refreshes_left < MAX_SOURCE_REFRESHES;
        let mut checkpoint: Option<Checkpoint> = None;
        if is_retry {
            checkpoint = job_store.load_checkpoint(job.id, OffsetDateTime::now_utc()).await?;
        }
        let context = LandingContext {
            clients: self.clients,
            job,
            is_retry,
            can_refresh_sources: refreshes_left > 0,
            progress,
            checkpoint: checkpoint.as_ref(),
        };
        // Boxed: both futures are large, and this one would hold room for the larger of them on the stack.
        match &sources[..] {
            [source] if source.role == SourceRole::Archive => {
                match Box::pin(land_archive(context, &source.url)).await {
                    Err(error) if error.class == ErrorClass::ArchiveInvalid => {
                        Box::pin(land_bare_file(context, &source.url, error)).await
                    }
                    landed => landed,
                }
            }
            files => Box::pin(land_individual_files(context, files)).await,
        }
    }
}

fn outcome_event(outcome: LandingOutcome, transfer: Option<TransferStatistics>) -> JobEvent {
    match outcome {
        LandingOutcome::Complete { landed_files } => {
            JobEvent::Landed { landed_files: Box::new(landed_files), transfer }
        }
        LandingOutcome::Partial { landed_files, error } => {
            let error = error.to_job_error(OffsetDateTime::now_utc());
            JobEvent::LandedPartially { landed_files: Box::new(landed_files), transfer, error }
        }
        LandingOutcome::Rejected { archive, error } => {
            error.log("the transferred files are rejected");
            let error = error.to_job_error(OffsetDateTime::now_utc());
            JobEvent::LandingFailed { archive, transfer, error }
        }
    }
}

//! A job, and what events do to it.

use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use crate::{
    Archive, ErrorClass, Event, JobError, JobId, LandedFiles, ManifestObject, Missing, NotifyTargets, Outbox,
    ProviderJobId, ProviderName, Retries, SlowAttempt, Source, Status, StoredFile, Trace, TransferStatistics,
    Transition, transition,
};

/// How a job came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Somebody asked us for it.
    Submitted,
    /// The provider reported work that nobody asked us for, and the configuration adopts such work.
    Adopted,
}

/// What is known of a job before it exists.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// Who does the work.
    pub provider: ProviderName,
    /// What work: a kind that the provider knows, such as `export`.
    pub kind: String,
    /// The checked request, in the provider's canonical form.
    pub request: Value,
    /// How many files were asked for, when the request says so.
    pub expected: Option<u64>,
    /// The caller's own JSON, handed back unchanged.
    pub metadata: Option<Value>,
    /// Whether the archive shall be unpacked; the worker's configuration decides when the caller does not say.
    pub unpack: Option<bool>,
    /// How it came to be.
    pub origin: Origin,
}

/// A piece of work and everything known about it.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Who does the work.
    pub provider: ProviderName,
    /// What work.
    pub kind: String,
    /// The checked request.
    pub request: Value,
    /// How many files were asked for.
    pub expected: Option<u64>,
    /// The caller's own JSON.
    pub metadata: Option<Value>,
    /// Whether the archive shall be unpacked, when the caller said so.
    pub unpack: Option<bool>,
    /// How it came to be.
    pub origin: Origin,
    /// Where it stands.
    pub status: Status,
    /// The provider's id for it.
    pub provider_job_id: Option<ProviderJobId>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
    /// 0 to 100, as the provider reports it.
    pub progress: Option<f64>,
    /// Where the finished files can be fetched.
    pub sources: Vec<Source>,
    /// The files that the provider could not make.
    pub missing: Vec<Missing>,
    /// What the provider answered, when that is all there is.
    pub result: Option<Value>,
    /// How the landing is going or went.
    pub transfer: Option<TransferStatistics>,
    /// The provider's archive in the bucket.
    pub archive: Option<Archive>,
    /// The files in the bucket, or the first of them: see [`LandedFiles::MAX_LISTED`].
    pub files: Vec<StoredFile>,
    /// How many files are in the bucket.
    pub files_total: u64,
    /// The list of all of them, in the bucket.
    pub manifest: Option<ManifestObject>,
    /// What went wrong last.
    pub error: Option<JobError>,
    /// What the provider's side of Landfall keeps for later questions about the work.
    pub notes: Map<String, Value>,
    /// When somebody looks after it, should nothing else happen.
    pub check: PollState,
    /// Whom it tells of its end.
    pub audience: NotifyTargets,
    /// Attempts in a row to bring its files in that ended since the source was too slow.
    pub slow_attempts: u32,
    /// How often it was tried again, and which jobs repeat it.
    pub retries: Retries,
    /// What others are to be told of it.
    pub outbox: Outbox,
    /// The trace of the request that made it.
    pub trace: Option<Trace>,
    /// Counts the writes; a write names the version it read, so that two writers cannot undo each other.
    pub version: u64,
}

/// When a job is looked after that stays silent, and how often it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PollState {
    /// The time of the next look. None while the job needs none.
    pub at: Option<OffsetDateTime>,
    /// How often the provider answered.
    pub asked: u32,
    /// How often in a row it did not.
    pub unanswered: u32,
    /// When it was last asked since somebody hinted that there is news.
    pub hinted: Option<OffsetDateTime>,
}

/// What [`Job::apply`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The job moved to another status.
    Moved,
    /// The job recorded something and stayed.
    Noted,
    /// Nothing changed; there is nothing to write.
    Nothing,
}

impl Job {
    /// How long a job may stay silent before it is looked after: a minute, longer than any invocation that asks a
    /// provider takes to record the answer, and than most work takes.
    pub const FIRST_CHECK: Duration = Duration::seconds(60);

    /// After this long without an attempt nobody brings a job's files in any more: a message that failed comes back
    /// within 15 minutes, and one whose worker died within 16. A queue that is this far behind has an alarm of its own,
    /// and a landing that is queued twice is attempted once.
    pub const LANDING_STALLS_AFTER: Duration = Duration::hours(2);

    /// How often at most hints make somebody ask the provider about a job.
    pub const BETWEEN_HINTS: Duration = Duration::seconds(5);

    /// A job that has just been made: nobody has been asked yet.
    pub fn new(new: NewJob) -> Self {
        let created_at = new.id.created_at();
        Self {
            id: new.id,
            provider: new.provider,
            kind: new.kind,
            request: new.request,
            expected: new.expected,
            metadata: new.metadata,
            unpack: new.unpack,
            origin: new.origin,
            status: Status::Submitting,
            provider_job_id: None,
            created_at,
            updated_at: created_at,
            progress: None,
            sources: vec![],
            missing: vec![],
            result: None,
            transfer: None,
            archive: None,
            files: vec![],
            files_total: 0,
            manifest: None,
            error: None,
            notes: Map::new(),
            check: PollState { at: Some(created_at + Self::FIRST_CHECK), ..PollState::default() },
            audience: NotifyTargets::default(),
            slow_attempts: 0,
            retries: Retries::default(),
            outbox: Outbox::default(),
            trace: None,
            version: 0,
        }
    }

    /// The job before its turn at the provider has come.
    #[must_use]
    pub fn waiting(self) -> Self {
        Self { status: Status::Waiting, ..self }
    }

    /// The job as a part of the trace of the request that made it.
    #[must_use]
    pub fn traced(self, trace: Option<Trace>) -> Self {
        Self { trace, ..self }
    }

    /// Lets an event happen to the job. The only way a job changes.
    pub fn apply(&mut self, event: Event, now: OffsetDateTime) -> Change {
        let event = event.within_limits(now);
        let change = match transition(self.status, &event) {
            Transition::Stale => return Change::Nothing,
            Transition::Note if self.already_knows(&event) => return Change::Nothing,
            Transition::Note => Change::Noted,
            Transition::To(status) => {
                self.status = status;
                let wait =
                    if status == Status::Landing { Self::LANDING_STALLS_AFTER } else { Self::FIRST_CHECK };
                let at = status.is_silent().then(|| now + wait);
                self.check = PollState { at, hinted: self.check.hinted, ..PollState::default() };
                Change::Moved
            }
        };
        // A look at a job that found nothing new does not change it.
        let only_looked = matches!(
            event,
            Event::Checked { .. }
                | Event::Hinted { .. }
                | Event::Noted { .. }
                | Event::LandingChecked { error: None, .. }
        );
        if !only_looked {
            self.updated_at = now;
        }
        self.record(event);
        change
    }

    /// Why the provider refused the work, if it did and nothing else happened since.
    pub fn refusal(&self) -> Option<&JobError> {
        let refused =
            self.status == Status::Failed && self.provider_job_id.is_none() && self.sources.is_empty();
        self.error.as_ref().filter(|_| refused)
    }

    fn already_knows(&self, event: &Event) -> bool {
        match event {
            Event::Accepted { provider_job_id: _ } => self.provider_job_id.is_some(),
            Event::Progressed { percent } => self.progress.is_some_and(|known| known >= *percent),
            Event::Finished { sources, missing } => self.sources == *sources && self.missing == *missing,
            Event::Hinted { at } => {
                let next = self.next_hint(*at);
                next.is_some_and(|next| self.check.at.is_none_or(|look| look <= next))
            }
            Event::Noted { notes } => notes.iter().all(|(name, value)| self.notes.get(name) == Some(value)),
            Event::Begun
            | Event::Deferred { .. }
            | Event::Refused { .. }
            | Event::OutcomeUnknown { .. }
            | Event::Answered { .. }
            | Event::Failed { .. }
            | Event::Checked { .. }
            | Event::Expired { .. }
            | Event::LandingStarted
            | Event::Transferred { .. }
            | Event::LandingPostponed { .. }
            | Event::LandingChecked { .. }
            | Event::Landed { .. }
            | Event::LandedPartly { .. }
            | Event::LandingFailed { .. }
            | Event::Cancelled
            | Event::LandingRetried
            | Event::InquiryRetried { .. } => false,
            Event::Resubmitted { job } => self.retries.resubmitted_as == Some(*job),
        }
    }

    fn record(&mut self, event: Event) {
        match event {
            Event::Begun => {}
            Event::Deferred { error } => self.error = error.or(self.error.take()),
            Event::Accepted { provider_job_id } => {
                self.provider_job_id.get_or_insert(provider_job_id);
                // An outcome that was unknown is known now.
                if self.status == Status::Submitted {
                    self.error = None;
                }
            }
            Event::Refused { error } | Event::OutcomeUnknown { error } => self.error = Some(error),
            Event::Progressed { percent } => self.progress = Some(self.progress.unwrap_or(0.0).max(percent)),
            Event::Finished { sources, missing } => {
                (self.sources, self.missing) = (sources, missing);
                self.progress = Some(100.0);
                self.error = None;
            }
            Event::Answered { result } => {
                self.result = Some(result);
                self.progress = Some(100.0);
                self.error = None;
            }
            Event::Failed { error, missing } => (self.error, self.missing) = (Some(error), missing),
            Event::Checked { next, answered } => {
                self.check.at = Some(next);
                self.check.asked += u32::from(answered);
                self.check.unanswered = if answered { 0 } else { self.check.unanswered + 1 };
            }
            Event::Hinted { at } => match self.next_hint(at) {
                None => self.check.hinted = Some(at),
                Some(next) => self.check.at = self.check.at.map(|look| look.min(next)),
            },
            Event::Expired { error } => self.error = Some(error),
            Event::Noted { notes } => self.notes.extend(notes),
            Event::LandingStarted => {
                // Somebody attempts it again, whatever came before.
                self.error = self.error.take().filter(|error| error.class != ErrorClass::LandingStalled);
            }
            Event::Transferred { transfer } => self.transfer = Some(transfer),
            Event::LandingPostponed { error, slow } => {
                self.error = Some(error);
                if let Some(SlowAttempt { progressed }) = slow {
                    self.slow_attempts = if progressed { 1 } else { self.slow_attempts + 1 };
                }
            }
            Event::LandingChecked { next, queued, error } => {
                self.check.at = Some(next);
                self.check.unanswered += u32::from(queued);
                self.error = error.or(self.error.take());
            }
            Event::Landed { haul } => {
                self.keep(haul, None);
                self.sources.iter_mut().for_each(Source::forget_signature);
            }
            Event::LandedPartly { haul, error } => self.keep(haul, Some(error)),
            Event::LandingFailed { archive, error } => {
                // What an earlier round brought in is still there.
                (self.archive, self.error) = (archive.or(self.archive.take()), Some(error));
            }
            Event::Cancelled => self.error = None,
            Event::LandingRetried | Event::InquiryRetried { .. } => {
                self.retries.rounds += 1;
                (self.error, self.transfer, self.slow_attempts) = (None, None, 0);
            }
            Event::Resubmitted { job } => self.retries.resubmitted_as = Some(job),
        }
    }

    /// When the provider may be asked again because of a hint, if not at this time.
    fn next_hint(&self, at: OffsetDateTime) -> Option<OffsetDateTime> {
        self.check.hinted.map(|hinted| hinted + Self::BETWEEN_HINTS).filter(|next| at < *next)
    }

    fn keep(&mut self, haul: LandedFiles, error: Option<JobError>) {
        let LandedFiles { archive, files, files_total, manifest } = haul;
        (self.archive, self.files, self.files_total, self.manifest) = (archive, files, files_total, manifest);
        self.error = error;
    }
}

//! A job, and what events do to it.

use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    Archive, Event, Haul, JobError, JobId, ManifestObject, ProviderName, Source, Status, StoredFile, Ticket,
    Transfer, Transition, transition,
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
    pub ticket: Option<Ticket>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
    /// 0 to 100, as the provider reports it.
    pub progress: Option<f64>,
    /// Where the finished files can be fetched.
    pub sources: Vec<Source>,
    /// How the landing is going or went.
    pub transfer: Option<Transfer>,
    /// The provider's archive in the bucket.
    pub archive: Option<Archive>,
    /// The files in the bucket, or the first of them: see [`Haul::MOST_LISTED`].
    pub files: Vec<StoredFile>,
    /// How many files are in the bucket.
    pub files_total: u64,
    /// The list of all of them, in the bucket.
    pub manifest: Option<ManifestObject>,
    /// What went wrong last.
    pub error: Option<JobError>,
    /// Counts the writes; a write names the version it read, so that two writers cannot undo each other.
    pub version: u64,
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
            ticket: None,
            created_at,
            updated_at: created_at,
            progress: None,
            sources: vec![],
            transfer: None,
            archive: None,
            files: vec![],
            files_total: 0,
            manifest: None,
            error: None,
            version: 0,
        }
    }

    /// The job before its turn at the provider has come.
    #[must_use]
    pub fn waiting(self) -> Self {
        Self { status: Status::Waiting, ..self }
    }

    /// Lets an event happen to the job. The only way a job changes.
    pub fn apply(&mut self, event: Event, now: OffsetDateTime) -> Change {
        let change = match transition(self.status, &event) {
            Transition::Stale => return Change::Nothing,
            Transition::Note if self.already_knows(&event) => return Change::Nothing,
            Transition::Note => Change::Noted,
            Transition::To(status) => {
                self.status = status;
                Change::Moved
            }
        };
        self.record(event);
        self.updated_at = now;
        change
    }

    /// Why the provider refused the work, if it did and nothing else happened since.
    pub fn refusal(&self) -> Option<&JobError> {
        let refused = self.status == Status::Failed && self.ticket.is_none() && self.sources.is_empty();
        self.error.as_ref().filter(|_| refused)
    }

    fn already_knows(&self, event: &Event) -> bool {
        match event {
            Event::Accepted { ticket: _ } => self.ticket.is_some(),
            Event::Progressed { percent } => self.progress.is_some_and(|known| known >= *percent),
            Event::Finished { sources } => self.sources == *sources,
            Event::Begun
            | Event::Deferred { .. }
            | Event::Refused { .. }
            | Event::OutcomeUnknown { .. }
            | Event::LandingStarted
            | Event::Transferred { .. }
            | Event::LandingPostponed { .. }
            | Event::Landed { .. }
            | Event::LandedPartly { .. }
            | Event::LandingFailed { .. } => false,
        }
    }

    fn record(&mut self, event: Event) {
        match event {
            Event::Begun => {}
            Event::Deferred { error } => self.error = error.or(self.error.take()),
            Event::Accepted { ticket } => {
                self.ticket.get_or_insert(ticket);
                // An outcome that was unknown is known now.
                if self.status == Status::Submitted {
                    self.error = None;
                }
            }
            Event::Refused { error } | Event::OutcomeUnknown { error } => self.error = Some(error),
            Event::Progressed { percent } => self.progress = Some(self.progress.unwrap_or(0.0).max(percent)),
            Event::Finished { sources } => {
                self.sources = sources;
                self.progress = Some(100.0);
                self.error = None;
            }
            Event::LandingStarted => {}
            Event::Transferred { transfer } => self.transfer = Some(transfer),
            Event::LandingPostponed { error } => self.error = Some(error),
            Event::Landed { haul } => self.keep(haul, None),
            Event::LandedPartly { haul, error } => self.keep(haul, Some(error)),
            Event::LandingFailed { archive, error } => (self.archive, self.error) = (archive, Some(error)),
        }
    }

    fn keep(&mut self, haul: Haul, error: Option<JobError>) {
        let Haul { archive, files, files_total, manifest } = haul;
        (self.archive, self.files, self.files_total, self.manifest) = (archive, files, files_total, manifest);
        self.error = error;
    }
}

//! Asking AI Studios how an export stands: its progress, and its project where that is needed (contract 3).

mod finding;

use std::time::Duration;

use bytes::Bytes;
use model::{Error, ErrorClass, Event, Job, Secret};
use time::OffsetDateTime;

use super::{
    api::Api,
    envelope::{Holds, open},
    error_response::{Class, Refusal},
    export_snapshot::Notes,
    export_status::{Verdict, Whose, verdict, whose},
    lenient_values::text,
    progress::{Progress, Project},
    retry_delays::Repeats,
};
use crate::{ApiAccess, PollSchedule, PollStatus, Query, QueryStep, SendResult};

/// The contract's schedule (3.5), as close as a sweep each minute comes to it. Every export has a deadline of its own;
/// this end is for those that could not be asked about until then, and counts from the making of a job that may have
/// waited a day for its turn.
pub(super) const POLLING: PollSchedule = PollSchedule { interval, until: Duration::from_secs(26 * 3600) };

/// A project that is not found this soon after its export was asked for may just not be known everywhere yet
/// (contract 3.2), in seconds.
const GRACE: i64 = 60;
/// How long an export may be done without a URL before its project is asked for it (contract 3.2), in seconds.
const FINALIZING: i64 = 10 * 60;
/// How often in a row the provider may refuse to tell (contract 3.2).
const REFUSALS: u32 = 3;
/// How often the render task is looked for.
const LOOKS_FOR_TASK: u32 = 3;
/// The deadline and the stall unless they are configured otherwise, in seconds (contract 3.5).
const DEADLINE: u64 = 3600;
const STALL: u64 = 1800;

fn interval(age: Duration, _asked: u32) -> Duration {
    Duration::from_secs(match age.as_secs() {
        0..120 => 15,
        120..600 => 30,
        _ => 60,
    })
}

/// Which answer is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// The progress of the id that the provider gave.
    Progress,
    /// The progress of the id that we gave, since the other one is not known.
    OtherProgress,
    /// The project, to complete what the progress said.
    Project,
    /// The project, since no progress is known.
    LastHope,
}

/// One question about one job.
pub(super) struct Question {
    api: Api,
    now: OffsetDateTime,
    /// Seconds until an export is given up, and until one that does not move is.
    deadline: i64,
    stall: i64,
    /// The provider's id; none while nobody knows whether it took the work.
    provider_job_id: Option<String>,
    /// The id that was asked for.
    project_id: String,
    resolution: Option<String>,
    /// Where the files are that are being landed, when another place is wanted.
    landing_from: Option<String>,
    before: Notes,
    notes: Notes,
    stage: Stage,
    progress: Option<Progress>,
    /// Whether a token was refused already. The next refusal is the last.
    refused: bool,
    repeats: Repeats,
}

impl Question {
    /// The question about a job; none about one that was never asked for, or that nobody here asked for.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] when the keys are missing.
    pub(super) fn new(access: &ApiAccess<'_>, job: &Job, now: OffsetDateTime) -> Result<Option<Self>, Error> {
        let notes = Notes::read(&job.notes);
        let Some(project_id) = text(&job.request, &["project_id"]) else { return Ok(None) };
        if notes.asked_at.is_none() {
            return Ok(None);
        }
        let seconds = |name: &str, usual: u64| {
            access.credentials.seconds(name).unwrap_or(usual).min(30 * 24 * 3600).cast_signed()
        };
        Ok(Some(Self {
            api: Api::new(access.api_url, access.credentials)?,
            now,
            deadline: seconds("deadline_seconds", DEADLINE),
            stall: seconds("stall_seconds", STALL),
            provider_job_id: job
                .provider_job_id
                .as_ref()
                .map(|provider_job_id| provider_job_id.as_str().to_owned()),
            project_id: project_id.to_owned(),
            resolution: text(&job.request, &["resolution"]).map(str::to_owned),
            landing_from: job.sources.first().map(|source| source.url.clone()),
            before: notes.clone(),
            notes,
            stage: Stage::Progress,
            progress: None,
            refused: false,
            repeats: Repeats::default(),
        }))
    }

    fn request(&self) -> Result<http::Request<Bytes>, Error> {
        let provider_job_id = self.provider_job_id.as_deref().unwrap_or(&self.project_id);
        match self.stage {
            Stage::Progress => self.api.progress(provider_job_id),
            Stage::OtherProgress => self.api.progress(&self.project_id),
            Stage::Project | Stage::LastHope => self.api.project(provider_job_id),
        }
    }

    fn ask(&mut self, stage: Stage) -> QueryStep<PollStatus> {
        self.stage = stage;
        self.request().map_or_else(QueryStep::Failed, QueryStep::Send)
    }

    fn told(&mut self, answer: &SendResult) -> QueryStep<PollStatus> {
        let response = match answer {
            Ok(response) => response,
            // What the progress said stands without the project.
            Err(_) if self.stage == Stage::Project => return self.concluded(None),
            Err(_) => {
                return self
                    .in_trouble(Error::new(ErrorClass::ProviderUnavailable, "AI Studios does not answer"));
            }
        };
        match open(response.status(), response.body(), Holds::Object) {
            Ok(payload) => match self.stage {
                Stage::Progress | Stage::OtherProgress => self.progressed(Progress::read(&payload)),
                Stage::Project | Stage::LastHope => self.concluded(Some(&Project::read(&payload))),
            },
            Err(refusal) => self.refused(answer, &refusal),
        }
    }

    fn progressed(&mut self, progress: Progress) -> QueryStep<PollStatus> {
        let wanted = self.wants_project(&progress);
        self.progress = Some(progress);
        if wanted { self.ask(Stage::Project) } else { self.concluded(None) }
    }

    /// Whether the project may tell what the progress does not.
    fn wants_project(&self, progress: &Progress) -> bool {
        let doubtful = || whose(&self.notes, progress, None, self.now) != Whose::Ours;
        let looks = self.notes.backend_task_id.is_none() && self.notes.looked_for_task < LOOKS_FOR_TASK;
        let wanted = match verdict(progress) {
            Verdict::Ready(url) => self.landing_from.as_ref() == Some(&url) || doubtful(),
            Verdict::Failed => doubtful(),
            Verdict::Finalizing => self.finalizing_for() >= FINALIZING,
            Verdict::Pending(_) => false,
        };
        wanted || looks || self.provider_job_id.is_none()
    }

    /// Seconds since the export was first seen done without a URL.
    fn finalizing_for(&self) -> i64 {
        self.notes.finalizing_since.map_or(0, |since| self.now.unix_timestamp() - since)
    }

    fn refused(&mut self, answer: &SendResult, refusal: &Refusal) -> QueryStep<PollStatus> {
        match refusal.class() {
            Class::Auth if !self.refused => {
                self.refused = true;
                QueryStep::Authorize { refused: true }
            }
            Class::Throttled => {
                let (wait, error) = self.repeats.throttled(answer, refusal.error());
                match (wait, self.request()) {
                    (None, _) => QueryStep::Failed(error),
                    (Some(wait), Ok(request)) => QueryStep::SendAfter { wait, request, otherwise: error },
                    (Some(_), Err(error)) => QueryStep::Failed(error),
                }
            }
            _ if self.stage == Stage::Project => self.concluded(None),
            Class::Transient => self.in_trouble(refusal.error()),
            Class::NotFound => self.not_found(refusal),
            Class::Auth
            | Class::Quota
            | Class::Forbidden
            | Class::Conflict
            | Class::Invalid
            | Class::Provider => self.not_told(refusal),
        }
    }

    /// Trouble in passing counts for nothing until the deadline.
    fn in_trouble(&self, error: Error) -> QueryStep<PollStatus> {
        match self.is_overdue() {
            true => QueryStep::Done(PollStatus::Told(self.expired())),
            false => QueryStep::Failed(error),
        }
    }

    /// Not known yet, known by its other id, known as a project only, or gone (contract 3.2).
    fn not_found(&mut self, refusal: &Refusal) -> QueryStep<PollStatus> {
        if self.provider_job_id.is_some() && self.notes.age(self.now) < GRACE {
            return self.working(None);
        }
        match self.stage {
            Stage::Progress
                if self
                    .provider_job_id
                    .as_ref()
                    .is_some_and(|provider_job_id| *provider_job_id != self.project_id) =>
            {
                self.ask(Stage::OtherProgress)
            }
            Stage::Progress | Stage::OtherProgress => self.ask(Stage::LastHope),
            Stage::Project | Stage::LastHope => {
                let message = "project_missing: AI Studios does not know the project any more";
                let error = Error::new(ErrorClass::ProviderFailed, message);
                QueryStep::Done(PollStatus::Gone(error.with_provider_answer(refusal.answer())))
            }
        }
    }

    /// Three refusals in a row end it (contract 3.2). A token that is refused again counts as one: whatever stands in
    /// front of the API may answer like that for a moment, and the video would be lost.
    fn not_told(&mut self, refusal: &Refusal) -> QueryStep<PollStatus> {
        self.notes.refusals += 1;
        if self.notes.refusals >= REFUSALS {
            let error = match refusal.class() {
                Class::Auth => refusal.error(),
                _ => {
                    let message =
                        format!("AI Studios does not tell how the export stands: {}", refusal.message);
                    Error::new(ErrorClass::ProviderFailed, message).with_provider_answer(refusal.answer())
                }
            };
            return QueryStep::Done(PollStatus::Gone(error));
        }
        self.working(None)
    }

    fn is_overdue(&self) -> bool {
        self.notes.age(self.now) >= self.deadline
    }

    /// It goes on, or nobody waits any longer.
    fn working(&self, percent: Option<f64>) -> QueryStep<PollStatus> {
        QueryStep::Done(match self.is_overdue() {
            true => PollStatus::Told(self.expired()),
            false => PollStatus::Working { percent, notes: self.notes.since(&self.before) },
        })
    }

    fn expired(&self) -> Event {
        let minutes = self.deadline / 60;
        let message = match self.provider_job_id {
            Some(_) => format!(
                "the export was not done after {minutes} minutes; a callback that still comes lands it"
            ),
            None => format!(
                "whether AI Studios took the export was never learnt, and {minutes} minutes showed no sign of it; a \
                 callback that still comes lands it"
            ),
        };
        Event::Expired { error: Error::new(ErrorClass::ProviderSilent, message).for_record(self.now) }
    }
}

impl Query<PollStatus> for Question {
    fn start(&mut self) -> QueryStep<PollStatus> {
        QueryStep::Authorize { refused: false }
    }

    fn on_token(&mut self, token: &Secret) -> QueryStep<PollStatus> {
        self.api.carry(token);
        self.request().map_or_else(QueryStep::Failed, QueryStep::Send)
    }

    fn on_response(&mut self, answer: SendResult) -> QueryStep<PollStatus> {
        self.told(&answer)
    }
}

#[cfg(test)]
mod tests;

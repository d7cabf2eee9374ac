//! Evaluates the responses of one poll together: what they mean for the job, and what is stored for the next poll.

use model::{Job, JobEvent, JobStatus, ProviderJobId};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{
    end_events::{AwaitedWork, completed_without_url_event, expired_event, failed_event, stalled_event},
    finished_video::video_source,
    progress::{ExportPhase, ExportProgress, Project},
    status_rules::{ExportStatus, ResultOwnership, check_ownership, decide_status, has_started},
};
use crate::{
    Credentials, PollStatus,
    ai_studios::{
        lenient_values::read_text, order::Kind, poll_evaluation::PollEvaluation,
        stored_export_state::StoredState, wire_request::Tracking,
    },
};

/// A project that is not found within this time after the request for its export may not be visible everywhere yet
/// (contract 3.2), in seconds.
const PROJECT_VISIBILITY_SECONDS: i64 = 60;
/// How long an export may be finished without a URL before the poll reads its project for it (contract 3.2), in
/// seconds.
const MAX_FINALIZING_SECONDS: i64 = 10 * 60;
/// How many polls look for the render task.
const MAX_TASK_LOOKUPS: u32 = 3;
/// The default timeout of an export, and the default time without progress after which it has stalled, in seconds
/// (contract 3.5).
const DEFAULT_DEADLINE_SECONDS: u64 = 3600;
const DEFAULT_STALL_SECONDS: u64 = 1800;

/// The evaluation of one poll of one job.
pub(crate) struct ExportEvaluation {
    now: OffsetDateTime,
    /// Seconds until an export expires, and until one without progress fails.
    deadline: i64,
    stall: i64,
    /// The provider's id.
    provider_job_id: Option<String>,
    /// Whether it is unknown that the provider accepted the export.
    is_outcome_unknown: bool,
    /// Whether the job waits for an export that somebody else may request.
    is_tracked: bool,
    /// The id that was sent in the request, or that of the project that the provider made.
    project_id: String,
    resolution: Option<String>,
    /// The URL that is being landed, when the poll looks for another one.
    landing_url: Option<String>,
    stored_before: StoredState,
    stored: StoredState,
}

impl ExportEvaluation {
    /// Starts the evaluation for a job. None for a job whose work was never requested, that Landfall did not submit, or
    /// whose project is not known: the provider made one, and the response with its id was lost.
    pub(crate) fn new(job: &Job, credentials: &Credentials, now: OffsetDateTime) -> Option<Self> {
        let stored = StoredState::read(&job.provider_state);
        let provider_job_id = job.provider_job_id.as_ref().map(|id| id.as_str());
        let requested = read_text(&job.request, &["project_id"]);
        let project_id = match job.kind == Kind::EditProject.name() {
            // The provider may return another project for the changes, and the named one has no video of them.
            true => provider_job_id.or(requested)?,
            false => requested.or(provider_job_id)?,
        };
        stored.asked_at?;
        let seconds = |name: &str, default: u64| {
            credentials.get_seconds(name).unwrap_or(default).min(30 * 24 * 3600).cast_signed()
        };
        Some(Self {
            now,
            deadline: seconds("deadline_seconds", DEFAULT_DEADLINE_SECONDS),
            stall: seconds("stall_seconds", DEFAULT_STALL_SECONDS),
            provider_job_id: provider_job_id.map(str::to_owned),
            is_outcome_unknown: provider_job_id.is_none() || job.status == JobStatus::Unknown,
            is_tracked: Tracking::of(&job.request) != Tracking::None,
            project_id: project_id.to_owned(),
            resolution: read_text(&job.request, &["resolution"]).map(str::to_owned),
            landing_url: job.sources.first().map(|source| source.url.clone()),
            stored_before: stored.clone(),
            stored,
        })
    }

    /// The id that was sent in the request.
    pub(crate) fn project_id(&self) -> &str {
        &self.project_id
    }

    /// The provider's id, if it is known.
    pub(crate) fn provider_job_id(&self) -> Option<&str> {
        self.provider_job_id.as_deref()
    }

    /// Whether the provider still makes the project, as far as earlier polls know.
    pub(crate) fn is_creating(&self) -> bool {
        self.stored.creating
    }

    /// Whether the job waits for an export that somebody else may request.
    pub(crate) fn is_tracked(&self) -> bool {
        self.is_tracked
    }

    /// Whether the project may not be visible yet after the request for it or for its export.
    pub(crate) fn may_be_invisible(&self) -> bool {
        !self.is_outcome_unknown && self.stored.age(self.now) < PROJECT_VISIBILITY_SECONDS
    }

    /// Whether the project has to be read too, because the progress is not sufficient.
    pub(crate) fn needs_project(&self, progress: &ExportProgress) -> bool {
        let is_unproven =
            || check_ownership(&self.stored, progress, None, self.now) != ResultOwnership::Proven;
        let looks_for_task =
            self.stored.backend_task_id.is_none() && self.stored.looked_for_task < MAX_TASK_LOOKUPS;
        let is_needed = match decide_status(progress) {
            ExportStatus::Ready(url) => self.landing_url.as_ref() == Some(&url) || is_unproven(),
            ExportStatus::Failed => is_unproven(),
            ExportStatus::Finalizing => self.finalizing_seconds() >= MAX_FINALIZING_SECONDS,
            ExportStatus::Pending(_) => false,
        };
        is_needed || looks_for_task || self.is_outcome_unknown
    }

    /// Evaluates the progress of an automation that makes the project. Only both of its documented signs together end
    /// this phase: an export before that is undocumented (contract 7).
    pub(crate) fn evaluate_creation(&mut self, progress: &ExportProgress) -> PollStatus {
        self.stored.refusals = 0;
        self.record_change(progress);
        if progress.is_created() {
            return PollStatus::PhaseFinished;
        }
        if progress.phase() == ExportPhase::Failure {
            return PollStatus::Ended(failed_event(AwaitedWork::Creation, progress, self.now));
        }
        self.evaluate_pending(progress, progress.percent)
    }

    /// Evaluates the responses, once all requests of the poll have been sent.
    pub(crate) fn evaluate(
        &mut self,
        progress: Option<&ExportProgress>,
        project: Option<&Project>,
    ) -> PollStatus {
        self.stored.refusals = 0;
        if self.is_outcome_unknown {
            return self.evaluate_unknown_outcome(progress, project);
        }
        self.record_render_task(project);
        // The progress of the project replaces one that is not found.
        let progress = progress.or(project.map(|project| &project.progress)).cloned().unwrap_or_default();
        self.record_progress(&progress);
        match decide_status(&progress) {
            ExportStatus::Failed => match check_ownership(&self.stored, &progress, project, self.now) {
                ResultOwnership::Proven | ResultOwnership::Assumed => {
                    PollStatus::Ended(failed_event(self.awaited_work(), &progress, self.now))
                }
                ResultOwnership::Unproven => self.in_progress(None),
            },
            ExportStatus::Ready(url) => match check_ownership(&self.stored, &progress, project, self.now) {
                ResultOwnership::Unproven => self.in_progress(None),
                ownership => self.finished(&self.choose_url(url, project), ownership),
            },
            ExportStatus::Finalizing => self.evaluate_finalizing(&progress, project),
            ExportStatus::Pending(percent) => self.evaluate_pending(&progress, percent),
        }
    }

    fn awaited_work(&self) -> AwaitedWork {
        match (self.stored.creating, self.is_outcome_unknown, self.is_tracked) {
            (true, ..) => AwaitedWork::Creation,
            (false, true, _) => AwaitedWork::UnknownExport,
            (false, false, true) => AwaitedWork::TrackedExport,
            (false, false, false) => AwaitedWork::Export,
        }
    }

    /// Decides whether an export has started whose POST got no response.
    fn evaluate_unknown_outcome(
        &mut self,
        progress: Option<&ExportProgress>,
        project: Option<&Project>,
    ) -> PollStatus {
        if !has_started(&self.stored, progress, project) {
            return self.in_progress(None);
        }
        self.record_render_task(project);
        PollStatus::Accepted {
            provider_job_id: ProviderJobId::new(&self.project_id),
            provider_state: self.stored.changes_since(&self.stored_before),
        }
    }

    /// Records the render task of this export, which differs from the one before it (contract 3.6).
    fn record_render_task(&mut self, project: Option<&Project>) {
        let Some(project) = project.filter(|_| self.stored.backend_task_id.is_none()) else { return };
        let before = self.stored.snapshot.as_ref().and_then(|snapshot| snapshot.backend_task_id.as_ref());
        match &project.render_task {
            Some(task) if self.stored.joined || before != Some(task) => {
                self.stored.backend_task_id = Some(task.clone());
            }
            _ => self.stored.looked_for_task += 1,
        }
    }

    /// Records a progress, and since when it has not changed.
    fn record_change(&mut self, progress: &ExportProgress) {
        let has_changed = progress.percent != self.stored.percent || progress.state != self.stored.state;
        if has_changed || self.stored.changed_at.is_none() {
            self.stored.changed_at = Some(self.now.unix_timestamp());
        }
        (self.stored.percent, self.stored.state) = (progress.percent, progress.state.clone());
    }

    /// Records the progress of an export.
    fn record_progress(&mut self, progress: &ExportProgress) {
        let now = self.now.unix_timestamp();
        self.record_change(progress);
        match decide_status(progress) {
            ExportStatus::Pending(Some(_)) => self.stored.restarted = true,
            ExportStatus::Finalizing => _ = self.stored.finalizing_since.get_or_insert(now),
            ExportStatus::Pending(None) | ExportStatus::Failed | ExportStatus::Ready(_) => {}
        }
        if decide_status(progress) != ExportStatus::Finalizing {
            self.stored.finalizing_since = None;
        }
    }

    /// Seconds since the export was first reported as finished without a URL.
    fn finalizing_seconds(&self) -> i64 {
        self.stored.finalizing_since.map_or(0, |since| self.now.unix_timestamp() - since)
    }

    /// Waits for the URL of a finished export, until the project is read for it (contract 3.2).
    fn evaluate_finalizing(&mut self, progress: &ExportProgress, project: Option<&Project>) -> PollStatus {
        let has_waited = self.finalizing_seconds() >= MAX_FINALIZING_SECONDS;
        let Some(url) = project.filter(|_| has_waited).and_then(|project| project.progress.url.clone())
        else {
            // A project that could not be read says nothing about its URL.
            return match has_waited && project.is_some() {
                true => PollStatus::Ended(completed_without_url_event(self.now)),
                false => self.in_progress(progress.percent),
            };
        };
        let with_url = ExportProgress { url: Some(url.clone()), ..progress.clone() };
        match check_ownership(&self.stored, &with_url, project, self.now) {
            ResultOwnership::Unproven => self.in_progress(None),
            ownership => self.finished(&url, ownership),
        }
    }

    /// The work is in progress, or has stalled.
    fn evaluate_pending(&mut self, progress: &ExportProgress, percent: Option<f64>) -> PollStatus {
        let unchanged = self.stored.changed_at.map_or(0, |since| self.now.unix_timestamp() - since);
        if unchanged < self.stall {
            return self.in_progress(percent);
        }
        PollStatus::Ended(stalled_event(self.awaited_work(), progress, unchanged / 60, self.now))
    }

    /// Chooses the URL of the video. When the known URL is no longer usable, the project may have another one than the
    /// progress (contract 6.4).
    fn choose_url(&self, url: String, project: Option<&Project>) -> String {
        let project_url = project.and_then(|project| project.progress.url.clone());
        match &self.landing_url {
            Some(known) if *known == url => project_url.unwrap_or(url),
            _ => url,
        }
    }

    fn finished(&self, url: &str, ownership: ResultOwnership) -> PollStatus {
        let resolution = self.resolution.as_deref();
        let source = video_source(&self.project_id, resolution, &self.stored, url, ownership);
        PollStatus::Ended(JobEvent::FilesReady { sources: vec![source], missing: vec![] })
    }
}

impl PollEvaluation for ExportEvaluation {
    fn is_overdue(&self) -> bool {
        self.stored.age(self.now) >= self.deadline
    }

    fn expired_event(&self) -> JobEvent {
        let StoredState { percent, state, .. } = self.stored.clone();
        let last = ExportProgress { percent, state, ..ExportProgress::default() };
        expired_event(self.awaited_work(), &last, self.deadline / 60, self.now)
    }

    fn changed_state(&self) -> Option<Map<String, Value>> {
        self.stored.changes_since(&self.stored_before)
    }

    fn rejected_polls(&mut self) -> &mut u32 {
        &mut self.stored.refusals
    }
}

//! Projects, which an account exports.

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::ai_studios::export_run::{ExportPhase, ExportRun};
use crate::ai_studios::settings::creation::{Automation, FinishOrder};
use crate::ai_studios::settings::seconds;

/// The progress at which creation stalls, and from which it builds audio, in percent.
pub(super) const CREATION_STALL_PERCENT: f64 = 50.0;
/// From which progress the state or the progress is early if the settings say so, in percent.
const EARLY_FINISH_PERCENT: f64 = 90.0;

/// The owner of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Account,
    /// Another account; access is forbidden.
    OtherAccount,
}

/// The creation of a project by an automation tool.
#[derive(Debug, Clone)]
pub(super) struct ProjectCreation {
    /// The `automationJobId`, which not every tool returns.
    pub(super) job: Option<String>,
    pub(super) started: OffsetDateTime,
}

/// The phase of a project's creation, as `/automation/progress` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CreationPhase {
    Creating,
    Building,
    Finished,
    Failed,
}

impl ProjectCreation {
    /// Returns the true progress, from 0 to 100.
    fn reached(&self, settings: &Automation, now: OffsetDateTime) -> f64 {
        let elapsed = (now - self.started).as_seconds_f64().max(0.0);
        let reached = (100.0 * elapsed / settings.creation_seconds.max(f64::MIN_POSITIVE)).min(100.0);
        let stall = settings.stalls.then_some(CREATION_STALL_PERCENT);
        stall.into_iter().chain(settings.fails_at_percent).fold(reached, f64::min)
    }

    /// Returns the phase and the progress that are shown, which need not reach their ends together.
    pub(super) fn shown(&self, settings: &Automation, now: OffsetDateTime) -> (CreationPhase, f64) {
        let reached = self.reached(settings, now);
        let early = reached >= EARLY_FINISH_PERCENT;
        let progress = if early && settings.finish == FinishOrder::ProgressFirst { 100.0 } else { reached };
        let phase = match reached {
            reached if settings.fails_at_percent.is_some_and(|fails| reached >= fails) => {
                CreationPhase::Failed
            }
            100.0.. => CreationPhase::Finished,
            _ if early && settings.finish == FinishOrder::StateFirst => CreationPhase::Finished,
            CREATION_STALL_PERCENT.. => CreationPhase::Building,
            _ => CreationPhase::Creating,
        };
        (phase, progress)
    }

    pub(super) fn has_ended(&self, settings: &Automation, now: OffsetDateTime) -> bool {
        self.reached(settings, now) >= 100.0
    }
}

/// One project.
#[derive(Debug, Clone)]
pub(super) struct Project {
    pub(super) id: String,
    /// Other ids of the project.
    pub(super) aliases: Vec<String>,
    pub(super) name: String,
    pub(super) orientation: String,
    pub(super) scenes: Value,
    pub(super) owner: Owner,
    pub(super) workspace: String,
    pub(super) created: OffsetDateTime,
    pub(super) updated: OffsetDateTime,
    pub(super) creation: Option<ProjectCreation>,
    /// When the file that it was made from is converted.
    pub(super) converted: Option<OffsetDateTime>,
    /// Exports, oldest first.
    pub(super) runs: Vec<ExportRun>,
    /// Settings of this project that override those of the account.
    pub(super) settings: Value,
    pub(super) scenario: Option<String>,
    /// How many download URLs were shown, and up to which number they are revoked.
    pub(super) urls_shown: u32,
    pub(super) urls_revoked: Option<u32>,
}

impl Project {
    /// Creates a project of the account with only a name.
    pub(super) fn new(id: String, name: &str, workspace: &str, created: OffsetDateTime) -> Self {
        Self {
            id,
            aliases: Vec::new(),
            name: name.to_owned(),
            orientation: "landscape".to_owned(),
            scenes: Value::Array(Vec::new()),
            owner: Owner::Account,
            workspace: workspace.to_owned(),
            created,
            updated: created,
            creation: None,
            converted: None,
            runs: Vec::new(),
            settings: Value::Null,
            scenario: None,
            urls_shown: 0,
            urls_revoked: None,
        }
    }

    fn has_id(&self, id: &str) -> bool {
        self.id == id || self.aliases.iter().any(|alias| alias == id)
    }

    /// Whether an export has deleted it by now.
    fn is_deleted(&self, now: OffsetDateTime) -> bool {
        let deleted = |run: &ExportRun| run.reaches_at(run.timeline.deleted_at_percent?);
        self.runs.iter().filter_map(deleted).any(|deleted| now >= deleted)
    }

    /// Whether a tool still makes it. Its export before that is not documented (contract 7).
    pub(super) fn is_being_made(&self, settings: &Automation, now: OffsetDateTime) -> bool {
        self.creation.as_ref().is_some_and(|creation| !creation.has_ended(settings, now))
            || self.converted.is_some_and(|converted| now < converted)
    }

    /// Returns the running export, if any.
    pub(super) fn running_export(&self, now: OffsetDateTime) -> Option<&ExportRun> {
        self.runs.iter().find(|run| run.is_running(now))
    }

    /// Returns its export with this `backendTaskId`.
    pub(super) fn find_export(&self, task: &str) -> Option<&ExportRun> {
        self.runs.iter().find(|run| run.task == task)
    }

    /// Returns the latest export whose video can be downloaded.
    pub(super) fn latest_exported(&self, now: OffsetDateTime) -> Option<&ExportRun> {
        self.runs.iter().rev().find(|run| run.is_exported(now))
    }

    /// Returns the index of the export that polling shows: the first that has not ended, else the last. A stale
    /// response still shows the previous one.
    pub(super) fn shown_export(&self, now: OffsetDateTime) -> Option<usize> {
        let current = self.current_export(now)?;
        let run = self.runs.get(current)?;
        let stale = now < run.accepted + seconds(run.timeline.stale_seconds);
        Some(if stale { current.saturating_sub(1) } else { current })
    }

    /// Returns the same index, but never a stale one.
    pub(super) fn current_export(&self, now: OffsetDateTime) -> Option<usize> {
        let last = self.runs.len().checked_sub(1)?;
        let is_running = |run: &ExportRun| {
            matches!(run.polled_status(now).phase, ExportPhase::Waiting | ExportPhase::Exporting)
        };
        Some(self.runs.iter().position(is_running).unwrap_or(last))
    }
}

/// All projects.
#[derive(Debug, Default)]
pub(super) struct Projects(Vec<Project>);

impl Projects {
    pub(super) fn add(&mut self, project: Project) {
        self.0.push(project);
    }

    /// Returns the index of an existing project.
    pub(super) fn index_of(&self, id: &str, now: OffsetDateTime) -> Option<usize> {
        self.0.iter().position(|project| project.has_id(id) && !project.is_deleted(now))
    }

    pub(super) fn at(&self, index: usize) -> &Project {
        &self.0[index]
    }

    pub(super) fn at_mut(&mut self, index: usize) -> &mut Project {
        &mut self.0[index]
    }

    /// Returns the existing projects, oldest first.
    pub(super) fn existing(&self, now: OffsetDateTime) -> impl Iterator<Item = &Project> {
        self.0.iter().filter(move |project| !project.is_deleted(now))
    }

    /// Returns the project and its export with this `backendTaskId`.
    pub(super) fn find_by_task(&self, task: &str) -> Option<(&Project, &ExportRun)> {
        self.0.iter().find_map(|project| Some((project, project.find_export(task)?)))
    }

    /// Removes projects of the account and returns how many.
    pub(super) fn delete(&mut self, ids: &[&str]) -> usize {
        let before = self.0.len();
        self.0.retain(|project| {
            project.owner == Owner::OtherAccount || !ids.iter().any(|id| project.has_id(id))
        });
        before - self.0.len()
    }

    /// Returns when the last export ends, of those that end.
    pub(super) fn last_export_end(&self) -> Option<OffsetDateTime> {
        let shown = |run: &ExportRun| Some(run.ends_at()? + lag(run));
        self.0.iter().flat_map(|project| &project.runs).filter_map(shown).max()
    }
}

/// Returns how much later polling and downloads show the end of an export.
fn lag(run: &ExportRun) -> Duration {
    Duration::seconds_f64(run.timeline.polling_lag_seconds + run.timeline.url_after_seconds)
}

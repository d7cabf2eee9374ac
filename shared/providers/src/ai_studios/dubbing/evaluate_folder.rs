//! Evaluates one poll of a dubbing: what the items of its folder mean for the job.

use model::{Error, ErrorClass, Job, JobError, JobEvent, MissingFile, Source, SourceRole};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{
    folder::DubbedItem,
    item_language::{find_languages, find_missing_languages},
    stored_state::DubbingState,
};
use crate::{
    Credentials, PollStatus,
    ai_studios::{
        export_status::status_rules::ExportStatus, file_name::file_name_of_url,
        poll_evaluation::PollEvaluation,
    },
};

/// A folder that is not found within this time after the request may not be visible everywhere yet (as a project,
/// contract 3.2), in seconds.
const FOLDER_VISIBILITY_SECONDS: i64 = 60;
/// The default timeout of a dubbing, in seconds. How long one takes is not documented. It is longer than that of an
/// export, since a folder may hold ten videos.
const DEFAULT_DEADLINE_SECONDS: u64 = 6 * 3600;
/// The default time without progress of any item after which the rest has stalled, in seconds.
const DEFAULT_STALL_SECONDS: u64 = 1800;

/// The evaluation of one poll of one job.
pub(super) struct FolderEvaluation {
    now: OffsetDateTime,
    /// Seconds until a dubbing expires, and until one without progress ends.
    deadline: i64,
    stall: i64,
    targets: Vec<String>,
    stored_before: DubbingState,
    stored: DubbingState,
}

/// Where the languages of a folder stand.
#[derive(Default)]
struct FolderStatus {
    ready: Vec<Source>,
    failed: Vec<MissingFile>,
    /// What is not finished, each with where it stands.
    unfinished: Vec<MissingFile>,
}

impl FolderEvaluation {
    /// Starts the evaluation for a job.
    pub(super) fn new(job: &Job, credentials: &Credentials, now: OffsetDateTime) -> Self {
        let stored = DubbingState::read(&job.provider_state);
        let seconds = |name: &str, default: u64| {
            credentials.get_seconds(name).unwrap_or(default).min(30 * 24 * 3600).cast_signed()
        };
        let targets = job.request.get("targets").and_then(Value::as_array).into_iter().flatten();
        Self {
            now,
            deadline: seconds("dubbing_deadline_seconds", DEFAULT_DEADLINE_SECONDS),
            stall: seconds("stall_seconds", DEFAULT_STALL_SECONDS),
            targets: targets.filter_map(Value::as_str).map(str::to_owned).collect(),
            stored_before: stored.clone(),
            stored,
        }
    }

    /// Whether the folder may not be visible yet.
    pub(super) fn may_be_invisible(&self) -> bool {
        self.age() < FOLDER_VISIBILITY_SECONDS
    }

    /// Evaluates the items. The job ends when every language has a video or has failed. When the time is over, or
    /// nothing has changed for too long, it ends with the languages that are ready.
    pub(super) fn evaluate(&mut self, items: &[DubbedItem]) -> PollStatus {
        self.stored.refusals = 0;
        let unchanged = self.record_items(items);
        let status = self.read_status(items);
        if status.unfinished.is_empty() {
            return self.end(status, "AI Studios could not dub the video into any of the languages");
        }
        if unchanged >= self.stall {
            let message =
                format!("stalled: AI Studios has reported the same progress for {} minutes", unchanged / 60);
            return self.end(status, &message);
        }
        if self.is_overdue() && !status.ready.is_empty() {
            return self.end(status, "");
        }
        self.in_progress(Some(self.mean_percent(items)))
    }

    fn age(&self) -> i64 {
        self.stored.asked_at.map_or(0, |at| self.now.unix_timestamp() - at)
    }

    /// Records what the items show. Returns for how many seconds nothing has changed.
    fn record_items(&mut self, items: &[DubbedItem]) -> i64 {
        let now = self.now.unix_timestamp();
        let mut shown: Vec<String> = items.iter().map(DubbedItem::fingerprint).collect();
        // The order of the items may differ from poll to poll, and a folder is not expected to hold others.
        shown.sort_unstable();
        shown.truncate(2 * self.targets.len());
        if shown != self.stored.items || self.stored.changed_at.is_none() {
            (self.stored.items, self.stored.changed_at) = (shown, Some(now));
        }
        self.stored.changed_at.map_or(0, |since| now - since)
    }

    fn read_status(&self, items: &[DubbedItem]) -> FolderStatus {
        let languages = find_languages(items, &self.targets);
        let mut status = FolderStatus::default();
        for (item, language) in items.iter().zip(&languages) {
            let name = language.map(str::to_owned).or(item.name.clone()).or(item.project_id.clone());
            match item.status() {
                ExportStatus::Ready(url) => status.ready.push(source(item, *language, url)),
                ExportStatus::Failed => {
                    let reason = item.progress.reason.as_deref().unwrap_or("AI Studios gives no reason");
                    let at =
                        item.progress.percent.map(|percent| format!(" at {percent} %")).unwrap_or_default();
                    status.failed.push(MissingFile { name, reason: format!("failed{at}: {reason}") });
                }
                ExportStatus::Finalizing => {
                    status
                        .unfinished
                        .push(MissingFile { name, reason: "finished, but without a URL".into() });
                }
                ExportStatus::Pending(percent) => {
                    let at = percent.map_or("unknown progress".to_owned(), |percent| format!("{percent} %"));
                    status.unfinished.push(MissingFile { name, reason: format!("not finished: {at}") });
                }
            }
        }
        status.unfinished.extend(self.find_unlisted(items.len(), &languages));
        status
    }

    /// The languages for which the folder has no item.
    fn find_unlisted(&self, listed: usize, languages: &[Option<&str>]) -> Vec<MissingFile> {
        let unlisted = self.targets.len().saturating_sub(listed);
        let reason = "not in the folder of the dubbing";
        match find_missing_languages(languages, &self.targets) {
            _ if unlisted == 0 => vec![],
            Some(names) => names
                .into_iter()
                .map(|name| MissingFile { name: Some(name.to_owned()), reason: reason.to_owned() })
                .collect(),
            None => {
                let reason = format!("{reason}; its items do not state their languages");
                vec![MissingFile { name: None, reason }; unlisted]
            }
        }
    }

    /// Ends the job with the languages that are ready, or as failed if there are none.
    fn end(&self, status: FolderStatus, failure: &str) -> PollStatus {
        let FolderStatus { ready: sources, failed: mut missing, unfinished } = status;
        missing.extend(unfinished);
        PollStatus::Ended(match sources.is_empty() {
            true => JobEvent::WorkFailed { error: self.error(ErrorClass::ProviderFailed, failure), missing },
            false => JobEvent::FilesReady { sources, missing },
        })
    }

    /// The mean progress of the languages. One that is not listed has none.
    fn mean_percent(&self, items: &[DubbedItem]) -> f64 {
        let sum: f64 = items
            .iter()
            .map(|item| match item.status() {
                ExportStatus::Failed => 100.0,
                _ => item.progress.percent.unwrap_or(0.0),
            })
            .fold(0.0, |sum, percent| sum + percent);
        let mean = sum / self.targets.len().max(items.len()).max(1) as f64;
        // One decimal, so that a mean is not shown with sixteen digits.
        (mean * 10.0).round() / 10.0
    }

    fn error(&self, class: ErrorClass, message: &str) -> JobError {
        Error::new(class, message).to_job_error(self.now)
    }
}

impl PollEvaluation for FolderEvaluation {
    fn is_overdue(&self) -> bool {
        self.age() >= self.deadline
    }

    fn expired_event(&self) -> JobEvent {
        let message = format!("the dubbing was not finished after {} minutes", self.deadline / 60);
        JobEvent::Expired { error: self.error(ErrorClass::ProviderSilent, &message) }
    }

    fn changed_state(&self) -> Option<Map<String, Value>> {
        self.stored.changes_since(&self.stored_before)
    }

    fn rejected_polls(&mut self) -> &mut u32 {
        &mut self.stored.refusals
    }
}

/// The source of one video. It is named by its language, or else as the provider names it, unless that is the URL of the
/// original.
fn source(item: &DubbedItem, language: Option<&str>, url: String) -> Source {
    let of_url = file_name_of_url(&url);
    let extension = of_url.and_then(|name| name.rsplit_once('.')).map_or("mp4", |(_, extension)| extension);
    let item_name = item.name.as_deref().filter(|name| !name.contains("://"));
    let stem = language.or(item_name).or(item.project_id.as_deref());
    let with_extension = |stem: &str| match stem.ends_with(&format!(".{extension}")) {
        true => stem.to_owned(),
        false => format!("{stem}.{extension}"),
    };
    let mut details = Map::new();
    for (name, value) in [
        ("project_id", item.project_id.as_deref()),
        ("name", item.name.as_deref()),
        ("language", language.or(item.stated_language.as_deref())),
    ] {
        if let Some(value) = value {
            details.insert(name.into(), value.into());
        }
    }
    let name = stem.map(with_extension).or_else(|| of_url.map(str::to_owned));
    Source { url, role: SourceRole::File, name, details }
}

#[cfg(test)]
mod tests;

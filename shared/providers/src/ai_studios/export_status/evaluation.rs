//! What the answers of one question come to together.

use model::{Error, ErrorClass, Event, Missing, ProviderJobId, Source, SourceRole};
use serde_json::{Map, Value, json};

use super::{FINALIZING, Question};
use crate::{
    PollStatus, QueryStep,
    ai_studios::{
        export_snapshot::place,
        export_status::{Verdict, Whose, has_begun, verdict, whose},
        progress::{Progress, Project},
    },
};

impl Question {
    /// Everything that was asked has been answered.
    pub(super) fn concluded(&mut self, project: Option<&Project>) -> QueryStep<PollStatus> {
        self.notes.refusals = 0;
        if self.provider_job_id.is_none() {
            return self.begun(project);
        }
        self.learn_task(project);
        // A project that is known while its progress is not stands for it.
        let progress = self.progress.clone().or_else(|| project.map(|project| project.progress.clone()));
        let progress = progress.unwrap_or_default();
        self.learn_movement(&progress);
        match verdict(&progress) {
            Verdict::Failed => match whose(&self.notes, &progress, project, self.now) {
                Whose::Ours | Whose::OursPerhaps => QueryStep::Done(PollStatus::Told(self.failed(&progress))),
                Whose::Doubtful => self.working(None),
            },
            Verdict::Ready(url) => match whose(&self.notes, &progress, project, self.now) {
                Whose::Doubtful => self.working(None),
                sure => self.ready(&self.another(url, project), sure == Whose::OursPerhaps),
            },
            Verdict::Finalizing => self.finalizing(&progress, project),
            Verdict::Pending(percent) => self.pending(&progress, percent),
        }
    }

    /// Whether work whose provider job id is not known has begun.
    fn begun(&mut self, project: Option<&Project>) -> QueryStep<PollStatus> {
        if !has_begun(&self.notes, self.progress.as_ref(), project) {
            return self.working(None);
        }
        self.learn_task(project);
        let (provider_job_id, notes) = (ProviderJobId::new(&self.project_id), self.notes.since(&self.before));
        QueryStep::Done(PollStatus::Found { provider_job_id, notes })
    }

    /// The render task of this export, which is another one than before it (contract 3.6).
    fn learn_task(&mut self, project: Option<&Project>) {
        let Some(project) = project.filter(|_| self.notes.backend_task_id.is_none()) else { return };
        let before = self.notes.snapshot.as_ref().and_then(|snapshot| snapshot.backend_task_id.as_ref());
        match &project.task {
            Some(task) if self.notes.joined || before != Some(task) => {
                self.notes.backend_task_id = Some(task.clone());
            }
            _ => self.notes.looked_for_task += 1,
        }
    }

    fn learn_movement(&mut self, progress: &Progress) {
        let now = self.now.unix_timestamp();
        let moved = progress.percent != self.notes.percent || progress.state != self.notes.state;
        if moved || self.notes.changed_at.is_none() {
            self.notes.changed_at = Some(now);
        }
        (self.notes.percent, self.notes.state) = (progress.percent, progress.state.clone());
        match verdict(progress) {
            Verdict::Pending(Some(_)) => self.notes.restarted = true,
            Verdict::Finalizing => _ = self.notes.finalizing_since.get_or_insert(now),
            Verdict::Pending(None) | Verdict::Failed | Verdict::Ready(_) => {}
        }
        if verdict(progress) != Verdict::Finalizing {
            self.notes.finalizing_since = None;
        }
    }

    /// It is done and its URL is waited for, until the project is asked for it (contract 3.2).
    fn finalizing(&mut self, progress: &Progress, project: Option<&Project>) -> QueryStep<PollStatus> {
        let waited = self.finalizing_for() >= FINALIZING;
        let Some(url) = project.filter(|_| waited).and_then(|project| project.progress.url.clone()) else {
            // A project that could not be read says nothing about its URL.
            return match waited && project.is_some() {
                true => {
                    let message = "completed_without_url: AI Studios has said for 10 minutes that the export is done, \
                                   and not where the video is";
                    let error = Error::new(ErrorClass::ProviderFailed, message).for_record(self.now);
                    QueryStep::Done(PollStatus::Told(Event::Failed { error, missing: vec![] }))
                }
                false => self.working(progress.percent),
            };
        };
        let found = Progress { url: Some(url.clone()), ..progress.clone() };
        match whose(&self.notes, &found, project, self.now) {
            Whose::Doubtful => self.working(None),
            sure => self.ready(&url, sure == Whose::OursPerhaps),
        }
    }

    /// It goes on, unless it has not moved for too long.
    fn pending(&mut self, progress: &Progress, percent: Option<f64>) -> QueryStep<PollStatus> {
        let still = self.notes.changed_at.map_or(0, |since| self.now.unix_timestamp() - since);
        if still < self.stall {
            return self.working(percent);
        }
        let at = percent.map_or_else(|| "an unknown progress".to_owned(), |percent| format!("{percent} %"));
        let state = progress.state.as_deref().map(|state| format!(" ({state})")).unwrap_or_default();
        let message = format!("stalled: AI Studios has reported {at}{state} for {} minutes", still / 60);
        let error = Error::new(ErrorClass::ProviderFailed, message).for_record(self.now);
        QueryStep::Done(PollStatus::Told(Event::Failed { error, missing: vec![] }))
    }

    fn failed(&self, progress: &Progress) -> Event {
        let state = progress.state.as_deref().unwrap_or_default();
        let at = progress.percent.map(|percent| format!(" at {percent} %")).unwrap_or_default();
        let why = progress.reason.as_deref().unwrap_or("no reason was given");
        let message = format!("AI Studios' export ended as {state}{at}: {why}");
        let error = Error::new(ErrorClass::ProviderFailed, message).for_record(self.now);
        let missing = Missing { name: None, reason: why.to_owned() };
        Event::Failed { error, missing: vec![missing] }
    }

    /// Where the video is. When it is wanted anew, the project may know another place than the progress (contract 6.4).
    fn another(&self, url: String, project: Option<&Project>) -> String {
        let other = project.and_then(|project| project.progress.url.clone());
        match &self.landing_from {
            Some(known) if *known == url => other.unwrap_or(url),
            _ => url,
        }
    }

    fn ready(&self, url: &str, possibly_stale: bool) -> QueryStep<PollStatus> {
        let source = Source {
            url: url.to_owned(),
            role: SourceRole::File,
            name: Some(self.file_name(url)),
            details: self.details(possibly_stale),
        };
        QueryStep::Done(PollStatus::Told(Event::Finished { sources: vec![source], missing: vec![] }))
    }

    /// The last part of the URL (contract 6.4), if it is the name of a file.
    fn file_name(&self, url: &str) -> String {
        let last = place(url).rsplit('/').next().unwrap_or_default();
        let ending = last.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, ending)| ending);
        let named = ending.is_some_and(|ending| {
            (2..=4).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric())
        });
        if named { last.to_owned() } else { format!("{}.mp4", self.project_id) }
    }

    /// What is known of the video, for the manifest. What only a callback claimed is there as reported, and only if the
    /// callback was about the same render (contract 4.4, W5 and W10).
    fn details(&self, possibly_stale: bool) -> Map<String, Value> {
        let notes = &self.notes;
        let mut details = Map::new();
        details.insert("project_id".into(), json!(self.project_id));
        let mut put =
            |name: &str, value: Option<Value>| value.map(|value| details.insert(name.into(), value));
        put("resolution", self.resolution.clone().map(Value::from));
        put("backend_task_id", notes.backend_task_id.clone().map(Value::from));
        put("possibly_stale", possibly_stale.then(|| true.into()));
        let other = |task: &String| notes.backend_task_id.as_ref().is_some_and(|known| known != task);
        let reported = notes.reported.as_ref();
        let reported = reported.filter(|reported| !reported.backend_task_id.as_ref().is_some_and(other));
        put("credit", reported.and_then(|reported| reported.credit.clone()).map(Value::from));
        put("duration", reported.and_then(|reported| reported.duration.clone()).map(Value::from));
        details
    }
}

//! Whom a job tells of its end, beside the event bus: workflows that wait for it, and its caller's own webhook.
//!
//! A waiting workflow is forgotten as soon as it has been told, so what is left of a job at its end is who is still to
//! be told. Nothing here is ever shown or logged but how many wait, and the scheme and host of the webhook's URL.

use std::fmt;

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use crate::{Job, Outbox, Secret, Status, url_origin::url_origin};

/// A workflow that waits for a job. Whoever knows its token can end its wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkflowWaiter {
    /// A task state of Step Functions, by its task token: 1 to 2048 characters.
    Task(Secret),
    /// A durable function of Lambda, by the id of its callback: 1 to 1024 characters of base64.
    Callback(Secret),
}

/// An https URL at which a caller hears of its job. Its path and query may hold a key, so only scheme and host are shown.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(Secret);

/// Whom a job tells of its end.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NotifyTargets {
    /// Who waits and has not been told, oldest first; at most [`NotifyTargets::MAX_WAITERS`].
    pub waiters: Vec<WorkflowWaiter>,
    /// Where its caller is told.
    pub webhook_url: Option<WebhookUrl>,
    /// Whether those who wait are told of a job that lacks files as of one that lacks none.
    pub partial_is_success: bool,
    /// When the sweep gives those who wait a sign of life. None while nobody waits, or the job is at its end.
    pub sign_at: Option<OffsetDateTime>,
}

/// Whom the job tells of its end, as far as it may be shown.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "NotifyTargets"))]
pub struct NotifyTargetsView {
    /// How many workflows wait and have not been told.
    #[cfg_attr(feature = "schema", schemars(range(max = NotifyTargets::MAX_WAITERS)))]
    waiting: usize,
    /// Scheme and host of the URL at which the caller is told. Its path and query may hold secrets.
    webhook_url: Option<String>,
    /// Whether those who wait are told of a job that lacks files as of one that lacks none.
    partial_is_success: bool,
}

impl WebhookUrl {
    /// Wraps a URL that has been checked.
    pub fn new(url: impl Into<String>) -> Self {
        Self(Secret::new(url))
    }

    /// The whole URL. The name marks every place that handles it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The scheme and host of the URL.
    pub fn shown(&self) -> String {
        url_origin(self.0.expose())
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({})", self.shown())
    }
}

impl NotifyTargets {
    /// The most that wait for one job. A workflow that retries brings a new token each time, and the old ones are dead.
    pub const MAX_WAITERS: usize = 10;

    /// How long those who wait go without a sign of life from the sweep: less than a minute, so that each sweep gives one.
    pub const BETWEEN_SIGNS: Duration = Duration::seconds(45);

    /// What may be shown; nothing when there is nobody.
    pub fn view(&self) -> Option<NotifyTargetsView> {
        let nobody = self.waiters.is_empty() && self.webhook_url.is_none();
        (!nobody).then(|| NotifyTargetsView {
            waiting: self.waiters.len(),
            webhook_url: self.webhook_url.as_ref().map(WebhookUrl::shown),
            partial_is_success: self.partial_is_success,
        })
    }

    /// Whether the caller's webhook is told that the job has come to this status.
    pub fn is_notified_of(&self, status: Status) -> bool {
        self.webhook_url.is_some() && status.ends_wait()
    }

    fn admit(&mut self, waiters: &[WorkflowWaiter]) -> bool {
        let new: Vec<&WorkflowWaiter> =
            waiters.iter().filter(|waiter| !self.waiters.contains(waiter)).collect();
        self.waiters.extend(new.iter().copied().cloned());
        let too_many = self.waiters.len().saturating_sub(Self::MAX_WAITERS);
        self.waiters.drain(..too_many);
        !new.is_empty()
    }
}

impl Status {
    /// Whether those who wait for a job here wait no longer. `expired` ends their wait, though a late callback still
    /// lands the files: the provider may stay silent for ever.
    pub fn ends_wait(self) -> bool {
        match self {
            Status::Stored | Status::Partial | Status::Failed | Status::Expired | Status::Cancelled => true,
            Status::Waiting
            | Status::Submitting
            | Status::Submitted
            | Status::Unknown
            | Status::Rendering
            | Status::Received
            | Status::Landing => false,
        }
    }
}

impl Job {
    /// The job with those whom it tells.
    #[must_use]
    pub fn telling(self, audience: NotifyTargets) -> Self {
        let mut job = Self { audience, ..self };
        job.notify_waiters(job.created_at);
        job
    }

    /// Those who wait and are to be told that the job is at its end.
    pub fn waiters_to_notify(&self) -> &[WorkflowWaiter] {
        if self.status.ends_wait() { &self.audience.waiters } else { &[] }
    }

    /// Lets more workflows wait, the newest if they are too many. Returns whether any of them is new.
    pub fn admit(&mut self, waiters: &[WorkflowWaiter], now: OffsetDateTime) -> bool {
        let admitted = self.audience.admit(waiters);
        self.notify_waiters(now);
        admitted
    }

    /// Forgets those who wait no longer. Returns whether any of them did.
    pub fn release(&mut self, released: &[WorkflowWaiter]) -> bool {
        let before = self.audience.waiters.len();
        self.audience.waiters.retain(|waiter| !released.contains(waiter));
        if self.audience.waiters.is_empty() {
            self.audience.sign_at = None;
        }
        self.rest();
        self.audience.waiters.len() < before
    }

    /// Makes sure that somebody tells those who wait: of the end of the job, or that it lives.
    pub fn notify_waiters(&mut self, now: OffsetDateTime) {
        let waits = !self.audience.waiters.is_empty();
        match self.status.ends_wait() {
            true => self.audience.sign_at = None,
            false if waits => {
                self.audience.sign_at.get_or_insert(now + NotifyTargets::BETWEEN_SIGNS);
            }
            false => {}
        }
        if !self.waiters_to_notify().is_empty() {
            self.outbox.due.get_or_insert(now + Outbox::TIMEOUT);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Event, JobId, NewJob, Origin, OutboxProgress, ProviderJobId, ProviderName};

    fn job() -> Job {
        Job::new(NewJob {
            id: JobId::generate(),
            provider: ProviderName::new("abyssale"),
            kind: "export".into(),
            request: json!({}),
            expected: None,
            metadata: None,
            unpack: None,
            origin: Origin::Submitted,
        })
    }

    fn task(token: impl Into<String>) -> WorkflowWaiter {
        WorkflowWaiter::Task(Secret::new(token))
    }

    fn waited_for() -> Job {
        job().telling(NotifyTargets { waiters: vec![task("one")], ..NotifyTargets::default() })
    }

    fn ends(job: &mut Job) {
        let now = job.created_at;
        job.apply(Event::Accepted { provider_job_id: ProviderJobId::new("t") }, now);
        job.apply(Event::Answered { result: json!({}) }, now);
        job.notify_waiters(now);
    }

    #[test]
    fn a_job_that_somebody_waits_for_is_due_before_it_is_silent_for_a_minute() {
        let job = waited_for();
        assert_eq!(job.due(), Some(job.created_at + NotifyTargets::BETWEEN_SIGNS));
        assert!(job.waiters_to_notify().is_empty());
    }

    #[test]
    fn its_end_is_told_and_then_nothing_is_due() {
        let mut job = waited_for();
        ends(&mut job);
        assert_eq!(job.due(), Some(job.created_at + Outbox::TIMEOUT));
        let told = job.waiters_to_notify().to_vec();
        assert!(job.release(&told) && !job.release(&told));
        assert_eq!((job.due(), job.audience), (None, NotifyTargets::default()));
    }

    #[test]
    fn who_comes_after_the_end_is_told_at_once() {
        let mut job = job();
        ends(&mut job);
        assert_eq!(job.due(), None);
        assert!(job.admit(&[task("late")], job.updated_at));
        assert_eq!((job.waiters_to_notify().len(), job.due().is_some()), (1, true));
    }

    #[test]
    fn what_the_bus_has_heard_leaves_those_who_wait_and_the_other_way_round() {
        let mut job = waited_for();
        ends(&mut job);
        job.version = 7;
        job.add_outbox_event(&Event::Answered { result: json!({}) }, crate::Change::Moved, job.created_at);
        assert!(job.told(OutboxProgress { bus: Some(7), caller: Some(7) }));
        assert!(job.outbox.due.is_some());
        job.add_outbox_event(&Event::Answered { result: json!({}) }, crate::Change::Moved, job.created_at);
        job.release(&[task("one")]);
        assert_eq!((job.outbox.due.is_some(), job.outbox.events.len()), (true, 1));
    }

    #[test]
    fn ten_wait_at_most_and_the_oldest_is_dropped() {
        let mut job = waited_for();
        assert!(!job.admit(&[task("one")], job.created_at), "it waits already");
        let more: Vec<WorkflowWaiter> = (0..10).map(|number| task(number.to_string())).collect();
        assert!(job.admit(&more, job.created_at));
        assert_eq!(job.audience.waiters, more);
    }

    #[test]
    fn no_token_path_or_query_is_in_a_debug_text_or_a_view() {
        let audience = NotifyTargets {
            waiters: vec![task("s3cret"), WorkflowWaiter::Callback(Secret::new("s3cret"))],
            webhook_url: Some(WebhookUrl::new("https://example.com/hook/s3cret?key=s3cret#s3cret")),
            ..NotifyTargets::default()
        };
        let view = serde_json::to_value(audience.view()).expect("JSON");
        let shown =
            json!({ "waiting": 2, "webhook_url": "https://example.com", "partial_is_success": false });
        assert_eq!(view, shown);
        assert!(!format!("{audience:?}").contains("s3cret"));
    }
}

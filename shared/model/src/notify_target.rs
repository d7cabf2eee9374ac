//! Who is notified at the end of a job, besides the event bus: waiting workflows and the caller's webhook.
//!
//! A waiting workflow is removed as soon as it has been notified, so those that are left at the end of a job still
//! have to be. Responses and logs show only how many wait, and the scheme and host of the webhook's URL.

use std::fmt;

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use crate::{JobStatus, Secret, url_origin::url_origin};

/// A workflow that waits for a job. Its token is a secret: it allows anyone to end the wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkflowWaiter {
    /// A task state of Step Functions, by its task token: 1 to 2048 characters.
    TaskToken(Secret),
    /// A durable function of Lambda, by the id of its callback: 1 to 1024 characters of base64.
    DurableCallbackId(Secret),
}

/// The https URL of a caller's webhook. Its path and query may hold a key, so only scheme and host are shown.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(Secret);

/// Who is notified at the end of a job.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NotifyTargets {
    /// The workflows that wait and have not been notified, oldest first; at most [`NotifyTargets::MAX_WAITERS`].
    pub waiters: Vec<WorkflowWaiter>,
    /// The URL of the caller's webhook.
    pub webhook_url: Option<WebhookUrl>,
    /// Whether a job that ends as `partial` is a success for waiting workflows.
    pub partial_is_success: bool,
    /// When the sweep sends the next heartbeat to waiting workflows. None while none waits, or after the end of the
    /// job.
    pub next_heartbeat_at: Option<OffsetDateTime>,
}

/// Who is notified at the end of the job, without secrets.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "NotifyTargets"))]
pub struct NotifyTargetsView {
    /// How many workflows wait and have not been notified.
    #[cfg_attr(feature = "schema", schemars(range(max = NotifyTargets::MAX_WAITERS)))]
    waiting: usize,
    /// Scheme and host of the URL of the caller's webhook. Its path and query may hold secrets.
    webhook_url: Option<String>,
    /// Whether a job that ends as `partial` is a success for waiting workflows.
    partial_is_success: bool,
}

impl WebhookUrl {
    /// Wraps a URL that has been validated.
    pub fn new(url: impl Into<String>) -> Self {
        Self(Secret::new(url))
    }

    /// Returns the whole URL. The name marks every place that handles it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Returns the scheme and host of the URL.
    pub fn origin(&self) -> String {
        url_origin(self.0.expose())
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({})", self.origin())
    }
}

impl NotifyTargets {
    /// The maximum number of workflows that wait for one job. Each retry of a workflow sends a new token, and the old
    /// ones have expired.
    pub const MAX_WAITERS: usize = 10;

    /// The time between two heartbeats: less than a minute, so that each sweep sends one.
    pub const HEARTBEAT_INTERVAL: Duration = Duration::seconds(45);

    /// Returns what a response may show. None when nobody is notified.
    pub fn to_view(&self) -> Option<NotifyTargetsView> {
        let is_empty = self.waiters.is_empty() && self.webhook_url.is_none();
        (!is_empty).then(|| NotifyTargetsView {
            waiting: self.waiters.len(),
            webhook_url: self.webhook_url.as_ref().map(WebhookUrl::origin),
            partial_is_success: self.partial_is_success,
        })
    }

    /// Whether the caller's webhook is notified that the job has this status.
    pub fn notifies_webhook_of(&self, status: JobStatus) -> bool {
        self.webhook_url.is_some() && status.ends_waiting()
    }

    /// Adds waiters, and removes the oldest when there are too many. Returns whether any of them is new.
    pub(crate) fn add_waiters(&mut self, waiters: &[WorkflowWaiter]) -> bool {
        let new: Vec<&WorkflowWaiter> =
            waiters.iter().filter(|waiter| !self.waiters.contains(waiter)).collect();
        self.waiters.extend(new.iter().copied().cloned());
        let excess = self.waiters.len().saturating_sub(Self::MAX_WAITERS);
        self.waiters.drain(..excess);
        !new.is_empty()
    }

    /// Removes waiters. Returns whether any was removed.
    pub(crate) fn remove_waiters(&mut self, removed: &[WorkflowWaiter]) -> bool {
        let before = self.waiters.len();
        self.waiters.retain(|waiter| !removed.contains(waiter));
        if self.waiters.is_empty() {
            self.next_heartbeat_at = None;
        }
        self.waiters.len() < before
    }
}

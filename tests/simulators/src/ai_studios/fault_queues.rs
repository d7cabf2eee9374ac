//! The queues of faults of calls, webhooks and downloads.

use http::Method;
use serde_json::Value;

use crate::ai_studios::fault_types::{CallFault, DownloadFault, WebhookFault};
use crate::fault_queue::FaultQueue;

/// The queues. In each, the first fault that applies is taken.
#[derive(Debug, Clone)]
pub(super) struct Faults {
    calls: FaultQueue<CallFault>,
    webhooks: FaultQueue<WebhookFault>,
    downloads: FaultQueue<DownloadFault>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            calls: FaultQueue::with_subject_field("project"),
            webhooks: FaultQueue::with_subject_field("project"),
            downloads: FaultQueue::with_subject_field("project"),
        }
    }
}

impl Faults {
    /// Queues the fault that `{"on", "kind", "route", "project", "after", "count", …}` describes, or returns
    /// what is wrong.
    pub(super) fn queue(&mut self, requested: Value) -> Result<(), String> {
        let Value::Object(mut fields) = requested else { return Err("a fault must be an object".to_owned()) };
        let on = fields.remove("on");
        match on.as_ref().and_then(Value::as_str) {
            Some("call") => self.calls.queue(fields),
            Some("webhook") => self.webhooks.queue(fields),
            Some("download") => self.downloads.queue(fields),
            Some(_) | None => Err("on must be call, webhook or download".to_owned()),
        }
    }

    /// Queues one fault or a list of faults. If one is invalid, nothing is queued.
    pub(super) fn queue_all(&mut self, requested: Value) -> Result<(), String> {
        let requested = match requested {
            Value::Array(list) => list,
            one => vec![one],
        };
        let mut queues = self.clone();
        requested.into_iter().try_for_each(|fault| queues.queue(fault))?;
        *self = queues;
        Ok(())
    }

    pub(super) fn take_for_call(
        &mut self,
        method: &Method,
        path: &str,
        project: Option<&str>,
    ) -> Option<CallFault> {
        self.calls.take_for_call(method, path, project)
    }

    pub(super) fn take_for_webhook(&mut self, project: &str) -> Option<WebhookFault> {
        self.webhooks.take_for_subject(Some(project))
    }

    pub(super) fn take_for_download(
        &mut self,
        method: &Method,
        path: &str,
        project: Option<&str>,
    ) -> Option<DownloadFault> {
        self.downloads.take_for_call(method, path, project)
    }

    /// Removes the faults of one project.
    pub(super) fn remove_for_subject(&mut self, project: &str) {
        self.calls.remove_for_subject(project);
        self.webhooks.remove_for_subject(project);
        self.downloads.remove_for_subject(project);
    }

    pub(super) fn list(&self) -> Value {
        let mut all = self.calls.list("call");
        all.extend(self.webhooks.list("webhook"));
        all.extend(self.downloads.list("download"));
        Value::Array(all)
    }
}

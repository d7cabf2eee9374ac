//! The notification targets of a job as an attribute of its item. Besides the calls that use a token, only this file
//! exposes one.

use model::{NotifyTargets, Secret, WebhookUrl, WorkflowWaiter};
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

/// The attribute as it is read. Each field may be absent.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct NotifyTargetsAttribute {
    waiters: Vec<WaiterAttribute>,
    webhook_url: Option<String>,
    partial_is_success: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum WaiterAttribute {
    TaskToken(Secret),
    CallbackId(Secret),
}

/// Writes the attribute. None when there is nobody to notify.
pub(crate) fn write_targets(targets: &NotifyTargets) -> Option<Value> {
    let waiters: Vec<Value> = (targets.waiters.iter())
        .map(|waiter| match waiter {
            WorkflowWaiter::TaskToken(token) => json!({ "task_token": token.expose() }),
            WorkflowWaiter::DurableCallbackId(id) => json!({ "callback_id": id.expose() }),
        })
        .collect();
    let is_empty = waiters.is_empty() && targets.webhook_url.is_none() && !targets.partial_is_success;
    (!is_empty).then(|| {
        json!({
            "waiters": waiters,
            "webhook_url": targets.webhook_url.as_ref().map(WebhookUrl::expose),
            "partial_is_success": targets.partial_is_success,
        })
    })
}

/// Reads the attribute.
pub(crate) fn read_targets(
    attribute: Option<NotifyTargetsAttribute>,
    heartbeat_at: Option<OffsetDateTime>,
) -> NotifyTargets {
    let NotifyTargetsAttribute { waiters, webhook_url, partial_is_success } = attribute.unwrap_or_default();
    let waiters = waiters.into_iter().map(|waiter| match waiter {
        WaiterAttribute::TaskToken(token) => WorkflowWaiter::TaskToken(token),
        WaiterAttribute::CallbackId(id) => WorkflowWaiter::DurableCallbackId(id),
    });
    NotifyTargets {
        waiters: waiters.collect(),
        webhook_url: webhook_url.map(WebhookUrl::new),
        partial_is_success,
        next_heartbeat_at: heartbeat_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notify_targets_are_unchanged_after_a_round_trip_through_the_attribute() {
        let targets = NotifyTargets {
            waiters: vec![
                WorkflowWaiter::TaskToken(Secret::new("t")),
                WorkflowWaiter::DurableCallbackId(Secret::new("c")),
            ],
            webhook_url: Some(WebhookUrl::new("https://example.com/?key=k")),
            partial_is_success: true,
            next_heartbeat_at: None,
        };
        let stored =
            write_targets(&targets).map(|value| serde_json::from_value(value).expect("what was written"));
        assert_eq!(read_targets(stored, None), targets);
    }

    #[test]
    fn no_targets_write_no_attribute() {
        assert_eq!(write_targets(&NotifyTargets::default()), None);
        assert_eq!(read_targets(None, None), NotifyTargets::default());
    }
}

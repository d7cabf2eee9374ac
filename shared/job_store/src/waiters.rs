//! Whom a job tells, as an attribute of its item: the one place, beside the calls themselves, that writes a token out.

use model::{NotifyTargets, Secret, WebhookUrl, WorkflowWaiter};
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

/// The attribute as it is read. Every field may be absent.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Stored {
    waiters: Vec<StoredWaiter>,
    webhook_url: Option<String>,
    partial_is_success: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredWaiter {
    TaskToken(Secret),
    CallbackId(Secret),
}

/// The attribute; nothing when there is nobody to tell.
pub(crate) fn write(audience: &NotifyTargets) -> Option<Value> {
    let waiters: Vec<Value> = (audience.waiters.iter())
        .map(|waiter| match waiter {
            WorkflowWaiter::Task(token) => json!({ "task_token": token.expose() }),
            WorkflowWaiter::Callback(id) => json!({ "callback_id": id.expose() }),
        })
        .collect();
    let nobody = waiters.is_empty() && audience.webhook_url.is_none() && !audience.partial_is_success;
    (!nobody).then(|| {
        json!({
            "waiters": waiters,
            "webhook_url": audience.webhook_url.as_ref().map(WebhookUrl::expose),
            "partial_is_success": audience.partial_is_success,
        })
    })
}

/// Reads it back.
pub(crate) fn read(stored: Option<Stored>, sign_at: Option<OffsetDateTime>) -> NotifyTargets {
    let Stored { waiters, webhook_url, partial_is_success } = stored.unwrap_or_default();
    let waiters = waiters.into_iter().map(|waiter| match waiter {
        StoredWaiter::TaskToken(token) => WorkflowWaiter::Task(token),
        StoredWaiter::CallbackId(id) => WorkflowWaiter::Callback(id),
    });
    NotifyTargets {
        waiters: waiters.collect(),
        webhook_url: webhook_url.map(WebhookUrl::new),
        partial_is_success,
        sign_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_survives_the_way_through_its_attribute() {
        let audience = NotifyTargets {
            waiters: vec![WorkflowWaiter::Task(Secret::new("t")), WorkflowWaiter::Callback(Secret::new("c"))],
            webhook_url: Some(WebhookUrl::new("https://example.com/?key=k")),
            partial_is_success: true,
            sign_at: None,
        };
        let stored = write(&audience).map(|value| serde_json::from_value(value).expect("what was written"));
        assert_eq!(read(stored, None), audience);
    }

    #[test]
    fn nobody_takes_no_attribute() {
        assert_eq!(write(&NotifyTargets::default()), None);
        assert_eq!(read(None, None), NotifyTargets::default());
    }
}

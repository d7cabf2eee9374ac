//! The payload of a caller's webhook by Standard Webhooks 1.0: `type`, `timestamp` and `data`.
//!
//! A webhook is sent for each final event of a job. There may be several: an expired job may still be stored.

use model::{Job, JobStatus, utc_milliseconds};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

use crate::JobEventDetail;

/// The most bytes of a payload: Standard Webhooks recommends less than 20 KB.
const MAX_BODY_BYTES: usize = 20_000;
/// The most characters of an error's message in a payload that would otherwise be too long.
const MAX_MESSAGE_CHARS: usize = 4_000;

/// A webhook to a caller, the same in every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerWebhookMessage {
    /// The header `webhook-id`: `<job_id>:<sequence>`, which is also the `id` of the event.
    pub id: String,
    /// The body, JSON of at most 20,000 bytes.
    pub body: String,
}

#[derive(Serialize)]
struct Payload<'a, D> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(serialize_with = "utc_milliseconds")]
    timestamp: OffsetDateTime,
    data: D,
}

impl CallerWebhookMessage {
    /// The pending webhooks of a job, oldest first; none when the job has no webhook URL.
    pub fn pending_for_caller(job: &Job) -> Vec<Self> {
        if job.notify_targets.webhook_url.is_none() {
            return vec![];
        }
        JobEventDetail::after(job, job.outbox.progress.caller_webhook)
            .filter_map(|event| Self::from_event(&event))
            .collect()
    }

    fn from_event(event: &JobEventDetail<'_>) -> Option<Self> {
        let kind = webhook_type(event.status())?;
        let complete = write_payload(&kind, event, event);
        let body = if complete.len() <= MAX_BODY_BYTES {
            complete
        } else {
            write_payload(&kind, event, &shorten_event(event))
        };
        Some(Self { id: event.id().to_owned(), body })
    }
}

/// The `type` of a payload, such as `job.stored`. None for a status that is not final for the caller.
fn webhook_type(status: JobStatus) -> Option<String> {
    status.ends_waiting().then(|| format!("job.{status}"))
}

fn write_payload(kind: &str, event: &JobEventDetail<'_>, data: &impl Serialize) -> String {
    serde_json::to_string(&Payload { kind, timestamp: event.updated_at(), data }).unwrap_or_default()
}

/// The event without the fields that may be long: the caller's metadata, the provider's error response, and the end of a
/// long message.
fn shorten_event(event: &JobEventDetail<'_>) -> Value {
    let mut data = event.to_short_json();
    if let Some(message) = data.pointer_mut("/error/message")
        && let Some(text) = message.as_str()
    {
        *message = text.chars().take(MAX_MESSAGE_CHARS).collect::<String>().into();
    }
    data
}

#[cfg(test)]
mod tests {
    use model::{
        Error, ErrorClass, JobEvent, JobId, JobOrigin, NewJob, NotifyTargets, ProviderJobId, ProviderName,
        Violation, WebhookUrl,
    };
    use serde_json::json;

    use super::*;

    fn job() -> Job {
        Job::new(NewJob {
            id: JobId::generate(),
            provider: ProviderName::new("abyssale"),
            kind: "export".into(),
            request: json!({}),
            expected_files: None,
            metadata: Some(json!({ "campaign": "spring" })),
            unpack: None,
            origin: JobOrigin::Submitted,
        })
        .with_notify_targets(NotifyTargets {
            webhook_url: Some(WebhookUrl::new("https://hooks.example.com")),
            ..NotifyTargets::default()
        })
    }

    fn apply_event(job: &mut Job, event: JobEvent) {
        let now = job.created_at;
        let change = job.apply(event.clone(), now);
        job.version += 1;
        job.add_outbox_event(&event, change, now);
    }

    #[test]
    fn only_a_final_event_makes_a_webhook_with_the_id_of_the_event() {
        let mut job = job();
        apply_event(&mut job, JobEvent::SubmissionAccepted { provider_job_id: ProviderJobId::new("t") });
        assert_eq!(CallerWebhookMessage::pending_for_caller(&job), []);
        let error = Error::new(ErrorClass::ProviderFailed, "no").to_job_error(job.created_at);
        apply_event(&mut job, JobEvent::WorkFailed { error, missing: vec![] });
        let [webhook] = &CallerWebhookMessage::pending_for_caller(&job)[..] else { panic!("one") };
        let body: Value = serde_json::from_str(&webhook.body).expect("JSON");
        assert_eq!(webhook.id, format!("{}:2", job.id));
        assert_eq!((&body["type"], &body["data"]["id"]), (&json!("job.failed"), &json!(webhook.id)));
        assert_eq!(body["data"]["metadata"], json!({ "campaign": "spring" }));
        assert_eq!(body["timestamp"], body["data"]["updated_at"]);
        job.notify_targets.webhook_url = None;
        assert_eq!(CallerWebhookMessage::pending_for_caller(&job), []);
    }

    #[test]
    fn a_payload_that_would_be_too_long_keeps_type_and_error() {
        let mut job = job();
        let violations = vec![Violation::new("field", "é".repeat(MAX_BODY_BYTES))];
        let error = Error::from_violations(violations).to_job_error(job.created_at);
        apply_event(&mut job, JobEvent::SubmissionRejected { error });
        let [webhook] = &CallerWebhookMessage::pending_for_caller(&job)[..] else { panic!("one") };
        let body: Value = serde_json::from_str(&webhook.body).expect("JSON");
        assert!(webhook.body.len() < MAX_BODY_BYTES, "{}", webhook.body.len());
        assert_eq!(
            (&body["type"], &body["data"]["error"]["type"]),
            (&json!("job.failed"), &json!("InvalidRequest"))
        );
        assert!(body["data"]["error"]["message"].as_str().is_some_and(|text| text.starts_with("field: é")));
    }
}

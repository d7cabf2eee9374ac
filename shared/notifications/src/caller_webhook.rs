//! What a caller's webhook says: the payload of Standard Webhooks 1.0, `type`, `timestamp` and `data`.
//!
//! A caller hears of a job's end only, and of each of its ends: a job that has expired may still be stored.

use model::{Job, Status, utc_milliseconds};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

use crate::JobEvent;

/// The most bytes of a payload: Standard Webhooks advises less than 20 KB.
const MAX_BODY_BYTES: usize = 20_000;
/// The most characters of an error's message in a payload that would be longer.
const MAX_MESSAGE_BYTES: usize = 4_000;

/// A message to a caller, as it is sent each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerWebhookMessage {
    /// `webhook-id`, the same each time: `<job_id>:<sequence>`, which is the `id` of the event, too.
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
    /// What a caller is still to be told of a job, oldest first; nothing when it named no webhook.
    pub fn all(job: &Job) -> Vec<Self> {
        if job.audience.webhook_url.is_none() {
            return vec![];
        }
        JobEvent::after(job, job.outbox.told.caller).filter_map(|event| Self::of(&event)).collect()
    }

    fn of(event: &JobEvent<'_>) -> Option<Self> {
        let kind = kind(event.status())?;
        let whole = written(&kind, event, event);
        let body =
            if whole.len() <= MAX_BODY_BYTES { whole } else { written(&kind, event, &shortened(event)) };
        Some(Self { id: event.id().to_owned(), body })
    }
}

/// The payload's `type`, such as `job.stored`, of a status that ends a job.
fn kind(status: Status) -> Option<String> {
    status.ends_wait().then(|| format!("job.{status}"))
}

fn written(kind: &str, event: &JobEvent<'_>, data: &impl Serialize) -> String {
    serde_json::to_string(&Payload { kind, timestamp: event.updated_at(), data }).unwrap_or_default()
}

/// Without what could be long: the caller's own JSON, the provider's remarks, and the end of a long message.
fn shortened(event: &JobEvent<'_>) -> Value {
    let mut data = event.shortened();
    if let Some(message) = data.pointer_mut("/error/message")
        && let Some(text) = message.as_str()
    {
        *message = text.chars().take(MAX_MESSAGE_BYTES).collect::<String>().into();
    }
    data
}

#[cfg(test)]
mod tests {
    use model::{
        Error, ErrorClass, Event, JobId, NewJob, NotifyTargets, Origin, ProviderJobId, ProviderName,
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
            expected: None,
            metadata: Some(json!({ "campaign": "spring" })),
            unpack: None,
            origin: Origin::Submitted,
        })
        .telling(NotifyTargets {
            webhook_url: Some(WebhookUrl::new("https://hooks.example.com")),
            ..NotifyTargets::default()
        })
    }

    fn happens(job: &mut Job, event: Event) {
        let now = job.created_at;
        let change = job.apply(event.clone(), now);
        job.version += 1;
        job.add_outbox_event(&event, change, now);
    }

    #[test]
    fn a_caller_hears_of_the_end_only_under_the_id_of_its_event() {
        let mut job = job();
        happens(&mut job, Event::Accepted { provider_job_id: ProviderJobId::new("t") });
        assert_eq!(CallerWebhookMessage::all(&job), []);
        let error = Error::new(ErrorClass::ProviderFailed, "no").for_record(job.created_at);
        happens(&mut job, Event::Failed { error, missing: vec![] });
        let [webhook] = &CallerWebhookMessage::all(&job)[..] else { panic!("one") };
        let body: Value = serde_json::from_str(&webhook.body).expect("JSON");
        assert_eq!(webhook.id, format!("{}:2", job.id));
        assert_eq!((&body["type"], &body["data"]["id"]), (&json!("job.failed"), &json!(webhook.id)));
        assert_eq!(body["data"]["metadata"], json!({ "campaign": "spring" }));
        assert_eq!(body["timestamp"], body["data"]["updated_at"]);
        job.audience.webhook_url = None;
        assert_eq!(CallerWebhookMessage::all(&job), []);
    }

    #[test]
    fn a_payload_that_would_be_too_long_keeps_what_counts() {
        let mut job = job();
        let violations = vec![Violation::new("field", "é".repeat(MAX_BODY_BYTES))];
        let error = Error::violations(violations).for_record(job.created_at);
        happens(&mut job, Event::Refused { error });
        let [webhook] = &CallerWebhookMessage::all(&job)[..] else { panic!("one") };
        let body: Value = serde_json::from_str(&webhook.body).expect("JSON");
        assert!(webhook.body.len() < MAX_BODY_BYTES, "{}", webhook.body.len());
        assert_eq!(
            (&body["type"], &body["data"]["error"]["type"]),
            (&json!("job.failed"), &json!("InvalidRequest"))
        );
        assert!(body["data"]["error"]["message"].as_str().is_some_and(|text| text.starts_with("field: é")));
    }
}

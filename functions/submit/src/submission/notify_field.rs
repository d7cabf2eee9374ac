//! Reads the field `notify` of a request: the targets that are notified of the job's final status.

use model::{NotifyTargets, Secret, Violation, WebhookUrl, WorkflowWaiter};
use providers::RequestFields;
use serde_json::{Value, json};
use url::Url;

/// The length limit of a task token: API reference of Step Functions, `SendTaskSuccess`.
const MAX_TOKEN_BYTES: usize = 2048;
/// The length limit of a callback id: API reference of Lambda, `SendDurableExecutionCallbackSuccess`.
const MAX_CALLBACK_ID_BYTES: usize = 1024;
const MAX_URL_BYTES: usize = 2048;

/// Reads the field. No violation repeats a value: tokens and URLs are secrets.
pub(crate) fn read_notify(field: Option<Value>, violations: &mut Vec<Violation>) -> NotifyTargets {
    let fields = match field {
        None | Some(Value::Null) => return NotifyTargets::default(),
        Some(Value::Object(fields)) => fields,
        Some(_) => {
            violations.push(Violation::new("notify", "expected an object"));
            return NotifyTargets::default();
        }
    };
    let mut fields = RequestFields::new(fields);
    let expected = "expected a task token of 1 to 2048 characters";
    let task = take_string(&mut fields, "task_token", expected, is_token)
        .map(Secret::new)
        .map(WorkflowWaiter::TaskToken);
    let expected = "expected the id of a callback, 1 to 1024 characters of base64";
    let callback = take_string(&mut fields, "callback_id", expected, is_callback_id);
    let callback = callback.map(Secret::new).map(WorkflowWaiter::DurableCallbackId);
    let expected = "expected an https URL of at most 2048 characters, without a user or a fragment";
    let webhook_url = take_string(&mut fields, "webhook_url", expected, is_webhook_url).map(WebhookUrl::new);
    let partial_is_success = take_bool(&mut fields, "partial_is_success");
    if let Err(error) = fields.finish() {
        let with_prefix =
            |violation: Violation| Violation::new(format!("notify.{}", violation.field), violation.message);
        violations.extend(error.violations.into_iter().map(with_prefix));
    }
    let waiters = task.into_iter().chain(callback).collect();
    NotifyTargets { waiters, webhook_url, partial_is_success, next_heartbeat_at: None }
}

/// The part of the field that distinguishes two requests with the same key. Task tokens and callback ids are left out:
/// a workflow that retries sends the same request with another token.
pub(crate) fn fingerprint(targets: &NotifyTargets) -> Option<Value> {
    let is_present = targets.webhook_url.is_some() || targets.partial_is_success;
    is_present.then(|| {
        let url = targets.webhook_url.as_ref().map(WebhookUrl::expose);
        json!({ "webhook_url": url, "partial_is_success": targets.partial_is_success })
    })
}

fn take_string(
    fields: &mut RequestFields,
    name: &str,
    expected: &str,
    is_valid: impl Fn(&str) -> bool,
) -> Option<String> {
    match fields.take(name)? {
        Value::String(text) if is_valid(&text) => Some(text),
        _ => {
            fields.add_violation(name, expected);
            None
        }
    }
}

fn take_bool(fields: &mut RequestFields, name: &str) -> bool {
    match fields.take(name) {
        None => false,
        Some(Value::Bool(flag)) => flag,
        Some(_) => {
            fields.add_violation(name, "expected true or false");
            false
        }
    }
}

fn is_token(text: &str) -> bool {
    (1..=MAX_TOKEN_BYTES).contains(&text.chars().count())
        && !text.contains(|c: char| c.is_control() || c.is_whitespace())
}

/// Whether the text matches `[A-Za-z0-9+/]+={0,2}`, the pattern of the API reference.
fn is_callback_id(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    text.len() <= MAX_CALLBACK_ID_BYTES
        && text.len() - digits.len() <= 2
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

/// Checks the form of the URL. The SSRF guard checks the host when the webhook is called. Plain http is for a simulator
/// on the same machine.
fn is_webhook_url(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
    let has_plain_authority =
        url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    text.len() <= MAX_URL_BYTES
        && has_plain_authority
        && (url.scheme() == "https" || url.scheme() == "http" && loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violated_fields(field: Value) -> Vec<String> {
        let mut violations = vec![];
        read_notify(Some(field), &mut violations);
        let text = format!("{violations:?}");
        assert!(!text.contains("s3cret"), "{text}");
        violations.into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn every_valid_notify_target_is_read() {
        let mut violations = vec![];
        let field = json!({
            "task_token": "t".repeat(2048), "callback_id": "aZ09+/==",
            "webhook_url": "https://example.com/hook?key=1", "partial_is_success": true,
        });
        let targets = read_notify(Some(field), &mut violations);
        assert_eq!(violations, []);
        assert_eq!((targets.waiters.len(), targets.partial_is_success), (2, true));
        assert_eq!(targets.webhook_url.expect("a URL").expose(), "https://example.com/hook?key=1");
    }

    #[test]
    fn each_invalid_field_is_named_without_its_value() {
        for token in [json!(""), json!("t".repeat(2049)), json!(7), json!("s3cret\n")] {
            assert_eq!(violated_fields(json!({ "task_token": token })), ["notify.task_token"]);
        }
        for id in [json!("="), json!("a==="), json!("s3cret-"), json!("a".repeat(1025)), json!("a=b")] {
            assert_eq!(violated_fields(json!({ "callback_id": id })), ["notify.callback_id"]);
        }
        for url in
            ["http://example.com/s3cret", "https://s3cret@example.com", "ftp://example.com", "s3cret", ""]
        {
            assert_eq!(violated_fields(json!({ "webhook_url": url })), ["notify.webhook_url"]);
        }
        assert_eq!(
            violated_fields(json!({ "partial_is_success": "yes", "more": 1 })),
            ["notify.partial_is_success", "notify.more"]
        );
        assert_eq!(violated_fields(json!("s3cret")), ["notify"]);
    }

    #[test]
    fn the_fingerprint_depends_on_the_webhook_url_and_not_on_the_token() {
        let fingerprint_of = |field: Value| fingerprint(&read_notify(Some(field), &mut vec![]));
        assert_eq!(fingerprint_of(json!({ "task_token": "t", "callback_id": "c" })), None);
        assert_ne!(
            fingerprint_of(json!({ "webhook_url": "https://a.example" })),
            fingerprint_of(json!({ "webhook_url": "https://b.example" }))
        );
    }
}

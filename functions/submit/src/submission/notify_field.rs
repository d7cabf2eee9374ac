//! The field `notify` of a request: whom its job tells of its end.

use model::{NotifyTargets, Secret, Violation, WebhookUrl, WorkflowWaiter};
use providers::Fields;
use serde_json::{Value, json};
use url::Url;

/// The longest task token: API reference of Step Functions, `SendTaskSuccess`.
const MAX_TOKEN_BYTES: usize = 2048;
/// The longest id of a callback: API reference of Lambda, `SendDurableExecutionCallbackSuccess`.
const MAX_CALLBACK_ID_BYTES: usize = 1024;
const MAX_URL_BYTES: usize = 2048;

/// Reads the field. No violation repeats what it is about.
pub(crate) fn read(field: Option<Value>, violations: &mut Vec<Violation>) -> NotifyTargets {
    let fields = match field {
        None | Some(Value::Null) => return NotifyTargets::default(),
        Some(Value::Object(fields)) => fields,
        Some(_) => {
            violations.push(Violation::new("notify", "expected an object"));
            return NotifyTargets::default();
        }
    };
    let mut fields = Fields::new(fields);
    let expected = "expected a task token of 1 to 2048 characters";
    let task = text(&mut fields, "task_token", expected, is_token).map(Secret::new).map(WorkflowWaiter::Task);
    let expected = "expected the id of a callback, 1 to 1024 characters of base64";
    let callback = text(&mut fields, "callback_id", expected, is_callback_id);
    let callback = callback.map(Secret::new).map(WorkflowWaiter::Callback);
    let expected = "expected an https URL of at most 2048 characters, without a user or a fragment";
    let webhook_url = text(&mut fields, "webhook_url", expected, is_webhook_url).map(WebhookUrl::new);
    let partial_is_success = flag(&mut fields, "partial_is_success");
    if let Err(error) = fields.finish() {
        let within = |found: Violation| Violation::new(format!("notify.{}", found.field), found.message);
        violations.extend(error.violations.into_iter().map(within));
    }
    let waiters = task.into_iter().chain(callback).collect();
    NotifyTargets { waiters, webhook_url, partial_is_success, sign_at: None }
}

/// What of it makes two requests differ: a workflow that retries brings another token for the same request.
pub(crate) fn fingerprint(audience: &NotifyTargets) -> Option<Value> {
    let said = audience.webhook_url.is_some() || audience.partial_is_success;
    said.then(|| {
        let url = audience.webhook_url.as_ref().map(WebhookUrl::expose);
        json!({ "webhook_url": url, "partial_is_success": audience.partial_is_success })
    })
}

fn text(fields: &mut Fields, name: &str, expected: &str, is_right: impl Fn(&str) -> bool) -> Option<String> {
    match fields.take(name)? {
        Value::String(text) if is_right(&text) => Some(text),
        _ => {
            fields.violation(name, expected);
            None
        }
    }
}

fn flag(fields: &mut Fields, name: &str) -> bool {
    match fields.take(name) {
        None => false,
        Some(Value::Bool(flag)) => flag,
        Some(_) => {
            fields.violation(name, "expected true or false");
            false
        }
    }
}

fn is_token(text: &str) -> bool {
    (1..=MAX_TOKEN_BYTES).contains(&text.chars().count())
        && !text.contains(|c: char| c.is_control() || c.is_whitespace())
}

/// `[A-Za-z0-9+/]+={0,2}`, as the API reference has it.
fn is_callback_id(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    text.len() <= MAX_CALLBACK_ID_BYTES
        && text.len() - digits.len() <= 2
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

/// Whether it may be called is seen when it is called. Plain http is for a simulator on this machine.
fn is_webhook_url(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
    let named = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    text.len() <= MAX_URL_BYTES && named && (url.scheme() == "https" || url.scheme() == "http" && loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(field: Value) -> Vec<String> {
        let mut violations = vec![];
        read(Some(field), &mut violations);
        let told = format!("{violations:?}");
        assert!(!told.contains("s3cret"), "{told}");
        violations.into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn everybody_who_is_named_right_is_told() {
        let mut violations = vec![];
        let field = json!({
            "task_token": "t".repeat(2048), "callback_id": "aZ09+/==",
            "webhook_url": "https://example.com/hook?key=1", "partial_is_success": true,
        });
        let audience = read(Some(field), &mut violations);
        assert_eq!(violations, []);
        assert_eq!((audience.waiters.len(), audience.partial_is_success), (2, true));
        assert_eq!(audience.webhook_url.expect("a URL").expose(), "https://example.com/hook?key=1");
    }

    #[test]
    fn each_rule_that_is_broken_is_named_without_its_value() {
        for token in [json!(""), json!("t".repeat(2049)), json!(7), json!("s3cret\n")] {
            assert_eq!(named(json!({ "task_token": token })), ["notify.task_token"]);
        }
        for id in [json!("="), json!("a==="), json!("s3cret-"), json!("a".repeat(1025)), json!("a=b")] {
            assert_eq!(named(json!({ "callback_id": id })), ["notify.callback_id"]);
        }
        for url in
            ["http://example.com/s3cret", "https://s3cret@example.com", "ftp://example.com", "s3cret", ""]
        {
            assert_eq!(named(json!({ "webhook_url": url })), ["notify.webhook_url"]);
        }
        assert_eq!(
            named(json!({ "partial_is_success": "yes", "more": 1 })),
            ["notify.partial_is_success", "notify.more"]
        );
        assert_eq!(named(json!("s3cret")), ["notify"]);
    }

    #[test]
    fn a_token_makes_no_request_another_one_and_a_webhook_does() {
        let of = |field: Value| fingerprint(&read(Some(field), &mut vec![]));
        assert_eq!(of(json!({ "task_token": "t", "callback_id": "c" })), None);
        assert_ne!(
            of(json!({ "webhook_url": "https://a.example" })),
            of(json!({ "webhook_url": "https://b.example" }))
        );
    }
}

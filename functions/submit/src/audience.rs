//! The field `notify` of a request: whom its job shall tell of its end.

use model::{Audience, Secret, Violation};
use serde_json::Value;

/// The longest URL, in bytes.
const LONGEST_URL: usize = 2048;

/// Reads the field, and notes each rule that it breaks. Whether a URL leads somewhere is seen later.
pub(crate) fn read(notify: Option<Value>, violations: &mut Vec<Violation>) -> Audience {
    let mut fields = match notify {
        None | Some(Value::Null) => return Audience::default(),
        Some(Value::Object(fields)) => fields,
        Some(_) => {
            violations.push(Violation::new("notify", "expected a JSON object"));
            return Audience::default();
        }
    };
    let webhook_url = match fields.remove("webhook_url") {
        None | Some(Value::Null) => None,
        Some(Value::String(url)) if (1..=LONGEST_URL).contains(&url.len()) => Some(Secret::new(url)),
        Some(_) => {
            let message = "expected an https URL of at most 2048 characters";
            violations.push(Violation::new("notify.webhook_url", message));
            None
        }
    };
    violations.extend(fields.keys().map(|name| Violation::new(format!("notify.{name}"), "unknown field")));
    Audience { webhook_url }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn broken(notify: Value) -> Vec<String> {
        let mut violations = vec![];
        read(Some(notify), &mut violations);
        violations.into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn each_broken_rule_is_named() {
        assert_eq!(broken(json!("https://hooks.example.com/")), ["notify"]);
        assert_eq!(
            broken(json!({ "webhook_url": 7, "webhook": "x" })),
            ["notify.webhook_url", "notify.webhook"]
        );
        assert_eq!(broken(json!({ "webhook_url": "x".repeat(2049) })), ["notify.webhook_url"]);
        for fine in [json!(null), json!({}), json!({ "webhook_url": null })] {
            assert_eq!(broken(fine), Vec::<String>::new());
        }
    }
}

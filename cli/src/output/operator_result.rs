//! What operators' commands answer, as text.

use serde_json::Value;

use super::{
    lines::{Lines, string},
    table::Table,
};

/// The findings of a check.
pub(crate) fn checks(answer: &Value) -> String {
    let mut table = Table::new(&["CHECK", "STATUS", "DETAIL"]);
    for check in answer["checks"].as_array().into_iter().flatten() {
        table.row(["name", "status", "detail"].map(|field| string(check, field)).into());
    }
    table.lines()
}

/// What is known of a provider's signing secret, by fingerprints.
pub(crate) fn signing_secrets(answer: &Value) -> String {
    let mut lines = Lines::default();
    lines.text("provider", &string(answer, "provider"));
    lines.text("state", &string(answer, "detail"));
    lines.text("theirs", &string(&answer["at_provider"], "fingerprint"));
    let held = |secret: &Value| match secret["until"].as_str() {
        Some(until) => format!("{} until {until}", string(secret, "fingerprint")),
        None => string(secret, "fingerprint"),
    };
    lines.list("held", answer["stored"].as_array().into_iter().flatten().map(held));
    lines.into_text()
}

/// Which secrets sign callers' webhooks, by fingerprints, the newest first.
pub(crate) fn webhook_secrets(answer: &Value) -> String {
    let stored = answer["stored"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut lines = Lines::default();
    match stored {
        [] => lines.text("signing", "no secret; rotate makes the first"),
        stored => lines.list("signing", stored.iter().filter_map(Value::as_str).map(str::to_owned)),
    }
    lines.into_text()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn checks_stand_in_a_table() {
        let answer =
            json!({ "ok": true, "checks": [{ "name": "table", "status": "ok", "detail": "can be read" }] });
        assert_eq!(checks(&answer), "CHECK  STATUS  DETAIL\ntable  ok      can be read\n");
    }

    #[test]
    fn a_signing_secret_is_shown_on_both_sides_with_its_end() {
        let answer = json!({
            "provider": "abyssale", "detail": "the provider's secret 5f0c1a77 is held, 2 in all",
            "at_provider": { "fingerprint": "5f0c1a77" },
            "stored": [
                { "fingerprint": "5f0c1a77", "until": null },
                { "fingerprint": "b1946ac9", "until": "2026-03-12T05:16:07Z" },
            ],
        });
        let expected = "\
provider     abyssale
state        the provider's secret 5f0c1a77 is held, 2 in all
theirs       5f0c1a77
held         5f0c1a77
             b1946ac9 until 2026-03-12T05:16:07Z
";
        assert_eq!(signing_secrets(&answer), expected);
    }

    #[test]
    fn secrets_of_webhooks_are_listed_or_said_to_lack() {
        let shown = |stored: Value| webhook_secrets(&json!({ "action": "status", "stored": stored }));
        assert_eq!(shown(json!(["5f0c1a77", "b1946ac9"])), "signing      5f0c1a77\n             b1946ac9\n");
        assert_eq!(shown(json!([])), "signing      no secret; rotate makes the first\n");
    }
}

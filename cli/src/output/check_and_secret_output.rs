//! Renders the results of `check`, `signing-secret`, `webhook-secret`, `subscribe` and `unsubscribe` as text.

use serde_json::Value;

use super::{
    labelled_lines::{LabelledLines, text_field},
    table::Table,
    terminal_text::sanitize_for_terminal,
};

/// Renders the results of the checks as a table.
pub(crate) fn render_checks(response: &Value) -> String {
    let mut table = Table::new(&["CHECK", "STATUS", "DETAIL"]);
    for check in response["checks"].as_array().into_iter().flatten() {
        table.add_row(["name", "status", "detail"].map(|field| text_field(check, field)).into());
    }
    table.into_text()
}

/// Renders a provider's signing secrets by their fingerprints.
pub(crate) fn render_signing_secrets(response: &Value) -> String {
    let mut lines = LabelledLines::default();
    lines.add("provider", &text_field(response, "provider"));
    lines.add("state", &text_field(response, "detail"));
    lines.add("at provider", &text_field(&response["at_provider"], "fingerprint"));
    let secret_text = |secret: &Value| match secret["until"].as_str() {
        Some(until) => format!("{} until {until}", text_field(secret, "fingerprint")),
        None => text_field(secret, "fingerprint"),
    };
    lines.add_list("stored", response["stored"].as_array().into_iter().flatten().map(secret_text));
    lines.into_text()
}

/// Renders the subscription to an event.
pub(crate) fn render_subscription(response: &Value) -> String {
    let field = |name| text_field(response, name);
    let id = match field("subscription_id") {
        id if id.is_empty() => id,
        id => format!(" ({id})"),
    };
    let line = format!("{} {}: {}{id}", field("provider"), field("event"), field("outcome"));
    format!("{}\n", sanitize_for_terminal(&line))
}

/// Renders the active secrets for webhooks to callers by their fingerprints, newest first.
pub(crate) fn render_webhook_secrets(response: &Value) -> String {
    let stored = response["stored"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut lines = LabelledLines::default();
    match stored {
        [] => lines.add("signing", "no secret yet; the first job with a webhook creates it"),
        stored => lines.add_list("signing", stored.iter().filter_map(Value::as_str).map(str::to_owned)),
    }
    lines.into_text()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn checks_are_rendered_as_a_table() {
        let response =
            json!({ "ok": true, "checks": [{ "name": "table", "status": "ok", "detail": "can be read" }] });
        assert_eq!(render_checks(&response), "CHECK  STATUS  DETAIL\ntable  ok      can be read\n");
    }

    #[test]
    fn signing_secrets_show_the_provider_the_stored_ones_and_their_expiry() {
        let response = json!({
            "provider": "abyssale", "detail": "the provider's secret 5f0c1a77 is stored, 2 in total",
            "at_provider": { "fingerprint": "5f0c1a77" },
            "stored": [
                { "fingerprint": "5f0c1a77", "until": null },
                { "fingerprint": "b1946ac9", "until": "2026-03-12T05:16:07Z" },
            ],
        });
        let expected = "\
provider         abyssale
state            the provider's secret 5f0c1a77 is stored, 2 in total
at provider      5f0c1a77
stored           5f0c1a77
                 b1946ac9 until 2026-03-12T05:16:07Z
";
        assert_eq!(render_signing_secrets(&response), expected);
    }

    #[test]
    fn a_subscription_is_rendered_with_its_outcome_and_its_id_if_it_has_one() {
        let render = |outcome: &str, id: Value| {
            render_subscription(&json!({
                "provider": "abyssale", "event": "new_export", "outcome": outcome, "subscription_id": id,
            }))
        };
        assert_eq!(render("created", json!("7")), "abyssale new_export: created (7)\n");
        assert_eq!(render("missing", json!(null)), "abyssale new_export: missing\n");
    }

    #[test]
    fn webhook_secrets_are_listed_and_their_absence_is_reported() {
        let render = |stored: Value| render_webhook_secrets(&json!({ "action": "status", "stored": stored }));
        assert_eq!(
            render(json!(["5f0c1a77", "b1946ac9"])),
            "signing          5f0c1a77\n                 b1946ac9\n"
        );
        assert_eq!(
            render(json!([])),
            "signing          no secret yet; the first job with a webhook creates it\n"
        );
    }
}

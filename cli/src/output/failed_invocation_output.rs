//! Renders failed invocations and the results of their redrive as text.

use serde_json::Value;

use super::{labelled_lines::text_field, table::Table};

/// Renders failed invocations as a table, oldest first.
pub(crate) fn render_failed_invocations(response: &Value) -> String {
    let mut table = Table::new(&["FAILED AT", "REQUEST ID", "COMMAND", "PROVIDER", "KIND", "ERROR"]);
    for invocation in response["failed_invocations"].as_array().into_iter().flatten() {
        let mut row = ["failed_at", "request_id", "command", "provider", "kind"]
            .map(|field| text_field(invocation, field))
            .to_vec();
        row.push(match error_text(&invocation["error"]) {
            text if text.is_empty() => text_field(invocation, "condition"),
            text => text,
        });
        table.add_row(row);
    }
    table.into_text()
}

/// Renders what became of each invocation.
pub(crate) fn render_redrive_results(response: &Value) -> String {
    let mut table = Table::new(&["REQUEST ID", "STATUS", "JOB", "ERROR"]);
    for result in response["results"].as_array().into_iter().flatten() {
        let mut row = ["request_id", "status", "job_id"].map(|field| text_field(result, field)).to_vec();
        row.push(error_text(&result["error"]));
        table.add_row(row);
    }
    table.into_text()
}

/// The type and the message of an error, as far as they are known.
fn error_text(error: &Value) -> String {
    let texts = ["type", "message"].map(|field| text_field(error, field));
    texts.iter().filter(|text| !text.is_empty()).map(String::as_str).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn failed_invocations_are_rendered_with_their_error_or_condition() {
        let response = json!({ "failed_invocations": [
            {
                "failed_at": "2026-03-12T05:16:07Z", "request_id": "1", "command": "submit", "provider": "abyssale",
                "kind": "export", "error": { "type": "Permanent.ProviderQuota", "message": "no credits" },
            },
            { "request_id": "2", "condition": "EventAgeExceeded", "error": { "type": null, "message": null } },
        ]});
        let expected = "\
FAILED AT             REQUEST ID  COMMAND  PROVIDER  KIND    ERROR
2026-03-12T05:16:07Z  1           submit   abyssale  export  Permanent.ProviderQuota: no credits
                      2                                      EventAgeExceeded
";
        assert_eq!(render_failed_invocations(&response), expected);
    }

    #[test]
    fn redrive_results_name_the_job_or_the_error() {
        let response = json!({ "results": [
            { "request_id": "1", "status": "redriven", "job_id": "j" },
            { "request_id": "2", "status": "failed", "error": { "type": "T", "message": "m" } },
        ]});
        let expected =
            "REQUEST ID  STATUS    JOB  ERROR\n1           redriven  j\n2           failed         T: m\n";
        assert_eq!(render_redrive_results(&response), expected);
    }
}

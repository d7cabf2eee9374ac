//! Parses Abyssale's error responses, in all their versions (contract 1.3).

use http::StatusCode;
use model::{Error, ErrorClass, ProviderError, Violation};
use serde_json::Value;

/// The maximum length of a message in characters. Messages are stored with jobs and shown in responses.
const MAX_MESSAGE_CHARS: usize = 500;
/// The maximum number of violations. Thousands of ids may be invalid at once, and a job's record has room for few.
const MAX_VIOLATIONS: usize = 20;

/// Parses an error response. A body that is not JSON, from a gateway in front of the API, still has a status.
pub(super) fn parse_error_response(status: u16, body: &[u8]) -> ProviderError {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let message = body.get("message").and_then(Value::as_str).unwrap_or_default();
    let id = match body.get("id").and_then(Value::as_str) {
        Some(id) if !id.is_empty() => id,
        _ => implied_id(status, message),
    };
    let message = if message.is_empty() { format!("HTTP {status}") } else { truncate_message(message) };
    ProviderError { status, id: id.to_owned(), message, errors: read_violations(body.get("errors")) }
}

/// Converts the rejection of a query to an error (contract 1.4).
pub(super) fn rejection_error(status: StatusCode, body: &[u8]) -> Error {
    let error_response = parse_error_response(status.as_u16(), body);
    let error = match (status.as_u16(), error_response.id.as_str()) {
        (401 | 403, "api_access_denied") => {
            Error::new(ErrorClass::ProviderPlan, "the Abyssale plan does not include API access")
        }
        (401 | 403, _) => {
            Error::new(ErrorClass::ProviderCredentials, "Abyssale does not accept the configured API key")
        }
        (status, id) => {
            let message = format!("Abyssale rejected the request ({id}): {}", error_response.message);
            let is_conflict = status == 409;
            let class =
                if is_conflict { ErrorClass::ProviderConflict } else { ErrorClass::ProviderRefusedRequest };
            Error::new(class, message)
        }
    };
    error.with_provider_error(error_response)
}

/// Returns the id that a response without an id implies (contract 1.3, parser rule).
fn implied_id(status: u16, message: &str) -> &'static str {
    if message.starts_with("body_validation_errors") {
        return "invalid_payload";
    }
    match status {
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not_found",
        429 => "rate_limit_exceeded",
        500.. => "internal_server_error",
        _ => "invalid_payload",
    }
}

/// Reads `errors`, which is absent, null, a flat list (E2, E3) or a nested object (E1).
fn read_violations(errors: Option<&Value>) -> Vec<Violation> {
    let mut found = vec![];
    match errors {
        Some(Value::Array(list)) => found.extend(list.iter().map(read_violation)),
        Some(nested @ Value::Object(_)) => collect_nested_violations(nested, String::new(), &mut found),
        _ => {}
    }
    if found.len() > MAX_VIOLATIONS {
        let more = format!("and {} more", found.len() - MAX_VIOLATIONS);
        found.truncate(MAX_VIOLATIONS);
        found.push(Violation { field: String::new(), message: more });
    }
    found
}

fn read_violation(error: &Value) -> Violation {
    let text = |key: &str| error.get(key).and_then(Value::as_str);
    let field = text("path").or_else(|| text("field")).unwrap_or_default();
    let message = match (text("message"), text("code"), error.get("expected")) {
        (Some(message), _, _) => message.to_owned(),
        (None, Some(code), Some(expected)) => format!("{code}, expected {expected}"),
        (None, Some(code), None) => code.to_owned(),
        (None, None, _) => error.to_string(),
    };
    Violation { field: field.to_owned(), message: truncate_message(&message) }
}

/// Reads errors of version E1, which nests section, field and index: `{"media":{"ids":{"0":["Length must be 36."]}}}`.
fn collect_nested_violations(value: &Value, path: String, found: &mut Vec<Violation>) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                let is_index = !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit());
                let step = match (path.is_empty(), is_index) {
                    (true, _) => key.clone(),
                    (false, true) => format!("{path}[{key}]"),
                    (false, false) => format!("{path}.{key}"),
                };
                collect_nested_violations(inner, step, found);
            }
        }
        Value::Array(texts) => {
            texts.iter().for_each(|text| collect_nested_violations(text, path.clone(), found))
        }
        Value::String(text) => found.push(Violation { field: path, message: truncate_message(text) }),
        other => found.push(Violation { field: path, message: other.to_string() }),
    }
}

fn truncate_message(text: &str) -> String {
    text.chars().take(MAX_MESSAGE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(status: u16, body: &str) -> (String, String, Vec<(String, String)>) {
        let error_response = parse_error_response(status, body.as_bytes());
        (
            error_response.id,
            error_response.message,
            error_response.errors.into_iter().map(|v| (v.field, v.message)).collect(),
        )
    }

    #[test]
    fn error_responses_of_every_version_are_parsed() {
        let pair = |field: &str, text: &str| vec![(field.to_owned(), text.to_owned())];
        let cases = [
            // E3
            (
                404,
                r#"{"id":"visual_not_found","message":"No visual","version":"v2026-10-21"}"#,
                "visual_not_found",
                "No visual",
                vec![],
            ),
            (
                400,
                r#"{"id":"wrong_type","message":"ids[0]: not a string","errors":[{"path":"ids[0]","code":"wrong_type","expected":"string"}]}"#,
                "wrong_type",
                "ids[0]: not a string",
                pair("ids[0]", "wrong_type, expected \"string\""),
            ),
            // E2
            (
                400,
                r#"{"message":"Invalid parameters","errors":[{"field":"ids","message":"required"}]}"#,
                "invalid_payload",
                "Invalid parameters",
                pair("ids", "required"),
            ),
            (
                429,
                r#"{"message":"429 Too Many Requests","id":"rate_limit_exceeded"}"#,
                "rate_limit_exceeded",
                "429 Too Many Requests",
                vec![],
            ),
            // E1
            (
                400,
                r#"{"message":"body_validation_errors: {…}","errors":{"media":{"ids":{"0":["Length must be 36."]}}}}"#,
                "invalid_payload",
                "body_validation_errors: {…}",
                pair("media.ids[0]", "Length must be 36."),
            ),
            (403, r#"{"message":"Forbidden","errors":null}"#, "forbidden", "Forbidden", vec![]),
            // E0
            (502, "<html>Bad gateway</html>", "internal_server_error", "HTTP 502", vec![]),
            (429, "", "rate_limit_exceeded", "HTTP 429", vec![]),
            (400, "[1]", "invalid_payload", "HTTP 400", vec![]),
        ];
        for (status, body, id, message, errors) in cases {
            assert_eq!(parse(status, body), (id.to_owned(), message.to_owned(), errors), "{body}");
        }
    }

    #[test]
    fn long_messages_are_truncated_between_characters() {
        let long = format!(r#"{{"message":"{}"}}"#, "é".repeat(2_000));
        let message = parse_error_response(400, long.as_bytes()).message;
        assert_eq!(message.chars().count(), MAX_MESSAGE_CHARS);
    }
}

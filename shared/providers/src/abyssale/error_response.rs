//! Abyssale's error bodies, of all generations (contract 1.3), read into one shape.

use model::{ProviderAnswer, Violation};
use serde_json::Value;

/// Messages are cut to this many characters: they end up on jobs and in answers.
const MAX_MESSAGE_BYTES: usize = 500;
/// How many problems are kept: thousands of ids may be wrong at once, and a job's record has room for few.
const MAX_PROBLEMS: usize = 20;

/// Reads an error answer. Never fails: a body that is no JSON (a gateway in front of the API) still has a status.
pub(super) fn read(status: u16, body: &[u8]) -> ProviderAnswer {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let message = body.get("message").and_then(Value::as_str).unwrap_or_default();
    let id = match body.get("id").and_then(Value::as_str) {
        Some(id) if !id.is_empty() => id,
        _ => id_for(status, message),
    };
    let message = if message.is_empty() { format!("HTTP {status}") } else { shortened(message) };
    ProviderAnswer { status, id: id.to_owned(), message, errors: problems(body.get("errors")) }
}

/// The id that an answer without one stands for (contract 1.3, parser rule).
fn id_for(status: u16, message: &str) -> &'static str {
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

/// `errors`: absent, null, a flat list (E2, E3) or a nested object (E1).
fn problems(errors: Option<&Value>) -> Vec<Violation> {
    let mut found = vec![];
    match errors {
        Some(Value::Array(list)) => found.extend(list.iter().map(flat)),
        Some(nested @ Value::Object(_)) => flatten(nested, String::new(), &mut found),
        _ => {}
    }
    if found.len() > MAX_PROBLEMS {
        let more = format!("and {} more", found.len() - MAX_PROBLEMS);
        found.truncate(MAX_PROBLEMS);
        found.push(Violation { field: String::new(), message: more });
    }
    found
}

fn flat(problem: &Value) -> Violation {
    let text = |key: &str| problem.get(key).and_then(Value::as_str);
    let field = text("path").or_else(|| text("field")).unwrap_or_default();
    let message = match (text("message"), text("code"), problem.get("expected")) {
        (Some(message), _, _) => message.to_owned(),
        (None, Some(code), Some(expected)) => format!("{code}, expected {expected}"),
        (None, Some(code), None) => code.to_owned(),
        (None, None, _) => problem.to_string(),
    };
    Violation { field: field.to_owned(), message: shortened(&message) }
}

/// E1 nests section, field and index: `{"media":{"ids":{"0":["Length must be 36."]}}}`.
fn flatten(value: &Value, path: String, found: &mut Vec<Violation>) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                let is_index = !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit());
                let step = match (path.is_empty(), is_index) {
                    (true, _) => key.clone(),
                    (false, true) => format!("{path}[{key}]"),
                    (false, false) => format!("{path}.{key}"),
                };
                flatten(inner, step, found);
            }
        }
        Value::Array(texts) => texts.iter().for_each(|text| flatten(text, path.clone(), found)),
        Value::String(text) => found.push(Violation { field: path, message: shortened(text) }),
        other => found.push(Violation { field: path, message: other.to_string() }),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_MESSAGE_BYTES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(status: u16, body: &str) -> (String, String, Vec<(String, String)>) {
        let answer = read(status, body.as_bytes());
        (answer.id, answer.message, answer.errors.into_iter().map(|v| (v.field, v.message)).collect())
    }

    #[test]
    fn every_generation_of_error_body_is_read() {
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
            assert_eq!(seen(status, body), (id.to_owned(), message.to_owned(), errors), "{body}");
        }
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let long = format!(r#"{{"message":"{}"}}"#, "é".repeat(2_000));
        assert_eq!(read(400, long.as_bytes()).message.chars().count(), MAX_MESSAGE_BYTES);
    }
}

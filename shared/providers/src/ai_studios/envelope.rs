//! Opens the envelope of an API response, in every known shape (contract 1.2 and 8).
//!
//! The documented envelope is `{success, data}` or `{success: false, error}`, with any HTTP status. Other responses
//! have been seen: without an envelope, with that of another product, with an error that is only a text, and an HTML
//! page.

use http::StatusCode;
use serde_json::Value;

use super::{
    error_response::ErrorResponse,
    lenient_values::{read_id, read_text},
    partial_json_parser::SparseJson,
};

/// What the payload of a successful response is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExpectedPayload {
    /// One object.
    Object,
    /// A list, which may be an array without an envelope (contract 1.2).
    List,
}

/// Opens a response and returns its payload. The checks are in the contract's order (section 8): whether the body is
/// JSON, a list without an envelope, `success`, `error`, the HTTP status, and then `data`.
///
/// # Errors
/// The provider's error response, or that the body cannot be parsed.
pub(super) fn open_envelope(
    status: StatusCode,
    body: &[u8],
    expected: ExpectedPayload,
) -> Result<Value, ErrorResponse> {
    let Ok(SparseJson(body)) = serde_json::from_slice::<SparseJson>(body) else {
        return Err(ErrorResponse::from_other_body(status, body));
    };
    match body {
        Value::Array(list) if expected == ExpectedPayload::List && status.is_success() => {
            Ok(Value::Array(list))
        }
        Value::Object(mut envelope) => {
            let success = ["success", "succeed"].iter().find_map(|name| parse_flag(envelope.get(*name)?));
            let has_error = envelope.get("error").is_some_and(|error| !error.is_null());
            if success == Some(false) || has_error || !status.is_success() {
                return Err(read_error(status, &Value::Object(envelope)));
            }
            match envelope.remove("data").filter(|data| !data.is_null()) {
                Some(data) => Ok(data),
                None => Ok(Value::Object(envelope)),
            }
        }
        other => Err(ErrorResponse::from_other_body(status, other.to_string().as_bytes())),
    }
}

/// Returns the items of a list, in every known shape (contract 1.2 and 5.4): an array, an array in a named field, or an
/// object with the keys `"0"`, `"1"` and so on.
pub(super) fn list_items(payload: Value, name: &str) -> Vec<Value> {
    match payload {
        Value::Array(list) => list,
        Value::Object(mut fields) => match fields.remove(name) {
            Some(Value::Array(list)) => list,
            _ => {
                let mut numbered: Vec<(u32, Value)> = (fields.into_iter())
                    .filter_map(|(key, value)| Some((key.parse().ok()?, value)))
                    .collect();
                numbered.sort_by_key(|(number, _)| *number);
                numbered.into_iter().map(|(_, value)| value).collect()
            }
        },
        _ => vec![],
    }
}

/// Parses `true`, `"true"` and `1`, and their opposites (contract 8, C9).
fn parse_flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_f64().map(|number| number != 0.0),
        Value::String(text) if text.eq_ignore_ascii_case("true") || text == "1" => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") || text == "0" => Some(false),
        _ => None,
    }
}

/// Reads the code and the message of an error, from the field `error` or beside it (contract 8, C10).
fn read_error(status: StatusCode, envelope: &Value) -> ErrorResponse {
    let error = envelope.get("error").unwrap_or(&Value::Null);
    let objects = [error, envelope];
    let code = objects.iter().find_map(|object| read_id(object, &["code"]));
    let message =
        objects.iter().find_map(|object| read_text(object, &["msg", "message", "reason", "response"]));
    let message = error.as_str().filter(|text| !text.is_empty()).or(message);
    ErrorResponse::from_envelope(status, code, message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Opens a response and describes the result.
    fn describe(status: u16, body: &str, expected: ExpectedPayload) -> String {
        match open_envelope(StatusCode::from_u16(status).expect("a status"), body.as_bytes(), expected) {
            Ok(payload) => payload.to_string(),
            Err(error) if !error.is_enveloped => format!("unreadable {}", error.status),
            Err(error) => {
                format!("{} {} {}", error.status, error.code.as_deref().unwrap_or("-"), error.message)
            }
        }
    }

    #[test]
    fn envelopes_of_every_known_shape_are_opened() {
        for (status, body, meaning) in [
            (200, r#"{"success":true,"data":{"a":1}}"#, r#"{"a":1}"#),
            (201, r#"{"success":true,"data":{"a":1}}"#, r#"{"a":1}"#),
            (200, r#"{"success":"true","data":{"a":1}}"#, r#"{"a":1}"#),
            (200, r#"{"success":1,"data":{"a":1}}"#, r#"{"a":1}"#),
            (200, r#"{"succeed":true,"data":{"a":1}}"#, r#"{"a":1}"#),
            (200, r#"{"data":{"a":1}}"#, r#"{"a":1}"#),
            (200, r#"{"a":1}"#, r#"{"a":1}"#),
            (200, r#"{"success":true,"data":null}"#, r#"{"success":true}"#),
            (200, r#"{"success":true,"data":{"a":1},"error":null}"#, r#"{"a":1}"#),
            (200, r#"{"code":1000,"data":{"a":1},"message":"ok"}"#, r#"{"a":1}"#),
            (200, r#"{"success":false,"error":{"code":4040,"msg":"none"}}"#, "200 4040 none"),
            (404, r#"{"success":false,"error":{"code":"4040","msg":"none"}}"#, "404 4040 none"),
            (200, r#"{"success":"false","error":{"message":"none"}}"#, "200 - none"),
            (200, r#"{"success":0,"msg":"none"}"#, "200 - none"),
            (200, r#"{"succeed":false,"error":"none"}"#, "200 - none"),
            (200, r#"{"success":false,"response":"none"}"#, "200 - none"),
            (200, r#"{"success":false}"#, "200 - HTTP 200"),
            (200, r#"{"error":"none"}"#, "200 - none"),
            (200, r#"{"success":true,"error":{"code":7}}"#, "200 7 HTTP 200"),
            (500, r#"{"success":true,"data":{"a":1}}"#, "500 - HTTP 500"),
            (401, r#"{"code":4010,"data":null,"message":"no"}"#, "401 4010 no"),
            (200, "<html>", "unreadable 200"),
            (200, "", "unreadable 200"),
            (404, "<html>", "unreadable 404"),
            (200, "[]", "unreadable 200"),
            (200, "\"ok\"", "unreadable 200"),
        ] {
            assert_eq!(describe(status, body, ExpectedPayload::Object), meaning, "{status} {body}");
        }
    }

    #[test]
    fn lists_of_every_known_shape_are_read() {
        for body in [
            r#"[{"a":1},{"a":2}]"#,
            r#"{"success":true,"data":[{"a":1},{"a":2}]}"#,
            r#"{"success":true,"data":{"workspaces":[{"a":1},{"a":2}]}}"#,
            r#"{"success":true,"data":{"1":{"a":2},"0":{"a":1}}}"#,
        ] {
            let payload =
                open_envelope(StatusCode::OK, body.as_bytes(), ExpectedPayload::List).expect("a list");
            assert_eq!(list_items(payload, "workspaces"), [json!({ "a": 1 }), json!({ "a": 2 })], "{body}");
        }
        assert!(open_envelope(StatusCode::FORBIDDEN, b"[]", ExpectedPayload::List).is_err());
    }
}

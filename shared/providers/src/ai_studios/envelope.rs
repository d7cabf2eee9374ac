//! What an answer of the API says, whatever shape it has (contract 1.2 and 8).
//!
//! The documented envelope is `{success, data}` or `{success: false, error}`, with any HTTP status. Answers without it,
//! with another product's, with an error that is only a text and with an HTML page have been seen.

use http::StatusCode;
use serde_json::Value;

use super::{
    error_response::Refusal,
    lenient_values::{id_text, text},
    sparse_json::Lean,
};

/// What a good answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// One thing.
    Object,
    /// Several, perhaps in a bare array (contract 1.2).
    List,
}

/// Opens an answer in the contract's order (section 8): JSON or not, a bare list, `success`, `error`, the status, and
/// only then `data`.
///
/// # Errors
/// What the provider refused, or could not be understood to say.
pub(super) fn open(status: StatusCode, body: &[u8], holds: Holds) -> Result<Value, Refusal> {
    let Ok(Lean(body)) = serde_json::from_slice::<Lean>(body) else {
        return Err(Refusal::unreadable(status, body));
    };
    match body {
        Value::Array(list) if holds == Holds::List && status.is_success() => Ok(Value::Array(list)),
        Value::Object(mut answer) => {
            let claimed = ["success", "succeed"].iter().find_map(|name| flag(answer.get(*name)?));
            let error = answer.get("error").is_some_and(|error| !error.is_null());
            if claimed == Some(false) || error || !status.is_success() {
                return Err(refused(status, &Value::Object(answer)));
            }
            match answer.remove("data").filter(|data| !data.is_null()) {
                Some(data) => Ok(data),
                None => Ok(Value::Object(answer)),
            }
        }
        other => Err(Refusal::unreadable(status, other.to_string().as_bytes())),
    }
}

/// The items of a list, whichever of its shapes it has (contract 1.2 and 5.4): bare, under a name, or as an object with
/// the keys `"0"`, `"1"` and so on.
pub(super) fn items(payload: Value, name: &str) -> Vec<Value> {
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

/// `true`, `"true"` and `1`, and their opposites (contract 8, C9).
fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_f64().map(|number| number != 0.0),
        Value::String(text) if text.eq_ignore_ascii_case("true") || text == "1" => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") || text == "0" => Some(false),
        _ => None,
    }
}

/// The code and the message of an error, wherever they stand (contract 8, C10).
fn refused(status: StatusCode, answer: &Value) -> Refusal {
    let error = answer.get("error").unwrap_or(&Value::Null);
    let places = [error, answer];
    let code = places.iter().find_map(|place| id_text(place, &["code"]));
    let said = places.iter().find_map(|place| text(place, &["msg", "message", "reason", "response"]));
    let said = error.as_str().filter(|text| !text.is_empty()).or(said);
    Refusal::said(status, code, said)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What an answer comes to, in a few words.
    fn opened(status: u16, body: &str, holds: Holds) -> String {
        match open(StatusCode::from_u16(status).expect("a status"), body.as_bytes(), holds) {
            Ok(payload) => payload.to_string(),
            Err(refusal) if !refusal.enveloped => format!("unreadable {}", refusal.status),
            Err(refusal) => {
                format!("{} {} {}", refusal.status, refusal.code.as_deref().unwrap_or("-"), refusal.message)
            }
        }
    }

    #[test]
    fn every_known_shape_is_opened() {
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
            assert_eq!(opened(status, body, Holds::Object), meaning, "{status} {body}");
        }
    }

    #[test]
    fn a_list_may_be_bare_enveloped_named_or_numbered() {
        for body in [
            r#"[{"a":1},{"a":2}]"#,
            r#"{"success":true,"data":[{"a":1},{"a":2}]}"#,
            r#"{"success":true,"data":{"workspaces":[{"a":1},{"a":2}]}}"#,
            r#"{"success":true,"data":{"1":{"a":2},"0":{"a":1}}}"#,
        ] {
            let payload = open(StatusCode::OK, body.as_bytes(), Holds::List).expect("a list");
            assert_eq!(items(payload, "workspaces"), [json!({ "a": 1 }), json!({ "a": 2 })], "{body}");
        }
        assert!(open(StatusCode::FORBIDDEN, b"[]", Holds::List).is_err());
    }
}

//! Putting an answer into the envelope (contract 1.2).

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::response;

use crate::ai_studios::api_error::Refusal;
use crate::ai_studios::settings::Knobs;
use crate::ai_studios::settings::account::ListShape;
use crate::ai_studios::settings::envelope::{CodeType, ErrorShape, SuccessShape};

/// What an operation has to say.
#[derive(Debug)]
pub(super) enum Payload {
    /// What comes in `data`.
    Data(Value),
    /// A list that some say without an envelope.
    Bare(Value),
}

/// 200 with the payload.
pub(super) fn success(payload: Payload, knobs: &Knobs) -> Response<Bytes> {
    let body = match payload {
        Payload::Bare(list) => list,
        Payload::Data(data) => match knobs.envelope.success {
            SuccessShape::Flag => json!({"success": true, "data": data}),
            SuccessShape::Text => json!({"success": "true", "data": data}),
            SuccessShape::Succeed => json!({"succeed": true, "data": data}),
            SuccessShape::Missing => json!({"data": data}),
            SuccessShape::Bare => data,
        },
    };
    response::plain_json(StatusCode::OK, &body)
}

/// The refusal, with its status or with 200.
pub(super) fn refused(refusal: &Refusal, knobs: &Knobs) -> Response<Bytes> {
    let mut body = match knobs.envelope.success {
        SuccessShape::Flag => json!({"success": false}),
        SuccessShape::Text => json!({"success": "false"}),
        SuccessShape::Succeed => json!({"succeed": false}),
        SuccessShape::Missing | SuccessShape::Bare => json!({}),
    };
    body["error"] = error(refusal, knobs);
    let status = if knobs.envelope.errors_as_200 { StatusCode::OK } else { refusal.status };
    response::plain_json(status, &body)
}

/// The value of `error`.
fn error(refusal: &Refusal, knobs: &Knobs) -> Value {
    let code = refusal.why.code(&knobs.invented.codes);
    let code = match knobs.envelope.code {
        CodeType::Number => json!(code),
        CodeType::Text => json!(code.to_string()),
    };
    match knobs.envelope.error {
        ErrorShape::Object => json!({"code": code, "msg": refusal.message}),
        ErrorShape::Message => json!({"code": code, "message": refusal.message}),
        ErrorShape::Text => json!(refusal.message),
    }
}

/// A list in the shape that a knob says.
pub(super) fn list(items: Vec<Value>, shape: ListShape, name: &str) -> Payload {
    match shape {
        ListShape::Data => Payload::Data(Value::Array(items)),
        ListShape::Bare => Payload::Bare(Value::Array(items)),
        ListShape::Named => Payload::Data(json!({ name: items })),
        ListShape::Numeric => {
            let numbered = items.into_iter().enumerate().map(|(number, item)| (number.to_string(), item));
            Payload::Data(Value::Object(numbered.collect::<Map<_, _>>()))
        }
    }
}

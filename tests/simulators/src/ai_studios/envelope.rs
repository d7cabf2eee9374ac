//! Wraps responses in the envelope (contract 1.2).

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::settings::Settings;
use crate::ai_studios::settings::account::ListShape;
use crate::ai_studios::settings::envelope::{CodeType, ErrorShape, SuccessShape};
use crate::response;

/// The result of an operation.
#[derive(Debug)]
pub(super) enum ResponsePayload {
    /// The value of `data`.
    Data(Value),
    /// A list without an envelope.
    Bare(Value),
}

/// Returns 200 with the payload.
pub(super) fn success_response(payload: ResponsePayload, settings: &Settings) -> Response<Bytes> {
    let body = match payload {
        ResponsePayload::Bare(list) => list,
        ResponsePayload::Data(data) => match settings.envelope.success {
            SuccessShape::Flag => json!({"success": true, "data": data}),
            SuccessShape::Text => json!({"success": "true", "data": data}),
            SuccessShape::Succeed => json!({"succeed": true, "data": data}),
            SuccessShape::Missing => json!({"data": data}),
            SuccessShape::Bare => data,
        },
    };
    response::json_response(StatusCode::OK, &body)
}

/// Returns the error, with its status or with 200.
pub(super) fn error_response(api_error: &ApiError, settings: &Settings) -> Response<Bytes> {
    let mut body = match settings.envelope.success {
        SuccessShape::Flag => json!({"success": false}),
        SuccessShape::Text => json!({"success": "false"}),
        SuccessShape::Succeed => json!({"succeed": false}),
        SuccessShape::Missing | SuccessShape::Bare => json!({}),
    };
    body["error"] = error_value(api_error, settings);
    let status = if settings.envelope.errors_as_200 { StatusCode::OK } else { api_error.status };
    response::json_response(status, &body)
}

/// Returns the value of `error`.
fn error_value(api_error: &ApiError, settings: &Settings) -> Value {
    let code = api_error.kind.code(&settings.invented.codes);
    let code = match settings.envelope.code {
        CodeType::Number => json!(code),
        CodeType::Text => json!(code.to_string()),
    };
    match settings.envelope.error {
        ErrorShape::Object => json!({"code": code, "msg": api_error.message}),
        ErrorShape::Message => json!({"code": code, "message": api_error.message}),
        ErrorShape::Text => json!(api_error.message),
    }
}

/// Returns a list in the shape of the settings.
pub(super) fn list_payload(items: Vec<Value>, shape: ListShape, name: &str) -> ResponsePayload {
    match shape {
        ListShape::Data => ResponsePayload::Data(Value::Array(items)),
        ListShape::Bare => ResponsePayload::Bare(Value::Array(items)),
        ListShape::Named => ResponsePayload::Data(json!({ name: items })),
        ListShape::Numeric => {
            let numbered = items.into_iter().enumerate().map(|(number, item)| (number.to_string(), item));
            ResponsePayload::Data(Value::Object(numbered.collect::<Map<_, _>>()))
        }
    }
}

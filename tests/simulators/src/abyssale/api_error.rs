//! Error responses of the API, in each version of their format (contract 1.3 and 1.4).

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::abyssale::api_response;
use crate::abyssale::settings::{ErrorFormat, GatewayBody, Settings};

/// One invalid field of a body.
#[derive(Debug, Clone)]
pub(super) struct FieldError {
    pub(super) path: String,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// The expected and the received value; null where the provider reports neither.
    expected: Value,
    received: Value,
}

impl FieldError {
    pub(super) fn new(path: &str, code: &'static str, message: &str) -> Self {
        let (expected, received) = (Value::Null, Value::Null);
        Self { path: path.to_owned(), code, message: message.to_owned(), expected, received }
    }

    pub(super) fn expected(self, expected: Value) -> Self {
        Self { expected, ..self }
    }

    pub(super) fn received(self, received: &Value) -> Self {
        Self { received: received.clone(), ..self }
    }

    /// As the format E3 shows it (contract 1.3).
    fn view(&self) -> Value {
        let mut view = json!({"path": self.path, "code": self.code, "message": self.message});
        for (name, value) in [("expected", &self.expected), ("received", &self.received)] {
            if !value.is_null() {
                view[name] = value.clone();
            }
        }
        view
    }
}

/// An error of the API, before it is written in one of the formats.
#[derive(Debug, Clone)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) id: &'static str,
    pub(super) message: String,
    pub(super) field_errors: Vec<FieldError>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, id: &'static str, message: impl Into<String>) -> Self {
        Self { status, id, message: message.into(), field_errors: Vec::new() }
    }

    /// 400. If one field is invalid, its text is in the message. A code that all fields share is the id.
    pub(super) fn invalid(field_errors: Vec<FieldError>) -> Self {
        let first = field_errors.first().map_or("invalid_payload", |field_error| field_error.code);
        let shared = field_errors.iter().all(|field_error| field_error.code == first);
        let message = match field_errors.as_slice() {
            [only] => format!("{}: {}", only.path, only.message),
            _ => "The request body is not valid.".to_owned(),
        };
        let id = if shared { first } else { "invalid_payload" };
        Self { status: StatusCode::BAD_REQUEST, id, message, field_errors }
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized: missing or invalid API key.")
    }

    pub(super) fn no_api_access() -> Self {
        let message = "Your plan does not include API access.";
        Self::new(StatusCode::UNAUTHORIZED, "api_access_denied", message)
    }

    pub(super) fn endpoint_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "endpoint_not_found", "This endpoint does not exist.")
    }

    /// 404: the workspace does not have the object (contract 1.4).
    pub(super) fn not_found(id: &'static str, what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, id, format!("The {what} was not found."))
    }

    pub(super) fn visual_not_found() -> Self {
        Self::not_found("visual_not_found", "visual")
    }

    pub(super) fn template_not_found() -> Self {
        Self::not_found("template_not_found", "design")
    }

    /// 400 without field errors.
    pub(super) fn bad_request(id: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, id, message)
    }

    /// Returns the response in the format of the settings.
    pub(super) fn to_response(&self, settings: &Settings) -> Response<Bytes> {
        let body = match settings.error_generation {
            ErrorFormat::E0 => return gateway_response(self.status, settings.gateway_body, &self.message),
            ErrorFormat::E1 => self.e1(),
            ErrorFormat::E2 => self.e2(),
            ErrorFormat::E3 => self.e3(settings),
        };
        api_response::json_response(self.status, &body)
    }

    /// The format E1: sections, fields and indexes as nested objects, and no id.
    fn e1(&self) -> Value {
        if self.field_errors.is_empty() {
            return json!({"message": self.message});
        }
        let mut media = Map::new();
        for field_error in &self.field_errors {
            let steps: Vec<&str> =
                field_error.path.split(['.', '[']).map(|step| step.trim_end_matches(']')).collect();
            insert_nested(&mut media, &steps, &field_error.message);
        }
        let errors = json!({"media": media});
        // The old API printed a Python dictionary, whose strings have single quotes.
        let printed = errors.to_string().replace('"', "'").replace("':", "': ");
        json!({"message": format!("body_validation_errors: {printed}"), "errors": errors})
    }

    fn e2(&self) -> Value {
        if self.field_errors.is_empty() {
            return json!({"message": self.message, "id": self.id});
        }
        let errors: Vec<_> = self
            .field_errors
            .iter()
            .map(|field_error| json!({"field": field_error.path, "message": field_error.message}))
            .collect();
        json!({"message": "Invalid parameters", "id": self.id, "errors": errors})
    }

    fn e3(&self, settings: &Settings) -> Value {
        let mut body = json!({"id": self.id, "message": self.message});
        if !self.field_errors.is_empty() {
            body["errors"] = self.field_errors.iter().map(FieldError::view).collect();
        }
        api_response::add_version_stamp(&mut body, settings);
        body
    }
}

/// Returns the response of a gateway in front of the API (E0).
pub(super) fn gateway_response(status: StatusCode, body: GatewayBody, message: &str) -> Response<Bytes> {
    match body {
        GatewayBody::Empty => api_response::bytes_response(status, None, Bytes::new()),
        GatewayBody::Json => api_response::json_response(status, &json!({"message": message})),
        GatewayBody::Html => {
            let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or("Error"));
            let page = format!(
                "<html>\r\n<head><title>{title}</title></head>\r\n<body><center><h1>{title}</h1></center></body>\r\n</html>\r\n"
            );
            let mut response = api_response::bytes_response(status, None, Bytes::from(page));
            response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("text/html"));
            response
        }
    }
}

/// Inserts `message` at `ids[0]` as `{"ids": {"0": [message]}}`, and so on for longer paths.
fn insert_nested(section: &mut Map<String, Value>, steps: &[&str], message: &str) {
    match steps {
        [] => {}
        [last] => {
            section.insert((*last).to_owned(), json!([message]));
        }
        [first, rest @ ..] => {
            let inner = section.entry(*first).or_insert_with(|| json!({}));
            if let Some(inner) = inner.as_object_mut() {
                insert_nested(inner, rest, message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    //! Every format, as a table.

    use super::*;

    fn body(api_error: &ApiError, format: ErrorFormat) -> String {
        let settings = Settings { error_generation: format, ..Settings::default() };
        String::from_utf8(api_error.to_response(&settings).into_body().to_vec())
            .expect("error bodies are text")
    }

    #[test]
    fn each_error_format_has_its_fields() {
        let short =
            ApiError::invalid(vec![FieldError::new("ids[0]", "invalid_payload", "Length must be 36.")]);
        let key = ApiError::unauthorized();
        let table = [
            (
                &short,
                ErrorFormat::E1,
                r#"{"errors":{"media":{"ids":{"0":["Length must be 36."]}}},"message":"body_validation_errors: {'media': {'ids': {'0': ['Length must be 36.']}}}"}"#,
            ),
            (
                &short,
                ErrorFormat::E2,
                r#"{"errors":[{"field":"ids[0]","message":"Length must be 36."}],"id":"invalid_payload","message":"Invalid parameters"}"#,
            ),
            (
                &short,
                ErrorFormat::E3,
                r#"{"errors":[{"code":"invalid_payload","message":"Length must be 36.","path":"ids[0]"}],"id":"invalid_payload","message":"ids[0]: Length must be 36.","version":"v2026-10-21"}"#,
            ),
            (&key, ErrorFormat::E1, r#"{"message":"Unauthorized: missing or invalid API key."}"#),
            (
                &key,
                ErrorFormat::E2,
                r#"{"id":"unauthorized","message":"Unauthorized: missing or invalid API key."}"#,
            ),
            (
                &key,
                ErrorFormat::E3,
                r#"{"id":"unauthorized","message":"Unauthorized: missing or invalid API key.","version":"v2026-10-21"}"#,
            ),
        ];
        for (api_error, format, expected) in table {
            let got: Value = serde_json::from_str(&body(api_error, format)).expect("JSON");
            let expected: Value = serde_json::from_str(expected).expect("JSON");
            assert_eq!(got, expected, "{format:?}");
        }
        assert!(body(&key, ErrorFormat::E0).starts_with("<html>"));
    }

    #[test]
    fn different_codes_give_a_generic_id() {
        let field_error = |code| FieldError::new("a", code, "m");
        assert_eq!(
            ApiError::invalid(vec![field_error("wrong_type"), field_error("wrong_type")]).id,
            "wrong_type"
        );
        assert_eq!(
            ApiError::invalid(vec![field_error("wrong_type"), field_error("out_of_range")]).id,
            "invalid_payload"
        );
    }
}

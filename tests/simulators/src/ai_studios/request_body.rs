//! Reads the JSON body of a call.

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value};
use url::Url;

use crate::acceptance_policy::AcceptancePolicy;
use crate::ai_studios::api_error::ApiError;

/// A JSON object. Unknown fields are ignored.
#[derive(Debug)]
pub(super) struct RequestBody {
    fields: Map<String, Value>,
    wrong_types: AcceptancePolicy,
}

impl RequestBody {
    /// Parses the body. An array is an error: some of the vendor's own samples send one by mistake (contract 8,
    /// C18).
    pub(super) fn read(request: &Request<Bytes>, wrong_types: AcceptancePolicy) -> Result<Self, ApiError> {
        match serde_json::from_slice(request.body()) {
            Ok(Value::Object(fields)) => Ok(Self { fields, wrong_types }),
            Ok(_) => Err(ApiError::invalid("the body must be a JSON object")),
            Err(_) => Err(ApiError::invalid("the body is not valid JSON")),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// Reads an optional text. `null` counts as absent if the settings allow it.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, ApiError> {
        match (self.fields.get(name), self.wrong_types) {
            (None, _) | (Some(Value::Null), AcceptancePolicy::Accept) => Ok(None),
            (Some(Value::String(text)), _) => Ok(Some(text.clone())),
            (Some(Value::Number(number)), AcceptancePolicy::Accept) => Ok(Some(number.to_string())),
            (Some(_), _) => Err(ApiError::invalid(format!("{name} must be a string"))),
        }
    }

    pub(super) fn required_text(&self, name: &str) -> Result<String, ApiError> {
        let text = self.text(name)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| ApiError::invalid(format!("{name} is required")))
    }

    pub(super) fn boolean_or(&self, name: &str, otherwise: bool) -> Result<bool, ApiError> {
        match self.fields.get(name) {
            None => Ok(otherwise),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(ApiError::invalid(format!("{name} must be a boolean"))),
        }
    }

    /// Reads an optional absolute HTTP URL. It is only parsed, never requested.
    pub(super) fn http_url(&self, name: &str) -> Result<Option<String>, ApiError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let fits =
            Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if fits { Ok(Some(text)) } else { Err(ApiError::invalid(format!("{name} is not a valid URL"))) }
    }
}

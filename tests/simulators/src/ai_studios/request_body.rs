//! Reads the JSON body of a call.

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value};

use crate::acceptance_policy::AcceptancePolicy;
use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::field_check::{self, DocumentedField, FieldPolicies};

/// A JSON object.
#[derive(Debug)]
pub(super) struct RequestBody {
    fields: Map<String, Value>,
    policies: FieldPolicies,
}

impl RequestBody {
    /// Parses the body. An array is an error: some of the vendor's own samples send one by mistake (contract 8,
    /// C18).
    pub(super) fn read(request: &Request<Bytes>, policies: FieldPolicies) -> Result<Self, ApiError> {
        match serde_json::from_slice(request.body()) {
            Ok(Value::Object(fields)) => Ok(Self { fields, policies }),
            Ok(_) => Err(ApiError::invalid("the body must be a JSON object")),
            Err(_) => Err(ApiError::invalid("the body is not valid JSON")),
        }
    }

    /// Reads the body, and from the query what the body lacks. The vendor's samples of one call send an empty body.
    pub(super) fn read_with_query(
        request: &Request<Bytes>,
        policies: FieldPolicies,
    ) -> Result<Self, ApiError> {
        let mut body = match request.body().is_empty() {
            true => Self { fields: Map::new(), policies },
            false => Self::read(request, policies)?,
        };
        let query = request.uri().query().unwrap_or_default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            body.fields.entry(name).or_insert_with(|| value.into());
        }
        Ok(body)
    }

    /// Checks the body against the tables of its call.
    pub(super) fn check(&self, tables: &[&[DocumentedField]]) -> Result<(), ApiError> {
        field_check::check_fields(&self.fields, "", tables, self.policies)
    }

    /// Checks an object inside the body. `path` is its place in the body, with its dot.
    pub(super) fn check_inner(
        &self,
        value: &Value,
        path: &str,
        table: &[DocumentedField],
    ) -> Result<(), ApiError> {
        let name = path.trim_end_matches('.');
        let fields =
            value.as_object().ok_or_else(|| ApiError::invalid(format!("{name} must be an object")))?;
        field_check::check_fields(fields, path, &[table], self.policies)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// Reads an optional text. `null` counts as absent if the settings allow it.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, ApiError> {
        match (self.fields.get(name), self.policies.wrong_types) {
            (None, _) | (Some(Value::Null), AcceptancePolicy::Accept) => Ok(None),
            (Some(value), _) => match field_check::text_of(value, self.policies) {
                Some(text) => Ok(Some(text)),
                None => Err(ApiError::invalid(format!("{name} must be a string"))),
            },
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
}

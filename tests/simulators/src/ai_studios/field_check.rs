//! Checks the fields of a body against the vendor's table of the call (contract 7 and 9.3).

use serde_json::{Map, Value};
use url::Url;

use crate::acceptance_policy::AcceptancePolicy;
use crate::ai_studios::api_error::ApiError;

/// The documented form of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum FieldForm {
    /// A string; not an empty one if it is required.
    Text,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// An absolute HTTP URL. It is only parsed, never requested.
    HttpUrl,
    Flag,
    Integer,
    /// One of these numbers.
    NumberOf(&'static [f64]),
    /// A number from the first to the second.
    Range(f64, f64),
    Object,
    List,
    /// Any JSON, including `null`.
    Json,
}

/// A row of a table of the vendor's documents.
#[derive(Debug, Clone, Copy)]
pub(super) struct DocumentedField {
    name: &'static str,
    form: FieldForm,
    required: bool,
}

/// What happens to input that the documents do not describe.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldPolicies {
    /// A value whose JSON type differs from the documented one.
    pub(super) wrong_types: AcceptancePolicy,
    /// A field that no table has.
    pub(super) unknown_fields: AcceptancePolicy,
}

pub(super) const fn required(name: &'static str, form: FieldForm) -> DocumentedField {
    DocumentedField { name, form, required: true }
}

pub(super) const fn optional(name: &'static str, form: FieldForm) -> DocumentedField {
    DocumentedField { name, form, required: false }
}

/// Checks an object against the tables of its call. `path` is the place of the object in the body, with its dot.
pub(super) fn check_fields(
    fields: &Map<String, Value>,
    path: &str,
    tables: &[&[DocumentedField]],
    policies: FieldPolicies,
) -> Result<(), ApiError> {
    let documented = || tables.iter().copied().flatten();
    for field in documented() {
        let name = format!("{path}{}", field.name);
        match fields.get(field.name) {
            Some(Value::Null) if is_absent(field, policies) => {}
            Some(value) => check_value(&name, field, value, policies)?,
            None if field.required => return Err(ApiError::invalid(format!("{name} is required"))),
            None => {}
        }
    }
    let unknown = fields.keys().find(|name| !documented().any(|field| field.name == name.as_str()));
    match unknown.filter(|_| policies.unknown_fields == AcceptancePolicy::Refuse) {
        Some(name) => Err(ApiError::invalid(format!("{path}{name} is not a parameter of this call"))),
        None => Ok(()),
    }
}

/// Whether `null` counts as absent.
fn is_absent(field: &DocumentedField, policies: FieldPolicies) -> bool {
    !field.required && policies.wrong_types == AcceptancePolicy::Accept
}

fn check_value(
    name: &str,
    field: &DocumentedField,
    value: &Value,
    policies: FieldPolicies,
) -> Result<(), ApiError> {
    let text = text_of(value, policies);
    let number = value.as_f64();
    let (fits, wanted) = match field.form {
        FieldForm::Text if field.required && text.as_deref() == Some("") => (false, "is required"),
        FieldForm::Text => (text.is_some(), "must be a string"),
        FieldForm::OneOf(words) => (text.is_some_and(|text| words.contains(&text.as_str())), "is invalid"),
        FieldForm::HttpUrl => (text.is_some_and(|text| is_http_url(&text)), "is not a valid URL"),
        FieldForm::Flag => (value.is_boolean(), "must be a boolean"),
        FieldForm::Integer => (value.is_i64() || value.is_u64(), "must be a whole number"),
        FieldForm::NumberOf(all) => (number.is_some_and(|number| all.contains(&number)), "is invalid"),
        FieldForm::Range(from, to) => {
            (number.is_some_and(|number| (from..=to).contains(&number)), "is out of range")
        }
        FieldForm::Object => (value.is_object(), "must be an object"),
        FieldForm::List => (value.is_array(), "must be an array"),
        FieldForm::Json => (true, ""),
    };
    if fits { Ok(()) } else { Err(ApiError::invalid(format!("{name} {wanted}"))) }
}

/// Returns the value as text. A number counts as text if the settings allow it.
pub(super) fn text_of(value: &Value, policies: FieldPolicies) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if policies.wrong_types == AcceptancePolicy::Accept => Some(number.to_string()),
        _ => None,
    }
}

/// Whether the text is an absolute URL of HTTP.
pub(super) fn is_http_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

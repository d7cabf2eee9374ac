//! Validates the bodies of API calls (contract 2.1, 2.3 and 6.7).

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use serde_json::{Map, Value};
use url::Url;
use uuid::Uuid;

use crate::abyssale::api_error::{ApiError, FieldError};
use crate::abyssale::settings::{ErrorFormat, Settings};
use crate::abyssale::subscription::Subscriptions;
use crate::abyssale::uuid_format::parse_uuid;
use crate::acceptance_policy::AcceptancePolicy;

/// A valid body of `POST /async/banners/export`.
pub(super) struct ExportBody {
    pub(super) ids: Vec<Uuid>,
    pub(super) callback_url: Option<String>,
}

/// Validates an export's body.
pub(super) fn validate_export(request: &Request<Bytes>, settings: &Settings) -> Result<ExportBody, ApiError> {
    let body = parse_object(request)?;
    let mut field_errors = Vec::new();
    let texts = read_id_texts(&body, settings, &mut field_errors);
    let callback_url = read_optional_url(&body, "callback_url", settings, &mut field_errors);
    if !field_errors.is_empty() {
        return Err(ApiError::invalid(field_errors));
    }
    Ok(ExportBody { ids: parse_ids(&texts, settings)?, callback_url })
}

/// Validates a subscription's body and returns its URL and its event type.
pub(super) fn validate_subscription(
    request: &Request<Bytes>,
    settings: &Settings,
) -> Result<(String, String), ApiError> {
    let body = parse_object(request)?;
    let mut field_errors = Vec::new();
    if !body.contains_key("hook_url") {
        field_errors.push(FieldError::new(
            "hook_url",
            "missing_required",
            "Missing data for required field.",
        ));
    }
    let hook_url = read_optional_url(&body, "hook_url", settings, &mut field_errors).unwrap_or_default();
    let kind = body.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    if !Subscriptions::is_known_type(&kind) {
        field_errors.push(FieldError::new("type", "unknown_enum_value", "Not a type of event."));
    }
    if field_errors.is_empty() { Ok((hook_url, kind)) } else { Err(ApiError::invalid(field_errors)) }
}

/// Parses the body of a call that takes JSON (contract 1.1).
pub(super) fn parse_object(request: &Request<Bytes>) -> Result<Map<String, Value>, ApiError> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let message = "The content type must be application/json.";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message));
    }
    match serde_json::from_slice(request.body()) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(ApiError::invalid(vec![FieldError::new("body", "wrong_type", "Not an object.")])),
        // `invalid_json` exists too; the export operation documents this pair (contract 1.4).
        Err(_) => Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid_payload", "Invalid JSON")),
    }
}

fn read_id_texts<'a>(
    body: &'a Map<String, Value>,
    settings: &Settings,
    field_errors: &mut Vec<FieldError>,
) -> Vec<&'a str> {
    let Some(ids) = body.get("ids") else {
        field_errors.push(FieldError::new("ids", "missing_required", "Missing data for required field."));
        return Vec::new();
    };
    let Some(ids) = ids.as_array() else {
        field_errors.push(FieldError::new("ids", "wrong_type", "Not a valid list."));
        return Vec::new();
    };
    let too_few = ids.is_empty() && settings.empty_ids == AcceptancePolicy::Refuse;
    if too_few || settings.max_ids.is_some_and(|max| ids.len() > max) {
        field_errors.push(FieldError::new("ids", "out_of_range", "The number of ids is out of range."));
    }
    let mut texts = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        match id.as_str() {
            Some(text) => texts.push(text),
            None => field_errors.push(FieldError::new(
                &format!("ids[{index}]"),
                "wrong_type",
                "Not a valid string.",
            )),
        }
    }
    texts
}

/// An id that is not a UUID is 404 today, 400 in the user's documents (contract 2.3).
fn parse_ids(texts: &[&str], settings: &Settings) -> Result<Vec<Uuid>, ApiError> {
    let bad = |(index, text): (usize, &&str)| {
        let bad = parse_uuid(text).is_none();
        bad.then(|| FieldError::new(&format!("ids[{index}]"), "invalid_payload", "Length must be 36."))
    };
    let field_errors: Vec<_> = texts.iter().enumerate().filter_map(bad).collect();
    if field_errors.is_empty() {
        return Ok(texts.iter().filter_map(|text| parse_uuid(text)).collect());
    }
    match settings.error_generation {
        ErrorFormat::E1 => Err(ApiError::invalid(field_errors)),
        ErrorFormat::E0 | ErrorFormat::E2 | ErrorFormat::E3 => Err(ApiError::endpoint_not_found()),
    }
}

/// Reads a field that must be an absolute URL if it is present.
pub(super) fn read_optional_url(
    body: &Map<String, Value>,
    field: &str,
    settings: &Settings,
    field_errors: &mut Vec<FieldError>,
) -> Option<String> {
    let value = body.get(field)?;
    let Some(text) = value.as_str() else {
        field_errors.push(FieldError::new(field, "wrong_type", "Not a valid string."));
        return None;
    };
    let schemes: &[&str] = if settings.https_callbacks_only { &["https"] } else { &["https", "http"] };
    let absolute = Url::parse(text).is_ok_and(|url| schemes.contains(&url.scheme()) && url.has_host());
    if absolute && text.parse::<http::Uri>().is_ok() {
        return Some(text.to_owned());
    }
    field_errors.push(FieldError::new(field, "invalid_payload", "Not a valid URL."));
    None
}

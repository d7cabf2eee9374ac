//! Observes credits, and values that this version does not know: a newer API version, and new members of the
//! enumerations that the contract lists.

use http::StatusCode;
use serde_json::Value;

use super::{credits::parse_credits, order::DESIGN_FILE_TYPES, webhook::unknown_event_name};
use crate::Observation;

/// The newest API version that the contract knows (contract 13.9).
pub(super) const NEWEST_VERSION: &str = "v2026-11-09";

/// The types of files (contract 8).
const FILE_TYPES: [&str; 8] = ["jpeg", "png", "webp", "avif", "pdf", "gif", "mp4", "zip"];

/// The statuses of the review of a design (contract 3.4).
const DESIGN_STATUSES: [&str; 5] = ["NONE", "IN_REVIEW", "ON_HOLD", "REJECTED", "APPROVED"];

/// The ids of errors (contract 1.4 and 13.8).
const ERROR_IDS: [&str; 60] = [
    "api_access_denied",
    "cannot_build_banner",
    "conditional_dependency_missing",
    "design_in_open_product",
    "duplicate_format_name",
    "duplicate_layer_name",
    "duplication_request_gone",
    "duplication_request_not_found",
    "endpoint_not_found",
    "feature_not_in_plan",
    "font_resolution_failed",
    "forbidden",
    "format_not_found",
    "generation_request_gone",
    "generation_request_not_found",
    "image_fetching_error",
    "image_processing_failed",
    "import_failed",
    "internal_error",
    "internal_server_error",
    "invalid_asset",
    "invalid_design_type",
    "invalid_filetype",
    "invalid_json",
    "invalid_payload",
    "invalid_query_param",
    "media_processing_failed",
    "method_not_allowed",
    "missing_assets",
    "missing_required",
    "more_than_one_format",
    "mutually_exclusive",
    "not_acceptable",
    "not_found",
    "not_related_to_same_format",
    "not_related_to_same_template",
    "not_round_trippable",
    "out_of_range",
    "previous_secret_still_active",
    "project_already_exists",
    "project_not_found",
    "rate_limit_exceeded",
    "request_rate_limited",
    "reserved_format_name",
    "template_import_already_processed",
    "template_not_active",
    "template_not_found",
    "template_not_static",
    "text_fit_failed",
    "unauthorized",
    "unknown_enum_value",
    "unknown_field",
    "unknown_font",
    "unknown_format_key",
    "unreachable_src",
    "unsupported_for_type",
    "unsupported_media_type",
    "visual_not_found",
    "workspace_template_not_found",
    "wrong_type",
];

/// Observes a response of the API.
pub(super) fn observe_response(status: StatusCode, body: &[u8]) -> Vec<Observation> {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let mut observed = observe_objects(&body);
    observed.extend(newer_version(&body).map(|version| Observation::unknown_value("version", version)));
    if status.is_success() {
        let balances = parse_credits(&body);
        if !balances.is_empty() {
            observed.push(Observation::Credits(balances));
        }
    } else {
        observed.extend(unknown(body.get("id"), "error_id", &ERROR_IDS));
    }
    observed
}

/// Observes a delivery.
pub(super) fn observe_delivery(body: &[u8]) -> Vec<Observation> {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    // An envelope is mentioned once and was never seen (contract 6.2).
    let event = body.get("data").filter(|data| data.is_object()).unwrap_or(&body);
    let mut observed = observe_objects(event);
    observed.extend(unknown_event_name(&body).map(|name| Observation::unknown_value("event_type", &name)));
    if event.get("status_updated_at").is_some() {
        observed.extend(unknown(event.get("status"), "design_status", &DESIGN_STATUSES));
    }
    observed
}

/// Returns the API version of a response if it is newer than the newest known one, or no version at all. The `version`
/// of a banner is a number (contract 1.1).
pub(super) fn newer_version(body: &Value) -> Option<&str> {
    let version = body.get("version")?.as_str()?;
    let date = version.strip_prefix('v').unwrap_or_default();
    let is_date = date.len() == 10 && date.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    (!is_date || version > NEWEST_VERSION).then_some(version)
}

/// Observes the files of banners, and a design.
fn observe_objects(body: &Value) -> Vec<Observation> {
    let listed = body.get("banners").and_then(Value::as_array).into_iter().flatten();
    let banners = std::iter::once(body).chain(listed);
    let mut observed: Vec<Observation> = banners
        .filter_map(|banner| unknown(banner.pointer("/file/type"), "file_type", &FILE_TYPES))
        .collect();
    // A design has formats, or pages in their place (contract 5.2).
    if body.get("formats").or_else(|| body.get("pages")).is_some() {
        let known: Vec<&str> = DESIGN_FILE_TYPES.iter().map(|(name, _)| *name).collect();
        observed.extend(unknown(body.get("type"), "design_type", &known));
    }
    observed
}

fn unknown(value: Option<&Value>, field: &'static str, known: &[&str]) -> Option<Observation> {
    let value = value?.as_str().filter(|value| !value.is_empty() && !known.contains(value))?;
    Some(Observation::unknown_value(field, value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Returns the unknown values as `field=value`.
    fn values(observed: Vec<Observation>) -> Vec<String> {
        let shown = |observation| match observation {
            Observation::UnknownValue { field, value } => Some(format!("{field}={value}")),
            Observation::Credits(_) => None,
        };
        observed.into_iter().filter_map(shown).collect()
    }

    #[test]
    fn unknown_values_of_responses_are_observed_and_known_ones_are_not() {
        let ok = StatusCode::OK;
        for (status, body, expected) in [
            (ok, json!({ "export_id": "e", "version": "v2026-11-09" }), vec![]),
            (ok, json!({ "export_id": "e", "version": "v2025-01-01" }), vec![]),
            (ok, json!({ "export_id": "e", "version": "v2026-11-10" }), vec!["version=v2026-11-10"]),
            (ok, json!({ "export_id": "e", "version": "3.0" }), vec!["version=3.0"]),
            (ok, json!({ "id": "b", "version": 7, "file": { "type": "png" } }), vec![]),
            (ok, json!({ "id": "b", "file": { "type": "webm" } }), vec!["file_type=webm"]),
            (
                ok,
                json!({ "banners": [{ "file": { "type": "zip" } }, { "file": { "type": "jxl" } }] }),
                vec!["file_type=jxl"],
            ),
            (ok, json!({ "type": "animated", "formats": [] }), vec![]),
            (ok, json!({ "type": "hologram", "formats": [] }), vec!["design_type=hologram"]),
            (StatusCode::NOT_FOUND, json!({ "id": "visual_not_found" }), vec![]),
            (StatusCode::NOT_FOUND, json!({ "id": "moon_not_found" }), vec!["error_id=moon_not_found"]),
            (ok, json!([{ "type": "custom" }]), vec![]),
        ] {
            assert_eq!(values(observe_response(status, body.to_string().as_bytes())), expected, "{body}");
        }
        assert_eq!(observe_response(StatusCode::BAD_GATEWAY, b"<html>"), vec![]);
    }

    #[test]
    fn unknown_values_of_deliveries_are_observed_and_known_ones_are_not() {
        let export = json!({ "export_id": "e", "archive_url": "https://h/a.zip" });
        let named = |name: &str, value: &str| {
            let mut body = export.clone();
            body[name] = json!(value);
            body
        };
        for (body, expected) in [
            (export.clone(), ""),
            (named("event_type", "NEW_EXPORT"), ""),
            (named("event", "new_export"), ""),
            (named("type", "zip"), ""),
            (json!({ "data": export }), ""),
            (json!({ "event_type": "NEW_EXPORT", "data": export }), ""),
            (named("event_type", "EXPORT_V2"), "event_type=EXPORT_V2"),
            (json!({ "type": "moon_landed" }), "event_type=moon_landed"),
            (json!({ "id": "d" }), "event_type=unnamed"),
            (json!({ "id": "d", "status": "APPROVED", "status_updated_at": 1 }), ""),
            (json!({ "id": "d", "status": "ARCHIVED", "status_updated_at": 1 }), "design_status=ARCHIVED"),
            (json!({ "event_type": "NEW_BANNER", "file": { "type": "webm" } }), "file_type=webm"),
        ] {
            assert_eq!(values(observe_delivery(body.to_string().as_bytes())).join(" "), expected, "{body}");
        }
    }

    #[test]
    fn credits_are_observed() {
        let body = json!({ "generation_credits": { "available": 7, "extra": 1 } });
        let observed = observe_response(StatusCode::OK, body.to_string().as_bytes());
        assert!(matches!(&observed[..], [Observation::Credits(balances)] if balances[0].left() == Some(8)));
    }
}

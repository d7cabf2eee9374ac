//! Reads the deliveries of AI Studios (contract 4). They are unauthenticated: the token in the path only proves that
//! the sender knows the URL. So a delivery triggers a poll, and its claims are at most shown as claims.

use model::JobEvent;
use serde_json::{Map, Value, json};

use super::{
    export_status::progress::ExportPhase,
    lenient_values::{URL_FIELDS, read_amount, read_id, read_percent, read_text, read_url},
    stored_export_state::CallbackClaim,
};
use crate::{DeliveryMethod, DeliveryReport, MalformedDelivery};

/// The maximum progress that a delivery can report. Only a poll proves the end of an export.
const MAX_REPORTED_PERCENT: f64 = 99.0;

/// The fields of a delivery, in every spelling (contract 4.3 and 4.4).
const KNOWN_FIELDS: [&str; 23] = [
    "progress",
    "backendTaskId",
    "backend_task_id",
    "taskId",
    "downloadUrl",
    "download_url",
    "videoUrl",
    "video_url",
    "url",
    "credit",
    "credits",
    "cube_used",
    "projectId",
    "project_id",
    "_id",
    "key",
    "state",
    "status",
    "error",
    "msg",
    "message",
    "duration",
    "ai_progress_update_loc",
];

/// Returns what a request to a callback URL is. POST is an assumption: an earlier product delivered in the query of a
/// GET (contract 4.2).
pub(super) fn delivery_method(method: &http::Method, query: Option<&str>) -> DeliveryMethod {
    let fields = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let has_known_field = fields.into_iter().any(|(name, _)| KNOWN_FIELDS.contains(&&*name));
    match (method, has_known_field) {
        (&http::Method::GET | &http::Method::POST, true) => DeliveryMethod::QueryDelivery,
        (&http::Method::POST, false) => DeliveryMethod::Delivery,
        (&http::Method::GET | &http::Method::HEAD | &http::Method::OPTIONS, _) => DeliveryMethod::Probe,
        _ => DeliveryMethod::MethodNotAllowed,
    }
}

/// Reads a delivery: JSON with or without an envelope, a list of one object, or a form (contract 4.2).
pub(super) fn read_delivery(body: &[u8]) -> Result<DeliveryReport, MalformedDelivery> {
    let fields = parse_fields(body)?;
    let has_known_field =
        fields.as_object().is_some_and(|fields| fields.keys().any(|name| KNOWN_FIELDS.contains(&&**name)));
    if !has_known_field {
        return Ok(DeliveryReport { event_name: "unknown".into(), ..DeliveryReport::without_event() });
    }
    let percent = read_percent(fields.get("progress"));
    let phase = ExportPhase::parse(read_text(&fields, &["state", "status"]));
    let is_full = percent.is_some_and(|percent| percent >= 100.0);
    let is_failed =
        phase == ExportPhase::Failure || fields.get("error").is_some_and(|error| !error.is_null());
    let is_finished = is_full || phase == ExportPhase::Success || read_url(&fields, &URL_FIELDS).is_some();
    let name = match (is_failed, is_finished) {
        (true, _) => "failed",
        (false, true) => "finished",
        (false, false) => "progress",
    };
    let event = percent
        .filter(|percent| *percent > 0.0 && !is_failed)
        .map(|percent| JobEvent::ProgressReported { percent: percent.min(MAX_REPORTED_PERCENT) });
    Ok(DeliveryReport {
        event_name: name.into(),
        event,
        is_unverified: true,
        provider_state: read_claim(&fields),
        ..DeliveryReport::without_event()
    })
}

fn parse_fields(body: &[u8]) -> Result<Value, MalformedDelivery> {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Array(mut list)) if list.len() == 1 => remove_envelope(list.remove(0)),
        Ok(value) => remove_envelope(value),
        Err(e) => {
            let form: Map<String, Value> =
                url::form_urlencoded::parse(body).map(|(name, value)| (name.into(), value.into())).collect();
            match form.keys().any(|name| KNOWN_FIELDS.contains(&name.as_str())) {
                true => Ok(Value::Object(form)),
                false => Err(MalformedDelivery(format!("neither JSON nor a form with known fields: {e}"))),
            }
        }
    }
}

/// Returns `data` of `{success, data}` or `{data}`, and other objects unchanged.
fn remove_envelope(value: Value) -> Result<Value, MalformedDelivery> {
    match value {
        Value::Object(mut fields) => match fields.remove("data") {
            Some(Value::Object(data)) => Ok(Value::Object(data)),
            _ => Ok(Value::Object(fields)),
        },
        _ => Err(MalformedDelivery("not a JSON object".into())),
    }
}

/// Reads the claims of a delivery that no response to a poll contains.
fn read_claim(fields: &Value) -> Option<Map<String, Value>> {
    let credit = read_amount(fields, &["credit", "credits", "cube_used"]);
    let duration = read_amount(fields, &["duration"]);
    if credit.is_none() && duration.is_none() {
        return None;
    }
    let backend_task_id = read_id(fields, &["backendTaskId", "backend_task_id", "taskId"]);
    let claim = CallbackClaim { backend_task_id, credit, duration };
    Some(Map::from_iter([("reported".to_owned(), json!(claim))]))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn read(body: &str) -> DeliveryReport {
        read_delivery(body.as_bytes()).expect("readable")
    }

    fn reported_percent(report: &DeliveryReport) -> Option<f64> {
        match report.event {
            Some(JobEvent::ProgressReported { percent }) => Some(percent),
            _ => None,
        }
    }

    #[test]
    fn deliveries_of_every_shape_only_trigger_a_poll() {
        for (body, name, percent) in [
            (r#"{"progress":60,"backendTaskId":"bt"}"#, "progress", Some(60.0)),
            (r#"{"progress":"60%","backend_task_id":7}"#, "progress", Some(60.0)),
            (r#"[{"progress":60}]"#, "progress", Some(60.0)),
            (r#"{"success":true,"data":{"progress":60}}"#, "progress", Some(60.0)),
            (r#"{"data":{"progress":60}}"#, "progress", Some(60.0)),
            ("progress=60&backendTaskId=bt", "progress", Some(60.0)),
            (
                r#"{"progress":100,"credit":2,"download_url":"https://evil.example/a.mp4"}"#,
                "finished",
                Some(99.0),
            ),
            ("videoUrl=https%3A%2F%2Fh%2Fa.mp4&duration=12.5&ai_progress_update_loc=a%2Fb", "finished", None),
            (r#"{"projectId":"p","status":"completed"}"#, "finished", None),
            (r#"{"progress":40,"state":"error","error":{"code":7,"msg":"no"}}"#, "failed", None),
            (r#"{"progress":0}"#, "progress", None),
        ] {
            let report = read(body);
            assert_eq!((report.event_name.as_str(), reported_percent(&report)), (name, percent), "{body}");
            assert!(
                report.is_unverified
                    && report.provider_job_id.is_none()
                    && !report.may_match_pending_submission,
                "{body}"
            );
            assert!(
                !matches!(report.event, Some(JobEvent::FilesReady { .. } | JobEvent::WorkFailed { .. })),
                "{body}"
            );
        }
    }

    #[test]
    fn claims_that_only_a_callback_makes_are_stored_as_reported() {
        let report = read(r#"{"progress":100,"credit":"2","backendTaskId":"bt","duration":12.5}"#);
        let notes = report.provider_state.expect("notes");
        assert_eq!(notes["reported"], json!({ "backend_task_id": "bt", "credit": 2, "duration": 12.5 }));
        assert_eq!(read(r#"{"progress":100,"download_url":"https://h/a.mp4"}"#).provider_state, None);
    }

    #[test]
    fn a_delivery_without_a_known_field_triggers_no_poll() {
        for body in ["", "[]", "{", "7", "[{},{}]", "a=b", "<html>"] {
            assert!(read_delivery(body.as_bytes()).is_err(), "{body}");
        }
        assert!(!read("{}").is_unverified);
        assert!(!read(r#"{"data":{"other":1}}"#).is_unverified);
    }

    #[test]
    fn a_get_is_a_delivery_only_if_its_query_has_a_known_field() {
        for (method, query, expected) in [
            (Method::POST, None, DeliveryMethod::Delivery),
            (Method::POST, Some("x=1"), DeliveryMethod::Delivery),
            (Method::POST, Some("progress=100"), DeliveryMethod::QueryDelivery),
            (Method::GET, Some("videoUrl=x"), DeliveryMethod::QueryDelivery),
            (Method::GET, Some("challenge=x"), DeliveryMethod::Probe),
            (Method::GET, None, DeliveryMethod::Probe),
            (Method::HEAD, Some("progress=1"), DeliveryMethod::Probe),
            (Method::OPTIONS, None, DeliveryMethod::Probe),
            (Method::DELETE, None, DeliveryMethod::MethodNotAllowed),
            (Method::PUT, Some("progress=1"), DeliveryMethod::MethodNotAllowed),
        ] {
            assert_eq!(delivery_method(&method, query), expected, "{method} {query:?}");
        }
    }
}

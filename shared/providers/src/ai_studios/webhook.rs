//! What AI Studios delivers (contract 4). Nothing proves that it comes from there: the token in the path only proves
//! that somebody knows the URL. So a delivery is a hint to ask, and what it claims is shown as claimed at most.

use model::Event;
use serde_json::{Map, Value, json};

use super::{
    export_snapshot::Reported,
    lenient_values::{self, URL, amount, id_text, text},
    progress::State,
};
use crate::{DeliveryMethod, DeliveryReport, MalformedDelivery};

/// What a claim of progress is shown as at most: the end is only believed when it is asked for.
const MAX_REPORTED_PERCENT: f64 = 99.0;

/// The fields of a delivery, in every spelling (contract 4.3 and 4.4).
const KNOWN: [&str; 23] = [
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

/// POST is an assumption: an earlier product delivered in the query of a GET (contract 4.2).
pub(super) fn delivery_method(method: &http::Method, query: Option<&str>) -> DeliveryMethod {
    let fields = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let told = fields.into_iter().any(|(name, _)| KNOWN.contains(&&*name));
    match (method, told) {
        (&http::Method::GET | &http::Method::POST, true) => DeliveryMethod::QueryDelivery,
        (&http::Method::POST, false) => DeliveryMethod::Delivery,
        (&http::Method::GET | &http::Method::HEAD | &http::Method::OPTIONS, _) => DeliveryMethod::Probe,
        _ => DeliveryMethod::Refused,
    }
}

/// Reads a delivery: JSON, bare or in an envelope or as a list of one, or a form (contract 4.2).
pub(super) fn read_delivery(body: &[u8]) -> Result<DeliveryReport, MalformedDelivery> {
    let fields = fields(body)?;
    let known = fields.as_object().is_some_and(|fields| fields.keys().any(|name| KNOWN.contains(&&**name)));
    if !known {
        return Ok(DeliveryReport { name: "unknown".into(), ..DeliveryReport::unreadable() });
    }
    let percent = lenient_values::percent(fields.get("progress"));
    let state = State::of(text(&fields, &["state", "status"]));
    let full = percent.is_some_and(|percent| percent >= 100.0);
    let failed = state == State::Failure || fields.get("error").is_some_and(|error| !error.is_null());
    let done = full || state == State::Success || lenient_values::url(&fields, &URL).is_some();
    let name = match (failed, done) {
        (true, _) => "failed",
        (false, true) => "finished",
        (false, false) => "progress",
    };
    let event = percent
        .filter(|percent| *percent > 0.0 && !failed)
        .map(|percent| Event::Progressed { percent: percent.min(MAX_REPORTED_PERCENT) });
    Ok(DeliveryReport {
        name: name.into(),
        event,
        hint: true,
        notes: reported(&fields),
        ..DeliveryReport::unreadable()
    })
}

fn fields(body: &[u8]) -> Result<Value, MalformedDelivery> {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Array(mut list)) if list.len() == 1 => unwrapped(list.remove(0)),
        Ok(value) => unwrapped(value),
        Err(e) => {
            let form: Map<String, Value> =
                url::form_urlencoded::parse(body).map(|(name, value)| (name.into(), value.into())).collect();
            match form.keys().any(|name| KNOWN.contains(&name.as_str())) {
                true => Ok(Value::Object(form)),
                false => Err(MalformedDelivery(format!("neither JSON nor a known form: {e}"))),
            }
        }
    }
}

/// Out of `{success, data}` or `{data}`.
fn unwrapped(value: Value) -> Result<Value, MalformedDelivery> {
    match value {
        Value::Object(mut fields) => match fields.remove("data") {
            Some(Value::Object(data)) => Ok(Value::Object(data)),
            _ => Ok(Value::Object(fields)),
        },
        _ => Err(MalformedDelivery("not a JSON object".into())),
    }
}

/// What the delivery claims that nothing else tells.
fn reported(fields: &Value) -> Option<Map<String, Value>> {
    let credit = amount(fields, &["credit", "credits", "cube_used"]);
    let duration = amount(fields, &["duration"]);
    if credit.is_none() && duration.is_none() {
        return None;
    }
    let backend_task_id = id_text(fields, &["backendTaskId", "backend_task_id", "taskId"]);
    let reported = Reported { backend_task_id, credit, duration };
    Some(Map::from_iter([("reported".to_owned(), json!(reported))]))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn read(body: &str) -> DeliveryReport {
        read_delivery(body.as_bytes()).expect("readable")
    }

    fn claimed(report: &DeliveryReport) -> Option<f64> {
        match report.event {
            Some(Event::Progressed { percent }) => Some(percent),
            _ => None,
        }
    }

    #[test]
    fn every_shape_of_a_delivery_is_a_hint_and_no_more() {
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
            assert_eq!((report.name.as_str(), claimed(&report)), (name, percent), "{body}");
            assert!(report.hint && report.provider_job_id.is_none() && !report.awaited, "{body}");
            assert!(!matches!(report.event, Some(Event::Finished { .. } | Event::Failed { .. })), "{body}");
        }
    }

    #[test]
    fn what_only_a_callback_tells_is_kept_as_reported() {
        let report = read(r#"{"progress":100,"credit":"2","backendTaskId":"bt","duration":12.5}"#);
        let notes = report.notes.expect("notes");
        assert_eq!(notes["reported"], json!({ "backend_task_id": "bt", "credit": 2, "duration": 12.5 }));
        assert_eq!(read(r#"{"progress":100,"download_url":"https://h/a.mp4"}"#).notes, None);
    }

    #[test]
    fn what_says_nothing_known_asks_nobody() {
        for body in ["", "[]", "{", "7", "[{},{}]", "a=b", "<html>"] {
            assert!(read_delivery(body.as_bytes()).is_err(), "{body}");
        }
        assert!(!read("{}").hint);
        assert!(!read(r#"{"data":{"other":1}}"#).hint);
    }

    #[test]
    fn a_get_is_a_delivery_only_if_its_query_tells_something() {
        for (method, query, expected) in [
            (Method::POST, None, DeliveryMethod::Delivery),
            (Method::POST, Some("x=1"), DeliveryMethod::Delivery),
            (Method::POST, Some("progress=100"), DeliveryMethod::QueryDelivery),
            (Method::GET, Some("videoUrl=x"), DeliveryMethod::QueryDelivery),
            (Method::GET, Some("challenge=x"), DeliveryMethod::Probe),
            (Method::GET, None, DeliveryMethod::Probe),
            (Method::HEAD, Some("progress=1"), DeliveryMethod::Probe),
            (Method::OPTIONS, None, DeliveryMethod::Probe),
            (Method::DELETE, None, DeliveryMethod::Refused),
            (Method::PUT, Some("progress=1"), DeliveryMethod::Refused),
        ] {
            assert_eq!(delivery_method(&method, query), expected, "{method} {query:?}");
        }
    }
}

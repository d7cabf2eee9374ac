//! Builds the requests of webhooks (contract 4.1 and 9.5).

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request};
use serde_json::{Map, Value, json};
use url::Url;

use crate::ai_studios::download_url;
use crate::ai_studios::progress_fields::FAILURE_MESSAGE;
use crate::ai_studios::project_settings;
use crate::ai_studios::settings::seconds;
use crate::ai_studios::settings::webhook::{Forgery, Webhook, WebhookEncoding};
use crate::ai_studios::state::AiStudiosSimulator;
use crate::ai_studios::webhook_delivery::{DeliveryState, WebhookContent};
use crate::delivery_attempt::DeliveryAttempt;
use crate::delivery_schedule::ScheduledSend;
use crate::simulator::{DeliveryOutcome, OutgoingDelivery, SendMode};
use crate::virtual_clock::Moment;

/// A download URL that does not belong to the export.
const FOREIGN_URL: &str = "https://attacker.example/payload.mp4";

/// Returns the requests that are due now.
pub(super) fn take_due_requests(simulator: &mut AiStudiosSimulator, at: Moment) -> Vec<OutgoingDelivery> {
    let due = simulator.state.outbox.take_due(at.now);
    due.into_iter().filter_map(|send| build_attempt(simulator, send, at)).collect()
}

/// Records the outcome of an attempt.
pub(super) fn record_attempt_outcome(
    simulator: &mut AiStudiosSimulator,
    attempt: u64,
    outcome: DeliveryOutcome,
    at: Moment,
) {
    let Some((number, index)) = simulator.state.outbox.finish_attempt(attempt) else { return };
    let Some(delivery) = simulator.state.outbox.get(number) else { return };
    let settings = project_settings::settings_for_task(simulator, delivery.content.task());
    simulator.state.outbox.record_outcome((number, index), outcome, at.now, &settings.webhook);
}

fn build_attempt(
    simulator: &mut AiStudiosSimulator,
    send: ScheduledSend,
    at: Moment,
) -> Option<OutgoingDelivery> {
    let delivery = simulator.state.outbox.get(send.number)?;
    let (url, content) = (delivery.url.clone(), delivery.content.clone());
    let settings = project_settings::settings_for_task(simulator, content.task()).webhook;
    let request = match &content {
        WebhookContent::Custom { method, body, headers } => custom_request(&url, method, body, headers),
        progress_event => event_fields(simulator, progress_event, at)
            .and_then(|fields| build_request(&url, fields, &settings)),
    };
    let Some(request) = request else {
        if let Some(delivery) = simulator.state.outbox.get_mut(send.number) {
            delivery.state = DeliveryState::Dropped;
        }
        return None;
    };
    let attempt = DeliveryAttempt {
        attempt_kind: send.attempt_kind,
        sent_at: at.now,
        wall: at.wall,
        fault: None,
        headers: request.headers().clone(),
        body: request.body().clone(),
        ended: None,
    };
    let delivery = simulator.state.outbox.start_attempt(send.number, attempt)?;
    let timeout = seconds(settings.timeout_seconds);
    Some(OutgoingDelivery { delivery, request, timeout, send_mode: SendMode::Plain })
}

/// Returns the documented fields at this moment; none if the export was replaced or its project was deleted.
fn event_fields(
    simulator: &mut AiStudiosSimulator,
    content: &WebhookContent,
    at: Moment,
) -> Option<Map<String, Value>> {
    let task = content.task()?;
    let (project, run) = simulator.state.projects.find_by_task(task)?;
    let (credit, index) = (run.credit, simulator.state.projects.index_of(&project.id, at.now)?);
    let done = |task: &str, url: &str| json!({"progress": 100, "backendTaskId": task, "credit": credit, "download_url": url});
    let fields = match content {
        WebhookContent::Progress { percent: 100, .. } => {
            done(task, &download_url::download_url(simulator, index, task, at))
        }
        WebhookContent::Progress { percent, .. } => json!({"progress": percent, "backendTaskId": task}),
        WebhookContent::Failure { .. } => {
            let progress = crate::ai_studios::progress_fields::whole_percent(run.status_at(at.now).progress);
            let invented = &simulator.state.settings.invented;
            let error = json!({"code": invented.codes.internal, "msg": FAILURE_MESSAGE});
            let state = &invented.states.error;
            json!({"progress": progress, "backendTaskId": task, "state": state, "error": error})
        }
        WebhookContent::Forged { forgery: Forgery::WrongTask, .. } => done("bt-0000000000", FOREIGN_URL),
        WebhookContent::Forged { .. } => done(task, FOREIGN_URL),
        WebhookContent::Custom { .. } => return None,
    };
    fields.as_object().cloned()
}

/// Builds the request that carries the fields, with ordinary headers only.
fn build_request(url: &str, mut fields: Map<String, Value>, settings: &Webhook) -> Option<Request<Bytes>> {
    fields.extend(settings.extra_fields.clone());
    if settings.text_numbers {
        let numbers = fields.values_mut().filter(|value| value.is_number());
        numbers.for_each(|value| *value = value.to_string().into());
    }
    let json = |body: Value| post_request(url, "application/json", body.to_string());
    match settings.form {
        WebhookEncoding::Json => json(Value::Object(fields)),
        WebhookEncoding::Enveloped => json(json!({"success": true, "data": fields})),
        WebhookEncoding::Array => json(json!([fields])),
        WebhookEncoding::Form => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(fields_as_text(&fields));
            post_request(url, "application/x-www-form-urlencoded", form.finish())
        }
        WebhookEncoding::Query => get_request(url, fields_as_text(&fields)),
        WebhookEncoding::V2 => get_request(url, v2_fields(&fields)),
    }
}

fn post_request(url: &str, content_type: &'static str, body: String) -> Option<Request<Bytes>> {
    let request = Request::builder().method(Method::POST).uri(url);
    request.header(CONTENT_TYPE, HeaderValue::from_static(content_type)).body(Bytes::from(body)).ok()
}

/// Builds a GET with the fields appended to the URL's query.
fn get_request(url: &str, fields: Vec<(String, String)>) -> Option<Request<Bytes>> {
    let mut url = Url::parse(url).ok()?;
    url.query_pairs_mut().extend_pairs(fields);
    Request::builder().method(Method::GET).uri(url.as_str()).body(Bytes::new()).ok()
}

/// Returns the fields under the names of API v2 (contract 4.3).
fn v2_fields(fields: &Map<String, Value>) -> Vec<(String, String)> {
    let task = fields.get("backendTaskId").and_then(Value::as_str).unwrap_or_default();
    let mut named = vec![("ai_progress_update_loc".to_owned(), format!("projects/{task}"))];
    if let Some(url) = fields.get("download_url").and_then(Value::as_str) {
        named.extend([("videoUrl".to_owned(), url.to_owned()), ("duration".to_owned(), "1.0".to_owned())]);
    }
    named
}

fn fields_as_text(fields: &Map<String, Value>) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    fields.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

fn custom_request(
    url: &str,
    method: &Method,
    body: &Bytes,
    headers: &[(http::HeaderName, HeaderValue)],
) -> Option<Request<Bytes>> {
    let mut request = Request::builder().method(method).uri(url).body(body.clone()).ok()?;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in headers {
        request.headers_mut().insert(name, value.clone());
    }
    Some(request)
}

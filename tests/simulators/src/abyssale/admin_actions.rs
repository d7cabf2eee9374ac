//! Actions of the Admin endpoint: exports made in the platform, custom files, deliveries of any kind.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::abyssale::api_response;
use crate::abyssale::custom_file::CustomFile;
use crate::abyssale::event_timing::EventTiming;
use crate::abyssale::export_operations::{self, ExportOrigin};
use crate::abyssale::request_body::ExportBody;
use crate::abyssale::state::AbyssaleSimulator;
use crate::abyssale::webhook_delivery::{DeliveryTarget, SigningMode, WebhookContent};
use crate::abyssale::webhook_scheduling;
use crate::admin_response::AdminError;
use crate::delivery_attempt::AttemptKind;
use crate::virtual_clock::Moment;

/// The body of `POST /exports`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlatformExportRequest {
    banner_ids: Option<Vec<Uuid>>,
    #[serde(default)]
    bare_file: bool,
}

/// The body of `POST /deliver`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliverRequest {
    url: String,
    #[serde(default)]
    body: Value,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    sign: bool,
    secrets: Option<Vec<String>>,
    t: Option<i64>,
    delivery_id: Option<String>,
}

/// Serves the request's body as the archive of the next exports, with the request's content type.
pub(super) fn set_next_archives(
    simulator: &mut AbyssaleSimulator,
    request: &Request<Bytes>,
    query: &str,
) -> Result<Value, AdminError> {
    let file = custom_file_from(request, &simulator.state.settings.archive_content_type);
    simulator.state.exports.queue_custom_file(&file, query_count(query, "count")?);
    Ok(json!({"bytes": file.bytes.len(), "content_type": file.content_type}))
}

/// Serves the request's body as the file of the next generated banners, of one format if the query names it.
pub(super) fn set_next_files(
    simulator: &mut AbyssaleSimulator,
    request: &Request<Bytes>,
    query: &str,
) -> Result<Value, AdminError> {
    let file = custom_file_from(request, "application/octet-stream");
    let format = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "format");
    let format = format.map(|(_, value)| value.into_owned());
    simulator.state.generations.queue_custom_file(&file, format.as_deref(), query_count(query, "count")?);
    Ok(json!({"bytes": file.bytes.len(), "content_type": file.content_type}))
}

/// Starts an export in the platform. The API does not list it; only subscriptions receive its event (contract
/// 2.5).
pub(super) fn export_in_platform(
    simulator: &mut AbyssaleSimulator,
    body: &Value,
    at: Moment,
) -> Result<Value, AdminError> {
    let requested = PlatformExportRequest::deserialize(body)
        .map_err(|error| AdminError::bad_request(error.to_string()))?;
    let first_three = || simulator.state.workspace.banner_ids().into_iter().take(3).collect();
    let ids = requested.banner_ids.unwrap_or_else(first_three);
    let found = export_operations::find_banners(simulator, &ids, at);
    if found.is_empty() {
        return Err(AdminError::not_found("banner"));
    }
    let origin = ExportOrigin {
        platform: true,
        bare_file: requested.bare_file,
        event_timing: EventTiming::AfterLatency,
    };
    let id =
        export_operations::start_export(simulator, ExportBody { ids, callback_url: None }, found, origin, at);
    Ok(json!({"export_id": id}))
}

/// Sends a delivery again at once, whatever its state.
pub(super) fn redeliver(
    simulator: &mut AbyssaleSimulator,
    name: &str,
    query: &str,
    at: Moment,
) -> Result<Value, AdminError> {
    let times = query_count(query, "times")?;
    let outbox = &mut simulator.state.outbox;
    let delivery = outbox.find(name).ok_or_else(|| AdminError::not_found("delivery"))?;
    let (number, id) = (delivery.number, delivery.delivery_id.clone());
    (0..times).for_each(|_| outbox.send_at(number, AttemptKind::Redelivery, at.now));
    Ok(json!({"number": number, "delivery_id": id}))
}

/// Sends once what the body describes. A string is sent unchanged, anything else as JSON.
pub(super) fn send_custom_delivery(
    simulator: &mut AbyssaleSimulator,
    body: Value,
    at: Moment,
) -> Result<Value, AdminError> {
    let requested: DeliverRequest =
        serde_json::from_value(body).map_err(|error| AdminError::bad_request(error.to_string()))?;
    let absolute = requested.url.parse::<http::Uri>().is_ok_and(|uri| uri.host().is_some());
    if !absolute {
        return Err(AdminError::bad_request("url must be absolute"));
    }
    let mut headers = Vec::new();
    if let Some(id) = &requested.delivery_id {
        headers.push(parse_header("x-abyssale-delivery-id", &Value::from(id.as_str()))?);
    }
    for (name, value) in &requested.headers {
        headers.push(parse_header(name, value)?);
    }
    let signing = match (requested.secrets, requested.t) {
        (Some(secrets), t) => SigningMode::With { secrets, t },
        (None, Some(t)) => SigningMode::With { secrets: simulator.secrets.valid(at.now), t: Some(t) },
        (None, None) if requested.sign => SigningMode::Workspace,
        (None, None) => SigningMode::None,
    };
    let content =
        WebhookContent::Custom { body: api_response::encode_body(&requested.body), headers, signing };
    let number = webhook_scheduling::schedule_delivery(
        simulator,
        DeliveryTarget::Direct,
        requested.url,
        content,
        at.now,
    );
    Ok(json!({"number": number}))
}

/// Returns the body of a request as a file of its content type.
fn custom_file_from(request: &Request<Bytes>, default: &str) -> CustomFile {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    CustomFile { bytes: request.body().clone(), content_type: content_type.unwrap_or(default).to_owned() }
}

fn parse_header(name: &str, value: &Value) -> Result<(HeaderName, HeaderValue), AdminError> {
    let wrong = || AdminError::bad_request(format!("{name} is not a header that can be sent"));
    let value = HeaderValue::from_bytes(&api_response::encode_body(value)).map_err(|_| wrong())?;
    Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value))
}

/// Reads a count from the query, 1 if it is absent.
fn query_count(query: &str, requested: &str) -> Result<usize, AdminError> {
    let found = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == requested);
    let Some((_, text)) = found else { return Ok(1) };
    let number = text.parse().ok().filter(|number| (1..=10_000).contains(number));
    number.ok_or_else(|| AdminError::bad_request(format!("{requested} must be from 1 to 10000")))
}

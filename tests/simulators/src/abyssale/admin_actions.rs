//! What the Admin endpoint triggers: exports of the platform, chosen files, deliveries of any kind.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::abyssale::api_response;
use crate::abyssale::custom_file::ChosenFile;
use crate::abyssale::export_operations;
use crate::abyssale::export_operations::Origin;
use crate::abyssale::request_body::ExportBody;
use crate::abyssale::state::AbyssaleSimulator;
use crate::abyssale::webhook_delivery::{Content, Signing, Target};
use crate::abyssale::webhook_scheduling;
use crate::admin_response::Refused;
use crate::virtual_clock::Moment;

/// A body of `POST /exports`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlatformExport {
    banner_ids: Option<Vec<Uuid>>,
    #[serde(default)]
    bare_file: bool,
}

/// A body of `POST /deliver`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deliver {
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

/// The body is the archive of the next exports, and its content type is theirs.
pub(super) fn choose_archive(
    simulator: &mut AbyssaleSimulator,
    request: &Request<Bytes>,
    query: &str,
) -> Result<Value, Refused> {
    let file = chosen(request, &simulator.state.knobs.archive_content_type);
    simulator.state.exports.choose(&file, number(query, "count")?);
    Ok(json!({"bytes": file.bytes.len(), "content_type": file.content_type}))
}

/// The body is the file of the next generated banners, of one format if the query names it.
pub(super) fn choose_file(
    simulator: &mut AbyssaleSimulator,
    request: &Request<Bytes>,
    query: &str,
) -> Result<Value, Refused> {
    let file = chosen(request, "application/octet-stream");
    let format = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "format");
    let format = format.map(|(_, value)| value.into_owned());
    simulator.state.generations.choose(&file, format.as_deref(), number(query, "count")?);
    Ok(json!({"bytes": file.bytes.len(), "content_type": file.content_type}))
}

/// An export that the API knows nothing of: only subscriptions hear of it (contract 2.5).
pub(super) fn export_in_the_platform(
    simulator: &mut AbyssaleSimulator,
    body: &Value,
    at: Moment,
) -> Result<Value, Refused> {
    let wanted = PlatformExport::deserialize(body).map_err(|error| Refused::bad(error.to_string()))?;
    let first_three = || simulator.state.workspace.banner_ids().into_iter().take(3).collect();
    let ids = wanted.banner_ids.unwrap_or_else(first_three);
    let found = export_operations::found(simulator, &ids, at);
    if found.is_empty() {
        return Err(Refused::unknown("banner"));
    }
    let origin = Origin { platform: true, bare_file: wanted.bare_file, at_once: false };
    let id =
        export_operations::start_export(simulator, ExportBody { ids, callback_url: None }, found, origin, at);
    Ok(json!({"export_id": id}))
}

/// Sends a delivery again at once, whatever became of it.
pub(super) fn redeliver(
    simulator: &mut AbyssaleSimulator,
    name: &str,
    query: &str,
    at: Moment,
) -> Result<Value, Refused> {
    let times = number(query, "times")?;
    let outbox = &mut simulator.state.outbox;
    let delivery = outbox.find(name).ok_or_else(|| Refused::unknown("delivery"))?;
    let (number, id) = (delivery.number, delivery.delivery_id.clone());
    (0..times).for_each(|_| outbox.send_at(number, false, at.now));
    Ok(json!({"number": number, "delivery_id": id}))
}

/// Sends once what the body describes. A string goes out as it is, anything else as JSON.
pub(super) fn deliver(simulator: &mut AbyssaleSimulator, body: Value, at: Moment) -> Result<Value, Refused> {
    let wanted: Deliver = serde_json::from_value(body).map_err(|error| Refused::bad(error.to_string()))?;
    let absolute = wanted.url.parse::<http::Uri>().is_ok_and(|uri| uri.host().is_some());
    if !absolute {
        return Err(Refused::bad("url must be absolute"));
    }
    let mut headers = Vec::new();
    if let Some(id) = &wanted.delivery_id {
        headers.push(header("x-abyssale-delivery-id", &Value::from(id.as_str()))?);
    }
    for (name, value) in &wanted.headers {
        headers.push(header(name, value)?);
    }
    let signing = match (wanted.secrets, wanted.t) {
        (Some(secrets), t) => Signing::With { secrets, t },
        (None, Some(t)) => Signing::With { secrets: simulator.secrets.valid(at.now), t: Some(t) },
        (None, None) if wanted.sign => Signing::Workspace,
        (None, None) => Signing::None,
    };
    let content = Content::Chosen { body: api_response::raw(&wanted.body), headers, signing };
    let number = webhook_scheduling::schedule(simulator, Target::Direct, wanted.url, content, at.now);
    Ok(json!({"number": number}))
}

/// The body of a request as a file of its content type.
fn chosen(request: &Request<Bytes>, otherwise: &str) -> ChosenFile {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    ChosenFile { bytes: request.body().clone(), content_type: content_type.unwrap_or(otherwise).to_owned() }
}

fn header(name: &str, value: &Value) -> Result<(HeaderName, HeaderValue), Refused> {
    let wrong = || Refused::bad(format!("{name} is not a header that can be sent"));
    let value = HeaderValue::from_bytes(&api_response::raw(value)).map_err(|_| wrong())?;
    Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value))
}

/// A count in the query, 1 if it is absent.
fn number(query: &str, wanted: &str) -> Result<usize, Refused> {
    let found = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted);
    let Some((_, text)) = found else { return Ok(1) };
    let number = text.parse().ok().filter(|number| (1..=10_000).contains(number));
    number.ok_or_else(|| Refused::bad(format!("{wanted} must be from 1 to 10000")))
}

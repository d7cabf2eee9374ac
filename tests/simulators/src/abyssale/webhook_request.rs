//! Builds the requests of deliveries (contract 6.1 and 6.3).

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{HeaderValue, Method, Request};

use crate::abyssale::banner_response;
use crate::abyssale::event_body::{self, EventBodyShape};
use crate::abyssale::fault_types::DeliveryFault;
use crate::abyssale::generation::poll_response;
use crate::abyssale::settings::seconds;
use crate::abyssale::signed_url;
use crate::abyssale::signing_secret::signing_secret;
use crate::abyssale::state::AbyssaleSimulator;
use crate::abyssale::webhook_delivery::{DeliveryTarget, SigningMode, WebhookContent};
use crate::abyssale::webhook_signature;
use crate::delivery_attempt::DeliveryAttempt;
use crate::delivery_schedule::ScheduledSend;
use crate::simulator::{OutgoingDelivery, SendMode};
use crate::virtual_clock::Moment;

const DELIVERY_ID: &str = "x-abyssale-delivery-id";
const SIGNATURE: &str = "x-abyssale-signature";

/// Returns the requests that are due now, each with a current `t`.
pub(super) fn take_due_requests(simulator: &mut AbyssaleSimulator, at: Moment) -> Vec<OutgoingDelivery> {
    let due = simulator.state.outbox.take_due(at.now);
    due.into_iter().filter_map(|send| build_attempt(simulator, send, at)).collect()
}

fn build_attempt(
    simulator: &mut AbyssaleSimulator,
    send: ScheduledSend,
    at: Moment,
) -> Option<OutgoingDelivery> {
    let delivery = simulator.state.outbox.get(send.number)?;
    let (target, uri) = (delivery.target, delivery.url.parse::<http::Uri>().ok()?);
    let fault = match target {
        DeliveryTarget::Direct => None,
        DeliveryTarget::Callback | DeliveryTarget::Subscription(_) => {
            simulator.state.faults.take_for_attempt(target.name())
        }
    };
    let body = build_body(simulator, send.number, fault.as_ref(), at)?;
    let headers = build_headers(simulator, send.number, &body, fault.as_ref(), at)?;
    let mut request = Request::new(body.clone());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers.clone();
    let manner = match &fault {
        Some(DeliveryFault::SlowBody { chunk, pause_seconds }) => {
            SendMode::Slow { chunk: *chunk, pause: seconds(*pause_seconds) }
        }
        Some(_) | None => SendMode::Plain,
    };
    let attempt = DeliveryAttempt {
        attempt_kind: send.attempt_kind,
        sent_at: at.now,
        wall: at.wall,
        fault: fault.as_ref().and_then(fault_name),
        headers,
        body,
        ended: None,
    };
    let delivery = simulator.state.outbox.start_attempt(send.number, attempt);
    Some(OutgoingDelivery {
        delivery,
        request,
        timeout: seconds(simulator.state.settings.delivery_timeout_seconds),
        send_mode: manner,
    })
}

/// Returns the body of the next attempt. Events are built at send time (contract 6.1).
fn build_body(
    simulator: &AbyssaleSimulator,
    number: u64,
    fault: Option<&DeliveryFault>,
    at: Moment,
) -> Option<Bytes> {
    let delivery = simulator.state.outbox.get(number)?;
    if let WebhookContent::Custom { body, .. } = &delivery.content {
        return Some(body.clone());
    }
    let (event_type, _) = delivery.content.event()?;
    let settings = &simulator.state.settings;
    let rebuilt = settings.rebuilt_body || matches!(fault, Some(DeliveryFault::RebuiltBody));
    let shape = EventBodyShape {
        event_type: settings.event_type && !matches!(fault, Some(DeliveryFault::NoEventType)),
        envelope: settings.data_envelope || matches!(fault, Some(DeliveryFault::DataEnvelope)),
        rotated_by: if rebuilt { delivery.attempts.len() + 1 } else { 0 },
        padded_to: match fault {
            Some(DeliveryFault::OversizedBody { bytes }) => *bytes,
            Some(_) | None => 0,
        },
    };
    Some(event_body::build_body(event_type, event_fields(simulator, &delivery.content, at)?, shape))
}

/// Returns the fields of an event at this moment.
fn event_fields(
    simulator: &AbyssaleSimulator,
    content: &WebhookContent,
    at: Moment,
) -> Option<event_body::EventFields> {
    match content {
        WebhookContent::NewExport(id) => {
            let export = simulator.state.exports.get(*id)?;
            Some(event_body::new_export_fields(export, &signed_url::archive_url(simulator, export, at)))
        }
        WebhookContent::NewBanner(id, version) => {
            banner_response::banner_fields(simulator, *id, *version, at)
        }
        WebhookContent::NewBannerBatch(id) => {
            Some(poll_response::batch_fields(simulator, simulator.state.generations.get(*id)?, at))
        }
        WebhookContent::TemplateStatus { design, status, since } => {
            let design = simulator.state.workspace.designs.get_including_deleted(*design)?;
            Some(event_body::template_status_fields(design, status, *since))
        }
        WebhookContent::Custom { .. } => None,
    }
}

fn build_headers(
    simulator: &mut AbyssaleSimulator,
    number: u64,
    body: &[u8],
    fault: Option<&DeliveryFault>,
    at: Moment,
) -> Option<HeaderMap> {
    let (signing, custom) = match &simulator.state.outbox.get(number)?.content {
        WebhookContent::Custom { headers, signing, .. } => (signing.clone(), headers.clone()),
        WebhookContent::NewExport(_)
        | WebhookContent::NewBanner(..)
        | WebhookContent::NewBannerBatch(_)
        | WebhookContent::TemplateStatus { .. } => (SigningMode::Workspace, Vec::new()),
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if !matches!(fault, Some(DeliveryFault::MissingHeaders)) {
        let delivery_id = &simulator.state.outbox.get(number)?.delivery_id;
        headers.insert(DELIVERY_ID, HeaderValue::from_str(delivery_id).ok()?);
        if let Some(signature) = build_signature(simulator, signing, body, fault, at) {
            headers.insert(SIGNATURE, HeaderValue::from_str(&signature).ok()?);
        }
    }
    // Headers that a test chose replace those of the provider.
    for (name, value) in custom {
        headers.insert(name, value);
    }
    Some(headers)
}

/// Returns the signature header, or none while the workspace has no secret (contract 6.5).
fn build_signature(
    simulator: &mut AbyssaleSimulator,
    signing: SigningMode,
    body: &[u8],
    fault: Option<&DeliveryFault>,
    at: Moment,
) -> Option<String> {
    let t = at.wall.unix_timestamp().saturating_add(simulator.state.settings.signature_skew_seconds);
    let cache = time::Duration::seconds_f64(simulator.state.settings.secret_cache_seconds);
    let (secrets, t) = match signing {
        SigningMode::None => return None,
        SigningMode::With { secrets, t: custom } => (secrets, custom.unwrap_or(t)),
        SigningMode::Workspace => (simulator.secrets.cached_valid(at.now, cache), t),
    };
    match fault {
        Some(DeliveryFault::Unsigned) => None,
        Some(DeliveryFault::ForgedSignature) => Some(format!("t={t},v1={}", "0".repeat(64))),
        Some(DeliveryFault::WrongSecret) => {
            Some(webhook_signature::signature_header(&[signing_secret(&simulator.ids, u64::MAX)], t, body))
        }
        Some(_) | None if secrets.is_empty() => None,
        Some(DeliveryFault::StaleTime { seconds }) => {
            Some(webhook_signature::signature_header(&secrets, t.saturating_sub(*seconds), body))
        }
        Some(_) | None => Some(webhook_signature::signature_header(&secrets, t, body)),
    }
}

/// Returns the name of a fault, for the log.
fn fault_name(fault: &DeliveryFault) -> Option<String> {
    let fault = serde_json::to_value(fault).ok()?;
    fault.get("kind")?.as_str().map(str::to_owned)
}

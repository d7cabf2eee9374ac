//! The API endpoint: limits, key, routing, then the operation (contract 10).

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};

use serde_json::{Value, json};

use crate::abyssale::operation_dispatch;
use crate::request_echo;
use crate::request_echo::Writing;
use crate::simulator::{Endpoint, Reply};

use crate::abyssale::api_error::{Refusal, gateway};
use crate::abyssale::api_response;
use crate::abyssale::fault_types::CallFault;
use crate::abyssale::rate_limit::{Quota, Verdict};
use crate::abyssale::route::Route;
use crate::abyssale::settings::seconds;
use crate::abyssale::state::AbyssaleSimulator;
use crate::virtual_clock::Moment;

/// Answers a call of the API and writes it down.
pub(super) fn answer_api(simulator: &mut AbyssaleSimulator, request: &Request<Bytes>, at: Moment) -> Reply {
    let fault = simulator.state.faults.for_call(request.method(), request.uri().path());
    let at_once = matches!(fault, Some(CallFault::CallbackFirst { .. }));
    let response = match &fault {
        Some(fault) if !fault.works() => None,
        Some(_) | None => Some(operate(simulator, request, at_once, at)),
    };
    let reply = match (fault, response) {
        (None, Some(response)) => api_response::plain(response),
        (Some(CallFault::Echo { status, writing }), _) => {
            api_response::plain(echo(simulator, status, writing, request))
        }
        (Some(fault), response) => spoil(simulator, fault, response, at),
        (None, None) => api_response::lost(),
    };
    simulator.state.requests.note(Endpoint::Api, request, &reply, at);
    simulator.state.arrivals.note(Endpoint::Api, request.method(), request.uri().path(), at.wall);
    reply
}

/// The call as the provider treats it when nothing goes wrong.
fn operate(
    simulator: &mut AbyssaleSimulator,
    request: &Request<Bytes>,
    at_once: bool,
    at: Moment,
) -> Response<Bytes> {
    let per_second = simulator.state.knobs.gateway_per_second;
    if !simulator.state.limits.gateway(per_second, at.now) {
        return gateway_limited(simulator, true);
    }
    let route = Route::find(request, simulator.state.knobs.double_slash_refused);
    let route = match key(simulator, request, route.as_ref().ok()).and(route) {
        Ok(route) => route,
        Err(refusal) => return refusal.answer(&simulator.state.knobs),
    };
    let quota = match tier(simulator, &route, at) {
        Verdict::Passes(quota) => quota,
        Verdict::Refused { quota, retry_after } => {
            let mut response = rate_limited(simulator, retry_after);
            if route.shows_quota() {
                show(quota, &mut response);
            }
            return response;
        }
    };
    let shows_quota = route.shows_quota();
    let served = operation_dispatch::serve(simulator, route, request, at_once, at);
    let mut response = served.unwrap_or_else(|refusal| refusal.answer(&simulator.state.knobs));
    if let (Some(quota), true) = (quota, response.status().is_success() && shows_quota) {
        show(quota, &mut response);
    }
    response
}

/// Every path but `/ready` wants a key that works (contract 1.2).
fn key(
    simulator: &AbyssaleSimulator,
    request: &Request<Bytes>,
    route: Option<&Route>,
) -> Result<(), Refusal> {
    let knobs = &simulator.state.knobs;
    if route == Some(&Route::Ready) {
        return Ok(());
    }
    let given = request.headers().get("x-api-key").map(HeaderValue::as_bytes);
    if given != Some(simulator.state.workspace.api_key.as_bytes()) || knobs.api_key_revoked {
        return Err(Refusal::unauthorized());
    }
    let unchecked = knobs.user_scoped_key && route == Some(&Route::Auth);
    if knobs.api_access || unchecked { Ok(()) } else { Err(Refusal::no_api_access()) }
}

fn tier(simulator: &mut AbyssaleSimulator, route: &Route, at: Moment) -> Verdict {
    match route.class() {
        Some(class) => simulator.state.limits.tier(class, &simulator.state.knobs.tiers, at.now),
        None => Verdict::Passes(None),
    }
}

/// The answer that a fault makes of the proper one.
fn spoil(
    simulator: &AbyssaleSimulator,
    fault: CallFault,
    worked: Option<Response<Bytes>>,
    at: Moment,
) -> Reply {
    let worked = worked.unwrap_or_default();
    api_response::plain(match fault {
        CallFault::LostResponse | CallFault::Reset => return api_response::lost(),
        CallFault::Late { seconds: wait } | CallFault::CallbackFirst { seconds: wait } => {
            return api_response::late(worked, seconds(wait));
        }
        CallFault::Answer { status, body, content_type, headers, .. } => {
            api_response::chosen(status, &body, content_type.as_deref(), &headers)
        }
        CallFault::GatewayError { status, body, .. } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            gateway(status, body, status.canonical_reason().unwrap_or("Error"))
        }
        CallFault::RateLimited { retry_after } => {
            let wait = i64::from(retry_after);
            let mut response = rate_limited(simulator, wait);
            show(Quota { limit: 60, remaining: 0, reset: at.now.unix_timestamp() + wait }, &mut response);
            response
        }
        CallFault::GatewayLimited { json } => gateway_limited(simulator, json),
        CallFault::RenderTimeout { seconds: wait } => {
            let message = "The generation took too long.";
            let refusal = Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_server_error", message);
            return api_response::late(refusal.answer(&simulator.state.knobs), seconds(wait));
        }
        CallFault::Echo { .. } => worked,
        CallFault::CreditsSpent => too_many(simulator, "rate_limit_exceeded", "You have no credits left."),
        CallFault::FeatureNotInPlan => {
            too_many(simulator, "feature_not_in_plan", "Your plan does not include this feature.")
        }
    })
}

/// A refusal that repeats the request, in every text that a refusal has.
fn echo(
    simulator: &AbyssaleSimulator,
    status: u16,
    writing: Writing,
    request: &Request<Bytes>,
) -> Response<Bytes> {
    let parts = request_echo::parts(request, writing);
    let key = parts.iter().find(|(name, _)| name == "headers.x-api-key").map(|(_, key)| key.clone());
    let errors: Vec<Value> = (parts.iter())
        .map(|(path, text)| json!({"path": path, "code": text, "message": format!("not {text}"), "received": text}))
        .collect();
    let body = json!({"id": key, "message": request_echo::line(request, writing), "errors": errors});
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    api_response::json(status, body, &simulator.state.knobs)
}

fn rate_limited(simulator: &AbyssaleSimulator, retry_after: i64) -> Response<Bytes> {
    let mut response = too_many(simulator, "request_rate_limited", "Too many requests, retry later.");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after));
    response
}

/// The ceiling of the gateway: no `Retry-After`, and perhaps no envelope (contract 1.5).
fn gateway_limited(simulator: &AbyssaleSimulator, json: bool) -> Response<Bytes> {
    if json {
        return too_many(simulator, "rate_limit_exceeded", "429 Too Many Requests");
    }
    gateway(StatusCode::TOO_MANY_REQUESTS, simulator.state.knobs.gateway_body, "Too Many Requests")
}

fn too_many(simulator: &AbyssaleSimulator, id: &'static str, message: &str) -> Response<Bytes> {
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, id, message).answer(&simulator.state.knobs)
}

fn show(quota: Quota, response: &mut Response<Bytes>) {
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-ratelimit-limit"), HeaderValue::from(quota.limit));
    headers.insert(HeaderName::from_static("x-ratelimit-remaining"), HeaderValue::from(quota.remaining));
    headers.insert(HeaderName::from_static("x-ratelimit-reset"), HeaderValue::from(quota.reset));
}

//! The API endpoint: rate limits, API key, routing, then the operation (contract 10).

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};

use serde_json::{Value, json};

use crate::abyssale::api_error::{ApiError, gateway_response};
use crate::abyssale::api_response;
use crate::abyssale::event_timing::EventTiming;
use crate::abyssale::fault_types::CallFault;
use crate::abyssale::operation_dispatch;
use crate::abyssale::rate_limit::{Quota, RateLimitDecision, Tier};
use crate::abyssale::route::Route;
use crate::abyssale::settings::seconds;
use crate::abyssale::state::AbyssaleSimulator;
use crate::request_echo::{self, EchoEncoding};
use crate::simulator::{Endpoint, Reply};
use crate::virtual_clock::Moment;

/// Handles a call of the API and logs it.
pub(super) fn handle_api_request(
    simulator: &mut AbyssaleSimulator,
    request: &Request<Bytes>,
    at: Moment,
) -> Reply {
    let fault = simulator.state.faults.take_for_call(request.method(), request.uri().path());
    let event_timing = match fault {
        Some(CallFault::CallbackFirst { .. }) => EventTiming::Immediate,
        Some(_) | None => EventTiming::AfterLatency,
    };
    let response = match &fault {
        Some(fault) if !fault.performs_work() => None,
        Some(_) | None => Some(process_call(simulator, request, event_timing, at)),
    };
    let reply = match (fault, response) {
        (None, Some(response)) => api_response::reply(response),
        (Some(CallFault::Echo { status, writing }), _) => {
            api_response::reply(echo_response(simulator, status, writing, request))
        }
        (Some(fault), response) => apply_fault(simulator, fault, response, at),
        (None, None) => api_response::reset_connection(),
    };
    simulator.state.request_log.record(Endpoint::Api, request, &reply, at);
    let route = Route::find(request, simulator.state.settings.double_slash_refused).ok();
    let tier = route.and_then(|route| route.tier()).map(Tier::name);
    simulator.state.request_rate.record(Endpoint::Api, request, tier, at.wall);
    reply
}

/// Processes the call as the provider does without a fault.
fn process_call(
    simulator: &mut AbyssaleSimulator,
    request: &Request<Bytes>,
    event_timing: EventTiming,
    at: Moment,
) -> Response<Bytes> {
    let per_second = simulator.state.settings.gateway_per_second;
    if !simulator.state.rate_limits.allow_gateway_call(per_second, at.now) {
        return gateway_limited_response(simulator, true);
    }
    let route = Route::find(request, simulator.state.settings.double_slash_refused);
    let route = match check_api_key(simulator, request, route.as_ref().ok()).and(route) {
        Ok(route) => route,
        Err(api_error) => return api_error.to_response(&simulator.state.settings),
    };
    let quota = match check_rate_limit(simulator, &route, at) {
        RateLimitDecision::Allowed(quota) => quota,
        RateLimitDecision::Limited { quota, retry_after } => {
            let mut response = rate_limited_response(simulator, retry_after);
            if route.shows_rate_limit() {
                insert_rate_limit_headers(quota, &mut response);
            }
            return response;
        }
    };
    let shows_quota = route.shows_rate_limit();
    let result = operation_dispatch::dispatch(simulator, route, request, event_timing, at);
    let mut response = result.unwrap_or_else(|api_error| api_error.to_response(&simulator.state.settings));
    if let (Some(quota), true) = (quota, response.status().is_success() && shows_quota) {
        insert_rate_limit_headers(quota, &mut response);
    }
    response
}

/// Checks the API key. Every path but `/ready` requires a valid key (contract 1.2).
fn check_api_key(
    simulator: &AbyssaleSimulator,
    request: &Request<Bytes>,
    route: Option<&Route>,
) -> Result<(), ApiError> {
    let settings = &simulator.state.settings;
    if route == Some(&Route::Ready) {
        return Ok(());
    }
    let given = request.headers().get("x-api-key").map(HeaderValue::as_bytes);
    if given != Some(simulator.state.workspace.api_key.as_bytes()) || settings.api_key_revoked {
        return Err(ApiError::unauthorized());
    }
    let unchecked = settings.user_scoped_key && route == Some(&Route::Auth);
    if settings.api_access || unchecked { Ok(()) } else { Err(ApiError::no_api_access()) }
}

fn check_rate_limit(simulator: &mut AbyssaleSimulator, route: &Route, at: Moment) -> RateLimitDecision {
    let settings = &simulator.state.settings;
    match route.tier() {
        Some(tier) => {
            let windows = settings.tiers.get(&tier).map_or(&[][..], Vec::as_slice);
            simulator.state.rate_limits.check_tier((tier, settings.window_kind), windows, at.now)
        }
        None => RateLimitDecision::Allowed(None),
    }
}

/// Returns the response that a fault makes of the regular one.
fn apply_fault(
    simulator: &AbyssaleSimulator,
    fault: CallFault,
    regular_response: Option<Response<Bytes>>,
    at: Moment,
) -> Reply {
    let regular_response = regular_response.unwrap_or_default();
    api_response::reply(match fault {
        CallFault::LostResponse | CallFault::Reset => return api_response::reset_connection(),
        CallFault::Late { seconds: wait } | CallFault::CallbackFirst { seconds: wait } => {
            return api_response::delayed_reply(regular_response, seconds(wait));
        }
        CallFault::Answer { status, body, content_type, headers, .. } => {
            api_response::custom_response(status, &body, content_type.as_deref(), &headers)
        }
        CallFault::GatewayError { status, body, .. } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            gateway_response(status, body, status.canonical_reason().unwrap_or("Error"))
        }
        CallFault::RateLimited { retry_after } => {
            let wait = i64::from(retry_after);
            let mut response = rate_limited_response(simulator, wait);
            insert_rate_limit_headers(
                Quota { limit: 60, remaining: 0, reset: at.now.unix_timestamp() + wait },
                &mut response,
            );
            response
        }
        CallFault::GatewayLimited { json } => gateway_limited_response(simulator, json),
        CallFault::RenderTimeout { seconds: wait } => {
            let message = "The generation took too long.";
            let api_error =
                ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_server_error", message);
            return api_response::delayed_reply(
                api_error.to_response(&simulator.state.settings),
                seconds(wait),
            );
        }
        CallFault::Echo { .. } => regular_response,
        CallFault::CreditsSpent => {
            too_many_requests(simulator, "rate_limit_exceeded", "You have no credits left.")
        }
        CallFault::FeatureNotInPlan => {
            too_many_requests(simulator, "feature_not_in_plan", "Your plan does not include this feature.")
        }
    })
}

/// Returns an error response that repeats the request in each of its texts.
fn echo_response(
    simulator: &AbyssaleSimulator,
    status: u16,
    writing: EchoEncoding,
    request: &Request<Bytes>,
) -> Response<Bytes> {
    let parts = request_echo::echo_parts(request, writing);
    let key = parts.iter().find(|(name, _)| name == "headers.x-api-key").map(|(_, key)| key.clone());
    let errors: Vec<Value> = (parts.iter())
        .map(|(path, text)| json!({"path": path, "code": text, "message": format!("not {text}"), "received": text}))
        .collect();
    let body = json!({"id": key, "message": request_echo::echo_line(request, writing), "errors": errors});
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    api_response::stamped_json(status, body, &simulator.state.settings)
}

fn rate_limited_response(simulator: &AbyssaleSimulator, retry_after: i64) -> Response<Bytes> {
    let mut response =
        too_many_requests(simulator, "request_rate_limited", "Too many requests, retry later.");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after));
    response
}

/// Returns the gateway's rate-limit response: no `Retry-After`, and not always an envelope (contract 1.5).
fn gateway_limited_response(simulator: &AbyssaleSimulator, json: bool) -> Response<Bytes> {
    if json {
        return too_many_requests(simulator, "rate_limit_exceeded", "429 Too Many Requests");
    }
    gateway_response(
        StatusCode::TOO_MANY_REQUESTS,
        simulator.state.settings.gateway_body,
        "Too Many Requests",
    )
}

fn too_many_requests(simulator: &AbyssaleSimulator, id: &'static str, message: &str) -> Response<Bytes> {
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, id, message).to_response(&simulator.state.settings)
}

fn insert_rate_limit_headers(quota: Quota, response: &mut Response<Bytes>) {
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-ratelimit-limit"), HeaderValue::from(quota.limit));
    headers.insert(HeaderName::from_static("x-ratelimit-remaining"), HeaderValue::from(quota.remaining));
    headers.insert(HeaderName::from_static("x-ratelimit-reset"), HeaderValue::from(quota.reset));
}

//! The API endpoint: limits, key, routing, then the operation (contract 10).

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};

use serde_json::{Value, json};

use crate::echo::{self, Writing};
use crate::{Endpoint, Reply};

use super::fault::CallFault;
use super::knobs::seconds;
use super::limit::{Quota, Verdict};
use super::refusal::{Refusal, gateway};
use super::route::Route;
use super::{AbyssaleSimulator, Moment, answer};

impl AbyssaleSimulator {
    /// Answers a call of the API and writes it down.
    pub(super) fn answer_api(&mut self, request: &Request<Bytes>, at: Moment) -> Reply {
        let fault = self.state.faults.for_call(request.method(), request.uri().path());
        let at_once = matches!(fault, Some(CallFault::CallbackFirst { .. }));
        let response = match &fault {
            Some(fault) if !fault.works() => None,
            Some(_) | None => Some(self.operate(request, at_once, at)),
        };
        let reply = match (fault, response) {
            (None, Some(response)) => answer::plain(response),
            (Some(CallFault::Echo { status, writing }), _) => {
                answer::plain(self.echo(status, writing, request))
            }
            (Some(fault), response) => self.spoil(fault, response, at),
            (None, None) => answer::lost(),
        };
        self.state.requests.note(Endpoint::Api, request, &reply, at);
        self.state.arrivals.note(Endpoint::Api, request.method(), request.uri().path(), at.wall);
        reply
    }

    /// The call as the provider treats it when nothing goes wrong.
    fn operate(&mut self, request: &Request<Bytes>, at_once: bool, at: Moment) -> Response<Bytes> {
        let per_second = self.state.knobs.gateway_per_second;
        if !self.state.limits.gateway(per_second, at.now) {
            return self.gateway_limited(true);
        }
        let route = Route::find(request, self.state.knobs.double_slash_refused);
        let route = match self.key(request, route.as_ref().ok()).and(route) {
            Ok(route) => route,
            Err(refusal) => return refusal.answer(&self.state.knobs),
        };
        let quota = match self.tier(&route, at) {
            Verdict::Passes(quota) => quota,
            Verdict::Refused { quota, retry_after } => {
                let mut response = self.rate_limited(retry_after);
                if route.shows_quota() {
                    show(quota, &mut response);
                }
                return response;
            }
        };
        let shows_quota = route.shows_quota();
        let served = self.serve(route, request, at_once, at);
        let mut response = served.unwrap_or_else(|refusal| refusal.answer(&self.state.knobs));
        if let (Some(quota), true) = (quota, response.status().is_success() && shows_quota) {
            show(quota, &mut response);
        }
        response
    }

    /// Every path but `/ready` wants a key that works (contract 1.2).
    fn key(&self, request: &Request<Bytes>, route: Option<&Route>) -> Result<(), Refusal> {
        let knobs = &self.state.knobs;
        if route == Some(&Route::Ready) {
            return Ok(());
        }
        let given = request.headers().get("x-api-key").map(HeaderValue::as_bytes);
        if given != Some(self.state.workspace.api_key.as_bytes()) || knobs.api_key_revoked {
            return Err(Refusal::unauthorized());
        }
        let unchecked = knobs.user_scoped_key && route == Some(&Route::Auth);
        if knobs.api_access || unchecked { Ok(()) } else { Err(Refusal::no_api_access()) }
    }

    fn tier(&mut self, route: &Route, at: Moment) -> Verdict {
        match route.class() {
            Some(class) => self.state.limits.tier(class, &self.state.knobs.tiers, at.now),
            None => Verdict::Passes(None),
        }
    }

    /// The answer that a fault makes of the proper one.
    fn spoil(&self, fault: CallFault, worked: Option<Response<Bytes>>, at: Moment) -> Reply {
        let worked = worked.unwrap_or_default();
        answer::plain(match fault {
            CallFault::LostResponse | CallFault::Reset => return answer::lost(),
            CallFault::Late { seconds: wait } | CallFault::CallbackFirst { seconds: wait } => {
                return answer::late(worked, seconds(wait));
            }
            CallFault::Answer { status, body, content_type, headers, .. } => {
                answer::chosen(status, &body, content_type.as_deref(), &headers)
            }
            CallFault::GatewayError { status, body, .. } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                gateway(status, body, status.canonical_reason().unwrap_or("Error"))
            }
            CallFault::RateLimited { retry_after } => {
                let wait = i64::from(retry_after);
                let mut response = self.rate_limited(wait);
                show(Quota { limit: 60, remaining: 0, reset: at.now.unix_timestamp() + wait }, &mut response);
                response
            }
            CallFault::GatewayLimited { json } => self.gateway_limited(json),
            CallFault::RenderTimeout { seconds: wait } => {
                let message = "The generation took too long.";
                let refusal =
                    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_server_error", message);
                return answer::late(refusal.answer(&self.state.knobs), seconds(wait));
            }
            CallFault::Echo { .. } => worked,
            CallFault::CreditsSpent => self.too_many("rate_limit_exceeded", "You have no credits left."),
            CallFault::FeatureNotInPlan => {
                self.too_many("feature_not_in_plan", "Your plan does not include this feature.")
            }
        })
    }

    /// A refusal that repeats the request, in every text that a refusal has.
    fn echo(&self, status: u16, writing: Writing, request: &Request<Bytes>) -> Response<Bytes> {
        let parts = echo::parts(request, writing);
        let key = parts.iter().find(|(name, _)| name == "headers.x-api-key").map(|(_, key)| key.clone());
        let errors: Vec<Value> = (parts.iter())
            .map(|(path, text)| json!({"path": path, "code": text, "message": format!("not {text}"), "received": text}))
            .collect();
        let body = json!({"id": key, "message": echo::line(request, writing), "errors": errors});
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        answer::json(status, body, &self.state.knobs)
    }

    fn rate_limited(&self, retry_after: i64) -> Response<Bytes> {
        let mut response = self.too_many("request_rate_limited", "Too many requests, retry later.");
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after));
        response
    }

    /// The ceiling of the gateway: no `Retry-After`, and perhaps no envelope (contract 1.5).
    fn gateway_limited(&self, json: bool) -> Response<Bytes> {
        if json {
            return self.too_many("rate_limit_exceeded", "429 Too Many Requests");
        }
        gateway(StatusCode::TOO_MANY_REQUESTS, self.state.knobs.gateway_body, "Too Many Requests")
    }

    fn too_many(&self, id: &'static str, message: &str) -> Response<Bytes> {
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, id, message).answer(&self.state.knobs)
    }
}

fn show(quota: Quota, response: &mut Response<Bytes>) {
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-ratelimit-limit"), HeaderValue::from(quota.limit));
    headers.insert(HeaderName::from_static("x-ratelimit-remaining"), HeaderValue::from(quota.remaining));
    headers.insert(HeaderName::from_static("x-ratelimit-reset"), HeaderValue::from(quota.reset));
}

//! Asking Abyssale for an export (contract 2), and what each answer means (contract 1.4, 1.5 and 7).

use std::{collections::HashSet, time::Duration};

use bytes::Bytes;
use http::{Method, StatusCode, header};
use model::{Fault, FaultClass, Secret, Ticket, Violation};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::refusal;
use crate::{Answer, Call, Conversation, Fields, Order, SendFailure, Step};

/// The one kind so far: a ZIP of existing banners.
pub(super) const EXPORT: &str = "export";

/// How often a request is repeated that was refused with `Retry-After` or never sent (contract 7, defaults).
const REPEATS: u32 = 3;

/// Waits before a repeat when no connection came about (contract 7, back-off).
const RECONNECT_WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// Checks a caller's fields.
pub(super) fn read_order(kind: &str, fields: Map<String, Value>) -> Result<Order, Fault> {
    if kind != EXPORT {
        return Err(Fault::invalid("kind", "expected \"export\""));
    }
    let mut fields = Fields::new(fields);
    let ids = banner_ids(&mut fields);
    fields.finish()?;
    Ok(Order {
        kind: kind.to_owned(),
        expected: Some(ids.len() as u64),
        request: json!({ "banner_ids": ids }),
    })
}

/// An empty list is refused here since the provider's behaviour is unknown (contract 2.1).
fn banner_ids(fields: &mut Fields) -> Vec<String> {
    let expected = "expected a list of at least one banner id";
    let list = match fields.take("banner_ids") {
        Some(Value::Array(list)) if !list.is_empty() => list,
        _ => {
            fields.violation("banner_ids", expected);
            return vec![];
        }
    };
    let mut seen = HashSet::new();
    let mut ids = Vec::with_capacity(list.len());
    for (index, value) in list.into_iter().enumerate() {
        let field = format!("banner_ids[{index}]");
        match value {
            Value::String(id) if id.len() == 36 && Uuid::try_parse(&id).is_ok() => {
                if !seen.insert(id.to_ascii_lowercase()) {
                    fields.violation(field, "expected each id once, this one is a duplicate");
                }
                ids.push(id);
            }
            _ => fields.violation(field, "expected a UUID of 36 characters"),
        }
    }
    ids
}

/// One export POST with the repeats that are safe.
pub(super) struct Submission {
    uri: String,
    key: Secret,
    body: Bytes,
    repeats: u32,
    reconnects: usize,
    probed: bool,
}

impl Submission {
    pub(super) fn new(call: &Call<'_>) -> Result<Self, Fault> {
        let key = call.credentials.one("api_key").ok_or_else(|| {
            Fault::new(FaultClass::Misconfigured, "no Abyssale API key is configured in Landfall's secret")
        })?;
        let body = json!({ "ids": call.request["banner_ids"], "callback_url": call.callback_url.as_str() });
        Ok(Self {
            uri: format!("{}/async/banners/export", call.api_url),
            key,
            body: body.to_string().into(),
            repeats: 0,
            reconnects: 0,
            probed: false,
        })
    }

    fn request(&self) -> Result<http::Request<Bytes>, Fault> {
        let mut key = http::HeaderValue::from_str(self.key.expose()).map_err(|_| {
            Fault::new(FaultClass::Misconfigured, "the Abyssale API key cannot stand in a header")
        })?;
        key.set_sensitive(true);
        http::Request::builder()
            .method(Method::POST)
            .uri(&self.uri)
            .header("x-api-key", key)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .body(self.body.clone())
            .map_err(|e| {
                Fault::new(FaultClass::Misconfigured, "the Abyssale API URL is not a URL").because(e)
            })
    }

    fn send(&self) -> Step {
        self.request().map_or_else(Step::Refused, Step::Send)
    }

    fn send_after(&self, wait: Duration, otherwise: Fault) -> Step {
        match self.request() {
            Ok(request) => Step::SendAfter { wait, request, otherwise },
            Err(fault) => Step::Refused(fault),
        }
    }

    fn not_connected(&mut self) -> Step {
        let fault =
            Fault::new(FaultClass::ProviderUnavailable, "Abyssale cannot be reached; nothing was submitted")
                .retry_after(30);
        match RECONNECT_WAITS.get(self.reconnects) {
            Some(wait) => {
                self.reconnects += 1;
                self.send_after(*wait, fault)
            }
            None => Step::Refused(fault),
        }
    }

    /// The three meanings of 429 (contract 1.5), told apart by id, by `Retry-After`, and by one probe.
    fn too_many(&mut self, response: &http::Response<Bytes>) -> Step {
        let answer = refusal::read(response.status().as_u16(), response.body());
        if answer.id == "feature_not_in_plan" {
            let fault =
                Fault::new(FaultClass::ProviderPlan, "the Abyssale plan does not include this feature");
            return Step::Refused(fault.said_by_provider(answer));
        }
        if let Some(wait) = retry_after(response) {
            // Rounded up: who comes back a moment too soon is refused again.
            let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
            let message = format!("Abyssale's rate limit is reached; try again in {seconds} s");
            let fault = Fault::new(FaultClass::ProviderThrottled, message)
                .retry_after(seconds)
                .said_by_provider(answer);
            if self.repeats == REPEATS {
                return Step::Refused(fault);
            }
            self.repeats += 1;
            return self.send_after(wait, fault);
        }
        let message = "Abyssale refused twice without saying when to come back: its credits are spent, or its gateway limit holds on";
        let fault = Fault::new(FaultClass::ProviderQuota, message).said_by_provider(answer);
        if self.probed {
            return Step::Refused(fault);
        }
        self.probed = true;
        self.send_after(Duration::from_secs(1), fault)
    }
}

impl Conversation for Submission {
    fn start(&mut self) -> Step {
        self.send()
    }

    fn answered(&mut self, answer: Answer) -> Step {
        let response = match answer {
            Ok(response) => response,
            Err(SendFailure::NotSent) => return self.not_connected(),
            Err(SendFailure::MaybeSent) => {
                return unknown("Abyssale did not answer in time or the connection broke");
            }
        };
        match response.status() {
            status if status.is_success() => accepted(response.body()),
            StatusCode::TOO_MANY_REQUESTS => self.too_many(&response),
            status if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT => {
                refused(status.as_u16(), response.body())
            }
            // A 504 does not mean that the work did not happen (contract 1.4); neither does anything else here.
            status => unknown(&format!("Abyssale answered HTTP {}", status.as_u16())),
        }
    }
}

fn accepted(body: &[u8]) -> Step {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    match body.get("export_id").and_then(Value::as_str).filter(|id| !id.is_empty()) {
        Some(id) => Step::Accepted(Ticket::new(id)),
        None => unknown("Abyssale accepted the export but named no export_id"),
    }
}

fn unknown(what: &str) -> Step {
    let message = format!("{what}; the export may be under way, its callback will tell");
    Step::OutcomeUnknown(Fault::new(FaultClass::ProviderOutcomeUnknown, message))
}

/// Client errors other than 429 (contract 1.4).
fn refused(status: u16, body: &[u8]) -> Step {
    let answer = refusal::read(status, body);
    let fault = match (status, answer.id.as_str()) {
        (401 | 403, "api_access_denied") => {
            Fault::new(FaultClass::ProviderPlan, "the Abyssale plan does not include API access")
        }
        (401 | 403, _) => {
            Fault::new(FaultClass::ProviderCredentials, "Abyssale does not accept the configured API key")
        }
        (402, _) => Fault::new(FaultClass::ProviderQuota, "Abyssale asks for payment"),
        (_, "visual_not_found") => Fault::new(
            FaultClass::ProviderRefusedRequest,
            "none of the banner ids exist in the Abyssale workspace",
        ),
        _ => Fault::new(
            FaultClass::ProviderRefusedRequest,
            format!("Abyssale refused the export: {}", answer.message),
        ),
    };
    let violations = answer.errors.iter().map(in_our_words).collect();
    Step::Refused(fault.with_violations(violations).said_by_provider(answer))
}

/// Renames the provider's field to the caller's.
fn in_our_words(problem: &Violation) -> Violation {
    let path = problem.field.rsplit_once('.').map_or(problem.field.as_str(), |(_, last)| last);
    let field = match path.strip_prefix("ids") {
        Some(rest) if rest.is_empty() || rest.starts_with('[') => format!("banner_ids{rest}"),
        _ => problem.field.clone(),
    };
    Violation { field, message: problem.message.clone() }
}

/// `Retry-After` in seconds, decimals allowed, or as an HTTP date; anything else is as if absent (contract 7).
pub(super) fn retry_after(response: &http::Response<Bytes>) -> Option<Duration> {
    let text = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds.max(0.0)).ok();
    }
    let date = response.headers().get(header::DATE)?.to_str().ok()?;
    let format = time::format_description::well_known::Rfc2822;
    let until = time::OffsetDateTime::parse(&text.replace("GMT", "+0000"), &format).ok()?;
    let now = time::OffsetDateTime::parse(&date.replace("GMT", "+0000"), &format).ok()?;
    Some(Duration::try_from(until - now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests;

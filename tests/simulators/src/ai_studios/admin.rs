//! The Admin endpoint: what a test or a person may set, trigger and read. `README.md` shows each call.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use time::Duration;

pub(super) use crate::admin::Refused;
use crate::admin::{answered, json_body};
use crate::{Reply, Simulator};

use super::knobs::MAX_SECONDS;
use super::{AiStudiosSimulator, Faults, Moment, State, scenario};

impl AiStudiosSimulator {
    /// Answers a call of the Admin endpoint. These calls need no token and are not in the log.
    pub(super) fn answer_admin(&mut self, request: &Request<Bytes>, at: Moment) -> Reply {
        answered(self.control(request, at))
    }

    fn control(&mut self, request: &Request<Bytes>, at: Moment) -> Result<Value, Refused> {
        let segments: Vec<&str> = request.uri().path().split('/').filter(|part| !part.is_empty()).collect();
        let query = request.uri().query().unwrap_or_default();
        let body = || json_body(request);
        match (request.method(), segments.as_slice()) {
            (&Method::GET, []) => Ok(index()),
            (&Method::GET, ["describe"]) => Ok(self.describe()),
            (&Method::GET, ["credentials"]) => Ok(self.credentials()),
            (&Method::GET, ["knobs"]) => Ok(json!(self.state.knobs)),
            (&Method::PUT, ["knobs"]) => self.set_knobs(&body()?),
            (&Method::GET, ["scenarios"]) => Ok(scenario::list()),
            (&Method::PUT, ["scenario"]) => self.play(&body()?),
            (&Method::GET, ["faults"]) => Ok(self.state.faults.list()),
            (&Method::POST, ["faults"]) => self.queue_faults(body()?),
            (&Method::DELETE, ["faults"]) => {
                self.state.faults = Faults::default();
                Ok(self.state.faults.list())
            }
            (&Method::GET, ["projects"]) => Ok(self.projects_view(at)),
            (&Method::POST, ["projects"]) => self.seed_project(&body()?, at),
            (&Method::DELETE, ["projects", id]) => self.forget_project(id),
            (&Method::PUT, ["projects", id, "scenario"]) => self.play_for(id, &body()?, at),
            (&Method::PUT, ["projects", id, "knobs"]) => self.set_project_knobs(id, &body()?, at),
            (&Method::POST, ["projects", id, "forge"]) => self.forge_for(id, &body()?, at),
            (&Method::GET, ["exports"]) => Ok(self.state.exports.view()),
            (&Method::GET, ["tokens"]) => Ok(json!({"issued": self.tokens.count()})),
            (&Method::POST, ["tokens", "revoke"]) => {
                self.tokens.revoke();
                Ok(json!({"issued": self.tokens.count()}))
            }
            (&Method::GET, ["requests", "peak"]) => Ok(self.state.arrivals.peak(query)),
            (&Method::GET, ["requests"]) => Ok(self.state.requests.list(query)),
            (&Method::GET, ["deliveries"]) => Ok(self.state.outbox.list()),
            (&Method::POST, ["deliveries", number, "redeliver"]) => self.redeliver(number, at),
            (&Method::POST, ["deliver"]) => self.deliver(body()?, at),
            (&Method::GET, ["clock"]) => Ok(self.clock_view()),
            (&Method::POST, ["clock", "advance"]) => self.advance(&body()?),
            (&Method::POST, ["reset"]) => Ok(self.reset(at)),
            _ => Err(Refused::unknown("call; GET / lists them all")),
        }
    }

    fn set_knobs(&mut self, changes: &Value) -> Result<Value, Refused> {
        self.state.knobs = self.state.knobs.changed(changes).map_err(Refused::bad)?;
        Ok(json!(self.state.knobs))
    }

    fn queue_faults(&mut self, body: Value) -> Result<Value, Refused> {
        self.state.faults.queue_all(body).map_err(Refused::bad)?;
        Ok(self.state.faults.list())
    }

    fn clock_view(&self) -> Value {
        json!({
            "now": self.clock.last().now.unix_timestamp(),
            "ahead_seconds": self.clock.ahead_seconds(),
            "next_delivery_at": self.state.outbox.next_due().map(|due| due.unix_timestamp()),
        })
    }

    /// `{"seconds": n}`, `{"to": "next_delivery"}` or `{"to": "last_export"}`.
    fn advance(&mut self, body: &Value) -> Result<Value, Refused> {
        let now = self.clock.last().now;
        let due = match body["to"].as_str() {
            Some("next_delivery") => {
                self.state.outbox.next_due().ok_or_else(|| Refused::unknown("delivery"))?
            }
            Some("last_export") => {
                self.state.projects.last_end().ok_or_else(|| Refused::unknown("export"))?
            }
            Some(_) => return Err(Refused::bad("to must be next_delivery or last_export")),
            None => {
                let seconds = body["seconds"].as_f64();
                let seconds = seconds.filter(|seconds| (0.0..=MAX_SECONDS).contains(seconds));
                let seconds =
                    seconds.ok_or_else(|| Refused::bad("seconds must be a number from 0 to 1e9"))?;
                now + Duration::seconds_f64(seconds)
            }
        };
        self.clock.advance(due - now);
        Ok(self.clock_view())
    }

    /// Back to the seeded account. Tokens stay, because receivers have them in a cache.
    fn reset(&mut self, at: Moment) -> Value {
        let outbox = self.state.outbox.cleared();
        self.state = State { outbox, ..State::seeded(&self.account, &self.draw) };
        self.clock.reset();
        json!({"reset_at": at.wall.unix_timestamp()})
    }
}

/// Every call of the endpoint.
fn index() -> Value {
    json!({
        "GET /describe": "URLs, credentials and seeded ids",
        "GET /credentials": "the provider's section of a receiver's secret",
        "GET /knobs": "every knob", "PUT /knobs": "set some of them: {group: {knob: value}}",
        "GET /scenarios": "the catalogue",
        "PUT /scenario": "{scenario, variant?} for every project; forgets knobs and faults first",
        "PUT /projects/{id}/scenario": "{scenario, variant?} for one project",
        "PUT /projects/{id}/knobs": "knobs for one project; {} turns all back",
        "GET /faults": "what is queued", "POST /faults": "queue one or a list", "DELETE /faults": "forget them",
        "GET /projects": "projects with their exports",
        "POST /projects": "seed one: {name?, workspace_id?, foreign?, exported?}",
        "DELETE /projects/{id}": "it is gone",
        "POST /projects/{id}/forge": "a false webhook of its latest export: {forgery}",
        "GET /exports": "accepted posts, credits and each export",
        "GET /tokens": "how many were issued", "POST /tokens/revoke": "none given out so far works",
        "GET /requests/peak[?endpoint=&method=&path=]": "the most requests in any one second of real time",
        "GET /requests[?endpoint=&method=&path=]": "requests to the API and Files endpoints",
        "GET /deliveries": "webhooks with every attempt",
        "POST /deliveries/{number}/redeliver": "send again",
        "POST /deliver": "send anything: {url, method?, body?, headers?}",
        "GET /clock": "virtual time",
        "POST /clock/advance": "{seconds}, {to: next_delivery} or {to: last_export}",
        "POST /reset": "forget all but the tokens",
    })
}

//! The Admin endpoint: what a test or a person may set, trigger and read. `README.md` shows each call.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use time::Duration;

pub(super) use crate::admin::Refused;
use crate::admin::{answered, json_body};
use crate::{Reply, Simulator};

use super::knobs::MAX_SECONDS;
use super::{AbyssaleSimulator, Moment, SigningSecrets, State};

impl AbyssaleSimulator {
    /// Answers a call of the Admin endpoint. These calls need no key and are not in the log.
    pub(super) fn answer_admin(&mut self, request: &Request<Bytes>, at: Moment) -> Reply {
        answered(self.control(request, at))
    }

    fn control(&mut self, request: &Request<Bytes>, at: Moment) -> Result<Value, Refused> {
        let segments: Vec<&str> = request.uri().path().split('/').filter(|part| !part.is_empty()).collect();
        let query = request.uri().query().unwrap_or_default();
        let method = request.method();
        match (method, segments.as_slice()) {
            (&Method::GET, []) => Ok(index()),
            (&Method::GET, ["describe"]) => Ok(self.describe()),
            (&Method::GET, ["credentials"]) => Ok(self.credentials()),
            (&Method::GET, ["knobs"]) => Ok(json!(self.state.knobs)),
            (&Method::PUT, ["knobs"]) => self.set_knobs(&json_body(request)?),
            (&Method::GET, ["faults"]) => Ok(self.state.faults.list()),
            (&Method::POST, ["faults"]) => self.queue_faults(json_body(request)?),
            (&Method::DELETE, ["faults"]) => self.clear_faults(at),
            (&Method::PUT, ["archive"]) => self.choose_archive(request, query),
            (&Method::PUT, ["file"]) => self.choose_file(request, query),
            (&Method::GET, ["generations"]) => Ok(self.state.generations.list(at.now)),
            (&Method::GET, ["designs"]) => Ok(self.designs_view(at)),
            (&Method::PUT, ["designs", id]) => self.set_design(id, &json_body(request)?, at),
            (&Method::GET, ["dynamic-images"]) => Ok(self.state.dynamic_images.list()),
            (&Method::GET, ["exports"]) => Ok(self.state.exports.list()),
            (&Method::POST, ["exports"]) => self.export_in_the_platform(&json_body(request)?, at),
            (&Method::GET, ["subscriptions"]) => Ok(self.state.subscriptions.list()),
            (&Method::POST, ["subscriptions"]) => self.subscribe(&json_body(request)?, at),
            (&Method::DELETE, ["subscriptions", id]) => self.unsubscribe(id),
            (&Method::GET, ["requests", "peak"]) => Ok(self.state.arrivals.peak(query)),
            (&Method::GET, ["requests"]) => Ok(self.state.requests.list(query)),
            (&Method::GET, ["deliveries"]) => Ok(self.state.outbox.list()),
            (&Method::POST, ["deliveries", name, "redeliver"]) => self.redeliver(name, query, at),
            (&Method::POST, ["deliver"]) => self.deliver(json_body(request)?, at),
            (&Method::GET, ["clock"]) => Ok(self.clock_view()),
            (&Method::POST, ["clock", "advance"]) => self.advance(&json_body(request)?),
            (&Method::POST, ["reset"]) => Ok(self.reset(&json_body(request).unwrap_or_default(), at)),
            _ => Err(Refused::unknown("call; GET / lists them all")),
        }
    }

    fn set_knobs(&mut self, changes: &Value) -> Result<Value, Refused> {
        self.state.knobs = self.state.knobs.changed(changes).map_err(Refused::bad)?;
        Ok(json!(self.state.knobs))
    }

    /// One fault or a list of them; nothing is queued when one of a list is wrong.
    fn queue_faults(&mut self, body: Value) -> Result<Value, Refused> {
        let wanted = match body {
            Value::Array(list) => list,
            one => vec![one],
        };
        let mut faults = std::mem::take(&mut self.state.faults);
        let kept = faults.clone();
        let queued: Result<Vec<()>, String> = wanted.into_iter().map(|fault| faults.queue(fault)).collect();
        self.state.faults = if queued.is_ok() { faults } else { kept };
        queued.map_err(Refused::bad)?;
        Ok(self.state.faults.list())
    }

    /// Also lets go of what a fault holds back.
    fn clear_faults(&mut self, at: Moment) -> Result<Value, Refused> {
        self.state.faults = super::Faults::default();
        self.state.outbox.release_held(at.now);
        Ok(self.state.faults.list())
    }

    fn clock_view(&self) -> Value {
        json!({
            "now": self.clock.last().now.unix_timestamp(),
            "ahead_seconds": self.clock.ahead_seconds(),
            "next_delivery_at": self.state.outbox.next_due().map(|due| due.unix_timestamp()),
        })
    }

    /// `{"seconds": n}`, or `{"to": "next_delivery"}`.
    fn advance(&mut self, body: &Value) -> Result<Value, Refused> {
        if body["to"] == "next_delivery" {
            let due = self.state.outbox.next_due().ok_or_else(|| Refused::unknown("delivery"))?;
            self.clock.advance(due - self.clock.last().now);
            return Ok(self.clock_view());
        }
        let seconds = body["seconds"].as_f64().filter(|seconds| (0.0..=MAX_SECONDS).contains(seconds));
        let seconds = seconds.ok_or_else(|| Refused::bad("seconds must be a number from 0 to 1e9"))?;
        self.clock.advance(Duration::seconds_f64(seconds));
        Ok(self.clock_view())
    }

    /// Back to the seeded workspace. The secrets stay, because receivers have them in their configuration,
    /// unless `{"secrets": true}`.
    fn reset(&mut self, body: &Value, at: Moment) -> Value {
        let outbox = self.state.outbox.cleared();
        self.state = State { outbox, ..State::seeded(&self.draw) };
        if body["secrets"] == true {
            self.secrets = SigningSecrets::default();
        } else {
            self.secrets.forget_cache();
        }
        self.clock.reset();
        json!({"reset_at": at.wall.unix_timestamp()})
    }
}

/// Every call of the endpoint.
fn index() -> Value {
    json!({
        "GET /describe": "URLs, key and seeded ids",
        "GET /credentials": "the secret a receiver needs; mints the signing secret",
        "GET /knobs": "every knob", "PUT /knobs": "set some of them",
        "GET /faults": "what is queued", "POST /faults": "queue one or a list", "DELETE /faults": "forget them",
        "PUT /archive[?count=N]": "the body is the archive of the next N exports",
        "GET /exports": "exports and the number of accepted posts",
        "POST /exports": "an export made in the platform: {banner_ids?, bare_file?}",
        "GET /generations": "generations, the number of accepted posts, of synchronous renders and of credits",
        "PUT /file[?count=N&format=]": "the body is the file of the next N generated banners",
        "GET /designs": "designs with the status of their review",
        "PUT /designs/{id}": "{status?, active?}; a status tells the template_status subscriptions",
        "GET /dynamic-images": "dynamic images with the flags of the call that made them",
        "GET /subscriptions": "workspace subscriptions",
        "POST /subscriptions": "{hook_url, type, design_id?}", "DELETE /subscriptions/{id}": "end one",
        "GET /requests/peak[?endpoint=&method=&path=]": "the most requests in any one second of real time",
        "GET /requests[?endpoint=&method=&path=]": "requests to the API and Files endpoints",
        "GET /deliveries": "deliveries with every attempt",
        "POST /deliveries/{number or id}/redeliver[?times=N]": "send again, under the same delivery id",
        "POST /deliver": "send anything: {url, body?, headers?, sign?, secrets?, t?, delivery_id?}",
        "GET /clock": "virtual time", "POST /clock/advance": "{seconds} or {to: next_delivery}",
        "POST /reset": "forget all but the secrets; {secrets: true} forgets these too",
    })
}

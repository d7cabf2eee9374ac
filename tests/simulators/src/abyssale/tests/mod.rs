//! Tests of the simulator through its public interface: requests, replies and deliveries at explicit times.

mod api_calls;
mod banner_files;
mod deliveries;
mod designs;
mod downloads;
mod generation_bodies;
mod generations;
mod regeneration;

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::simulator::{DeliveryOutcome, Endpoint, Origins, OutgoingDelivery, Reply, Simulator};

use super::AbyssaleSimulator;

/// A simulator and a clock that advances only on request.
struct TestBench {
    simulator: AbyssaleSimulator,
    wall: OffsetDateTime,
    key: String,
}

impl TestBench {
    fn new() -> Self {
        let mut simulator = AbyssaleSimulator::new(42);
        simulator.set_origins(Origins {
            api: "http://api.test".to_owned(),
            files: "http://files.test".to_owned(),
            admin: "http://admin.test".to_owned(),
        });
        let key = simulator.describe()["api_key"].as_str().unwrap_or_default().to_owned();
        let wall = OffsetDateTime::from_unix_timestamp(1_790_000_000).expect("a date");
        Self { simulator, wall, key }
    }

    fn advance_real_time(&mut self, seconds: f64) {
        self.wall += Duration::seconds_f64(seconds);
    }

    fn call(&mut self, endpoint: Endpoint, method: Method, path: &str, body: &Value) -> Reply {
        let mut request = Request::new(Bytes::new());
        if !body.is_null() {
            *request.body_mut() = Bytes::from(body.to_string());
            request.headers_mut().insert("content-type", "application/json".parse().expect("a value"));
        }
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().expect("a path");
        request.headers_mut().insert("x-api-key", self.key.parse().expect("a value"));
        self.simulator.handle(endpoint, request, self.wall)
    }

    fn api(&mut self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        read(&self.call(Endpoint::Api, method, path, body).response)
    }

    fn admin(&mut self, method: Method, path: &str, body: &Value) -> Value {
        let (status, body) = read(&self.call(Endpoint::Admin, method, path, body).response);
        assert_eq!(status, 200, "{body}");
        body
    }

    fn fault(&mut self, fault: Value) {
        self.admin(Method::POST, "/faults", &fault);
    }

    /// Exports the first three banners to a callback.
    fn export(&mut self) -> (u16, Value) {
        let ids: Vec<Value> = self.banner_ids().into_iter().take(3).collect();
        let body = serde_json::json!({"ids": ids, "callback_url": "http://receiver.test/hook"});
        self.api(Method::POST, "/async/banners/export", &body)
    }

    fn banner_ids(&self) -> Vec<Value> {
        self.simulator.describe()["banner_ids"].as_array().cloned().unwrap_or_default()
    }

    /// Returns the id of a seeded design.
    fn design(&self, kind: &str, number: usize) -> String {
        self.simulator.describe()["designs"][kind][number]["id"].as_str().unwrap_or_default().to_owned()
    }

    /// Requests a generation and returns its id.
    fn generate(&mut self, design: &str, body: &Value) -> String {
        let path = format!("/async/banner-builder/{design}/generate");
        let (status, accepted) = self.api(Method::POST, &path, body);
        assert_eq!(status, 200, "{accepted}");
        accepted["generation_request_id"].as_str().unwrap_or_default().to_owned()
    }

    fn take_due(&mut self) -> Vec<OutgoingDelivery> {
        self.simulator.take_due(self.wall)
    }

    /// Takes the one delivery that is due and reports its outcome.
    fn deliver(&mut self, outcome: DeliveryOutcome) -> OutgoingDelivery {
        let mut due = self.take_due();
        assert_eq!(due.len(), 1, "one delivery is due");
        let outgoing = due.remove(0);
        self.simulator.record_outcome(outgoing.delivery, outcome, self.wall);
        outgoing
    }
}

fn read(response: &Response<Bytes>) -> (u16, Value) {
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
}

fn header<'a>(outgoing: &'a OutgoingDelivery, name: &str) -> Option<&'a str> {
    outgoing.request.headers().get(name).and_then(|value| value.to_str().ok())
}

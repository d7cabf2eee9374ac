//! Tests of the simulator through its public interface: requests, replies and webhooks at explicit times.

mod auth;
mod automation;
mod contract_fidelity;
mod creation_log;
mod downloads;
mod dubbing;
mod export_scenarios;
mod exports;
mod progress;
mod project_creation;
mod scenarios;
mod tools;
mod webhooks;

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::simulator::{DeliveryOutcome, Endpoint, Origins, OutgoingDelivery, Reply, Simulator};

use super::AiStudiosSimulator;

const V3: &str = "/api/odin/v3";

/// A simulator, a token and a clock that advances only on request.
struct TestBench {
    simulator: AiStudiosSimulator,
    wall: OffsetDateTime,
    token: String,
}

impl TestBench {
    fn new() -> Self {
        let mut simulator = AiStudiosSimulator::new(42);
        simulator.set_origins(Origins {
            api: "http://api.test".to_owned(),
            files: "http://files.test".to_owned(),
            admin: "http://admin.test".to_owned(),
        });
        let wall = OffsetDateTime::from_unix_timestamp(1_790_000_000).expect("a date");
        let mut bench = Self { simulator, wall, token: String::new() };
        bench.token = bench.new_token();
        bench
    }

    /// Returns a test bench with a scenario for every project.
    fn with_scenario(scenario: &str, variant: &str) -> Self {
        let mut bench = Self::new();
        bench.admin(Method::PUT, "/scenario", &json!({"scenario": scenario, "variant": variant}));
        bench
    }

    fn describe(&self) -> Value {
        self.simulator.describe()
    }

    fn credentials(&mut self) -> Value {
        self.simulator.credentials()
    }

    fn advance_real_time(&mut self, seconds: f64) {
        self.wall += Duration::seconds_f64(seconds);
    }

    fn send(&mut self, endpoint: Endpoint, request: Request<Bytes>) -> Reply {
        self.simulator.handle(endpoint, request, self.wall)
    }

    fn call(&mut self, method: Method, path: &str, body: &Value) -> Reply {
        let mut request = request(method, &format!("{V3}{path}"), body);
        if !self.token.is_empty() {
            request.headers_mut().insert("authorization", self.token.parse().expect("a value"));
        }
        self.send(Endpoint::Api, request)
    }

    /// Sends a call of the API and returns status and body.
    fn api(&mut self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        read(&self.call(method, path, body).response)
    }

    fn get(&mut self, path: &str) -> (u16, Value) {
        self.api(Method::GET, path, &Value::Null)
    }

    fn admin(&mut self, method: Method, path: &str, body: &Value) -> Value {
        let (status, body) = read(&self.send(Endpoint::Admin, request(method, path, body)).response);
        assert_eq!(status, 200, "{body}");
        body
    }

    fn change_settings(&mut self, settings: &Value) {
        self.admin(Method::PUT, "/knobs", settings);
    }

    fn fault(&mut self, fault: &Value) {
        self.admin(Method::POST, "/faults", fault);
    }

    /// Downloads a URL of the Files endpoint, without a token.
    fn download(&mut self, url: &str, headers: &[(&str, &str)]) -> Reply {
        let path = url.strip_prefix("http://files.test").expect("a URL of the Files endpoint");
        let mut request = request(Method::GET, path, &Value::Null);
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().expect("a name");
            request.headers_mut().insert(name, value.parse().expect("a value"));
        }
        self.send(Endpoint::Files, request)
    }

    fn new_token(&mut self) -> String {
        let body = self.credentials();
        let body = json!({"appId": body["app_id"], "userKey": body["user_key"]});
        let (status, body) = self.api(Method::POST, "/auth/token", &body);
        assert_eq!(status, 200, "{body}");
        text(&body["data"]["token"])
    }

    /// Returns the id of a seeded project.
    fn project(&self, number: usize) -> String {
        text(&self.describe()["project_ids"][number])
    }

    /// Exports the first project with a webhook and returns the id to poll.
    fn export(&mut self) -> String {
        let body = json!({"projectId": self.project(0), "webhookUrl": "http://receiver.test/hooks/j1/mac"});
        let (status, body) = self.api(Method::POST, "/editor/project/export", &body);
        assert_eq!(status, 200, "{body}");
        text(&body["data"]["projectId"])
    }

    /// Posts a form. Fields with a file name are files.
    fn post_form(&mut self, path: &str, fields: &[(&str, Option<&str>, &str)]) -> (u16, Value) {
        let mut body = String::new();
        for (name, file, content) in fields {
            let file = file.map_or_else(String::new, |file| format!("; filename=\"{file}\""));
            body +=
                &format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n");
        }
        body += "--b--\r\n";
        let mut request = request(Method::POST, &format!("{V3}{path}"), &Value::Null);
        *request.body_mut() = Bytes::from(body);
        let headers = request.headers_mut();
        headers.insert("content-type", "multipart/form-data; boundary=b".parse().expect("a value"));
        headers.insert("authorization", self.token.parse().expect("a value"));
        read(&self.send(Endpoint::Api, request).response)
    }

    /// Posts a body that is accepted and returns `data`.
    fn created(&mut self, path: &str, body: &Value) -> Value {
        let (status, response) = self.api(Method::POST, path, body);
        assert_eq!(status, 200, "{path}: {response}");
        response["data"].clone()
    }

    /// Returns the message of a body that is rejected as invalid.
    fn rejected(&mut self, path: &str, body: &Value) -> String {
        let (status, response) = self.api(Method::POST, path, body);
        assert_eq!((status, &response["error"]["code"]), (400, &json!(4000)), "{path} {body}: {response}");
        text(&response["error"]["msg"])
    }

    fn progress(&mut self, id: &str) -> (u16, Value) {
        self.get(&format!("/editor/progress/{id}"))
    }

    /// Returns the data of a progress call.
    fn progress_data(&mut self, id: &str) -> Value {
        let (status, body) = self.progress(id);
        assert_eq!(status, 200, "{body}");
        body["data"].clone()
    }

    fn show(&mut self, id: &str) -> Value {
        let (status, body) = self.get(&format!("/editor/project/{id}"));
        assert_eq!(status, 200, "{body}");
        body["data"]["project"].clone()
    }

    /// Takes the webhooks that are due and reports `outcome` for each.
    fn deliver(&mut self, outcome: DeliveryOutcome) -> Vec<OutgoingDelivery> {
        let due = self.simulator.take_due(self.wall);
        for outgoing in &due {
            self.simulator.record_outcome(outgoing.delivery, outcome, self.wall);
        }
        due
    }

    /// Returns the bodies of the webhooks of an export from now to its end, in the order of arrival.
    fn bodies(&mut self) -> Vec<Value> {
        let mut bodies = Vec::new();
        for _ in 0..100 {
            let sent = self.deliver(DeliveryOutcome::Status(200));
            bodies.extend(sent.iter().map(|sent| serde_json::from_slice(sent.request.body()).expect("JSON")));
            self.advance_real_time(1.0);
        }
        bodies
    }
}

fn request(method: Method, path: &str, body: &Value) -> Request<Bytes> {
    let mut request = Request::new(Bytes::new());
    if !body.is_null() {
        *request.body_mut() = Bytes::from(body.to_string());
        request.headers_mut().insert("content-type", "application/json".parse().expect("a value"));
    }
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().expect("a path");
    request
}

fn read(response: &Response<Bytes>) -> (u16, Value) {
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

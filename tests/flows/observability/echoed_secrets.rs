//! Secrets that a provider echoes are redacted in the log, the table, the bucket, the events and the responses.

use std::io::{Cursor, Write};

use http::Method;
use serde_json::{Value, json};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{landing::serve_response, log_capture::CapturedLog, world::World};

/// The plain, percent-encoded and HTML-encoded forms of a secret.
fn encodings_of(secret: &str) -> [String; 3] {
    let html = |c: char| if c.is_alphanumeric() { c.to_string() } else { format!("&#{};", u32::from(c)) };
    [secret.to_owned(), model::percent_encode(secret), secret.chars().map(html).collect()]
}

impl World {
    /// Runs a command. Returns its result or failure as text.
    async fn run_command(&self, command: Value) -> String {
        self.invoke(command)
            .await
            .map_or_else(|failure| format!("{failure:?}"), |response| response.to_string())
    }

    /// Submits exports that Abyssale rejects with an echo of the request. Returns the responses to their callers.
    async fn echo_from_abyssale(&self) -> Vec<String> {
        let mut responses = vec![];
        for (status, writing, count) in [
            (400, "plain", 1),
            (400, "percent", 1),
            (422, "html", 1),
            (401, "plain", 1),
            (429, "plain", 2),
            (500, "plain", 1),
        ] {
            self.inject_fault(
                json!({ "on": "call", "kind": "echo", "status": status, "writing": writing, "count": count }),
            );
            responses.push(self.post(&self.export_request(1), &[]).await.body().to_string());
        }
        assert!(
            responses[0].contains("x-api-key: ***") && responses[0].contains("/webhooks/abyssale/"),
            "{}",
            responses[0]
        );
        for command in [
            json!({ "command": "check", "provider": "abyssale" }),
            json!({ "command": "signing_secret", "provider": "abyssale", "action": "rotate" }),
        ] {
            self.inject_fault(json!({ "on": "call", "kind": "echo", "status": 401, "count": 2 }));
            responses.push(self.run_command(command).await);
            self.admin(Method::DELETE, "/faults", Value::Null);
        }
        let reason = format!("not with {}", self.secret().await["providers"]["abyssale"]["api_key"]);
        self.inject_fault(
            json!({ "on": "generation", "kind": "format_error", "format": "square", "reason": reason }),
        );
        let generation =
            self.generation_request("static", json!({ "template_format_names": ["square", "story"] }));
        let response = self.post(&generation, &[]).await;
        let job = self.wait_for_status(response.body()["job_id"].as_str().expect("an id"), "partial").await;
        assert!(job["missing"][0]["reason"].as_str().is_some_and(|why| why.contains("not with")), "{job:#}");
        responses
    }

    /// Sends deliveries of Abyssale that contain every secret it knows. Returns the callback URL.
    async fn echo_in_deliveries(&self) -> String {
        let (id, url) = self.submit_export_without_callback(1).await;
        let secret = self.secret().await;
        let known =
            json!({ "callback_url": url, "keys": secret["providers"], "page": model::percent_encode(&url) });
        let long = "x".repeat(300_000);
        for body in [
            json!({ "event_type": format!("{url} {}", secret["providers"]["abyssale"]["api_key"]), "known": known }),
            json!({ "event_type": "BECAUSE", "known": known, "long": long }),
            json!({ "event_type": "NEW_EXPORT", "export_id": url, "archive_url": format!("https://elsewhere.example/?{url}"), "known": known }),
        ] {
            let delivery = json!({ "url": url, "sign": true, "body": body });
            assert_eq!(self.deliver(delivery).await, 200);
        }
        self.wait_for_status(&id, "failed").await;
        url
    }

    /// Submits videos that AI Studios rejects with an echo of the request. Returns the responses to their callers,
    /// and a callback URL.
    async fn echo_from_ai_studios(&self) -> (Vec<String>, String) {
        let mut responses = vec![];
        let studio = self.simulator("ai_studios");
        let fault = |fault: Value| studio.admin(Method::POST, "/faults", &fault).expect("a fault");
        let project = studio.describe()["project_ids"][0].clone();
        let request = json!({ "provider": "ai_studios", "kind": "export", "project_id": project });
        for (path, status, page) in [
            ("/api/odin/v3/auth/token", 401, false),
            ("/api/odin/v3/auth/token", 200, false),
            ("/api/odin/v3/editor/project/export", 400, false),
            ("/api/odin/v3/editor/project/export", 403, true),
        ] {
            let route = format!("POST {path}");
            fault(
                json!({ "on": "call", "route": route, "kind": "echo", "status": status, "page": page, "count": null }),
            );
            responses.push(self.post(&request, &[]).await.body().to_string());
            studio.admin(Method::DELETE, "/faults", &Value::Null).expect("no faults");
        }
        assert!(
            responses[0].contains("userKey") && responses[2].contains("/webhooks/ai_studios/"),
            "{responses:?}"
        );
        let response = self.post(&request, &[]).await;
        assert_eq!(response.status(), 202, "{}", response.body());
        for path in ["progress", "project"] {
            let route = format!("GET /api/odin/v3/editor/{path}/*");
            fault(json!({ "on": "call", "route": route, "kind": "echo", "status": 400, "count": 4 }));
        }
        self.sweep(3600).await;
        let path = "/requests?endpoint=api&method=POST&path=/api/odin/v3/editor/project/export";
        let requests = studio.admin(Method::GET, path, &Value::Null).expect("a list");
        let last = requests.as_array().and_then(|requests| requests.last()).expect("a request");
        let body: Value = serde_json::from_str(last["body"].as_str().expect("text")).expect("JSON");
        let url = body["webhookUrl"].as_str().expect("a URL").to_owned();
        let token = self.token_secret().await["providers"]["ai_studios"]["token"]["value"].clone();
        assert!(token.is_string(), "a token exists");
        let hint = json!({ "progress": 7, "backendTaskId": token, "url": url });
        let response = self.http.json(Method::POST, &url, &[], &hint).await.expect("a response");
        assert_eq!(response.status(), 200);
        (responses, url)
    }

    /// Everything that is stored or shown, with the name of the place.
    async fn stored_and_shown_texts(&self, log: &CapturedLog) -> Vec<(&'static str, String)> {
        let mut jobs = String::new();
        for job in self.job_items().await {
            jobs.push_str(&self.job(job["pk"].as_s().expect("an id")).await.to_string());
        }
        let mut objects = String::new();
        for key in self.object_keys().await {
            objects.push_str(&key);
            // Archives are stored unchanged.
            if !key.ends_with("/archive.zip") {
                objects.push_str(&String::from_utf8_lossy(&self.read_object(&key).await));
            }
        }
        let listed = self.call_api(Method::GET, "/jobs", &[], &Value::Null).await.body().to_string();
        let events = json!(self.cloud.events().into_iter().map(|event| event.detail).collect::<Vec<_>>());
        vec![
            ("log", log.text()),
            ("table", format!("{:?}", self.table_items().await)),
            ("bucket", objects),
            ("jobs", jobs),
            ("list", listed),
            ("events", events.to_string()),
        ]
    }
}

/// A response with an archive of one file of this name.
fn archive_with(name: &str) -> &'static [u8] {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut archive = ZipWriter::new(Cursor::new(vec![]));
    archive.start_file(name, options).expect("a file");
    archive.write_all(b"bytes").expect("its bytes");
    let archive = archive.finish().expect("an archive").into_inner();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", archive.len());
    [head.into_bytes(), archive].concat().leak()
}

#[tokio::test]
async fn secrets_in_archive_file_names_are_redacted() {
    let log = CapturedLog::start();
    // The simulator's key depends on its seed only.
    let key = World::start().await.secret().await["providers"]["abyssale"]["api_key"].clone();
    let key = key.as_str().expect("a key");
    let origin = serve_response(archive_with(&format!("made with {key}.png"))).await;
    let world = World::start_with(|options| options.variable("TRUSTED_ORIGINS", origin.clone())).await;
    let (id, url) = world.submit_export_without_callback(1).await;
    let body =
        json!({ "event_type": "NEW_EXPORT", "export_id": "e", "archive_url": format!("{origin}/a.zip") });
    assert_eq!(world.deliver(json!({ "url": url, "sign": true, "body": body })).await, 200);
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(job["files"][0]["name"], "made with ___.png");
    for (place, text) in world.stored_and_shown_texts(&log).await {
        assert!(!text.contains(key), "a secret is in the {place}");
    }
}

#[tokio::test]
async fn secrets_echoed_by_a_provider_are_redacted() {
    let log = CapturedLog::start();
    let world = World::start_with(|options| {
        let options = options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0");
        options.variable("EVENT_BUS_NAME", "landfall")
    });
    let world = world.await;
    // AI Studios is first, while the receiver has read no secret: its copy may be some seconds older than a new
    // token.
    let (mut responses, url) = world.echo_from_ai_studios().await;
    responses.extend(world.echo_from_abyssale().await);
    let urls = [url, world.echo_in_deliveries().await];
    world.wait_for_empty_queue().await;

    let secrets = world.all_secrets(&urls).await;
    assert!(secrets.len() >= 7, "{}", secrets.len());
    let mut places = world.stored_and_shown_texts(&log).await;
    places.push(("answers", responses.join("\n")));
    for (place, text) in &places {
        for form in secrets.iter().flat_map(|secret| encodings_of(secret)) {
            if let Some(at) = text.find(&form) {
                let around = &text.as_bytes()[at.saturating_sub(200)..at];
                panic!("a secret is in the {place}, after {}", String::from_utf8_lossy(around));
            }
        }
    }
    let redacted = |place: &str| places.iter().any(|(name, text)| *name == place && text.contains("***"));
    for place in ["table", "bucket", "jobs", "answers", "events"] {
        assert!(redacted(place), "no secret was redacted in the {place}");
    }
}

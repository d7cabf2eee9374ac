//! Neither the log, the table nor the bucket contains a secret.
//!
//! One secret is not Landfall's own and has to be stored for a while: the provider's presigned URL of the files,
//! whose query lets anyone download them until it expires. It is stored in `sources` of a job that is not stored yet,
//! and in the provider's deliveries, which are kept unchanged for 30 days: in `body` of the deliveries of a job and
//! in the stored deliveries of the bucket. It is stored nowhere else, and in no log.

use http::Method;
use serde_json::{Value, json};

use crate::{
    archive_builder::archive_of,
    landing::serve_response,
    log_capture::CapturedLog,
    world::{Item, World},
};

/// The signature in a presigned URL.
const PRESIGNED: &str = "marked-signature-of-a-presigned-url";

impl World {
    /// All secrets that grant access to something.
    pub(super) async fn all_secrets(&self, urls: &[String]) -> Vec<String> {
        let held = self.secret().await;
        let mut secrets = vec![held["callback_key"].clone()];
        let sections = held["providers"].as_object().into_iter().flat_map(|sections| sections.values());
        for section in sections {
            secrets.extend(["api_key", "user_key"].map(|name| section[name].clone()));
            secrets.extend(section["signing_secrets"].as_array().cloned().unwrap_or_default());
        }
        let tokens = self.token_secret().await;
        let exchanged = tokens["providers"]["ai_studios"]["token"]["value"].clone();
        assert!(exchanged.is_string(), "a token was exchanged");
        secrets.push(exchanged);
        let tokens = urls.iter().filter_map(|url| url.rsplit_once('/')).map(|(_, token)| token.to_owned());
        let secrets = secrets.iter().filter_map(|secret| secret.as_str().map(str::to_owned));
        secrets.chain(tokens).filter(|secret| secret.len() > 3).collect()
    }

    /// Lands a job whose files have a presigned URL. Returns its callback URL.
    async fn land_signed_export(&self, status: &str, archive: &str) -> String {
        let (id, url) = self.submit_export_without_callback(2).await;
        let archive = format!("{archive}?X-Amz-Signature={PRESIGNED}");
        let body = json!({ "event_type": "NEW_EXPORT", "export_id": "e", "archive_url": archive });
        assert_eq!(self.deliver(json!({ "url": url, "sign": true, "body": body })).await, 200);
        self.wait_for_status(&id, status).await;
        url
    }

    /// Submits and polls a video export of AI Studios, which needs a token. Returns its callback URL.
    async fn submit_video_export(&self) -> String {
        let project = self.simulator("ai_studios").describe()["project_ids"][0].clone();
        let request = json!({ "provider": "ai_studios", "kind": "export", "project_id": project });
        let response = self.post(&request, &[]).await;
        assert_eq!(response.status(), 202, "{}", response.body());
        self.sweep(3600).await;
        let path = "/requests?endpoint=api&method=POST&path=/api/odin/v3/editor/project/export";
        let requests = self.simulator("ai_studios").admin(Method::GET, path, &Value::Null).expect("a list");
        let body: Value = serde_json::from_str(requests[0]["body"].as_str().expect("text")).expect("JSON");
        body["webhookUrl"].as_str().expect("a URL").to_owned()
    }
}

/// A response with an archive of two files.
fn archive_response() -> &'static [u8] {
    let archive = archive_of(2, 1000);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", archive.len());
    [head.into_bytes(), archive].concat().leak()
}

/// An item without the attributes that may hold a presigned URL.
fn without_urls(mut item: Item) -> Item {
    let text = |item: &Item, name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    if text(&item, "sk").is_some_and(|sk| sk.starts_with("DELIVERY#")) {
        item.remove("body");
    }
    if text(&item, "status").is_some_and(|status| status != "stored") {
        item.remove("sources");
    }
    item
}

#[tokio::test]
async fn neither_the_log_nor_stored_data_contains_a_secret() {
    let log = CapturedLog::start();
    let origin = serve_response(archive_response()).await;
    let world = World::start_with(|options| {
        let options = options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0");
        options.variable("TRUSTED_ORIGINS", origin.clone())
    });
    let world = world.await;
    let mut urls = vec![world.land_signed_export("stored", &format!("{origin}/a.zip")).await];
    urls.push(world.land_signed_export("failed", "https://elsewhere.example/a.zip").await);
    urls.push(world.submit_video_export().await);
    let refused = format!("{}x", urls[0]);
    assert_eq!(world.deliver(json!({ "url": refused, "sign": true, "body": {} })).await, 401);
    world.inject_fault(json!({ "on": "call", "kind": "lost_response" }));
    world.post(&world.export_request(1), &[]).await;
    world.invoke(json!({ "command": "check", "provider": "abyssale" })).await.expect("a response");
    world.wait_for_empty_queue().await;

    let secrets = world.all_secrets(&urls).await;
    assert!(
        secrets.len() >= 7,
        "a callback key, keys, a token, a signing secret, callback tokens: {}",
        secrets.len()
    );
    let (log, items) = (log.text(), world.table_items().await);
    assert!(log.contains("JobsStored") && log.contains("InvalidCallbackTokens") && items.len() > 4, "{log}");
    let stored = items.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>().join("\n");
    let mut objects = String::new();
    for key in world.object_keys().await {
        objects.push_str(&String::from_utf8_lossy(&world.read_object(&key).await));
    }
    assert!(objects.contains("schema_version"), "a manifest is in the bucket");
    for secret in &secrets {
        for (place, text) in [("log", &log), ("table", &stored), ("bucket", &objects)] {
            assert!(!text.contains(secret), "a secret is in the {place}");
        }
    }
    let elsewhere = items.into_iter().map(without_urls).map(|item| format!("{item:?}")).collect::<Vec<_>>();
    for (place, text) in [("log", &log), ("table", &elsewhere.join("\n")), ("bucket", &objects)] {
        assert!(!text.contains(PRESIGNED), "a presigned URL is in the {place}: {text}");
    }
    assert!(stored.contains(PRESIGNED), "the presigned URL is in the table");
}

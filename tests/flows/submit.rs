//! Submission of a job, its fields, and the request to the provider.

use bytes::Bytes;
use harness::{StackOptions, until};
use http::{Method, Request};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::world::{World, without_deliveries};

/// A world in which the provider takes an hour, so that a job keeps the status of its submission.
async fn world_with_slow_provider() -> World {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "export_latency_seconds": 3600 }));
    world
}

fn field_names(object: &Value) -> Vec<&str> {
    object.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

fn parse_time(text: &Value) -> OffsetDateTime {
    OffsetDateTime::parse(text.as_str().expect("a text"), &Rfc3339).expect("a time")
}

#[tokio::test]
async fn a_submission_returns_the_job_and_its_location() {
    let world = world_with_slow_provider().await;
    let response = world.post(&world.export_request(2), &[]).await;

    let job = response.body();
    assert_eq!(response.status(), 202, "{job}");
    let path = format!("/jobs/{}", job["job_id"].as_str().expect("an id"));
    assert_eq!(response.headers()["location"], path);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(job["links"]["self"], path);
    assert_eq!(job["status"], "submitted");
    let shown = world.job(job["job_id"].as_str().expect("an id")).await;
    assert_eq!(*job, without_deliveries(&shown));
}

#[tokio::test]
async fn a_submitted_job_has_every_field_and_null_for_unknown_ones() {
    let world = world_with_slow_provider().await;
    let id = world.submit_export(2).await;

    let job = world.job(&id).await;
    let exports = world.admin(Method::GET, "/exports", Value::Null);
    assert_eq!(job["job_id"], id);
    assert_eq!((&job["provider"], &job["kind"]), (&json!("abyssale"), &json!("export")));
    assert_eq!(job["request"], json!({ "banner_ids": world.banner_ids(2) }));
    assert_eq!(job["provider_job_id"], exports["exports"][0]["export_id"], "{exports}");
    assert!(parse_time(&job["created_at"]) <= parse_time(&job["updated_at"]), "{job}");
    for unknown in ["progress", "metadata", "transfer", "archive", "error", "notify"] {
        assert_eq!(job.get(unknown), Some(&Value::Null), "{unknown}");
    }
    assert_eq!(job["files"], json!([]));
}

#[tokio::test]
async fn a_stored_job_has_every_field() {
    let world = World::start().await;
    let id = world.submit_export(2).await;

    let job = world.wait_for_status(&id, "stored").await;
    let known = [
        "archive",
        "completed_by",
        "created_at",
        "deliveries",
        "error",
        "files",
        "files_total",
        "job_id",
        "kind",
        "links",
        "manifest",
        "metadata",
        "missing",
        "notify",
        "progress",
        "provider",
        "provider_job_id",
        "request",
        "resubmitted_as",
        "result",
        "retry_of",
        "status",
        "transfer",
        "unpack",
        "updated_at",
        "warnings",
    ];
    assert_eq!(field_names(&job), known);
    assert_eq!(job["progress"], 100.0);
    assert_eq!(job["transfer"]["bytes"], job["archive"]["bytes"]);
    let file = &job["files"][0];
    assert_eq!(field_names(file), ["bytes", "checksum", "content_type", "key", "links", "name"]);
    assert!(file["key"].as_str().is_some_and(|key| key.contains(&id)), "{file}");
    assert_eq!(field_names(&file["checksum"]), ["algorithm", "value"]);
}

#[tokio::test]
async fn metadata_is_returned_unchanged() {
    let world = World::start().await;
    let metadata = json!({
        "empty": [{}, [], "", null, false],
        "deep": { "er": { "still": [[[{ "down": 1 }]]] } },
        "ключ": "Grüße, 世界 🚀 \"\\/\n\t\u{1}",
        "numbers": [0, -7, 1.5, 1e-3],
        "#name": "<&>",
    });
    let mut request = world.export_request(1);
    request["metadata"] = metadata.clone();
    let response = world.post(&request, &[]).await;

    let id = response.body()["job_id"].as_str().expect("an id");
    assert_eq!(response.body()["metadata"], metadata);
    assert_eq!(world.wait_for_status(id, "stored").await["metadata"], metadata);
}

#[tokio::test]
async fn metadata_may_be_any_json_of_4096_bytes() {
    let world = World::start().await;
    for metadata in [json!("x".repeat(4094)), json!(["y".repeat(4092)]), json!(7), json!(true), json!([])] {
        let mut request = world.export_request(1);
        request["metadata"] = metadata.clone();
        let response = world.post(&request, &[]).await;
        assert_eq!(response.status(), 202, "{}", response.body());
        assert_eq!(response.body()["metadata"], metadata);
    }
}

#[tokio::test]
async fn the_provider_gets_the_ids_in_order_and_the_jobs_callback_url() {
    let world =
        World::start_with(|options| options.variable("WEBHOOK_URL", "https://hooks.example.com/prod/")).await;
    let mut ids = world.banner_ids(4);
    ids.reverse();
    let request = json!({ "provider": "abyssale", "kind": "export", "banner_ids": ids });
    let response = world.post(&request, &[]).await;

    let requests = world.export_requests();
    assert_eq!(requests.len(), 1, "{requests:#?}");
    let body: Value = serde_json::from_str(requests[0]["body"].as_str().expect("a body")).expect("JSON");
    assert_eq!(field_names(&body), ["callback_url", "ids"]);
    assert_eq!(body["ids"], json!(ids));
    let url = body["callback_url"].as_str().expect("a URL");
    let job = response.body()["job_id"].as_str().expect("an id");
    let token = url.strip_prefix(&format!("https://hooks.example.com/prod/webhooks/abyssale/{job}/"));
    let token = token.unwrap_or_else(|| panic!("another path: {url}"));
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    assert!(token.len() == 43 && token.chars().all(safe), "{token}");
}

#[tokio::test]
async fn the_provider_gets_the_api_key_in_its_header() {
    let world = World::start().await;
    world.submit_export(1).await;

    let headers = &world.export_requests()[0]["headers"];
    let key = world.abyssale().describe()["api_key"].as_str().expect("a key").to_owned();
    // The simulator's log shows the beginning of a key. The acceptance proves that the complete key was right.
    assert_eq!(headers["x-api-key"], format!("{}…", key.chars().take(4).collect::<String>()));
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(world.accepted_exports(), 1);
}

#[tokio::test]
async fn two_jobs_have_different_callback_tokens() {
    let world = World::start().await;
    world.submit_export(1).await;
    world.submit_export(1).await;

    let requests = world.export_requests();
    let body =
        |index: usize| serde_json::from_str::<Value>(requests[index]["body"].as_str().expect("a body"));
    let token = |index: usize| {
        let url = body(index).expect("JSON")["callback_url"].as_str().expect("a URL").to_owned();
        url.rsplit('/').next().expect("a token").to_owned()
    };
    assert_ne!(token(0), token(1));
}

#[tokio::test]
async fn any_json_content_type_is_accepted() {
    let world = World::start().await;
    // API Gateway passes the first two on as text and the third in base64.
    for content_type in
        ["application/json; charset=utf-8", "Application/JSON", "application/vnd.landfall+json"]
    {
        let response = world.post(&world.export_request(1), &[("content-type", content_type)]).await;
        assert_eq!(response.status(), 202, "{content_type}: {}", response.body());
    }
}

#[tokio::test]
async fn a_job_is_shown_during_its_provider_call() {
    let world =
        World::start_with(|options: StackOptions| options.variable("PROVIDER_TIMEOUT_SECONDS", "20")).await;
    world.inject_fault(json!({ "on": "call", "kind": "late", "seconds": 2 }));
    let request =
        Request::post(format!("{}/jobs", world.submit.url)).header("content-type", "application/json");
    let request = request.body(Bytes::from(world.export_request(1).to_string())).expect("a request");
    let http = world.http.clone();
    let submission = tokio::spawn(async move { http.send(request).await });

    let job = until("the job is in the table", || async {
        let jobs = world.job_items().await;
        let id = jobs.first()?.get("pk")?.as_s().ok()?.clone();
        Some(world.job(&id).await)
    })
    .await;
    assert!(
        ["submitting", "received", "landing", "stored"].iter().any(|status| job["status"] == *status),
        "{job}"
    );
    let response = submission.await.expect("no panic").expect("a response");
    assert_eq!(response.status(), 202);
}

//! Access tokens are exchanged once for all jobs, renewed before they expire, and exchanged again when the provider
//! rejects them.

use futures_util::future::join_all;
use harness::{SECRET, TOKEN_SECRET};
use serde_json::{Value, json};

use super::{
    BEYOND_POLL_DELAY, PROJECT,
    scripted_server::{Reply, error_body},
    video_request, world,
};
use crate::world::{World, assert_problem};

/// The tokens of these requests, by their numbers.
fn tokens(requests: &[super::scripted_server::RecordedRequest]) -> Vec<String> {
    let number = |token: &String| token.split('.').next().unwrap_or_default().to_owned();
    requests.iter().filter_map(|request| request.token.as_ref().map(number)).collect()
}

impl World {
    /// Makes the stored token expire.
    async fn expire_token(&self) {
        let mut tokens = self.token_secret().await;
        tokens["providers"]["ai_studios"]["token"]["renew_at"] = json!("2020-01-01T00:00:00Z");
        let put = self.aws.secrets.put_secret_value().secret_id(TOKEN_SECRET);
        put.secret_string(tokens.to_string()).send().await.expect("a new version of the tokens");
    }
}

#[tokio::test]
async fn concurrent_jobs_share_one_token_exchange() {
    let (world, studio) = world().await;
    let requests: Vec<Value> = (0..6)
        .map(|number| json!({ "provider": "ai_studios", "kind": "export", "project_id": format!("p{number}") }))
        .collect();
    let responses = join_all(requests.iter().map(|request| world.post(request, &[]))).await;
    assert!(responses.iter().all(|response| response.status() == 202), "{responses:?}");
    world.sweep(BEYOND_POLL_DELAY).await;
    assert_eq!(studio.request_count(&["token"]), 1, "the worker uses the same token");
    let requests = studio.requests("token");
    assert_eq!(requests[0].token, None);
    assert!(tokens(&studio.requests("export")).iter().all(|token| token == "token1"));
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires() {
    let (world, studio) = world().await;
    let id = world.submit_request(&video_request()).await;
    world.expire_token().await;
    studio.complete_video();
    // The worker has not read the secret yet.
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&id, "stored").await;
    assert_eq!(studio.request_count(&["token"]), 2);
    assert!(tokens(&studio.requests("progress")).iter().all(|token| token == "token2"));
}

#[tokio::test]
async fn tokens_are_stored_in_their_own_secret_and_renewal_leaves_the_keys_unchanged() {
    let (world, studio) = world().await;
    let before = world.secret_at(SECRET).await;
    let id = world.submit_request(&video_request()).await;
    let (first, tokens) = world.secret_at(TOKEN_SECRET).await;
    assert!(tokens["providers"]["ai_studios"]["token"]["value"].is_string(), "{tokens}");
    world.expire_token().await;
    studio.complete_video();
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&id, "stored").await;
    assert_eq!(studio.request_count(&["token"]), 2, "the worker renewed the token");
    assert_ne!(world.secret_at(TOKEN_SECRET).await.0, first);
    let after = world.secret_at(SECRET).await;
    assert_eq!(after, before, "no version of the secret was written");
    assert_eq!(after.1["providers"]["ai_studios"].get("token"), None);
}

#[tokio::test]
async fn s12_a_rejected_token_is_exchanged_once_and_the_request_retried() {
    let (world, studio) = world().await;
    let id = world.submit_request(&video_request()).await;
    let done = json!({ "progress": 100, "downloadUrl": studio.video_url() });
    studio.reply_with("progress", [Reply::Raw(401, error_body(4010, "token expired")), Reply::Data(done)]);
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&id, "stored").await;
    assert_eq!(tokens(&studio.requests("progress")), ["token1", "token2"]);
    assert_eq!(studio.request_count(&["token"]), 2);
}

#[tokio::test]
async fn s13_a_token_that_is_always_rejected_fails_the_request_after_one_retry() {
    let (world, studio) = world().await;
    studio.reply_with("project", [Reply::Raw(200, error_body(4010, "unauthorized"))]);
    assert_problem(&world.post(&video_request(), &[]).await, 424, "provider-credentials");
    assert_eq!(
        (
            studio.request_count(&["token"]),
            studio.request_count(&["project"]),
            studio.request_count(&["export"])
        ),
        (2, 2, 0)
    );
}

#[tokio::test]
async fn rejected_keys_are_reported_and_no_export_is_requested() {
    let (world, studio) = world().await;
    studio.reply_with("token", [Reply::Raw(401, error_body(4010, "userKey is not known"))]);
    assert_problem(&world.post(&video_request(), &[]).await, 424, "provider-credentials");
    assert_eq!(studio.request_count(&["project", "export"]), 0);
}

#[tokio::test]
async fn s29_the_check_lists_workspaces_in_every_response_format() {
    let list = json!([{ "workspaceId": "w1", "workspaceName": "One" }]);
    for body in [list.to_string(), json!({ "success": true, "data": { "0": list[0] } }).to_string()] {
        let (world, studio) = world().await;
        studio.reply_with("auth", [Reply::Data(json!({ "isAuthenticated": true }))]);
        studio.reply_with("workspaces", [Reply::Raw(200, body)]);
        let response = world
            .invoke(json!({ "command": "check", "provider": "ai_studios", "project_id": PROJECT }))
            .await
            .expect("a response");
        let checks = response["checks"].as_array().expect("checks");
        let named = |name: &str| checks.iter().find(|check| check["name"] == name).expect("a check");
        assert_eq!(
            (&named("key")["status"], &named("workspaces")["detail"]),
            (&json!("ok"), &json!("One (w1)"))
        );
        assert_eq!(named("project")["status"], "ok");
    }
}

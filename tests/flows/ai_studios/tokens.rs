//! Tokens are exchanged once for all, renewed in time, and once more when they are refused.

use futures_util::future::join_all;
use harness::{SECRET, TOKEN_SECRET};
use serde_json::{Value, json};

use super::{
    LATER, PROJECT,
    scripted_server::{Says, refusal},
    video, world,
};
use crate::world::{World, problem};

/// The tokens of these requests, by their numbers.
fn tokens(asked: &[super::scripted_server::Asked]) -> Vec<String> {
    let number = |token: &String| token.split('.').next().unwrap_or_default().to_owned();
    asked.iter().filter_map(|asked| asked.token.as_ref().map(number)).collect()
}

impl World {
    /// Lets the token's time be over.
    async fn ends_the_token(&self) {
        let mut tokens = self.token_secret().await;
        tokens["providers"]["ai_studios"]["token"]["renew_at"] = json!("2020-01-01T00:00:00Z");
        let put = self.aws.secrets.put_secret_value().secret_id(TOKEN_SECRET);
        put.secret_string(tokens.to_string()).send().await.expect("a new version of the tokens");
    }
}

#[tokio::test]
async fn concurrent_jobs_share_one_exchange() {
    let (world, studio) = world().await;
    let requests: Vec<Value> = (0..6)
        .map(|number| json!({ "provider": "ai_studios", "kind": "export", "project_id": format!("p{number}") }))
        .collect();
    let answers = join_all(requests.iter().map(|request| world.post(request, &[]))).await;
    assert!(answers.iter().all(|answer| answer.status() == 202), "{answers:?}");
    world.sweep(LATER).await;
    assert_eq!(studio.count(&["token"]), 1, "the worker uses it too");
    let asked = studio.asked("token");
    assert_eq!(asked[0].token, None);
    assert!(tokens(&studio.asked("export")).iter().all(|token| token == "token1"));
}

#[tokio::test]
async fn a_token_that_is_about_to_end_is_renewed_beforehand() {
    let (world, studio) = world().await;
    let id = world.taken_up(&video()).await;
    world.ends_the_token().await;
    studio.is_done();
    // The worker has not read the secret yet.
    world.sweep(LATER).await;
    world.ends(&id, "stored").await;
    assert_eq!(studio.count(&["token"]), 2);
    assert!(tokens(&studio.asked("progress")).iter().all(|token| token == "token2"));
}

#[tokio::test]
async fn tokens_are_kept_apart_from_the_keys_and_their_renewal_leaves_the_keys_alone() {
    let (world, studio) = world().await;
    let before = world.secret_at(SECRET).await;
    let id = world.taken_up(&video()).await;
    let (first, tokens) = world.secret_at(TOKEN_SECRET).await;
    assert!(tokens["providers"]["ai_studios"]["token"]["value"].is_string(), "{tokens}");
    world.ends_the_token().await;
    studio.is_done();
    world.sweep(LATER).await;
    world.ends(&id, "stored").await;
    assert_eq!(studio.count(&["token"]), 2, "the worker renewed it");
    assert_ne!(world.secret_at(TOKEN_SECRET).await.0, first);
    let after = world.secret_at(SECRET).await;
    assert_eq!(after, before, "not even a version was written");
    assert_eq!(after.1["providers"]["ai_studios"].get("token"), None);
}

#[tokio::test]
async fn s12_a_token_that_is_refused_is_exchanged_once_and_the_question_asked_again() {
    let (world, studio) = world().await;
    let id = world.taken_up(&video()).await;
    let done = json!({ "progress": 100, "downloadUrl": studio.video() });
    studio.says("progress", [Says::Raw(401, refusal(4010, "token expired")), Says::Data(done)]);
    world.sweep(LATER).await;
    world.ends(&id, "stored").await;
    assert_eq!(tokens(&studio.asked("progress")), ["token1", "token2"]);
    assert_eq!(studio.count(&["token"]), 2);
}

#[tokio::test]
async fn s13_a_token_that_is_always_refused_ends_the_request_after_one_more() {
    let (world, studio) = world().await;
    studio.says("project", [Says::Raw(200, refusal(4010, "unauthorized"))]);
    problem(&world.post(&video(), &[]).await, 424, "provider-credentials");
    assert_eq!((studio.count(&["token"]), studio.count(&["project"]), studio.count(&["export"])), (2, 2, 0));
}

#[tokio::test]
async fn keys_that_are_not_accepted_are_told_and_nothing_is_asked_for() {
    let (world, studio) = world().await;
    studio.says("token", [Says::Raw(401, refusal(4010, "userKey is not known"))]);
    problem(&world.post(&video(), &[]).await, 424, "provider-credentials");
    assert_eq!(studio.count(&["project", "export"]), 0);
}

#[tokio::test]
async fn s29_an_operator_sees_the_workspaces_whatever_the_shape_of_their_list() {
    let list = json!([{ "workspaceId": "w1", "workspaceName": "One" }]);
    for body in [list.to_string(), json!({ "success": true, "data": { "0": list[0] } }).to_string()] {
        let (world, studio) = world().await;
        studio.says("auth", [Says::Data(json!({ "isAuthenticated": true }))]);
        studio.says("workspaces", [Says::Raw(200, body)]);
        let answer = world
            .invoke(json!({ "command": "check", "provider": "ai_studios", "project_id": PROJECT }))
            .await
            .expect("an answer");
        let checks = answer["checks"].as_array().expect("checks");
        let named = |name: &str| checks.iter().find(|check| check["name"] == name).expect("a check");
        assert_eq!(
            (&named("key")["status"], &named("workspaces")["detail"]),
            (&json!("ok"), &json!("One (w1)"))
        );
        assert_eq!(named("project")["status"], "ok");
    }
}

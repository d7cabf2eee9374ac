//! Tokens are exchanged once for all, renewed in time, and once more when they are refused.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    LATER, PROJECT,
    server::{Says, refusal},
    video, world,
};
use crate::world::problem;

/// The tokens of these requests, by their numbers.
fn tokens(asked: &[super::server::Asked]) -> Vec<String> {
    let number = |token: &String| token.split('.').next().unwrap_or_default().to_owned();
    asked.iter().filter_map(|asked| asked.token.as_ref().map(number)).collect()
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
    let mut secret = world.secret().await;
    secret["providers"]["ai_studios"]["token"]["renew_at"] = json!("2020-01-01T00:00:00Z");
    world.put_secret(&secret).await;
    studio.is_done();
    // The worker has not read the secret yet.
    world.sweep(LATER).await;
    world.ends(&id, "stored").await;
    assert_eq!(studio.count(&["token"]), 2);
    assert!(tokens(&studio.asked("progress")).iter().all(|token| token == "token2"));
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

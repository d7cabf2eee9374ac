//! Whatever may have been paid for is asked for once.

use http::Response;
use serde_json::{Value, json};

use crate::world::{World, problem};

/// A request of each kind that makes something of a design.
fn kinds(world: &World) -> Vec<Value> {
    let pages = json!({ "pages": { "page_1": {} } });
    vec![
        world.three_formats(),
        world.order("multipage_pdf", "printer_multipage", pages),
        world.order("image", "static", json!({})),
        world.order("dynamic_image", "static", json!({})),
    ]
}

/// Submits a request into a fault of the provider's API.
async fn into_fault(world: &World, request: &Value, fault: &Value) -> Response<Value> {
    let mut fault = fault.clone();
    fault["on"] = json!("call");
    world.trouble(fault);
    world.post(request, &[]).await
}

#[tokio::test]
async fn an_answer_that_says_nothing_certain_is_never_followed_by_another_request() {
    let world = World::start().await;
    let faults = [
        json!({ "kind": "reset" }),
        json!({ "kind": "gateway_error", "status": 504 }),
        json!({ "kind": "answer", "status": 500, "body": { "id": "internal_server_error", "message": "Oops." } }),
        json!({ "kind": "answer", "status": 503, "headers": { "retry-after": "1" }, "body": "busy" }),
        json!({ "kind": "answer", "status": 200, "body": {} }),
    ];
    for request in kinds(&world) {
        for fault in &faults {
            let before = world.posts().len();
            let answer = into_fault(&world, &request, fault).await;
            let job = answer.body();
            assert_eq!(
                (answer.status().as_u16(), &job["status"]),
                (202, &json!("unknown")),
                "{fault}: {job}"
            );
            assert_eq!(job["error"]["type"], "ProviderOutcomeUnknown", "{fault}: {job}");
            assert_eq!(world.posts().len() - before, 1, "{fault}: {request}");
        }
    }
    let before = world.posts().len();
    world.sweep(3600).await;
    assert_eq!(world.posts().len(), before, "the sweep asked again");
    assert_eq!(world.generations()["accepted_posts"], 0);
}

#[tokio::test]
async fn a_lost_answer_of_a_generation_is_settled_by_its_callback() {
    let world = World::start().await;
    for request in kinds(&world).iter().take(2) {
        for fault in
            [json!({ "kind": "lost_response" }), json!({ "kind": "gateway_error", "after_work": true })]
        {
            let before = world.posts().len();
            let answer = into_fault(&world, request, &fault).await;
            let id = super::taken(&answer);
            let job = world.ends(&id, "stored").await;
            let made = world.generations()["generations"].as_array().and_then(|all| all.last().cloned());
            assert_eq!(
                job["provider_job_id"],
                made.expect("a generation")["generation_request_id"],
                "{fault}"
            );
            assert_eq!((&job["error"], world.posts().len() - before), (&Value::Null, 1), "{fault}");
        }
    }
}

#[tokio::test]
async fn a_lost_answer_of_a_picture_stays_unknown() {
    let world = World::start().await;
    let answer = into_fault(&world, &kinds(&world)[2], &json!({ "kind": "lost_response" })).await;
    let id = super::taken(&answer);
    assert_eq!(answer.body()["status"], "unknown");
    assert!(
        answer.body()["error"]["message"].as_str().is_some_and(|text| text.contains("not submitted again"))
    );
    world.sweep(3600).await;
    assert_eq!((world.posts().len(), &world.generations()["synchronous_renders"]), (1, &json!(1)));
    assert_eq!(world.job(&id).await["status"], "unknown");
}

#[tokio::test]
async fn a_refusal_for_the_moment_is_waited_out_and_the_request_repeated() {
    let world = World::start().await;
    for request in kinds(&world) {
        let before = world.posts().len();
        let fault = json!({ "kind": "rate_limited", "retry_after": 1 });
        let answer = into_fault(&world, &request, &fault).await;
        assert!(answer.status().is_success(), "{}", answer.body());
        assert!(!answer.body()["provider_job_id"].is_null(), "{}", answer.body());
        assert_eq!(world.posts().len() - before, 2, "{request}");
    }
}

#[tokio::test]
async fn spent_credits_are_told_after_one_probe() {
    let world = World::start().await;
    for request in &kinds(&world)[..3] {
        let before = world.posts().len();
        let answer = into_fault(&world, request, &json!({ "kind": "credits_spent", "count": 2 })).await;
        let refused = problem(&answer, 429, "provider-quota");
        assert_eq!(refused["provider"]["message"], "You have no credits left.");
        assert!(!answer.headers().contains_key("retry-after"));
        assert_eq!(world.posts().len() - before, 2, "{request}");
    }
    assert_eq!(world.generations()["credits_consumed"], 0);
}

#[tokio::test]
async fn what_the_plan_excludes_is_asked_for_once() {
    let world = World::start().await;
    for request in kinds(&world) {
        let before = world.posts().len();
        let answer = into_fault(&world, &request, &json!({ "kind": "feature_not_in_plan" })).await;
        assert_eq!(problem(&answer, 403, "provider-plan")["provider"]["id"], "feature_not_in_plan");
        assert_eq!(world.posts().len() - before, 1, "{request}");
    }
}

//! Work that may have been billed is requested once.

use http::Response;
use serde_json::{Value, json};

use crate::world::{World, assert_problem};

/// A request of each kind that creates something from a design.
fn requests_of_each_kind(world: &World) -> Vec<Value> {
    let pages = json!({ "pages": { "page_1": {} } });
    vec![
        world.three_format_request(),
        world.design_request("multipage_pdf", "printer_multipage", pages),
        world.design_request("image", "static", json!({})),
        world.design_request("dynamic_image", "static", json!({})),
    ]
}

/// Submits a request while the provider's API has a fault.
async fn submit_with_fault(world: &World, request: &Value, fault: &Value) -> Response<Value> {
    let mut fault = fault.clone();
    fault["on"] = json!("call");
    world.inject_fault(fault);
    world.post(request, &[]).await
}

#[tokio::test]
async fn an_ambiguous_response_is_never_followed_by_another_request() {
    let world = World::start().await;
    let faults = [
        json!({ "kind": "reset" }),
        json!({ "kind": "gateway_error", "status": 504 }),
        json!({ "kind": "answer", "status": 500, "body": { "id": "internal_server_error", "message": "Oops." } }),
        json!({ "kind": "answer", "status": 503, "headers": { "retry-after": "1" }, "body": "busy" }),
        json!({ "kind": "answer", "status": 200, "body": {} }),
    ];
    for request in requests_of_each_kind(&world) {
        for fault in &faults {
            let before = world.work_requests().len();
            let response = submit_with_fault(&world, &request, fault).await;
            let job = response.body();
            assert_eq!(
                (response.status().as_u16(), &job["status"]),
                (202, &json!("unknown")),
                "{fault}: {job}"
            );
            assert_eq!(job["error"]["type"], "ProviderOutcomeUnknown", "{fault}: {job}");
            assert_eq!(world.work_requests().len() - before, 1, "{fault}: {request}");
        }
    }
    let before = world.work_requests().len();
    world.sweep(3600).await;
    assert_eq!(world.work_requests().len(), before, "the sweep submitted the work again");
    assert_eq!(world.generations()["accepted_posts"], 0);
}

#[tokio::test]
async fn a_lost_generation_response_is_resolved_by_its_callback() {
    let world = World::start().await;
    for request in requests_of_each_kind(&world).iter().take(2) {
        for fault in
            [json!({ "kind": "lost_response" }), json!({ "kind": "gateway_error", "after_work": true })]
        {
            let before = world.work_requests().len();
            let response = submit_with_fault(&world, request, &fault).await;
            let id = super::accepted_job_id(&response);
            let job = world.wait_for_status(&id, "stored").await;
            let generation =
                world.generations()["generations"].as_array().and_then(|all| all.last().cloned());
            assert_eq!(
                job["provider_job_id"],
                generation.expect("a generation")["generation_request_id"],
                "{fault}"
            );
            assert_eq!((&job["error"], world.work_requests().len() - before), (&Value::Null, 1), "{fault}");
        }
    }
}

#[tokio::test]
async fn a_lost_image_response_stays_unknown() {
    let world = World::start().await;
    let response =
        submit_with_fault(&world, &requests_of_each_kind(&world)[2], &json!({ "kind": "lost_response" }))
            .await;
    let id = super::accepted_job_id(&response);
    assert_eq!(response.body()["status"], "unknown");
    assert!(
        response.body()["error"]["message"].as_str().is_some_and(|text| text.contains("not submitted again"))
    );
    world.sweep(3600).await;
    assert_eq!((world.work_requests().len(), &world.generations()["synchronous_renders"]), (1, &json!(1)));
    assert_eq!(world.job(&id).await["status"], "unknown");
}

#[tokio::test]
async fn a_throttled_request_is_retried_after_its_delay() {
    let world = World::start().await;
    for request in requests_of_each_kind(&world) {
        let before = world.work_requests().len();
        let fault = json!({ "kind": "rate_limited", "retry_after": 1 });
        let response = submit_with_fault(&world, &request, &fault).await;
        assert!(response.status().is_success(), "{}", response.body());
        assert!(!response.body()["provider_job_id"].is_null(), "{}", response.body());
        assert_eq!(world.work_requests().len() - before, 2, "{request}");
    }
}

#[tokio::test]
async fn a_feature_outside_the_plan_is_requested_once() {
    let world = World::start().await;
    for request in requests_of_each_kind(&world) {
        let before = world.work_requests().len();
        let response = submit_with_fault(&world, &request, &json!({ "kind": "feature_not_in_plan" })).await;
        assert_eq!(assert_problem(&response, 403, "provider-plan")["provider"]["id"], "feature_not_in_plan");
        assert_eq!(world.work_requests().len() - before, 1, "{request}");
    }
}

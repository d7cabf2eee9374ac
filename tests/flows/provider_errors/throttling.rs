//! The meanings of 429, distinguished by the error id, by `Retry-After`, and for work that costs credits by the credits.

use http::Method;
use serde_json::{Value, json};

use super::{assert_failed, submit_with_api_fault};
use crate::world::{World, assert_problem};

const KEY: &[(&str, &str)] = &[("idempotency-key", "throttled")];

#[tokio::test]
async fn a_short_retry_after_is_waited_and_the_request_retried() {
    let world = World::start().await;
    let response =
        submit_with_api_fault(&world, json!({ "kind": "rate_limited", "retry_after": 1, "count": 2 })).await;

    assert_eq!(response.status(), 202, "{}", response.body());
    assert_eq!((world.export_requests().len(), world.accepted_exports()), (3, 1));
    world.wait_for_status(response.body()["job_id"].as_str().expect("an id"), "stored").await;
}

#[tokio::test]
async fn lasting_throttling_is_reported_after_four_attempts() {
    let world = World::start().await;
    let response =
        submit_with_api_fault(&world, json!({ "kind": "rate_limited", "retry_after": 1, "count": null }))
            .await;

    let rejection = assert_problem(&response, 429, "provider-throttled");
    assert_eq!(response.headers()["retry-after"], "1");
    assert_failed(&world, rejection, "ProviderThrottled").await;
    assert_eq!(world.export_requests().len(), 4);
}

#[tokio::test]
async fn a_long_retry_after_is_passed_on_and_frees_the_key() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "call", "kind": "rate_limited", "retry_after": 1700 }));
    let rejection = world.post(&world.export_request(1), KEY).await;

    let body = assert_problem(&rejection, 429, "provider-throttled");
    assert_eq!(rejection.headers()["retry-after"], "1700");
    assert_eq!(
        (&body["retry_after"], &body["provider"]["id"]),
        (&json!(1700), &json!("request_rate_limited"))
    );
    assert_failed(&world, body, "ProviderThrottled").await;
    assert_eq!(world.export_requests().len(), 1);

    let accepted = world.post(&world.export_request(1), KEY).await;
    assert_eq!(accepted.status(), 202, "{}", accepted.body());
    assert_ne!(accepted.body()["job_id"], body["job_id"]);
    assert_eq!(world.accepted_exports(), 1);
}

#[tokio::test]
async fn the_providers_rate_limit_window_is_respected() {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "tiers": { "write": [{ "requests": 1, "seconds": 600 }] } }));
    world.submit_export(1).await;
    let response = world.post(&world.export_request(1), &[]).await;

    assert_problem(&response, 429, "provider-throttled");
    let wait: u64 = response.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((500..=601).contains(&wait), "{wait}");
    world.admin(Method::POST, "/clock/advance", json!({ "seconds": 602 }));
    world.submit_export(1).await;
}

#[tokio::test]
async fn a_fractional_retry_after_is_rounded_up() {
    let world = World::start().await;
    let response = submit_with_api_fault(
        &world,
        json!({ "kind": "answer", "status": 429, "headers": { "retry-after": "99.5" }, "body": { "id": "request_rate_limited", "message": "Later." } }),
    )
    .await;

    assert_problem(&response, 429, "provider-throttled");
    assert_eq!(response.headers()["retry-after"], "100");
}

#[tokio::test]
async fn a_429_without_retry_after_is_probed_once_and_accepted() {
    for json_body in [true, false] {
        let world = World::start().await;
        let response =
            submit_with_api_fault(&world, json!({ "kind": "gateway_limited", "json": json_body })).await;

        assert_eq!(response.status(), 202, "{}", response.body());
        assert_eq!((world.export_requests().len(), world.accepted_exports()), (2, 1));
    }
}

#[tokio::test]
async fn a_lasting_429_without_retry_after_is_throttling_after_one_probe() {
    for (body, json_body) in [("html", true), ("html", false), ("empty", false), ("json", false)] {
        let world = World::start().await;
        world.admin(Method::PUT, "/knobs", json!({ "gateway_body": body }));
        let response = submit_with_api_fault(
            &world,
            json!({ "kind": "gateway_limited", "json": json_body, "count": null }),
        )
        .await;

        let rejection = assert_problem(&response, 429, "provider-throttled");
        assert_eq!(
            (&rejection["provider"]["status"], &rejection["provider"]["id"]),
            (&json!(429), &json!("rate_limit_exceeded"))
        );
        assert_eq!(response.headers()["retry-after"], "5");
        assert_failed(&world, rejection, "ProviderThrottled").await;
        assert_eq!((world.export_requests().len(), world.credit_reads()), (2, 0), "{body}");
    }
}

impl World {
    /// How often the credits were read.
    fn credit_reads(&self) -> usize {
        let requests = self.admin(Method::GET, "/requests?endpoint=api&path=/credits", Value::Null);
        requests.as_array().map_or(0, Vec::len)
    }
}

/// Every kind of work that costs credits.
fn paid_requests(world: &World) -> [Value; 3] {
    [
        world.generation_request("static", json!({ "template_format_names": ["square"] })),
        world.design_request("multipage_pdf", "printer_multipage", json!({ "pages": { "page_1": {} } })),
        world.design_request("image", "static", json!({})),
    ]
}

#[tokio::test]
async fn spent_credits_are_reported_with_the_figures_and_nothing_is_sent_again() {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "credits": 0 }));
    for (number, request) in paid_requests(&world).iter().enumerate() {
        let response = world.post(request, &[]).await;
        let rejection = assert_problem(&response, 429, "provider-quota");
        let detail = rejection["detail"].as_str().expect("a text");
        assert!(detail.contains("0 of 0 available, 0 extra, 0 consumed"), "{detail}");
        assert_eq!(
            rejection["provider"],
            json!({ "status": 429, "id": "rate_limit_exceeded", "message": "You have no credits left." })
        );
        assert!(!response.headers().contains_key("retry-after"));
        assert_failed(&world, rejection, "ProviderQuota").await;
        assert_eq!(
            (world.work_requests().len(), world.credit_reads()),
            (number + 1, number + 1),
            "{request}"
        );
    }
    let generations = world.admin(Method::GET, "/generations", Value::Null);
    assert_eq!((&generations["accepted_posts"], &generations["credits_consumed"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn a_429_while_credits_are_left_is_the_gateways_limit_and_the_work_goes_on() {
    for knobs in
        [json!({ "credits": 9 }), json!({ "credits": 0, "extra_credits": 9 }), json!({ "credits": null })]
    {
        let world = World::start().await;
        world.admin(Method::PUT, "/knobs", knobs.clone());
        let fault = json!({ "on": "call", "route": "POST /async/*/*/generate", "kind": "gateway_limited" });
        world.inject_fault(fault);
        let [request, ..] = paid_requests(&world);
        world.run_job(&request, "stored").await;
        assert_eq!((world.work_requests().len(), world.credit_reads()), (2, 1), "{knobs}");
    }
}

#[tokio::test]
async fn the_work_goes_on_when_the_credits_cannot_be_read() {
    for fault in [
        json!({ "kind": "gateway_limited" }),
        json!({ "kind": "rate_limited", "retry_after": 1700 }),
        json!({ "kind": "gateway_error", "status": 502 }),
        json!({ "kind": "reset" }),
        json!({ "kind": "answer", "status": 200, "body": {} }),
    ] {
        let world = World::start().await;
        let mut fault = fault;
        fault["on"] = json!("call");
        fault["route"] = json!("GET /credits");
        world.inject_fault(fault.clone());
        world.inject_fault(
            json!({ "on": "call", "route": "POST /async/*/*/generate", "kind": "gateway_limited" }),
        );
        let [request, ..] = paid_requests(&world);
        world.run_job(&request, "stored").await;
        assert_eq!((world.work_requests().len(), world.credit_reads()), (2, 1), "{fault}");
    }
}

#[tokio::test]
async fn a_feature_outside_the_plan_is_never_retried() {
    let headers = [json!({}), json!({ "retry-after": "1" })];
    for headers in headers {
        let world = World::start().await;
        let body = json!({ "id": "feature_not_in_plan", "message": "Not in your plan." });
        let fault =
            json!({ "kind": "answer", "status": 429, "headers": headers, "body": body, "count": null });
        let response = submit_with_api_fault(&world, fault).await;

        let rejection = assert_problem(&response, 403, "provider-plan");
        assert_eq!(rejection["provider"]["id"], "feature_not_in_plan");
        assert!(rejection.get("retry_after").is_none_or(Value::is_null), "{rejection}");
        assert_failed(&world, rejection, "ProviderPlan").await;
        assert_eq!(world.export_requests().len(), 1, "{headers}");
    }
}

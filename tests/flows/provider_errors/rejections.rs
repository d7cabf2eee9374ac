//! The provider rejects the request, the key or the plan.

use http::Method;
use serde_json::{Value, json};

use super::{assert_failed, job_id};
use crate::world::{World, assert_problem, error_fields};

/// A request with well-formed banner ids that do not exist.
fn request_with_unknown_banners(world: &World) -> Value {
    let mut request = world.export_request(1);
    request["banner_ids"] =
        json!(["67e55044-10b1-426f-9247-bb680e5fe0c8", "67e55044-10b1-426f-9247-bb680e5fe0c9"]);
    request
}

#[tokio::test]
async fn every_error_format_is_passed_on() {
    // What each error format contains. E0 and E1 have no id, so that Landfall derives one from the status.
    let invalid = |id: &str, message: &str, named: &[&str]| (id.to_owned(), message.to_owned(), json!(named));
    for (generation, (id, message, fields)) in [
        ("e3", invalid("out_of_range", "ids: The number of ids is out of range.", &["banner_ids"])),
        ("e2", invalid("out_of_range", "Invalid parameters", &["banner_ids"])),
        ("e1", invalid("invalid_payload", "body_validation_errors", &["banner_ids"])),
        ("e0", invalid("invalid_payload", "HTTP 400", &[])),
    ] {
        let world = World::start().await;
        world.admin(Method::PUT, "/knobs", json!({ "error_generation": generation, "max_ids": 1 }));
        let response = world.post(&world.export_request(2), &[]).await;

        let rejection = assert_problem(&response, 422, "provider-refused-request");
        let provider = &rejection["provider"];
        assert_eq!(
            (&provider["status"], &provider["id"]),
            (&json!(400), &json!(id)),
            "{generation}: {provider}"
        );
        assert!(
            provider["message"].as_str().is_some_and(|text| text.starts_with(&message)),
            "{generation}: {provider}"
        );
        assert_eq!(json!(error_fields(rejection)), fields, "{generation}: {rejection}");
        assert_failed(&world, rejection, "ProviderRefusedRequest").await;
        assert_eq!(world.export_requests().len(), 1, "{generation}");
    }
}

#[tokio::test]
async fn field_errors_name_the_callers_field_and_the_providers() {
    let world = World::start().await;
    // An example from the documentation of the oldest format, with an error for one id.
    let body = json!({
        "message": "body_validation_errors: {'media': {'ids': {'0': ['Length must be 36.']}}}",
        "errors": { "media": { "ids": { "1": ["Length must be 36."] } } },
    });
    world.inject_fault(json!({ "on": "call", "kind": "answer", "status": 400, "body": body }));
    let response = world.post(&world.export_request(2), &[]).await;

    let rejection = assert_problem(&response, 422, "provider-refused-request");
    assert_eq!(rejection["errors"], json!([{ "field": "banner_ids[1]", "message": "Length must be 36." }]));
    let own = json!([{ "field": "media.ids[1]", "message": "Length must be 36." }]);
    assert_eq!(rejection["provider"]["errors"], own);
}

#[tokio::test]
async fn unknown_banners_are_reported_in_every_error_format() {
    for (generation, id) in
        [("e3", "visual_not_found"), ("e2", "visual_not_found"), ("e1", "not_found"), ("e0", "not_found")]
    {
        let world = World::start().await;
        world.admin(Method::PUT, "/knobs", json!({ "error_generation": generation }));
        let response = world.post(&request_with_unknown_banners(&world), &[]).await;

        let rejection = assert_problem(&response, 422, "provider-refused-request");
        assert_eq!(
            (&rejection["provider"]["status"], &rejection["provider"]["id"]),
            (&json!(404), &json!(id)),
            "{generation}"
        );
        assert_failed(&world, rejection, "ProviderRefusedRequest").await;
        assert_eq!(world.export_requests().len(), 1, "{generation}");
    }
}

#[tokio::test]
async fn a_revoked_key_is_a_credentials_error_in_every_error_format() {
    for generation in ["e3", "e2", "e1", "e0"] {
        let world = World::start().await;
        world.admin(
            Method::PUT,
            "/knobs",
            json!({ "error_generation": generation, "api_key_revoked": true }),
        );
        let response = world.post(&world.export_request(1), &[]).await;

        let rejection = assert_problem(&response, 424, "provider-credentials");
        assert_eq!(
            (&rejection["provider"]["status"], &rejection["provider"]["id"]),
            (&json!(401), &json!("unauthorized"))
        );
        assert_failed(&world, rejection, "ProviderCredentials").await;
        assert_eq!(world.export_requests().len(), 1, "{generation}");
    }
}

#[tokio::test]
async fn a_403_of_the_oldest_format_is_a_credentials_error() {
    let world = World::start().await;
    let body = json!({ "message": "Forbidden", "errors": null });
    world.inject_fault(json!({ "on": "call", "kind": "answer", "status": 403, "body": body }));
    let response = world.post(&world.export_request(1), &[]).await;

    let rejection = assert_problem(&response, 424, "provider-credentials");
    assert_eq!(rejection["provider"], json!({ "status": 403, "id": "forbidden", "message": "Forbidden" }));
}

#[tokio::test]
async fn a_plan_without_api_access_is_distinguished_from_a_wrong_key() {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "api_access": false }));
    let response = world.post(&world.export_request(1), &[]).await;

    let rejection = assert_problem(&response, 403, "provider-plan");
    assert_eq!(rejection["provider"]["id"], "api_access_denied");
    assert_failed(&world, rejection, "ProviderPlan").await;
    assert_eq!(world.export_requests().len(), 1);
}

#[tokio::test]
async fn an_unknown_error_id_is_passed_on_unchanged() {
    let world = World::start().await;
    let body = json!({ "id": "moon_in_wrong_phase", "message": "Wait for Tuesday.", "new": { "field": 1 } });
    world.inject_fault(json!({ "on": "call", "kind": "answer", "status": 409, "body": body }));
    let response = world.post(&world.export_request(1), &[]).await;

    let rejection = assert_problem(&response, 422, "provider-refused-request");
    let provider = json!({ "status": 409, "id": "moon_in_wrong_phase", "message": "Wait for Tuesday." });
    assert_eq!(rejection["provider"], provider);
    assert!(
        rejection["detail"].as_str().is_some_and(|text| text.contains("Wait for Tuesday.")),
        "{rejection}"
    );
}

#[tokio::test]
async fn a_rejected_job_keeps_its_request_and_metadata() {
    let world = World::start().await;
    let mut request = request_with_unknown_banners(&world);
    request["metadata"] = json!({ "order": 7 });
    let response = world.post(&request, &[]).await;

    let job = world.job(job_id(response.body())).await;
    assert_eq!(
        (&job["metadata"], &job["request"]["banner_ids"]),
        (&request["metadata"], &request["banner_ids"])
    );
}

//! Exports of the banners of another job (`of_job`).

use serde_json::{Value, json};

use crate::{
    request_validation::assert_untouched,
    world::{World, assert_problem, error_fields},
};

fn export_of(id: &str) -> Value {
    json!({ "provider": "abyssale", "kind": "export", "of_job": id })
}

/// Checks that a request is rejected for its field `of_job`. Returns the detail of the problem.
async fn assert_of_job_rejected(world: &World, request: &Value) -> String {
    let response = world.post(request, &[]).await;
    let rejection = assert_problem(&response, 400, "invalid-request");
    assert_eq!(error_fields(rejection), ["of_job"], "{rejection}");
    rejection["detail"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn the_banners_of_a_generation_are_exported_by_its_job_id() {
    let world = World::start().await;
    let generation = world
        .run_job(&world.generation_request("animated", json!({ "image_file_type": "html5" })), "stored")
        .await;
    let job = world.run_job(&export_of(generation["job_id"].as_str().expect("an id")), "stored").await;

    let mut banners = world.generations()["generations"][0]["banner_ids"].as_array().cloned().expect("ids");
    banners.sort_by_key(ToString::to_string);
    assert_eq!(job["request"], json!({ "of_job": generation["job_id"], "banner_ids": banners }));
    assert_eq!((&job["archive"]["entries"], &job["archive"]["expected"]), (&json!(3), &json!(3)));
    let post = world.export_requests().remove(0);
    let sent: Value = serde_json::from_str(post["body"].as_str().expect("a text")).expect("JSON");
    assert_eq!(sent["ids"], json!(banners));
    assert!(sent.get("of_job").is_none(), "{sent}");
}

#[tokio::test]
async fn the_banners_of_a_partial_generation_and_of_an_image_can_be_exported() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "generation", "kind": "format_error", "format": "story" }));
    let short = world.run_job(&world.three_format_request(), "partial").await;
    let job = world.run_job(&export_of(short["job_id"].as_str().expect("an id")), "stored").await;
    assert_eq!(job["archive"]["entries"], 2);

    let picture = world.post(&world.design_request("image", "static", json!({})), &[]).await;
    let mut event = export_of(picture.body()["job_id"].as_str().expect("an id"));
    event["command"] = json!("submit");
    let job = world.invoke(event).await.expect("a job");
    let job = world.wait_for_status(job["job_id"].as_str().expect("an id"), "stored").await;
    assert_eq!(job["archive"]["entries"], 1);
}

#[tokio::test]
async fn a_job_without_finished_banners_is_rejected_with_the_field_name() {
    let world = World::start().await;
    let unknown = "0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a";
    assert!(assert_of_job_rejected(&world, &export_of(unknown)).await.contains("of this provider"));
    assert_of_job_rejected(&world, &export_of("not an id")).await;
    let mut both = world.export_request(1);
    both["of_job"] = json!(unknown);
    assert!(assert_of_job_rejected(&world, &both).await.contains("either"));
    assert_untouched(&world, "exports of no job").await;

    world.inject_fault(json!({ "on": "generation", "kind": "stuck" }));
    let stuck = world.submit_request(&world.three_format_request()).await;
    assert!(assert_of_job_rejected(&world, &export_of(&stuck)).await.contains("submitted"));
    world.inject_fault(json!({ "on": "generation", "kind": "nothing" }));
    let empty = world.run_job(&world.generation_request("static", json!({})), "stored").await;
    assert!(
        assert_of_job_rejected(&world, &export_of(empty["job_id"].as_str().expect("an id")))
            .await
            .contains("unknown")
    );
    world.inject_fault(json!({ "on": "generation", "kind": "format_error" }));
    let failed = world.run_job(&world.three_format_request(), "failed").await;
    assert!(
        assert_of_job_rejected(&world, &export_of(failed["job_id"].as_str().expect("an id")))
            .await
            .contains("failed")
    );
    assert_eq!((world.export_requests().len(), world.job_items().await.len()), (0, 3));
}

#[tokio::test]
async fn an_idempotency_key_covers_the_named_job() {
    let world = World::start().await;
    let generation = world.run_job(&world.three_format_request(), "stored").await;
    let request = export_of(generation["job_id"].as_str().expect("an id"));
    let key = [("idempotency-key", "export")];
    let (first, second) = (world.post(&request, &key).await, world.post(&request, &key).await);
    assert_eq!(first.body()["job_id"], second.body()["job_id"]);
    assert_eq!(world.export_requests().len(), 1);
}

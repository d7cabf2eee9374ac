//! An export of what another job made.

use serde_json::{Value, json};

use crate::{
    bad_input::assert_untouched,
    world::{World, named, problem},
};

fn export_of(id: &str) -> Value {
    json!({ "provider": "abyssale", "kind": "export", "of_job": id })
}

/// Checks that an export of this job is refused by its field, and returns why.
async fn refused(world: &World, request: &Value) -> String {
    let answer = world.post(request, &[]).await;
    let refused = problem(&answer, 400, "invalid-request");
    assert_eq!(named(refused), ["of_job"], "{refused}");
    refused["detail"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn the_banners_of_a_generation_are_exported_by_its_id() {
    let world = World::start().await;
    let made = world
        .carried_out(&world.generation("animated", json!({ "image_file_type": "html5" })), "stored")
        .await;
    let job = world.carried_out(&export_of(made["job_id"].as_str().expect("an id")), "stored").await;

    let mut banners = world.generations()["generations"][0]["banner_ids"].as_array().cloned().expect("ids");
    banners.sort_by_key(ToString::to_string);
    assert_eq!(job["request"], json!({ "of_job": made["job_id"], "banner_ids": banners }));
    assert_eq!((&job["archive"]["entries"], &job["archive"]["expected"]), (&json!(3), &json!(3)));
    let post = world.asked().remove(0);
    let sent: Value = serde_json::from_str(post["body"].as_str().expect("a text")).expect("JSON");
    assert_eq!(sent["ids"], json!(banners));
    assert!(sent.get("of_job").is_none(), "{sent}");
}

#[tokio::test]
async fn what_a_short_generation_did_make_can_be_exported_and_a_picture_too() {
    let world = World::start().await;
    world.trouble(json!({ "on": "generation", "kind": "format_error", "format": "story" }));
    let short = world.carried_out(&world.three_formats(), "partial").await;
    let job = world.carried_out(&export_of(short["job_id"].as_str().expect("an id")), "stored").await;
    assert_eq!(job["archive"]["entries"], 2);

    let picture = world.post(&world.order("image", "static", json!({})), &[]).await;
    let mut event = export_of(picture.body()["job_id"].as_str().expect("an id"));
    event["command"] = json!("submit");
    let job = world.invoke(event).await.expect("a job");
    let job = world.ends(job["job_id"].as_str().expect("an id"), "stored").await;
    assert_eq!(job["archive"]["entries"], 1);
}

#[tokio::test]
async fn what_names_no_finished_banners_is_refused_by_its_field() {
    let world = World::start().await;
    let unknown = "0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a";
    assert!(refused(&world, &export_of(unknown)).await.contains("of this provider"));
    refused(&world, &export_of("not an id")).await;
    let mut both = world.export(1);
    both["of_job"] = json!(unknown);
    assert!(refused(&world, &both).await.contains("either"));
    assert_untouched(&world, "exports of no job").await;

    world.trouble(json!({ "on": "generation", "kind": "stuck" }));
    let stuck = world.taken(&world.three_formats()).await;
    assert!(refused(&world, &export_of(&stuck)).await.contains("submitted"));
    world.trouble(json!({ "on": "generation", "kind": "nothing" }));
    let empty = world.carried_out(&world.generation("static", json!({})), "stored").await;
    assert!(refused(&world, &export_of(empty["job_id"].as_str().expect("an id"))).await.contains("unknown"));
    world.trouble(json!({ "on": "generation", "kind": "format_error" }));
    let failed = world.carried_out(&world.three_formats(), "failed").await;
    assert!(refused(&world, &export_of(failed["job_id"].as_str().expect("an id"))).await.contains("failed"));
    assert_eq!((world.asked().len(), world.jobs().await.len()), (0, 3));
}

#[tokio::test]
async fn a_key_stands_for_the_job_that_was_named() {
    let world = World::start().await;
    let made = world.carried_out(&world.three_formats(), "stored").await;
    let request = export_of(made["job_id"].as_str().expect("an id"));
    let key = [("idempotency-key", "export")];
    let (first, second) = (world.post(&request, &key).await, world.post(&request, &key).await);
    assert_eq!(first.body()["job_id"], second.body()["job_id"]);
    assert_eq!(world.asked().len(), 1);
}

//! Videos that take two requests: the provider makes a project, and Landfall then exports it (contract 7). The
//! simulator plays them in virtual time.

use http::Method;
use serde_json::{Value, json};

use super::{
    BEYOND_POLL_DELAY,
    scenarios::{call_admin_api, export_counts, run_until_ended},
};
use crate::world::World;

fn requests() -> [(&'static str, Value); 3] {
    let options = json!({ "language": "en", "duration": 60, "media": "generative", "style": "sketch" });
    [
        (
            "/automation/scripts_to_video",
            json!({ "kind": "scripts_to_video", "scripts": "Spring.", "options": options }),
        ),
        (
            "/automation/topic_to_video",
            json!({ "kind": "topic_to_video", "topic": "Spring", "options": options }),
        ),
        ("/automation/url_to_video", json!({ "kind": "url_to_video", "url": "https://www.example.com/a" })),
    ]
}

async fn start() -> World {
    World::start_with(|options| options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0")).await
}

fn topic() -> Value {
    json!({ "provider": "ai_studios", "kind": "topic_to_video", "topic": "Spring", "resolution": "720" })
}

/// How many requests the provider received at a path.
fn post_count(world: &World, path: &str) -> usize {
    let query = format!("/requests?endpoint=api&method=POST&path=/api/odin/v3{path}");
    call_admin_api(world, Method::GET, &query, Value::Null).as_array().expect("a list").len()
}

#[tokio::test]
async fn s31_a_project_is_exported_when_it_is_finished_and_lands_without_any_callback() {
    for (path, mut request) in requests() {
        let world = start().await;
        call_admin_api(&world, Method::PUT, "/knobs", json!({ "webhook": { "events": "none" } }));
        request["provider"] = json!("ai_studios");
        request["resolution"] = json!("720");
        let id = world.submit_request(&request).await;
        assert_eq!(world.job(&id).await["status"], "submitted", "{path}");
        world.sweep(BEYOND_POLL_DELAY).await;
        assert_eq!(export_counts(&world).0, 0, "{path}: an unfinished project is not exported");
        let job = run_until_ended(&world, &id).await;
        assert_eq!(job["status"], "stored", "{path}: {job:#}");
        assert_eq!((post_count(&world, path), export_counts(&world)), (1, (1, 1)), "{path}");
        let details = &world.read_manifest(&job).await["files"][0]["details"];
        assert_eq!(
            (&details["project_id"], &details["resolution"]),
            (&job["provider_job_id"], &json!("720")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn s31_the_callback_of_the_export_lands_the_video_before_the_next_sweep() {
    let world = start().await;
    let id = world.submit_request(&topic()).await;
    call_admin_api(&world, Method::POST, "/clock/advance", json!({ "seconds": 600 }));
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_empty_submissions_queue().await;
    let job = world.job(&id).await;
    assert_eq!(
        (&job["status"], &job["progress"]),
        (&json!("submitted"), &Value::Null),
        "its export begins at 0"
    );
    call_admin_api(&world, Method::POST, "/clock/advance", json!({ "seconds": 90 }));
    world.wait_for_status(&id, "stored").await;
    assert_eq!(export_counts(&world), (1, 1));
}

#[tokio::test]
async fn s31_a_project_that_stalls_is_reported_with_its_state_and_not_exported() {
    let world = start().await;
    call_admin_api(&world, Method::PUT, "/scenario", json!({ "scenario": "S31", "variant": "stalls" }));
    let id = world.submit_request(&topic()).await;
    let job = run_until_ended(&world, &id).await;
    assert_eq!(
        (&job["status"], &job["error"]["type"]),
        (&json!("failed"), &json!("ProviderFailed")),
        "{job:#}"
    );
    let message = job["error"]["message"].as_str().expect("a text");
    assert!(message.starts_with("stalled at building audio, 50 %"), "{message}");
    assert_eq!((post_count(&world, "/automation/topic_to_video"), export_counts(&world).0), (1, 0));
}

#[tokio::test]
async fn s31_an_export_that_is_refused_names_the_project_that_exists() {
    let world = start().await;
    call_admin_api(&world, Method::PUT, "/knobs", json!({ "export": { "credits": 0 } }));
    let id = world.submit_request(&topic()).await;
    let job = run_until_ended(&world, &id).await;
    assert_eq!(
        (&job["status"], &job["error"]["type"]),
        (&json!("failed"), &json!("ProviderQuota")),
        "{job:#}"
    );
    let project = job["provider_job_id"].as_str().expect("an id");
    assert!(job["error"]["message"].as_str().is_some_and(|text| text.contains(project)), "{job:#}");
    assert_eq!(post_count(&world, "/automation/topic_to_video"), 1);

    call_admin_api(&world, Method::PUT, "/knobs", json!({ "export": { "credits": null } }));
    let export = json!({ "provider": "ai_studios", "kind": "export", "project_id": project });
    let export = world.submit_request(&export).await;
    assert_eq!(run_until_ended(&world, &export).await["status"], "stored");
}

#[tokio::test]
async fn a_video_of_documents_lands_after_their_upload() {
    let world = start().await;
    // Any file that Landfall may download will do: here the video of another job.
    let project = world.simulator("ai_studios").describe()["project_ids"][0].clone();
    let export = json!({ "provider": "ai_studios", "kind": "export", "project_id": project });
    let export = world.submit_request(&export).await;
    run_until_ended(&world, &export).await;
    let downloads = call_admin_api(&world, Method::GET, "/requests?endpoint=files", Value::Null);
    let origin = world.simulator("ai_studios").describe()["files_url"].clone();
    let url =
        format!("{}{}", origin.as_str().expect("a URL"), downloads[0]["path"].as_str().expect("a path"));
    let documents = json!([{ "url": url, "name": "plan.pdf" }, { "url": url, "name": "numbers.XLSX" }]);
    let request = json!({
        "provider": "ai_studios", "kind": "docs_to_video", "documents": documents, "options": { "speed": 1.5 },
    });
    let id = world.submit_request(&request).await;
    let job = run_until_ended(&world, &id).await;
    assert_eq!(job["status"], "stored", "{job:#}");
    let paths = ["/automation/docs-to-video/upload-files", "/automation/docs-to-video"];
    assert_eq!(paths.map(|path| post_count(&world, path)), [1, 1]);
}

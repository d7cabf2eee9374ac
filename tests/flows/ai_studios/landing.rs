//! Videos that are not to be had where they should be (S26).

use serde_json::json;

use super::{
    LATER,
    scripted_server::{Says, video as bytes},
    video, world,
};

#[tokio::test]
async fn s26_a_link_that_has_ended_is_asked_for_anew() {
    for status in [401, 403, 404, 410] {
        let (world, studio) = world().await;
        let id = world.taken_up(&video()).await;
        studio.says("file", [Says::Raw(status, "gone".into()), Says::Raw(200, String::new())]);
        let fresh = format!("{}/export/fresh.mp4?signature=2", studio.files);
        studio.says(
            "progress",
            [
                Says::Data(json!({ "progress": 100, "downloadUrl": studio.video() })),
                Says::Data(json!({ "progress": 100, "downloadUrl": fresh })),
            ],
        );
        world.sweep(LATER).await;
        let job = world.ends(&id, "stored").await;
        assert_eq!(job["files"][0]["name"], "fresh.mp4", "{status}");
        assert_eq!((studio.count(&["file"]), studio.count(&["export"])), (2, 1));
    }
}

#[tokio::test]
async fn s26_a_file_that_stays_gone_is_asked_for_three_times_and_then_named() {
    let (world, studio) = world().await;
    let id = world.taken_up(&video()).await;
    studio.says("file", [Says::Raw(404, "gone".into())]);
    studio.is_done();
    world.sweep(LATER).await;
    let job = world.ends(&id, "failed").await;
    assert_eq!(job["files"], json!([]));
    assert_eq!((studio.count(&["progress"]), studio.count(&["file"])), (1 + 3, 1 + 3), "{job:#}");
}

#[tokio::test]
async fn s26_what_is_no_video_is_not_stored_as_one() {
    let cut = String::from_utf8_lossy(&bytes()[..64]).into_owned();
    for body in ["<!DOCTYPE html><title>Sorry</title>", r#"{"success":false}"#, "PK\u{3}\u{4}", &cut] {
        let (world, studio) = world().await;
        let id = world.taken_up(&video()).await;
        studio.says("file", [Says::Raw(200, body.to_owned())]);
        studio.is_done();
        world.sweep(LATER).await;
        let job = world.ends(&id, "failed").await;
        assert_eq!(job["files"], json!([]), "{body}");
    }
}

#[tokio::test]
async fn s26_the_guard_lets_a_video_come_only_from_the_providers_hosts() {
    for url in [
        "http://media.aistudios.com/a.mp4",
        "https://10.0.0.1/a.mp4",
        "https://localhost/a.mp4",
        "https://user@media.aistudios.com/a.mp4",
        "https://media.aistudios.com:8443/a.mp4",
        "https://evil.s3.amazonaws.com/a.mp4",
        "https://media.aistudios.com.evil.example/a.mp4",
    ] {
        let (world, studio) = world().await;
        let id = world.taken_up(&video()).await;
        studio.progresses(json!({ "progress": 100, "downloadUrl": url }));
        world.sweep(LATER).await;
        let job = world.ends(&id, "failed").await;
        let reason = job["error"]["message"].as_str().expect("a text");
        assert!(reason.contains("refused"), "{url}: {reason}");
    }
}

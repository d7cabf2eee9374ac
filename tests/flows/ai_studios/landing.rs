//! Videos that cannot be downloaded from their URL (S26).

use serde_json::json;

use super::{
    BEYOND_POLL_DELAY,
    scripted_server::{Reply, video_bytes},
    video_request, world,
};

#[tokio::test]
async fn s26_an_expired_download_url_is_requested_again() {
    for status in [401, 403, 404, 410] {
        let (world, studio) = world().await;
        let id = world.submit_request(&video_request()).await;
        studio.reply_with("file", [Reply::Raw(status, "gone".into()), Reply::Raw(200, String::new())]);
        let fresh = format!("{}/export/fresh.mp4?signature=2", studio.files);
        studio.reply_with(
            "progress",
            [
                Reply::Data(json!({ "progress": 100, "downloadUrl": studio.video_url() })),
                Reply::Data(json!({ "progress": 100, "downloadUrl": fresh })),
            ],
        );
        world.sweep(BEYOND_POLL_DELAY).await;
        let job = world.wait_for_status(&id, "stored").await;
        assert_eq!(job["files"][0]["name"], "fresh.mp4", "{status}");
        assert_eq!((studio.request_count(&["file"]), studio.request_count(&["export"])), (2, 1));
    }
}

#[tokio::test]
async fn s26_a_missing_file_is_looked_up_three_times_before_the_job_fails() {
    let (world, studio) = world().await;
    let id = world.submit_request(&video_request()).await;
    studio.reply_with("file", [Reply::Raw(404, "gone".into())]);
    studio.complete_video();
    world.sweep(BEYOND_POLL_DELAY).await;
    let job = world.wait_for_status(&id, "failed").await;
    assert_eq!(job["files"], json!([]));
    assert_eq!(
        (studio.request_count(&["progress"]), studio.request_count(&["file"])),
        (1 + 3, 1 + 3),
        "{job:#}"
    );
}

#[tokio::test]
async fn s26_a_file_that_is_not_an_mp4_is_not_stored() {
    let cut = String::from_utf8_lossy(&video_bytes()[..64]).into_owned();
    for body in ["<!DOCTYPE html><title>Sorry</title>", r#"{"success":false}"#, "PK\u{3}\u{4}", &cut] {
        let (world, studio) = world().await;
        let id = world.submit_request(&video_request()).await;
        studio.reply_with("file", [Reply::Raw(200, body.to_owned())]);
        studio.complete_video();
        world.sweep(BEYOND_POLL_DELAY).await;
        let job = world.wait_for_status(&id, "failed").await;
        assert_eq!(job["files"], json!([]), "{body}");
    }
}

#[tokio::test]
async fn s26_videos_are_downloaded_only_from_the_providers_hosts() {
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
        let id = world.submit_request(&video_request()).await;
        studio.set_progress(json!({ "progress": 100, "downloadUrl": url }));
        world.sweep(BEYOND_POLL_DELAY).await;
        let job = world.wait_for_status(&id, "failed").await;
        let reason = job["error"]["message"].as_str().expect("a text");
        assert!(reason.contains("refused"), "{url}: {reason}");
    }
}

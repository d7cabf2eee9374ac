//! Files are downloaded by presigned URLs, which the template's link role signs.

use http::{Method, Response};
use serde_json::Value;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use super::{STACK_LOCK, report_skipped, submit_export, wait_until_stored};
use crate::stack::Deployed;

/// One week in seconds, the maximum of `expires_in`.
const WEEK: u64 = 604_800;

/// Requests the download of a job's file. Returns the presigned URL of the redirect and its expiry.
async fn fetch_link(stack: &Deployed, file: &Value, query: &str) -> (String, OffsetDateTime) {
    let path = format!("{}{query}", file["links"]["download"].as_str().expect("a link"));
    let response: Response<Value> = stack.submit_api(Method::GET, &path, &Value::Null).await;
    assert_eq!(response.status(), 302, "{path}: {}", response.body());
    let location = response.headers()["location"].to_str().expect("a URL").to_owned();
    assert_eq!(response.body()["url"], location);
    let end = response.body()["expires_at"].as_str().expect("a time");
    (location, OffsetDateTime::parse(end, &Rfc3339).expect("a time"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_the_archive_and_the_manifest_can_be_downloaded_through_a_redirect() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    let job = wait_until_stored(&stack, &submit_export(&stack).await).await;
    let files = job["files"].as_array().expect("files");
    assert_eq!(files.len(), 3, "{job:#}");
    for file in files.iter().chain([&job["archive"], &job["manifest"]]) {
        let (url, _) = fetch_link(&stack, file, "").await;
        let response = stack.download(&url).await;
        assert_eq!(response.status(), 200, "{file}: {:?}", response.body());
        let key = file["key"].as_str().expect("a key");
        assert!(*response.body() == stack.object(key).await, "the bytes differ: {file}");
        let content_type = file["content_type"].as_str().unwrap_or("application/json");
        assert_eq!(response.headers()["content-type"], content_type);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_expires_with_the_session_of_its_role_and_gives_access_to_one_object() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    let job = wait_until_stored(&stack, &submit_export(&stack).await).await;
    let (url, end) = fetch_link(&stack, &job["archive"], &format!("?expires_in={WEEK}")).await;
    let left = end - OffsetDateTime::now_utc();
    assert!(left > Duration::minutes(50) && left <= Duration::hours(1), "{left}");
    assert_eq!(stack.download(&url).await.status(), 200);
    if stack.has_roles() {
        let other = url.replace("/archive.zip?", "/manifest.json?");
        assert_ne!(url, other);
        assert_eq!(stack.download(&other).await.status(), 403);
        let unsigned = url.split('?').next().expect("a place");
        assert_eq!(stack.download(unsigned).await.status(), 403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_permission_of_its_role_a_link_works_only_after_it_is_restored() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await.filter(Deployed::has_roles) else { return report_skipped() };
    let job = wait_until_stored(&stack, &submit_export(&stack).await).await;
    let (url, _) = fetch_link(&stack, &job["files"][0], "").await;
    stack.run_deploy_script(&["remove-statement", "links", "ReadFiles"]);
    let status = stack.download(&url).await.status();
    stack.run_deploy_script(&["remove-statement", "--restore", "links"]);
    assert_eq!(status, 403);
    assert_eq!(stack.download(&url).await.status(), 200);
}

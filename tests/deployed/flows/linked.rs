//! Files are downloaded by links, which the template's role for links signs.

use http::{Method, Response};
use serde_json::Value;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use super::{TURN, skipped, stored, submitted};
use crate::stack::Deployed;

/// A week, in seconds: as long as a link may be asked for.
const WEEK: u64 = 604_800;

/// Asks for the link of a file of a job, which is where a redirect leads to.
async fn linked(stack: &Deployed, file: &Value, query: &str) -> (String, OffsetDateTime) {
    let path = format!("{}{query}", file["links"]["download"].as_str().expect("a link"));
    let answer: Response<Value> = stack.submit_api(Method::GET, &path, &Value::Null).await;
    assert_eq!(answer.status(), 302, "{path}: {}", answer.body());
    let location = answer.headers()["location"].to_str().expect("a URL").to_owned();
    assert_eq!(answer.body()["url"], location);
    let end = answer.body()["expires_at"].as_str().expect("a time");
    (location, OffsetDateTime::parse(end, &Rfc3339).expect("a time"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_the_archive_and_the_manifest_are_downloaded_through_a_redirect() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await else { return skipped() };
    let job = stored(&stack, &submitted(&stack).await).await;
    let files = job["files"].as_array().expect("files");
    assert_eq!(files.len(), 3, "{job:#}");
    for file in files.iter().chain([&job["archive"], &job["manifest"]]) {
        let (url, _) = linked(&stack, file, "").await;
        let answer = stack.download(&url).await;
        assert_eq!(answer.status(), 200, "{file}: {:?}", answer.body());
        let key = file["key"].as_str().expect("a key");
        assert!(*answer.body() == stack.object(key).await, "other bytes: {file}");
        let content_type = file["content_type"].as_str().unwrap_or("application/json");
        assert_eq!(answer.headers()["content-type"], content_type);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_with_the_hour_of_its_role_and_opens_nothing_else() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await else { return skipped() };
    let job = stored(&stack, &submitted(&stack).await).await;
    let (url, end) = linked(&stack, &job["archive"], &format!("?expires_in={WEEK}")).await;
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
async fn without_the_permission_of_its_role_a_link_opens_nothing_until_it_is_back() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await.filter(Deployed::has_roles) else { return skipped() };
    let job = stored(&stack, &submitted(&stack).await).await;
    let (url, _) = linked(&stack, &job["files"][0], "").await;
    stack.script(&["remove-statement", "links", "ReadFiles"]);
    let refused = stack.download(&url).await.status();
    stack.script(&["remove-statement", "--restore", "links"]);
    assert_eq!(refused, 403);
    assert_eq!(stack.download(&url).await.status(), 200);
}

//! `subscribe` and `unsubscribe`: a workspace's events, one line for each.

use http::Method;
use serde_json::Value;

use crate::operator_workspace::Workspace;

#[tokio::test(flavor = "multi_thread")]
async fn events_are_subscribed_found_again_and_unsubscribed() {
    let workspace = Workspace::start().await;
    let outcomes = async |line: &[&str]| -> Vec<Value> {
        let documents = workspace.landfall(line).await.expect_exit(0).documents();
        documents.into_iter().map(|document| document["outcome"].clone()).collect()
    };
    let events = ["abyssale", "new_export", "new_banner_batch"];
    assert_eq!(outcomes(&[&["subscribe"], &events[..]].concat()).await, ["created", "created"]);
    assert_eq!(outcomes(&[&["subscribe"], &events[..]].concat()).await, ["exists", "exists"]);
    assert_eq!(
        workspace.admin(Method::GET, "/subscriptions", &Value::Null).as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(outcomes(&[&["unsubscribe"], &events[..2]].concat()).await, ["removed"]);
    let result = workspace.landfall(&["unsubscribe", "abyssale", "new_export", "--output", "text"]).await;
    assert_eq!(result.expect_exit(0).stdout, "abyssale new_export: missing\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_failure_ends_the_command_with_its_reason() {
    let workspace = Workspace::start().await;
    let line = ["subscribe", "abyssale", "new_export", "new_moon", "new_banner"];
    let result = workspace.landfall(&line).await.expect_exit(3);
    assert_eq!((result.problem(), result.documents().len()), ("invalid-request".into(), 1));
    assert!(result.stderr.contains("template_status"), "the known events are listed: {}", result.stderr);
}

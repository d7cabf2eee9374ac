//! The operations on jobs by direct invocation.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn jobs_are_listed_linked_and_replayed_by_direct_invocation() {
    let world = World::start().await;
    let mut request = world.export_request(1);
    request["metadata"] = json!({ "campaign": "spring", "number": 7 });
    let response = world.post(&request, &[]).await;
    let id = response.body()["job_id"].as_str().expect("an id").to_owned();
    let stored = world.wait_for_status(&id, "stored").await;

    let list = json!({ "command": "list", "status": "stored", "metadata": { "number": 7 }, "limit": 5 });
    let page = world.invoke(list).await.expect("a page");
    assert_eq!((&page["jobs"][0]["job_id"], &page["next_cursor"]), (&json!(id), &Value::Null));
    assert_eq!(page, *world.get("/jobs?status=stored&metadata.number=7&limit=5").await.body());

    for what in [json!({ "file": stored["files"][0]["name"] }), json!({ "archive": true, "expires_in": 60 })]
    {
        let mut link = json!({ "command": "link", "job_id": id });
        link.as_object_mut().expect("an object").extend(what.as_object().expect("an object").clone());
        let link = world.invoke(link).await.expect("a link");
        let url = link["url"].as_str().expect("a URL");
        let response = world.http.send(Request::get(url).body(Bytes::new()).expect("a request")).await;
        assert_eq!(response.expect("a file").status(), 200, "{what}");
    }
    let replayed = world.invoke(json!({ "command": "replay", "job_id": id })).await.expect("the job");
    assert_eq!(replayed["status"], "stored");
}

#[tokio::test]
async fn jobs_are_cancelled_and_retried_by_direct_invocation() {
    let world = World::start().await;
    let (id, _) = world.submit_export_without_callback(1).await;
    let cancel = json!({ "command": "cancel", "job_id": id });
    assert_eq!(world.invoke(cancel.clone()).await.expect("the job")["status"], "cancelled");
    let rejection = world.invoke(json!({ "command": "retry", "job_id": id })).await.expect_err("a failure");
    assert_eq!(rejection.error_type, "Permanent.JobConflict");
    let resubmit = json!({ "command": "retry", "job_id": id, "resubmit": true });
    let new = world.invoke(resubmit).await.expect("a new job")["job_id"].as_str().expect("an id").to_owned();
    world.wait_for_status(&new, "stored").await;

    world.inject_fault(json!({ "on": "archive", "kind": "not_a_zip" }));
    let id = world.submit_export(1).await;
    world.wait_for_status(&id, "failed").await;
    world.admin(Method::DELETE, "/faults", Value::Null);
    world.invoke(json!({ "command": "retry", "job_id": id })).await.expect("the job");
    world.wait_for_status(&id, "stored").await;
}

#[tokio::test]
async fn an_invalid_command_is_rejected_with_the_name_of_its_field() {
    let world = World::start().await;
    let id = "0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a";
    for (event, error_type, named) in [
        (json!({ "command": "list", "page": 2 }), "Permanent.InvalidRequest", "page"),
        (json!({ "command": "list", "metadata": { "a": [] } }), "Permanent.InvalidRequest", "metadata.a"),
        (json!({ "command": "list", "limit": 0 }), "Permanent.InvalidRequest", "limit"),
        (json!({ "command": "link", "job_id": id }), "Permanent.InvalidRequest", "file"),
        (
            json!({ "command": "link", "job_id": id, "file": "a", "archive": true }),
            "Permanent.InvalidRequest",
            "file",
        ),
        (
            json!({ "command": "link", "job_id": id, "file": "a", "expires_in": 1 }),
            "Permanent.InvalidRequest",
            "expires_in",
        ),
        (json!({ "command": "link", "job_id": id, "file": "a" }), "Permanent.NotFound", "job"),
        (json!({ "command": "retry", "job_id": id, "now": true }), "Permanent.InvalidRequest", "now"),
        (json!({ "command": "cancel", "job_id": id, "now": true }), "Permanent.InvalidRequest", "now"),
        (json!({ "command": "cancel" }), "Permanent.InvalidRequest", "job_id"),
        (
            json!({ "command": "replay", "job_id": id, "delivery_id": [] }),
            "Permanent.InvalidRequest",
            "delivery_id",
        ),
        (json!({ "command": "replay", "job_id": id }), "Permanent.NotFound", "job"),
    ] {
        let failure = world.invoke(event.clone()).await.expect_err("a failure");
        assert_eq!(failure.error_type, error_type, "{event}");
        assert!(failure.error_message.contains(named), "{event}: {}", failure.error_message);
    }
}

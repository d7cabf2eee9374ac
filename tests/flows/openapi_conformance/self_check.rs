//! The check of responses detects differences, and the served description is the committed one.

use http::{Method, Response};
use serde_json::{Value, json};

use super::{document::DESCRIPTION, response_mismatches};
use crate::world::World;

const JOB: &str = "/jobs/0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a";

fn problem() -> Value {
    json!({
        "type": "urn:landfall:problem:not-found", "title": "Not found", "status": 404,
        "detail": "there is no such job",
    })
}

fn is_described(method: Method, path: &str, content_type: &str, status: u16, body: Value) -> bool {
    let answer = Response::builder().status(status).header("content-type", content_type);
    let answer = answer.header("cache-control", "no-store").body(body).expect("an answer");
    response_mismatches(&method, path, &answer).is_empty()
}

/// A description that allows everything would verify nothing.
#[test]
fn a_response_that_the_description_does_not_allow_is_detected() {
    let media = "application/problem+json";
    assert!(is_described(Method::GET, JOB, media, 404, problem()));
    let mut with_unknown_field = problem();
    with_unknown_field["stranger"] = json!(1);
    let mut other = problem();
    other["type"] = json!("urn:landfall:problem:job-conflict");
    let mut without_detail = problem();
    without_detail.as_object_mut().expect("an object").remove("detail");
    assert!(!is_described(Method::GET, JOB, "application/json", 404, problem()), "another content type");
    assert!(!is_described(Method::GET, JOB, media, 409, problem()), "another status");
    assert!(!is_described(Method::GET, "/jobs", media, 404, problem()), "another path");
    assert!(
        !is_described(Method::GET, &format!("{JOB}/files/a/b.png"), media, 200, problem()),
        "the description has a redirect for another path"
    );
    for (body, what) in
        [(with_unknown_field, "a field more"), (other, "another class"), (without_detail, "a field less")]
    {
        assert!(!is_described(Method::GET, JOB, media, 404, body), "{what}");
    }
    assert!(!is_described(
        Method::GET,
        "/jobs",
        "application/json",
        200,
        json!({ "jobs": [{}], "next_cursor": null })
    ));
    assert!(is_described(
        Method::GET,
        "/jobs?limit=1",
        "application/json",
        200,
        json!({ "jobs": [], "next_cursor": null })
    ));
}

#[tokio::test]
async fn the_committed_description_is_served() {
    let world = World::start().await;
    let call = async |method, path| world.call_api(method, path, &[], &Value::Null).await;
    assert_eq!(*call(Method::GET, "/openapi.json").await.body(), *DESCRIPTION);
    assert_eq!(call(Method::GET, "/openapi.json?version=2").await.status(), 400);
    assert_eq!(call(Method::POST, "/openapi.json").await.status(), 405);
}

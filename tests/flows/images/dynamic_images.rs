//! Dynamic images: the result is a set of URLs and no file.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, assert_problem};

#[tokio::test]
async fn the_first_request_creates_a_dynamic_image_and_the_next_returns_it() {
    let world = World::start().await;
    let with_flags =
        world.design_request("dynamic_image", "static", json!({ "enable_production_mode": true }));
    let made = world.post(&with_flags, &[]).await;
    let job = made.body();
    assert_eq!((made.status(), &job["status"]), (StatusCode::CREATED, &json!("stored")), "{job:#}");
    let result = &job["result"];
    assert_eq!((&result["created"], &result["design_id"]), (&json!(true), &job["request"]["design_id"]));
    let formats = world.design("static")["formats"].clone();
    let format_ids: Vec<&Value> =
        result["formats"].as_array().expect("formats").iter().map(|format| &format["id"]).collect();
    assert_eq!(json!(format_ids), formats);
    assert!(result["formats"][0]["dynamic_image_url"].as_str().is_some_and(|url| url.starts_with("http")));
    assert_eq!((&job["provider_job_id"], result.get("version")), (&result["id"], None));

    let mut event = world.design_request("dynamic_image", "static", json!({}));
    let found = world.post(&event, &[]).await;
    assert_eq!(found.status(), StatusCode::OK);
    assert_eq!(found.body()["result"]["created"], false);
    event["command"] = json!("submit");
    let direct = world.invoke(event).await.expect("a job");
    for (name, value) in result.as_object().expect("an object").iter().filter(|(name, _)| *name != "created")
    {
        assert_eq!((&found.body()["result"][name], &direct["result"][name]), (value, value), "{name}");
    }
    let flags = world.admin(Method::GET, "/dynamic-images", Value::Null);
    assert_eq!(
        (flags.as_array().map(Vec::len), &flags[0]["enable_production_mode"]),
        (Some(1), &json!(true))
    );
    // Nothing lands, and the provider sends no event.
    assert_eq!((world.object_keys().await, world.deliveries()), (vec![], vec![]));
    assert_eq!((&job["files"], &job["manifest"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn an_unsuitable_design_is_rejected_with_the_providers_error() {
    let world = World::start().await;
    let id = world.design("static")["id"].as_str().expect("an id").to_owned();
    world.admin(Method::PUT, &format!("/designs/{id}"), json!({ "active": false }));
    for (design, id) in [
        ("animated", "template_not_static"),
        ("printer", "template_not_static"),
        ("printer_multipage", "template_not_static"),
        ("static", "template_not_active"),
    ] {
        let response = world.post(&world.design_request("dynamic_image", design, json!({})), &[]).await;
        let rejection = assert_problem(&response, 422, "provider-refused-request");
        assert_eq!(rejection["provider"]["id"], id, "{design}");
        let job = world.job(rejection["job_id"].as_str().expect("an id")).await;
        assert_eq!((&job["status"], &job["result"]), (&json!("failed"), &Value::Null), "{design}");
    }
    assert_eq!(world.admin(Method::GET, "/dynamic-images", Value::Null), json!([]));
}

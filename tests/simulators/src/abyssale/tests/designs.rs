//! Designs, projects, fonts, templates and dynamic images.

use http::Method;
use serde_json::{Value, json};

use crate::simulator::{Endpoint, Simulator};

use super::{TestBench, read};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

fn names(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(|entry| entry["name"].as_str()).collect()
}

fn get(bench: &mut TestBench, path: &str) -> Value {
    bench.advance_real_time(0.2);
    bench.api(Method::GET, path, &Value::Null).1
}

#[test]
fn the_design_list_is_filtered() {
    let mut bench = TestBench::new();
    let all = get(&mut bench, "/designs");
    assert_eq!(all.as_array().map(Vec::len), Some(8));
    let project = all[0]["project_id"].as_str().unwrap_or_default().to_owned();
    for (query, expected) in [
        ("type=static", vec!["Spring", "Summer sale"]),
        ("type=static,printer&order=desc", vec!["Summer sale", "Spring flyer", "Spring", "Business card"]),
        ("query=motion+landfall", vec!["Spring in motion"]),
        ("project=summer&sort=created", vec!["Summer sale", "Summer teaser"]),
        ("orientation=square", vec!["Spring", "Summer sale", "Summer teaser"]),
        ("size=728x90", vec!["Summer sale", "Summer teaser"]),
        ("size=728x90&orientation=portrait", vec![]),
        ("format=a5,front", vec!["Business card", "Spring flyer"]),
        ("created_since=2026-05-28T23:00:00Z&type=printer_multipage", vec!["Menu", "Spring brochure"]),
        ("updated_since=2030-01-01", vec![]),
        ("page=2&per_page=5", vec!["Spring in motion", "Summer sale", "Summer teaser"]),
    ] {
        let found = get(&mut bench, &format!("/designs?{query}"));
        assert_eq!(names(&found), expected, "{query}");
    }
    assert_eq!(get(&mut bench, "/designs?type=moon").as_array().map(Vec::len), Some(8), "ignored");
    let project_settings = get(&mut bench, &format!("/designs?project_id={project}"));
    assert!(
        project_settings.as_array().is_some_and(|list| list.iter().all(|one| one["project_id"] == *project))
    );
    assert_eq!(get(&mut bench, "/designs?project_id=x")["errors"][0]["path"], "category_id");
    assert_eq!(get(&mut bench, "/designs?per_page=101")["id"], "invalid_query_param");
    let reply = bench.call(Endpoint::Api, Method::GET, "/designs?page=1", &Value::Null);
    assert_eq!(reply.response.headers()["x-total-count"], "8");
}

#[test]
fn a_design_shows_its_layers_and_values() {
    let mut bench = TestBench::new();
    let path = format!("/designs/{}", bench.design("static", 0));
    let design = get(&mut bench, &path);
    assert_eq!((&design["type"], &design["version"]), (&json!("static"), &json!("v2026-10-21")));
    assert_eq!(design["formats"].as_array().map(Vec::len), Some(6));
    assert_eq!(design["elements"][1]["attributes"][0]["values"]["story"], "Spring is here");
    let groups = |design: &Value| design["elements"].to_string().contains("\"group\"");
    let advanced = get(&mut bench, &format!("{path}?i=advanced"));
    assert_eq!((groups(&design), groups(&advanced)), (false, true));
    let one = get(&mut bench, &format!("{path}/formats/story"));
    assert_eq!((&one["id"], &one["design"]["name"]), (&json!("story"), &json!("Spring")));
    assert_eq!(one["elements"][1]["attributes"][0]["value"], "Spring is here");
    let uid = one["uid"].as_str().unwrap_or_default();
    assert_eq!(get(&mut bench, &format!("{path}/formats/{uid}")), one);
    assert_eq!(get(&mut bench, &format!("{path}/formats/st%6Fry")), one, "path segments are percent-decoded");
    assert_eq!(get(&mut bench, &format!("{path}/formats/moon"))["id"], "format_not_found");
    assert_eq!(get(&mut bench, &format!("/designs/{UNKNOWN}"))["id"], "template_not_found");
}

#[test]
fn a_multipage_design_shows_pages() {
    let mut bench = TestBench::new();
    let path = format!("/designs/{}", bench.design("printer_multipage", 0));
    let design = get(&mut bench, &path);
    assert_eq!((&design["dpi"], design.get("formats")), (&json!(300), None));
    assert_eq!(design["pages"][3]["id"], "page_4");
    let headline = &design["elements_per_page"]["page_4"][1];
    assert_eq!(headline["attributes"]["payload"]["value"], "Spring is here");
    assert_eq!(get(&mut bench, &format!("{path}/formats/page_1"))["id"], "format_not_found");
}

#[test]
fn designs_are_renamed_moved_and_deleted() {
    let mut bench = TestBench::new();
    let id = bench.design("static", 1);
    let path = format!("/designs/{id}");
    let put = |bench: &mut TestBench, part: &str, body: Value| {
        bench.api(Method::PUT, &format!("/designs/{id}/{part}"), &body)
    };
    let (status, renamed) = put(&mut bench, "name", json!({"name": " Autumn "}));
    assert_eq!((status, &renamed["name"], &renamed["id"]), (200, &json!("Autumn"), &json!(id)));
    assert_eq!(put(&mut bench, "name", json!({"name": "  "})).1["id"], "out_of_range");
    assert_eq!(put(&mut bench, "project", json!({"project_id": UNKNOWN})).1["id"], "project_not_found");
    let (status, project) = bench.api(Method::POST, "/projects", &json!({"name": "Autumn"}));
    assert_eq!(status, 200);
    assert_eq!(put(&mut bench, "project", json!({"project_id": project["id"]})).0, 200);
    assert_eq!(get(&mut bench, &path)["project_name"], "Autumn");
    assert_eq!(bench.api(Method::DELETE, &path, &Value::Null).1["name"], "Autumn");
    assert_eq!(get(&mut bench, &path)["id"], "template_not_found");
    bench.admin(Method::POST, "/reset", &Value::Null);
    assert_eq!(get(&mut bench, &path)["name"], "Summer sale");
}

#[test]
fn project_names_are_unique() {
    let mut bench = TestBench::new();
    for (name, status, id) in [
        ("Autumn", 200, None),
        (" Autumn ", 400, Some("project_already_exists")),
        ("A", 400, Some("out_of_range")),
    ] {
        let (got, response) = bench.api(Method::POST, "/projects", &json!({"name": name}));
        assert_eq!(got, status, "{name}: {response}");
        assert!(id.is_none() || response["id"].as_str() == id, "{name}: {response}");
    }
    assert_eq!(names(&get(&mut bench, "/projects")), ["Autumn", "Landfall", "Print", "Summer"]);
    assert_eq!(names(&get(&mut bench, "/projects?name=um")), ["Autumn", "Summer"]);
}

#[test]
fn fonts_are_filtered_and_credits_are_unlimited() {
    let mut bench = TestBench::new();
    assert_eq!(names(&get(&mut bench, "/fonts")), ["Inter", "Lora", "Space Mono", "Acme Sans"]);
    assert_eq!(names(&get(&mut bench, "/fonts?type=moon&name=spacemono")), ["Space Mono"]);
    let italic = get(&mut bench, "/fonts?style=italic&weight=700");
    assert_eq!(italic[0]["available_weights"], json!([400, 700, "700-italic"]));
    assert_eq!(get(&mut bench, "/credits")["generation_credits"]["available"], Value::Null, "unlimited");
}

#[test]
fn a_template_is_copied_into_a_project() {
    let mut bench = TestBench::new();
    let templates = get(&mut bench, "/workspace-templates?type=animated");
    assert_eq!(names(&templates), ["Teaser template"]);
    let categories = get(&mut bench, "/workspace-template-categories");
    let category = categories[0]["id"].as_str().unwrap_or_default();
    assert_eq!(
        names(&get(&mut bench, &format!("/workspace-templates?category_id={category}"))),
        ["Spring template"]
    );
    let path = format!("/workspace-templates/{}/use", templates[0]["id"].as_str().unwrap_or_default());
    let project = get(&mut bench, "/projects")[0]["id"].clone();
    let (status, requested) =
        bench.api(Method::POST, &path, &json!({"project_id": project, "name": "A copy"}));
    assert_eq!(status, 200, "{requested}");
    let poll = format!(
        "/design-duplication-requests/{}",
        requested["duplication_request_id"].as_str().unwrap_or_default()
    );
    assert_eq!(get(&mut bench, &poll)["status"], "INIT");
    bench.advance_real_time(2.0);
    assert_eq!(get(&mut bench, &poll)["status"], "IN_PROGRESS");
    bench.advance_real_time(1.0);
    let done = get(&mut bench, &poll);
    assert_eq!((&done["status"], &done["target_project"]["id"]), (&json!("COMPLETED"), &project));
    let copy = done["designs"][0]["target_design_id"].as_str().unwrap_or_default();
    assert_eq!(get(&mut bench, &format!("/designs/{copy}"))["name"], "A copy");
    bench.admin(Method::PUT, "/knobs", &json!({"duplication_fails": true}));
    let (_, requested) = bench.api(Method::POST, &path, &json!({"project_id": project}));
    bench.advance_real_time(3.0);
    let id = requested["duplication_request_id"].as_str().unwrap_or_default();
    assert_eq!(get(&mut bench, &format!("/design-duplication-requests/{id}"))["status"], "ERROR");
    bench.advance_real_time(7.0 * 86_400.0);
    assert_eq!(get(&mut bench, &poll)["id"], "duplication_request_gone");
    let lost = bench.api(
        Method::POST,
        &format!("/workspace-templates/{UNKNOWN}/use"),
        &json!({"project_id": project}),
    );
    assert_eq!(lost.1["id"], "workspace_template_not_found");
}

#[test]
fn a_dynamic_image_is_created_once() {
    let mut bench = TestBench::new();
    let design = bench.design("static", 1);
    let path = format!("/designs/{design}/dynamic-image-url");
    let (status, first) = bench.api(Method::POST, &path, &json!({"enable_rate_limit": true}));
    assert_eq!((status, first["formats"].as_array().map(Vec::len)), (201, Some(3)));
    let (status, again) = bench.api(Method::POST, &path, &Value::Null);
    assert_eq!((status, &again), (200, &first));
    let list = bench.admin(Method::GET, "/dynamic-images", &Value::Null);
    assert_eq!((&list[0]["enable_rate_limit"], list[1].is_null()), (&json!(true), true));
    let url = first["formats"][1]["dynamic_image_url"].as_str().unwrap_or_default();
    let url = url.replace("http://files.test", "");
    assert!(url.starts_with("/img/"));
    let picture = |bench: &mut TestBench, url: &str| {
        bench.call(Endpoint::Files, Method::GET, url, &Value::Null).response
    };
    let plain = picture(&mut bench, &url);
    let decoded = image::load_from_memory(plain.body()).expect("an image");
    assert_eq!((decoded.width(), decoded.height()), (160, 600));
    assert_ne!(picture(&mut bench, &format!("{url}?headline=Hi")).body(), plain.body());
    let shown = get(&mut bench, &format!("/designs/{design}"));
    assert_eq!(shown["formats"][1]["dynamic_image_url"], first["formats"][1]["dynamic_image_url"]);
}

#[test]
fn only_active_static_designs_have_a_dynamic_image() {
    let mut bench = TestBench::new();
    let draft = bench.design("static", 0);
    bench.admin(Method::PUT, &format!("/designs/{draft}"), &json!({"active": false}));
    let moving = bench.design("animated", 0);
    for (design, status, id) in [
        (draft.as_str(), 400, "template_not_active"),
        (moving.as_str(), 400, "template_not_static"),
        (UNKNOWN, 404, "template_not_found"),
    ] {
        let reply = bench.call(
            Endpoint::Api,
            Method::POST,
            &format!("/designs/{design}/dynamic-image-url"),
            &json!({}),
        );
        assert_eq!(reply.response.status(), status);
        assert_eq!(read(&reply.response).1["id"], id);
    }
}

#[test]
fn a_review_notifies_the_subscriptions_of_the_design() {
    let mut bench = TestBench::new();
    let [spring, summer] = [0, 1].map(|number| bench.design("static", number));
    let body = json!({"hook_url": "http://r.test/", "type": "template_status", "design_id": spring});
    bench.admin(Method::POST, "/subscriptions", &body);
    bench.admin(Method::PUT, &format!("/designs/{summer}"), &json!({"status": "APPROVED"}));
    assert_eq!(bench.simulator.next_due(), None);
    bench.admin(Method::PUT, &format!("/designs/{spring}"), &json!({"status": "IN_REVIEW"}));
    let sent = bench.deliver(crate::simulator::DeliveryOutcome::Status(200));
    let body: Value = serde_json::from_slice(sent.request.body()).unwrap_or_default();
    let expected = json!({
        "event_type": "TEMPLATE_STATUS", "id": spring, "name": "Spring", "status": "IN_REVIEW",
        "created_at": 1_780_000_000, "updated_at": 1_780_000_100, "status_updated_at": 1_790_000_000,
    });
    assert_eq!(body, expected);
    let project = get(&mut bench, "/projects")[2]["id"].clone();
    bench.api(Method::PUT, &format!("/designs/{spring}/project"), &json!({"project_id": project}));
    let sent = bench.deliver(crate::simulator::DeliveryOutcome::Status(200));
    let body: Value = serde_json::from_slice(sent.request.body()).unwrap_or_default();
    assert_eq!(body["status"], "NONE", "a move resets the review");
}

#[test]
fn exports_are_not_filtered_by_design() {
    let mut bench = TestBench::new();
    let design = bench.design("static", 0);
    for body in [
        json!({"hook_url": "http://r.test/", "type": "new_export", "design_id": design}),
        json!({"hook_url": "http://r.test/", "type": "new_banner", "design_id": UNKNOWN}),
        json!({"hook_url": "r.test", "type": "moon"}),
    ] {
        let reply = bench.call(Endpoint::Admin, Method::POST, "/subscriptions", &body);
        assert!(reply.response.status().is_client_error(), "{body}");
    }
    let id = bench.admin(
        Method::POST,
        "/subscriptions",
        &json!({"hook_url": "http://r.test/", "type": "new_banner"}),
    );
    bench.admin(
        Method::DELETE,
        &format!("/subscriptions/{}", id["id"].as_str().unwrap_or_default()),
        &Value::Null,
    );
    assert_eq!(bench.admin(Method::GET, "/subscriptions", &Value::Null), json!([]));
}

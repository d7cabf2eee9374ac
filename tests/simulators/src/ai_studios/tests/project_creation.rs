//! Projects created through the API: directly, by automation tools, by dubbing.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::simulator::Endpoint;

use super::{TestBench, V3, read, request, text};

/// Posts a form. Fields with a file name are files.
fn post_form(bench: &mut TestBench, path: &str, fields: &[(&str, Option<&str>, &str)]) -> (u16, Value) {
    let mut body = String::new();
    for (name, file, content) in fields {
        let file = file.map_or_else(String::new, |file| format!("; filename=\"{file}\""));
        body += &format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n");
    }
    body += "--b--\r\n";
    let mut request = request(Method::POST, &format!("{V3}{path}"), &Value::Null);
    *request.body_mut() = Bytes::from(body);
    let headers = request.headers_mut();
    headers.insert("content-type", "multipart/form-data; boundary=b".parse().expect("a value"));
    headers.insert("authorization", bench.token.parse().expect("a value"));
    read(&bench.send(Endpoint::Api, request).response)
}

#[test]
fn creation_calls_export_by_their_default() {
    let video = json!({"language": "en", "text": "Hello", "model": "m", "clothes": "c"});
    let table = [
        ("/editor/project", json!({"scenes": [{}], "name": "New"}), true),
        ("/simple/video", video.clone(), false),
        ("/simple/custom", video, true),
    ];
    for (path, body, exports) in table {
        let mut bench = TestBench::new();
        let (status, response) = bench.api(Method::POST, path, &body);
        assert_eq!(status, 200, "{path}: {response}");
        let id = text(&response["data"]["projectId"]);
        assert_eq!(bench.progress_data(&id).get("state").is_some(), exports, "{path}");
        let mut opposite = body.clone();
        opposite["isExport"] = json!(!exports);
        let (_, response) = bench.api(Method::POST, path, &opposite);
        let id = text(&response["data"]["projectId"]);
        assert_eq!(bench.progress_data(&id).get("state").is_some(), !exports, "{path}");
        assert_eq!(bench.api(Method::POST, path, &json!({})).0, 400, "{path}");
    }
}

#[test]
fn an_edit_exports_with_a_webhook() {
    let mut bench = TestBench::new();
    let id = bench.project(2);
    let update = json!({"sceneIdx": 0, "type": "script", "values": {"text": "Hi"}});
    let body = json!({"updates": {"value": [update]}, "webhookUrl": "http://receiver.test/hooks"});
    let (status, response) = bench.api(Method::POST, &format!("/editor/project/{id}"), &body);
    assert_eq!((status, &response["data"]["projectId"]), (200, &json!(id)));
    assert_eq!(bench.bodies().len(), 4);
    assert_eq!(bench.api(Method::POST, &format!("/editor/project/{id}"), &json!({})).0, 400);
}

#[test]
fn literal_paths_are_not_project_keys() {
    let mut bench = TestBench::new();
    let (status, response) = bench.api(Method::POST, "/editor/project/modify", &json!({}));
    assert_eq!((status, &response["error"]["msg"]), (400, &json!("projectId is required")));
    let (status, response) = post_form(
        &mut bench,
        "/editor/project/pptpdf",
        &[("file", Some("deck.pptx"), "x"), ("name", None, "Deck")],
    );
    assert_eq!(status, 200);
    let id = text(&response["data"]["projectId"]);
    assert_eq!(bench.show(&id)["name"], "Deck");
    assert_eq!(bench.progress_data(&id), json!({"progress": 0}), "it is not exported");
}

#[test]
fn a_tool_creates_a_project_that_is_exported_afterwards() {
    let mut bench = TestBench::new();
    let (_, response) =
        bench.api(Method::POST, "/automation/topic_to_video", &json!({"topic": "Tea", "options": {}}));
    assert!(response["data"]["automationJobId"].is_string());
    let id = text(&response["data"]["projectId"]);
    let (status, _) = bench.api(Method::POST, "/editor/project/export", &json!({"projectId": id}));
    assert_eq!(status, 400, "creation has not ended");
    bench.advance_real_time(20.0);
    for path in
        ["/automation/progress?projectId=", "/automation/progress/?projectId=", "/automation/progress/"]
    {
        let (_, response) = bench.get(&format!("{path}{id}"));
        assert_eq!(response["data"], json!({"state": "building audio", "progress": 50}), "{path}");
    }
    bench.advance_real_time(20.0);
    let (_, response) = bench.get(&format!("/automation/progress?projectId={id}"));
    assert_eq!(response["data"], json!({"state": "finish", "progress": 100}));
    let (status, _) = bench.api(Method::POST, "/editor/project/export", &json!({"projectId": id}));
    assert_eq!(status, 200);
    bench.advance_real_time(65.0);
    assert_eq!(bench.progress_data(&id)["state"], "exported");
}

#[test]
fn every_tool_requires_its_input_and_documents_return_no_job() {
    let mut bench = TestBench::new();
    for (tool, field) in
        [("scripts_to_video", "scripts"), ("url_to_video", "url"), ("docs-to-video", "files")]
    {
        let path = format!("/automation/{tool}");
        assert_eq!(bench.api(Method::POST, &path, &json!({})).0, 400, "{tool}");
        let value = if field == "files" { json!(["upload/a.pdf"]) } else { json!("https://example.net/a") };
        let (status, response) = bench.api(Method::POST, &path, &json!({ field: value }));
        assert_eq!(status, 200, "{tool}: {response}");
        assert_eq!(response["data"]["automationJobId"].is_string(), tool != "docs-to-video", "{tool}");
    }
    let files = [("files", Some("a.pdf"), "x"), ("files", Some("b.docx"), "y")];
    let (_, response) = post_form(&mut bench, "/automation/docs-to-video/upload-files", &files);
    assert_eq!(response["data"]["uploadResults"][1]["fileName"], "b.docx");
    let (status, _) =
        post_form(&mut bench, "/automation/docs-to-video/upload-files", &[("files", Some("a.exe"), "x")]);
    assert_eq!(status, 400);
}

#[test]
fn a_stalled_creation_never_ends() {
    let mut bench = TestBench::with_scenario("S31", "stalls");
    let (_, response) = bench.api(Method::POST, "/automation/topic_to_video", &json!({"topic": "Tea"}));
    let id = text(&response["data"]["projectId"]);
    bench.advance_real_time(80_000.0);
    let (_, response) = bench.get(&format!("/automation/progress?projectId={id}"));
    assert_eq!(response["data"], json!({"state": "building audio", "progress": 50}));
}

#[test]
fn one_language_of_a_dubbing_folder_can_fail() {
    let mut bench = TestBench::with_scenario("S32", "plain");
    let fields = [
        ("file", Some("talk.mp4"), "x"),
        ("target_0", None, "de-DE"),
        ("target_1", None, "fr-FR"),
        ("target_2", None, "ko-KR"),
    ];
    let (status, response) = post_form(&mut bench, "/automation/translatevideos", &fields);
    assert_eq!(status, 200, "{response}");
    let path = format!("/automation/translatevideos?folderId={}", text(&response["data"]["folderId"]));
    bench.advance_real_time(15.0);
    assert_eq!(bench.get(&path).1["data"][1]["progress"], 25, "the failing language starts normally");
    bench.advance_real_time(45.0);
    let (_, response) = bench.get(&path);
    let items = response["data"].as_array().expect("a list");
    assert_eq!(items.len(), 3);
    assert_eq!((&items[1]["progress"], &items[1]["state"]), (&json!(40), &json!("error")));
    assert!(items[1].get("download_url").is_none());
    let url = text(&items[2]["download_url"]);
    assert_eq!(bench.download(&url, &[]).response.status(), 200);
    let id = text(&items[2]["projectId"]);
    assert_eq!(bench.progress(&id).0, 404, "these ids are not accepted by default");
    bench.change_settings(&json!({"dubbing": {"ids_are_projects": true}}));
    assert_eq!(bench.progress_data(&id)["progress"], 100);
}

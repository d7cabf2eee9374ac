//! Projects made or edited through the API, directly or from a template or a file.

use http::Method;
use serde_json::{Value, json};

use super::{TestBench, text};

fn avatar_video() -> Value {
    json!({"language": "en", "text": "Hello", "model": "m"})
}

fn chroma_key_video() -> Value {
    json!({"language": "en", "text": "Hello", "model": "m", "clothes": "c"})
}

fn edit() -> Value {
    json!({"updates": {"value": [{"sceneIdx": 0, "type": "aiModel", "values": {"script": "Hi"}}]}})
}

#[test]
fn creation_calls_export_by_their_default() {
    let table = [
        ("/editor/project", json!({"scenes": [{}], "name": "New"}), true),
        ("/simple/video", chroma_key_video(), false),
        ("/simple/custom", avatar_video(), true),
    ];
    for (path, body, exports) in table {
        let mut bench = TestBench::new();
        let id = text(&bench.created(path, &body)["projectId"]);
        assert_eq!(bench.progress_data(&id).get("state").is_some(), exports, "{path}");
        let mut opposite = body.clone();
        opposite["isExport"] = json!(!exports);
        let id = text(&bench.created(path, &opposite)["projectId"]);
        assert_eq!(bench.progress_data(&id).get("state").is_some(), !exports, "{path}");
        bench.rejected(path, &json!({}));
    }
}

#[test]
fn invalid_fields_of_creation_calls_are_named() {
    let mut bench = TestBench::new();
    let with = |mut body: Value, name: &str, value: Value| {
        body[name] = value;
        body
    };
    let project = || json!({"scenes": [{}]});
    for (path, body, message) in [
        ("/editor/project", json!({"scenes": []}), "scenes is required"),
        ("/editor/project", json!({"scenes": [1]}), "scenes[0] must be an object"),
        ("/editor/project", with(project(), "orientation", json!("square")), "orientation is invalid"),
        ("/editor/project", with(project(), "isExport", json!("true")), "isExport must be a boolean"),
        ("/editor/project", with(project(), "resolution", json!(1080)), "resolution is invalid"),
        (
            "/editor/project",
            with(project(), "webhook", json!("x")),
            "webhook is not a parameter of this call",
        ),
        ("/simple/video", avatar_video(), "clothes is required"),
        ("/simple/video", with(chroma_key_video(), "text", json!("")), "text is required"),
        ("/simple/custom", chroma_key_video(), "clothes is not a parameter of this call"),
        ("/simple/custom", with(avatar_video(), "webhookUrl", json!("no")), "webhookUrl is not a valid URL"),
    ] {
        assert_eq!(bench.rejected(path, &body), message);
    }
    bench.change_settings(&json!({"export": {"unknown_fields": "accept"}}));
    bench.created("/simple/custom", &chroma_key_video());
}

#[test]
fn scenes_are_checked_in_full_if_the_setting_says_so() {
    let mut bench = TestBench::new();
    bench.change_settings(&json!({"creation": {"scenes": "strict"}}));
    let script = json!({"org": "Hi", "isTTS": false, "tts": null, "modelId": "m", "clothId": "c"});
    let clip =
        json!({"id": "a", "type": "aiModel", "layer": 1, "top": 0, "left": 0.5, "height": 9, "width": 9});
    let scene = json!({"sceneIdx": 0, "scripts": [script], "background": {}, "clips": [clip]});
    bench.created("/editor/project", &json!({"scenes": [scene]}));
    for (pointer, value, message) in [
        ("/scripts", json!([]), "scenes[0].scripts must have one item"),
        ("/scripts/0/isTTS", json!(1), "scenes[0].scripts[0].isTTS must be a boolean"),
        ("/clips/0/layer", json!("1"), "scenes[0].clips[0] is invalid"),
        ("/clips/0/type", json!("avatar"), "scenes[0].clips[0] is invalid"),
        ("/background", json!("blue"), "scenes[0].background must be an object"),
    ] {
        let mut wrong = scene.clone();
        *wrong.pointer_mut(pointer).expect("a place") = value;
        assert_eq!(bench.rejected("/editor/project", &json!({"scenes": [wrong]})), message);
    }
}

#[test]
fn an_edit_exports_with_a_webhook() {
    let mut bench = TestBench::new();
    let path = format!("/editor/project/{}", bench.project(2));
    let mut body = edit();
    body["webhookUrl"] = json!("http://receiver.test/hooks");
    assert_eq!(bench.created(&path, &body)["projectId"], bench.project(2));
    assert_eq!(bench.bodies().len(), 4);
    assert_eq!(bench.rejected(&path, &json!({})), "updates is required");
    for (field, value, message) in [
        ("type", json!("script"), "updates.value[0].type is invalid"),
        ("values", json!("Hi"), "updates.value[0].values must be an object"),
        ("sceneIdx", json!("0"), "updates.value[0].sceneIdx must be a whole number"),
    ] {
        let mut wrong = edit();
        wrong["updates"]["value"][0][field] = value;
        assert_eq!(bench.rejected(&path, &wrong), message);
    }
}

#[test]
fn an_edit_may_export_a_copy() {
    let mut bench = TestBench::with_scenario("S34", "new");
    let source = bench.project(0);
    let id = text(&bench.created(&format!("/editor/project/{source}"), &edit())["projectId"]);
    assert_ne!(id, source);
    assert_eq!(bench.progress_data(&source), json!({"progress": 0}), "the source is not exported");
    assert_eq!(bench.progress_data(&id)["state"], "waiting");
    assert_eq!(bench.show(&id)["scenes"], bench.show(&source)["scenes"]);
}

#[test]
fn the_task_id_of_a_custom_avatar_is_what_the_setting_says() {
    for (form, expected) in [("same", Some(true)), ("other", Some(false)), ("absent", None)] {
        let mut bench = TestBench::with_scenario("S35", form);
        let data = bench.created("/simple/custom", &avatar_video());
        let task = bench.show(&text(&data["projectId"]))["backendTaskId"].clone();
        assert_eq!(data.get("taskId").map(|given| *given == task), expected, "{form}");
    }
}

#[test]
fn literal_paths_are_not_project_keys() {
    let mut bench = TestBench::new();
    assert_eq!(bench.rejected("/editor/project/modify", &json!({})), "projectId is required");
    assert_eq!(bench.rejected("/editor/template/modify", &json!({})), "templateId is required");
    let (status, response) = bench
        .post_form("/editor/project/pptpdf", &[("file", Some("deck.pptx"), "x"), ("name", None, "Deck")]);
    assert_eq!(status, 200);
    let id = text(&response["data"]["projectId"]);
    assert_eq!(bench.show(&id)["name"], "Deck");
    assert_eq!(bench.progress_data(&id), json!({"progress": 0}), "it is not exported");
}

#[test]
fn a_project_from_a_file_is_exported_once_it_is_converted() {
    let mut bench = TestBench::with_scenario("S42", "converting");
    for fields in [
        [("file", Some("deck"), "x")].as_slice(),
        &[("file", Some("deck.odp"), "x")],
        &[("file", Some("deck.pdf"), "")],
        &[("file", None, "x")],
        &[("file", Some("deck.pdf"), "x"), ("title", None, "Deck")],
        &[("name", None, "Deck")],
    ] {
        assert_eq!(bench.post_form("/editor/project/pptpdf", fields).0, 400, "{fields:?}");
    }
    let (_, response) = bench.post_form("/editor/project/pptpdf", &[("file", Some("deck.PDF"), "x")]);
    let export = json!({"projectId": response["data"]["projectId"]});
    bench.rejected("/editor/project/export", &export);
    bench.advance_real_time(30.0);
    bench.created("/editor/project/export", &export);
}

#[test]
fn a_template_makes_a_project_in_either_spelling() {
    for (variant, [table, sample]) in [("both", [200, 200]), ("table", [200, 400]), ("sample", [400, 200])] {
        let mut bench = TestBench::with_scenario("S41", variant);
        let path = format!("/editor/template/{}", text(&bench.describe()["template_ids"][0]));
        let body = json!({"aiName": "m", "clothId": "c", "name": "New"});
        let (status, response) = bench.api(Method::POST, &path, &body);
        assert_eq!(status, table, "{variant}: {response}");
        let (status, response) = bench.api(Method::POST, &format!("{path}?model=m&clothes=c"), &Value::Null);
        assert_eq!(status, sample, "{variant}: {response}");
    }
    let mut bench = TestBench::new();
    assert_eq!(bench.api(Method::POST, "/editor/template/000000000000000000000000", &json!({})).0, 404);
    let (_, list) = bench.get("/dropdown/templates_business");
    let path = format!("/editor/template/{}", text(&list["data"][1]["id"]));
    let id = text(&bench.created(&path, &json!({}))["projectId"]);
    assert_eq!(bench.progress_data(&id), json!({"progress": 0}), "it is not exported");
}

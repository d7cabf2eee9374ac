//! Which orders are valid, and that an error names every invalid field.

use serde_json::json;

use super::*;

fn order(kind: Kind, request: Value) -> Result<Order, Error> {
    read_order(kind.name(), request.as_object().cloned().expect("an object"))
}

/// The fields that the error names.
fn invalid_fields(kind: Kind, request: Value) -> Vec<String> {
    let error = order(kind, request).expect_err("an invalid request");
    error.violations.into_iter().map(|violation| violation.field).collect()
}

#[test]
fn an_export_holds_only_the_fields_of_the_request() {
    for (request, expected) in [
        (json!({ "project_id": "66b1" }), json!({ "project_id": "66b1" })),
        (
            json!({ "project_id": "66b1", "workspace_id": "6641", "resolution": "4k", "track": false }),
            json!({ "project_id": "66b1", "workspace_id": "6641", "resolution": "4k" }),
        ),
        (
            json!({ "project_id": "66b1", "resolution": 720, "workspace_id": null }),
            json!({ "project_id": "66b1", "resolution": "720" }),
        ),
        (
            json!({ "project_id": "66b1", "track": true, "export": false }),
            json!({ "project_id": "66b1", "track": true }),
        ),
        (
            json!({ "project_id": "66b1", "track": true, "export": true, "resolution": 720 }),
            json!({ "project_id": "66b1", "track": true, "export": true, "resolution": "720" }),
        ),
    ] {
        let order = order(Kind::Export, request).expect("a valid request");
        assert_eq!((order.request, order.expected_files), (expected, Some(1)));
    }
}

#[test]
fn every_invalid_field_of_an_export_is_named() {
    for (request, named) in [
        (json!({}), vec!["project_id"]),
        (json!({ "project_id": "" }), vec!["project_id"]),
        (json!({ "project_id": "../x" }), vec!["project_id"]),
        (json!({ "project_id": 7, "workspace_id": "a/b" }), vec!["project_id", "workspace_id"]),
        (json!({ "project_id": "p", "resolution": "4K" }), vec!["resolution"]),
        (json!({ "project_id": "p", "resolution": 1080.5 }), vec!["resolution"]),
        (json!({ "project_id": "p", "resolution": true }), vec!["resolution"]),
        (json!({ "project_id": "p", "track": "yes" }), vec!["track"]),
        (json!({ "project_id": "p", "track": true, "resolution": "720" }), vec!["resolution"]),
        (json!({ "project_id": "p", "track": true, "export": "yes" }), vec!["export"]),
        (json!({ "project_id": "p", "export": true }), vec!["export"]),
        (json!({ "project_id": "p", "webhookUrl": "https://x" }), vec!["webhookUrl"]),
    ] {
        assert_eq!(invalid_fields(Kind::Export, request.clone()), named, "{request}");
    }
}

#[test]
fn scenes_are_the_providers_own_json_and_only_their_documented_types_are_checked() {
    let scene = json!({ "sceneIdx": 0, "scripts": [{ "org": "Hi" }], "clips": [{ "type": "new" }], "watermark": false });
    let request =
        json!({ "name": "Spring", "orientation": "portrait", "scenes": [scene], "resolution": "720" });
    assert_eq!(order(Kind::CreateProject, request.clone()).expect("a valid request").request, request);
    order(Kind::CreateProject, json!({ "scenes": [{}] })).expect("a valid request");
    for (request, named) in [
        (json!({}), vec!["scenes"]),
        (json!({ "scenes": [] }), vec!["scenes"]),
        (json!({ "scenes": [{}, 7] }), vec!["scenes[1]"]),
        (
            json!({ "scenes": [{ "sceneIdx": "0", "clips": {} }] }),
            vec!["scenes[0].sceneIdx", "scenes[0].clips"],
        ),
        (json!({ "scenes": [{}], "orientation": "square" }), vec!["orientation"]),
        (json!({ "scenes": [{}], "name": " " }), vec!["name"]),
        (json!({ "scenes": [{}], "isExport": false }), vec!["isExport"]),
        (json!({ "scenes": [{ "text": "x".repeat(200_000) }] }), vec!["scenes"]),
    ] {
        assert_eq!(invalid_fields(Kind::CreateProject, request), named);
    }
}

#[test]
fn every_invalid_field_of_a_change_is_named() {
    let update = json!({ "scene_idx": 0, "type": "textImage", "values": { "text": "New", "fontSize": 100 } });
    let request = json!({ "project_id": "66b1", "updates": [update] });
    assert_eq!(order(Kind::EditProject, request.clone()).expect("a valid request").request, request);
    for (updates, named) in [
        (json!([]), vec!["updates"]),
        (json!({ "value": [] }), vec!["updates"]),
        (json!([7]), vec!["updates[0]"]),
        (json!([{}]), vec!["updates[0].scene_idx", "updates[0].type", "updates[0].values"]),
        (
            json!([{ "scene_idx": -1, "type": "video", "values": [] , "sceneIdx": 0 }]),
            vec!["updates[0].scene_idx", "updates[0].type", "updates[0].values", "updates[0].sceneIdx"],
        ),
    ] {
        let request = json!({ "project_id": "66b1", "updates": updates });
        assert_eq!(invalid_fields(Kind::EditProject, request.clone()), named, "{request}");
    }
}

#[test]
fn a_spoken_text_needs_its_avatar_and_only_the_providers_wear_clothes() {
    let custom = json!({ "language": "en", "text": "Hi", "model": "M1", "workspace_id": "w1" });
    assert_eq!(order(Kind::CustomVideo, custom.clone()).expect("a valid request").request, custom);
    assert_eq!(invalid_fields(Kind::SimpleVideo, custom), ["clothes"]);
    assert_eq!(
        invalid_fields(Kind::CustomVideo, json!({ "clothes": "BG1" })),
        ["language", "text", "model", "clothes"]
    );
    let long = json!({ "language": "en", "text": "x".repeat(50_001), "model": 7 });
    assert_eq!(invalid_fields(Kind::CustomVideo, long), ["text", "model"]);
}

#[test]
fn options_of_an_automation_are_checked_by_name_and_value() {
    let options = json!({
        "language": "en", "duration": 60, "script_option": "original", "objective": "education",
        "audience": "students", "tone": "clearly", "speed": 1.5, "media": "generative",
        "use_generative_high_quality": true, "style": "sketch", "template_id": "t", "model": "m", "voice_only": false,
    });
    let request = json!({ "scripts": "Spring.", "options": options });
    assert_eq!(order(Kind::ScriptsToVideo, request.clone()).expect("a valid request").request, request);
    let empty = order(Kind::TopicToVideo, json!({ "topic": "Spring", "options": { "style": null } }));
    assert_eq!(empty.expect("a valid request").request, json!({ "topic": "Spring" }));
    for (options, named) in [
        (json!([]), "options"),
        (json!({ "language": "english" }), "options.language"),
        (json!({ "duration": 45 }), "options.duration"),
        (json!({ "duration": "60" }), "options.duration"),
        (json!({ "script_option": "ai" }), "options.script_option"),
        (json!({ "speed": 1.6 }), "options.speed"),
        (json!({ "media": "stock" }), "options.media"),
        (json!({ "media": "free", "style": "anime" }), "options.style"),
        (json!({ "use_generative_high_quality": true }), "options.use_generative_high_quality"),
        (json!({ "voiceOnly": true }), "options.voiceOnly"),
        (json!({ "voiceOnly": null }), "options.voiceOnly"),
    ] {
        let request = json!({ "topic": "Spring", "options": options });
        assert_eq!(invalid_fields(Kind::TopicToVideo, request.clone()), [named], "{request}");
    }
    for url in ["ftp://example.com/a", "example.com", ""] {
        assert_eq!(invalid_fields(Kind::UrlToVideo, json!({ "url": url })), ["url"]);
    }
    assert_eq!(invalid_fields(Kind::UrlToVideo, json!({ "topic": "Spring" })), ["url", "topic"]);
    assert!(read_order("no-such-kind", Map::new()).is_err_and(|error| error.violations[0].field == "kind"));
}

#[test]
fn documents_have_a_name_of_a_known_type_which_their_url_may_hold() {
    let request = json!({ "documents": [
        { "url": "https://files.example.com/a/Spring.PDF?X-Signature=s" },
        { "url": "https://files.example.com/7", "name": "plan.docx" },
    ] });
    let order = order(Kind::DocsToVideo, request).expect("a valid request");
    let documents = json!([
        { "url": "https://files.example.com/a/Spring.PDF?X-Signature=s", "name": "Spring.PDF" },
        { "url": "https://files.example.com/7", "name": "plan.docx" },
    ]);
    assert_eq!(order.request, json!({ "documents": documents }));
    let url = "https://files.example.com/a.pdf";
    for (documents, named) in [
        (json!([]), vec!["documents"]),
        (json!(vec![json!({ "url": url }); 11]), vec!["documents"]),
        (json!([url]), vec!["documents[0]"]),
        (json!([{ "url": "s3://bucket/a.pdf" }]), vec!["documents[0].url"]),
        (json!([{ "url": "https://files.example.com/7" }]), vec!["documents[0].name"]),
        (json!([{ "url": url, "name": "a.exe" }]), vec!["documents[0].name"]),
        (json!([{ "url": url, "name": "a\r\nX: y.pdf" }]), vec!["documents[0].name"]),
        (json!([{ "url": url, "key": "a.pdf" }]), vec!["documents[0].key"]),
    ] {
        let request = json!({ "documents": documents });
        assert_eq!(invalid_fields(Kind::DocsToVideo, request.clone()), named, "{request}");
    }
    let duration = json!({ "documents": [{ "url": url }], "options": { "duration": 60 } });
    assert_eq!(invalid_fields(Kind::DocsToVideo, duration), ["options.duration"]);
}

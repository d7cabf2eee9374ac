//! Request bodies for the local runner, one of each kind of work.

use serde_json::{Value, json};

/// Returns a body of each kind but the export. Edits are of `project`.
pub(super) fn example_jobs(project: &str) -> Vec<Value> {
    let scene = json!({
        "sceneIdx": 0,
        "background": {"id": "background", "type": "background", "source_color": "rgb(54,188,37)"},
        "scripts": [{"org": "Spring is here.", "isTTS": false, "tts": null, "modelId": "M1", "clothId": "BG1"}],
        "clips": [{"id": "c1", "type": "aiModel", "layer": 1, "top": 0, "left": 0, "width": 679, "height": 2229}],
    });
    let update = json!({"scene_idx": 0, "type": "aiModel", "values": {"script": "Summer is here."}});
    let spoken =
        |kind: &str| json!({"kind": kind, "language": "en", "text": "Spring is here.", "model": "M1"});
    let on_topic = |kind: &str| json!({"kind": kind, "topic": "Spring"});
    let mut simple_video = spoken("simple_video");
    simple_video["clothes"] = json!("BG1");
    let mut jobs = vec![
        json!({"kind": "create_project", "name": "Spring", "scenes": [scene]}),
        json!({"kind": "edit_project", "project_id": project, "updates": [update]}),
        simple_video,
        spoken("custom_video"),
        json!({"kind": "scripts_to_video", "scripts": "Spring is here."}),
        on_topic("topic_to_video"),
        json!({"kind": "url_to_video", "url": "https://www.example.com/spring"}),
        json!({"kind": "dubbing", "url": "https://youtu.be/dQw4w9WgXcQ", "targets": ["de-DE", "fr-FR"]}),
        on_topic("image_generation"),
        on_topic("video_generation"),
        json!({
            "kind": "voice_generation", "script": "Spring is here.", "model": "M1", "type": "deepbrainai",
            "language": "en",
        }),
        spoken("simple_audio"),
        on_topic("text_generation"),
    ];
    for job in &mut jobs {
        job["provider"] = json!("ai_studios");
    }
    jobs
}

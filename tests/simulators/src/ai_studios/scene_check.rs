//! Checks the scenes of a new project against the vendor's table (contract 7).

use serde_json::Value;

use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::field_check::{DocumentedField, FieldForm, optional, required};
use crate::ai_studios::request_body::RequestBody;
use crate::ai_studios::settings::creation::SceneCheck;

/// The types of clips of a scene.
pub(super) const CLIP_TYPES: [&str; 6] = ["aiModel", "shape", "image", "textImage", "videoImage", "audio"];

/// The samples have `watermark` and `thumbnailUrl` besides.
const SCENE_FIELDS: [DocumentedField; 6] = [
    required("sceneIdx", FieldForm::Integer),
    required("scripts", FieldForm::List),
    required("background", FieldForm::Object),
    required("clips", FieldForm::List),
    optional("watermark", FieldForm::Flag),
    optional("thumbnailUrl", FieldForm::Json),
];
const SCRIPT_FIELDS: [DocumentedField; 5] = [
    required("org", FieldForm::Text),
    required("isTTS", FieldForm::Flag),
    required("tts", FieldForm::Json),
    required("modelId", FieldForm::Text),
    required("clothId", FieldForm::Text),
];
const CLIP_NUMBERS: [&str; 4] = ["height", "width", "left", "top"];

/// Checks scenes, in full only if the settings say so.
pub(super) fn check_scenes(body: &RequestBody, scenes: &Value, check: SceneCheck) -> Result<(), ApiError> {
    let scenes = scenes.as_array().filter(|scenes| !scenes.is_empty());
    let scenes = scenes.ok_or_else(|| ApiError::invalid("scenes is required"))?;
    for (number, scene) in scenes.iter().enumerate() {
        let path = format!("scenes[{number}].");
        if !scene.is_object() {
            return Err(ApiError::invalid(format!("scenes[{number}] must be an object")));
        }
        if check == SceneCheck::Strict {
            check_scene(body, scene, &path)?;
        }
    }
    Ok(())
}

fn check_scene(body: &RequestBody, scene: &Value, path: &str) -> Result<(), ApiError> {
    body.check_inner(scene, path, &SCENE_FIELDS)?;
    let items = |name: &str| scene[name].as_array().map(Vec::as_slice).unwrap_or_default();
    if items("scripts").len() != 1 {
        return Err(ApiError::invalid(format!("{path}scripts must have one item")));
    }
    for (number, script) in items("scripts").iter().enumerate() {
        body.check_inner(script, &format!("{path}scripts[{number}]."), &SCRIPT_FIELDS)?;
    }
    for (number, clip) in items("clips").iter().enumerate() {
        let known = clip["type"].as_str().is_some_and(|name| CLIP_TYPES.contains(&name));
        let placed = CLIP_NUMBERS.iter().all(|name| clip[*name].is_number());
        if !known || !placed || !clip["id"].is_string() || !clip["layer"].is_i64() {
            return Err(ApiError::invalid(format!("{path}clips[{number}] is invalid")));
        }
    }
    Ok(())
}

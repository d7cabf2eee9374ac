//! The tools that answer at once: generated files, speech and text, and avatars, which have no file (contract 7).

use serde_json::{Value, json};

use crate::ai_studios::account::object_id;
use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::download_url;
use crate::ai_studios::field_check::{DocumentedField, FieldForm, optional, required};
use crate::ai_studios::generated_asset::{AssetKind, GeneratedAsset};
use crate::ai_studios::request_body::RequestBody;
use crate::ai_studios::route::{AvatarTool, GeneratorTool};
use crate::ai_studios::settings::tools::UrlPresence;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

const TOPIC: DocumentedField = required("topic", FieldForm::Text);
const IMAGE_FIELDS: [DocumentedField; 3] = [
    TOPIC,
    optional("style", FieldForm::OneOf(&["PHOTOGRAPHIC", "VECTOR_IMAGE", "ILLUSTRATION", "3D"])),
    optional("size", FieldForm::OneOf(&["LANDSCAPE", "PORTRAIT", "SQUARE"])),
];
/// The page lists types and languages with an ellipsis.
const VOICE_FIELDS: [DocumentedField; 4] = [
    required("script", FieldForm::Text),
    required("model", FieldForm::Text),
    required("type", FieldForm::Text),
    required("language", FieldForm::Text),
];
/// Only older pages have `tts`.
const SPEECH_FIELDS: [DocumentedField; 4] = [
    required("language", FieldForm::Text),
    required("text", FieldForm::Text),
    required("model", FieldForm::Text),
    optional("tts", FieldForm::Object),
];
const AVATAR_FIELDS: [DocumentedField; 3] = [
    required("url", FieldForm::HttpUrl),
    required("name", FieldForm::Text),
    required("gender", FieldForm::OneOf(&["MALE", "FEMALE"])),
];
const LOCALE: DocumentedField = optional("locale", FieldForm::OneOf(&["en", "ko", "zh"]));

/// `POST /tools/{text,image,video,voice}-generator`.
pub(super) fn generate(
    simulator: &mut AiStudiosSimulator,
    tool: GeneratorTool,
    body: &RequestBody,
    at: Moment,
) -> Result<Value, ApiError> {
    match tool {
        GeneratorTool::Text | GeneratorTool::Video => body.check(&[&[TOPIC]])?,
        GeneratorTool::Image => body.check(&[&IMAGE_FIELDS])?,
        GeneratorTool::Voice => body.check(&[&VOICE_FIELDS])?,
    }
    charge(simulator)?;
    let settings = &simulator.state.settings.tools;
    let kind = match tool {
        GeneratorTool::Text => return Ok(json!({"script": written_about(&body.required_text("topic")?)})),
        GeneratorTool::Video => AssetKind::Video,
        GeneratorTool::Voice => AssetKind::Audio(settings.audio_type),
        GeneratorTool::Image => {
            let (width, height) = match body.text("size")?.as_deref() {
                Some("PORTRAIT") => (36, 64),
                Some("SQUARE") => (64, 64),
                Some(_) | None => (64, 36),
            };
            AssetKind::Image { width, height, file_type: settings.image_type }
        }
    };
    let (_, url) = add_asset(simulator, kind, at);
    let mut data = json!({});
    show_url(simulator, &mut data, url);
    Ok(data)
}

/// `POST /simple/audio`.
pub(super) fn speak(
    simulator: &mut AiStudiosSimulator,
    body: &RequestBody,
    at: Moment,
) -> Result<Value, ApiError> {
    body.check(&[&SPEECH_FIELDS])?;
    charge(simulator)?;
    let kind = AssetKind::Audio(simulator.state.settings.tools.audio_type);
    let (name, url) = add_asset(simulator, kind, at);
    let mut data = json!({"fileName": name, "metaList": simulator.state.settings.tools.meta_list});
    show_url(simulator, &mut data, url);
    Ok(data)
}

/// `POST /avatars/{customavatar,dreamavatar,voiceclone}`: they make no file and have no progress.
pub(super) fn create_avatar(
    simulator: &mut AiStudiosSimulator,
    tool: AvatarTool,
    body: &RequestBody,
) -> Result<Value, ApiError> {
    let more: &[DocumentedField] = match tool {
        AvatarTool::Custom => {
            &[LOCALE, optional("perFrame", FieldForm::Flag), optional("isWebcam", FieldForm::Flag)]
        }
        AvatarTool::Dream => &[optional("tts", FieldForm::Object)],
        AvatarTool::Voice => &[LOCALE],
    };
    body.check(&[&AVATAR_FIELDS, more])?;
    charge(simulator)?;
    let mut new_id = |label: &str| object_id(simulator.ids.next_hex(label));
    Ok(match tool {
        AvatarTool::Custom => json!({"avatarId": new_id("avatar"), "voiceId": new_id("voice")}),
        AvatarTool::Dream => json!({"avatarId": new_id("avatar")}),
        AvatarTool::Voice => json!({"voiceId": new_id("voice")}),
    })
}

fn charge(simulator: &mut AiStudiosSimulator) -> Result<(), ApiError> {
    let settings = &simulator.state.settings;
    simulator.state.exports.charge(settings.export.credits, settings.tools.credit)
}

/// Adds a generated file and returns its name and URL.
fn add_asset(simulator: &mut AiStudiosSimulator, kind: AssetKind, at: Moment) -> (String, String) {
    let id = object_id(simulator.ids.next_hex("asset"));
    let asset = GeneratedAsset::generate(&id, kind, at.now);
    let name = asset.file_name.clone();
    simulator.state.assets.push(asset);
    let url = download_url::file_url(simulator, &name, at);
    (name, url)
}

/// Puts the URL in an answer as the settings say.
fn show_url(simulator: &AiStudiosSimulator, data: &mut Value, url: String) {
    let settings = &simulator.state.settings.tools;
    match settings.url {
        UrlPresence::Present => data[settings.url_field.name()] = url.into(),
        UrlPresence::Null => data[settings.url_field.name()] = Value::Null,
        UrlPresence::Absent => {}
    }
}

/// Returns a text that repeats its topic, as a generated one does.
fn written_about(topic: &str) -> String {
    format!("{topic}: this is what there is to say about it.")
}

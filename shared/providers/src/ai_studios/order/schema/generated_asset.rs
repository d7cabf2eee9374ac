//! The schemas of generated assets.

use serde_json::{Value, json};

use super::common::text;
use crate::{
    ai_studios::order::{
        field_validators::MAX_SCRIPT_CHARS,
        generated_asset::{GeneratedAsset, IMAGE_SIZES, IMAGE_STYLES},
    },
    order_schema::{OrderSchema, optional, with_description},
};

pub(super) fn schema(asset: GeneratedAsset) -> OrderSchema {
    let required = asset.required_fields();
    let mut fields: Vec<(&'static str, Value)> = required
        .iter()
        .map(|name| (*name, with_description(text(MAX_SCRIPT_CHARS), describe(name))))
        .collect();
    if asset == GeneratedAsset::Image {
        let one_of = |values: &[&str]| optional(json!({ "type": "string", "enum": values }));
        fields.push((
            "style",
            with_description(one_of(&IMAGE_STYLES), "The style of the image. Default: PHOTOGRAPHIC."),
        ));
        fields.push((
            "size",
            with_description(one_of(&IMAGE_SIZES), "The aspect ratio of the image. Default: LANDSCAPE."),
        ));
    }
    let (description, example) = match asset {
        GeneratedAsset::Image => ("Makes an image of a topic.", json!({ "topic": "A lighthouse at night." })),
        GeneratedAsset::Video => {
            ("Makes a video about a topic.", json!({ "topic": "A lighthouse at night." }))
        }
        GeneratedAsset::Voice => (
            "Speaks a script in a voice of one of several makers.",
            json!({ "script": "Welcome.", "model": "M000351175", "type": "deepbrainai", "language": "en" }),
        ),
        GeneratedAsset::Audio => (
            "Speaks a text in the voice of an avatar.",
            json!({ "text": "Welcome.", "model": "M000045058", "language": "en" }),
        ),
        GeneratedAsset::Text => (
            "Writes a text about a topic. It is the `result` of the job, and no file lands.",
            json!({ "topic": "Lighthouses." }),
        ),
    };
    OrderSchema { kind: asset.kind_name(), variant: "", description, fields, required, example }
}

fn describe(field: &str) -> &'static str {
    match field {
        "topic" => "What it is about.",
        "script" | "text" => "What is spoken.",
        "model" => "The id of the voice or of the avatar.",
        "type" => "The maker of the voice, such as `deepbrainai`, `elevenlabs` or `google`.",
        _ => "The language of the text, such as `en`.",
    }
}

//! Schemas of projects that the provider makes of scripts, a topic, a web page or documents.

use serde_json::{Map, Value, json};

use super::common::{export_options, text};
use crate::{
    ai_studios::order::{
        automation::{
            DURATIONS, GENERATIVE_OPTIONS, MEDIA, OPTIONS, SCRIPT_OPTIONS, SPEED, STYLES, has_option,
        },
        documents::{self, DOCUMENT_TYPES, MAX_DOCUMENTS, MAX_NAME_CHARS},
        field_validators::{MAX_SCRIPT_CHARS, MAX_WORDS_CHARS},
        kind::Kind,
    },
    order_schema::{OrderSchema, optional, with_description},
};

pub(super) fn schema(kind: Kind) -> OrderSchema {
    let [workspace, resolution] = export_options();
    let url = || json!({ "type": "string", "pattern": "^https?://[!-~]+$", "format": "uri", "maxLength": documents::MAX_URL_BYTES });
    let (input, value, description, example): (_, _, _, fn() -> Value) = match kind {
        Kind::ScriptsToVideo => (
            "scripts",
            text(MAX_SCRIPT_CHARS),
            "Makes a project of a script, and then renders and exports its video.",
            || json!({ "scripts": "Spring has come to our shops.", "options": { "language": "en" } }),
        ),
        Kind::TopicToVideo => (
            "topic",
            text(MAX_SCRIPT_CHARS),
            "Makes a project about a topic, and then renders and exports its video.",
            || json!({ "topic": "Spring in the garden", "options": { "language": "en", "duration": 60 } }),
        ),
        Kind::DocsToVideo => (
            "documents",
            documents(),
            "Makes a project of documents, and then renders and exports its video.",
            || json!({ "documents": [{ "url": "https://www.example.com/spring.pdf" }] }),
        ),
        _ => (
            "url",
            url(),
            "Makes a project of a web page, and then renders and exports its video.",
            || json!({ "url": "https://www.example.com/spring", "options": { "language": "en" } }),
        ),
    };
    OrderSchema {
        kind: kind.name(),
        variant: "",
        description,
        fields: vec![(input, value), ("options", optional(options(kind))), workspace, resolution],
        required: match kind {
            Kind::ScriptsToVideo => &["scripts"],
            Kind::TopicToVideo => &["topic"],
            Kind::DocsToVideo => &["documents"],
            _ => &["url"],
        },
        example: example(),
    }
}

fn documents() -> Value {
    let any_case = |name: &&str| -> String {
        name.chars().map(|c| format!("[{}{c}]", c.to_ascii_uppercase())).collect()
    };
    let types = DOCUMENT_TYPES.iter().map(any_case).collect::<Vec<_>>().join("|");
    let url = json!({ "type": "string", "pattern": "^https?://[!-~]+$", "format": "uri", "maxLength": documents::MAX_URL_BYTES });
    let name = json!({
        "type": ["string", "null"], "maxLength": MAX_NAME_CHARS,
        "pattern": format!(r#"^[^/\\"\x00-\x1F\x7F-\x9F]+\.({types})$"#),
    });
    let document = json!({
        "type": "object",
        "properties": {
            "url": with_description(url, "Where Landfall downloads the document."),
            "name": with_description(name, "Its file name, unless the URL ends in one."),
        },
        "required": ["url"],
        "additionalProperties": false,
        "anyOf": [
            { "properties": { "name": { "type": "string" } }, "required": ["name"] },
            { "properties": { "url": { "pattern": format!(r"^[^?#]*/[^/?#]+\.({types})([?#].*)?$") } } },
        ],
    });
    json!({ "type": "array", "minItems": 1, "maxItems": MAX_DOCUMENTS, "items": document })
}

fn options(kind: Kind) -> Value {
    let accepted = OPTIONS.iter().filter(|option| has_option(kind, option.name));
    let properties: Map<String, Value> =
        accepted.map(|option| (option.name.to_owned(), optional(option_schema(option.name)))).collect();
    let generative = json!({ "properties": { "media": { "const": "generative" } }, "required": ["media"] });
    let only_if_generative: Vec<Value> = GENERATIVE_OPTIONS
        .iter()
        .map(|name| json!({ "anyOf": [{ "properties": { *name: { "type": "null" } } }, generative] }))
        .collect();
    json!({
        "type": "object", "properties": properties, "additionalProperties": false, "allOf": only_if_generative,
    })
}

fn option_schema(name: &str) -> Value {
    match name {
        "language" => with_description(
            json!({ "type": "string", "pattern": "^[a-z]{2}(-[0-9A-Za-z]{2,8})?$" }),
            "The language, such as `en`.",
        ),
        "duration" => with_description(
            json!({ "type": "integer", "enum": DURATIONS }),
            "The length of the video, in seconds.",
        ),
        "script_option" => json!({ "type": "string", "enum": SCRIPT_OPTIONS }),
        "speed" => json!({ "type": "number", "minimum": SPEED.start(), "maximum": SPEED.end() }),
        "media" => json!({ "type": "string", "enum": MEDIA }),
        "style" => with_description(
            json!({ "type": "string", "enum": STYLES }),
            "The style of generated images; only with `media` `generative`.",
        ),
        "use_generative_high_quality" => {
            with_description(json!({ "type": "boolean" }), "Only with `media` `generative`.")
        }
        "voice_only" => json!({ "type": "boolean" }),
        _ => text(MAX_WORDS_CHARS),
    }
}

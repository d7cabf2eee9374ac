//! Reads an order for a project that the provider makes of scripts, a topic, a web page or documents, and for its video
//! (contract 7, "Two-phase automation").

use serde_json::{Map, Value};

use super::{
    documents::{is_web_url, read_documents},
    field_validators::{MAX_SCRIPT_CHARS, MAX_WORDS_CHARS, Request, is_text, read_export_options, read_text},
    kind::Kind,
};
use crate::RequestFields;

/// The lengths of a video, in seconds.
pub(super) const DURATIONS: [u64; 6] = [30, 60, 90, 120, 150, 180];
/// How scripts are used: improved by the provider, or unchanged.
pub(super) const SCRIPT_OPTIONS: [&str; 2] = ["ai", "original"];
/// Where the images of a video come from.
pub(super) const MEDIA: [&str; 4] = ["search", "free", "premium", "generative"];
/// The styles of generated images.
pub(super) const STYLES: [&str; 10] = [
    "realistic",
    "digitalPainting",
    "sketch",
    "oilPainting",
    "pixelArt",
    "watercolor",
    "lowPoly",
    "cyberpunk",
    "fantasy",
    "anime",
];
/// The range of the playback speed.
pub(super) const SPEED: std::ops::RangeInclusive<f64> = 0.5..=1.5;

/// One option of an automation.
pub(crate) struct AutomationOption {
    /// The name in a caller's request.
    pub(crate) name: &'static str,
    /// The provider's name.
    pub(crate) wire_name: &'static str,
    expected: &'static str,
    is_valid: fn(&Value) -> bool,
}

const fn option(
    name: &'static str,
    wire_name: &'static str,
    expected: &'static str,
    is_valid: fn(&Value) -> bool,
) -> AutomationOption {
    AutomationOption { name, wire_name, expected, is_valid }
}

const TEXT: &str = "expected a text of at most 500 characters";
const FLAG: &str = "expected true or false";

/// The options, as the provider's pages list them.
pub(crate) const OPTIONS: [AutomationOption; 13] = [
    option("language", "language", "expected a language code such as en", is_language),
    option("duration", "duration", "expected one of: 30, 60, 90, 120, 150, 180", |value| {
        value.as_u64().is_some_and(|seconds| DURATIONS.contains(&seconds))
    }),
    option("script_option", "scriptOption", "expected one of: ai, original", |value| {
        is_one_of(value, &SCRIPT_OPTIONS)
    }),
    option("objective", "objective", TEXT, is_words),
    option("audience", "audience", TEXT, is_words),
    option("tone", "tone", TEXT, is_words),
    option("speed", "speed", "expected a number from 0.5 to 1.5", |value| {
        value.as_f64().is_some_and(|speed| SPEED.contains(&speed))
    }),
    option("media", "media", "expected one of: search, free, premium, generative", |value| {
        is_one_of(value, &MEDIA)
    }),
    option("use_generative_high_quality", "useGenerativeHighQuality", FLAG, Value::is_boolean),
    option(
        "style",
        "style",
        "expected one of: realistic, digitalPainting, sketch, oilPainting, pixelArt, watercolor, lowPoly, cyberpunk, \
         fantasy, anime",
        |value| is_one_of(value, &STYLES),
    ),
    option("template_id", "templateId", TEXT, is_words),
    option("model", "model", TEXT, is_words),
    option("voice_only", "voiceOnly", FLAG, Value::is_boolean),
];

/// The options that the provider's pages call valid only for generated images.
pub(super) const GENERATIVE_OPTIONS: [&str; 2] = ["use_generative_high_quality", "style"];

pub(super) fn read_automation(fields: &mut RequestFields, kind: Kind) -> Request {
    let mut request = Request::new();
    match kind {
        Kind::ScriptsToVideo => read_text(fields, &mut request, "scripts", MAX_SCRIPT_CHARS),
        Kind::TopicToVideo => read_text(fields, &mut request, "topic", MAX_SCRIPT_CHARS),
        Kind::DocsToVideo => read_documents(fields, &mut request),
        _ => read_page_url(fields, &mut request),
    }
    read_options(fields, &mut request, kind);
    read_export_options(fields, &mut request);
    request
}

/// Whether a kind accepts an option.
pub(super) fn has_option(kind: Kind, name: &str) -> bool {
    match name {
        "script_option" => kind == Kind::ScriptsToVideo,
        "duration" => kind != Kind::DocsToVideo,
        _ => true,
    }
}

fn read_page_url(fields: &mut RequestFields, request: &mut Request) {
    let is_page_url = |value: &Value| value.as_str().is_some_and(is_web_url);
    match fields.take("url") {
        Some(url) if is_page_url(&url) => _ = request.insert("url".into(), url),
        _ => fields.add_violation("url", "expected the http or https URL of a page, percent-encoded"),
    }
}

fn read_options(fields: &mut RequestFields, request: &mut Request, kind: Kind) {
    let options = match fields.take("options") {
        None => return,
        Some(Value::Object(options)) => options,
        Some(_) => return fields.add_violation("options", "expected an object"),
    };
    for (name, value) in &options {
        let known = OPTIONS.iter().find(|option| option.name == name && has_option(kind, name));
        match known {
            Some(option) if value.is_null() || (option.is_valid)(value) => {}
            Some(option) => fields.add_violation(format!("options.{name}"), option.expected),
            None => fields.add_violation(format!("options.{name}"), "unknown field"),
        }
    }
    let options: Map<String, Value> = options.into_iter().filter(|(_, value)| !value.is_null()).collect();
    if options.get("media").and_then(Value::as_str) != Some("generative") {
        for name in GENERATIVE_OPTIONS.into_iter().filter(|name| options.contains_key(*name)) {
            fields.add_violation(format!("options.{name}"), "only allowed with media generative");
        }
    }
    if !options.is_empty() {
        request.insert("options".into(), options.into());
    }
}

fn is_one_of(value: &Value, names: &[&str]) -> bool {
    value.as_str().is_some_and(|text| names.contains(&text))
}

fn is_words(value: &Value) -> bool {
    is_text(value, MAX_WORDS_CHARS)
}

/// Whether a value is a code of ISO 639-1, which the provider names, with or without a region.
fn is_language(value: &Value) -> bool {
    let is_code = |text: &str| {
        let (language, region) =
            text.split_once('-').map_or((text, None), |(code, region)| (code, Some(region)));
        language.len() == 2
            && language.bytes().all(|b| b.is_ascii_lowercase())
            && region.is_none_or(|region| {
                (2..=8).contains(&region.len()) && region.bytes().all(|b| b.is_ascii_alphanumeric())
            })
    };
    value.as_str().is_some_and(is_code)
}

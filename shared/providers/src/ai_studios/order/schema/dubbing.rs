//! The schema of a dubbing.

use serde_json::{Value, json};

use super::common::text;
use crate::{
    ai_studios::order::{
        documents::MAX_URL_BYTES,
        dubbing::{LANGUAGE_PATTERN, MAX_SPEAKERS, MAX_SUBTITLE_CHARS, MAX_TARGETS},
        kind::Kind,
    },
    order_schema::{OrderSchema, optional, with_description},
};

pub(super) fn schemas() -> Vec<OrderSchema> {
    let pattern = r"^https://([A-Za-z0-9-]+\.)*(youtube\.com|youtu\.be)(/[^?#]|/?\?)";
    let url = json!({ "type": "string", "format": "uri", "maxLength": MAX_URL_BYTES, "pattern": pattern });
    let pattern = "^https?://[!-~]+$";
    let file = json!({ "type": "string", "format": "uri", "maxLength": MAX_URL_BYTES, "pattern": pattern });
    let of_url = OrderSchema {
        kind: Kind::Dubbing.name(),
        variant: "",
        description: "Dubs a video at YouTube into up to ten languages, with a video for each.",
        fields: fields_with("url", with_description(url, "The URL of a video at YouTube."), "file"),
        required: &["url", "targets"],
        example: json!({
            "url": "https://www.youtube.com/watch?v=dQw4w9WgXcQ", "targets": ["en-US", "ko-KR"],
        }),
    };
    let file = with_description(file, "The URL of a video, which Landfall downloads.");
    let of_file = OrderSchema {
        kind: Kind::Dubbing.name(),
        variant: "File",
        description: "Dubs a video file of at most 20 MiB into up to ten languages, with a video for each.",
        fields: fields_with("file", file, "url"),
        required: &["file", "targets"],
        example: json!({ "file": "https://files.example.com/talk.mp4", "targets": ["en-US", "ko-KR"] }),
    };
    vec![of_url, of_file]
}

/// The fields of every dubbing, with the field for its video. The other field for it is absent.
fn fields_with(
    source: &'static str,
    source_schema: Value,
    other: &'static str,
) -> Vec<(&'static str, Value)> {
    let switch = |description: &str| {
        optional(with_description(json!({ "type": "boolean" }), &format!("{description} Default: false.")))
    };
    let targets = json!({
        "type": "array", "minItems": 1, "maxItems": MAX_TARGETS, "uniqueItems": true, "items": language(),
    });
    let speakers = json!({ "type": "integer", "minimum": 1, "maximum": MAX_SPEAKERS });
    let subtitles = with_description(
        text(MAX_SUBTITLE_CHARS),
        "The text of a subtitle file in the format SubRip, of the video's own language.",
    );
    let target_subtitles = json!({
        "type": "object", "propertyNames": { "pattern": LANGUAGE_PATTERN },
        "additionalProperties": text(MAX_SUBTITLE_CHARS),
    });
    vec![
        (source, source_schema),
        (other, json!({ "type": "null" })),
        ("targets", with_description(targets, "The languages, such as `en-US` and `ko-KR`.")),
        (
            "original",
            optional(with_description(language(), "The video's own language. Default: it is detected.")),
        ),
        ("original_srt", optional(subtitles)),
        (
            "target_srts",
            optional(with_description(
                target_subtitles,
                "The texts of subtitle files, by language of `targets`.",
            )),
        ),
        ("dubbing_only", switch("Whether only the voice is dubbed.")),
        ("remove_bgm", switch("Whether the background music is removed.")),
        ("caption_file", switch("Whether subtitles are added.")),
        (
            "number_of_speakers",
            optional(with_description(speakers, "The number of speakers. Default: it is detected.")),
        ),
    ]
}

fn language() -> Value {
    json!({ "type": "string", "pattern": LANGUAGE_PATTERN })
}

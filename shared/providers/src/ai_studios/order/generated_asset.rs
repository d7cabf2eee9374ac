//! Validates the orders of generated assets: what the provider's tools and its audio make within one request (contract
//! 7; the provider's pages on its tools and "Export AI Audio").

use serde_json::Value;

use super::field_validators::{MAX_SCRIPT_CHARS, Request, read_text};
use crate::{RequestFields, validate_request_fields::read_optional};

/// The styles of a generated image.
pub(super) const IMAGE_STYLES: [&str; 4] = ["PHOTOGRAPHIC", "VECTOR_IMAGE", "ILLUSTRATION", "3D"];
/// The aspect ratios of a generated image.
pub(super) const IMAGE_SIZES: [&str; 3] = ["LANDSCAPE", "PORTRAIT", "SQUARE"];

/// A kind of generated asset. Its fields have the provider's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GeneratedAsset {
    /// An image of a topic.
    Image,
    /// A video about a topic.
    Video,
    /// A script in a voice of one of several makers.
    Voice,
    /// A text in the voice of an avatar.
    Audio,
    /// A text about a topic. It is returned as JSON, and no file is made.
    Text,
}

impl GeneratedAsset {
    /// Returns the name of the kind of work in requests.
    pub(crate) const fn kind_name(self) -> &'static str {
        match self {
            Self::Image => "image_generation",
            Self::Video => "video_generation",
            Self::Voice => "voice_generation",
            Self::Audio => "simple_audio",
            Self::Text => "text_generation",
        }
    }

    /// Returns the path of the request that makes it.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Image => "/tools/image-generator",
            Self::Video => "/tools/video-generator",
            Self::Voice => "/tools/voice-generator",
            Self::Audio => "/simple/audio",
            Self::Text => "/tools/text-generator",
        }
    }

    /// Returns the required fields, which are texts.
    pub(super) const fn required_fields(self) -> &'static [&'static str] {
        match self {
            Self::Image | Self::Video | Self::Text => &["topic"],
            Self::Voice => &["script", "model", "type", "language"],
            Self::Audio => &["text", "model", "language"],
        }
    }
}

/// Reads the order of an asset.
pub(super) fn read_generated_asset(fields: &mut RequestFields, asset: GeneratedAsset) -> Request {
    let mut request = Request::new();
    for name in asset.required_fields() {
        read_text(fields, &mut request, name, MAX_SCRIPT_CHARS);
    }
    if asset == GeneratedAsset::Image {
        for (name, values) in [("style", &IMAGE_STYLES[..]), ("size", &IMAGE_SIZES[..])] {
            let expected = format!("expected one of: {}", values.join(", "));
            let is_listed = |value: &Value| value.as_str().is_some_and(|text| values.contains(&text));
            read_optional(fields, &mut request, name, &expected, is_listed);
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(asset: GeneratedAsset, request: &Value) -> Result<Value, Vec<String>> {
        let mut fields = RequestFields::new(request.as_object().cloned().expect("an object"));
        let read = read_generated_asset(&mut fields, asset);
        let violated =
            |error: model::Error| error.violations.into_iter().map(|violation| violation.field).collect();
        fields.finish().map(|()| read.into()).map_err(violated)
    }

    #[test]
    fn an_order_holds_the_required_texts_of_its_kind_and_the_options_of_images() {
        for (asset, request) in [
            (GeneratedAsset::Image, json!({ "topic": "a lighthouse" })),
            (GeneratedAsset::Image, json!({ "topic": "a lighthouse", "style": "3D", "size": "SQUARE" })),
            (GeneratedAsset::Video, json!({ "topic": "a lighthouse" })),
            (
                GeneratedAsset::Voice,
                json!({ "script": "Hello", "model": "M1", "type": "google", "language": "en" }),
            ),
            (GeneratedAsset::Audio, json!({ "text": "Hello", "model": "M1", "language": "en" })),
            (GeneratedAsset::Text, json!({ "topic": "lighthouses" })),
        ] {
            assert_eq!(read(asset, &request), Ok(request.clone()), "{request}");
        }
    }

    #[test]
    fn every_invalid_field_is_named() {
        for (asset, request, named) in [
            (GeneratedAsset::Image, json!({}), vec!["topic"]),
            (GeneratedAsset::Image, json!({ "topic": " \n" }), vec!["topic"]),
            (
                GeneratedAsset::Image,
                json!({ "topic": "a", "style": "3d", "size": "WIDE" }),
                vec!["style", "size"],
            ),
            (GeneratedAsset::Video, json!({ "topic": "a", "style": "3D" }), vec!["style"]),
            (
                GeneratedAsset::Voice,
                json!({ "script": "a", "model": 7, "language": "" }),
                vec!["model", "type", "language"],
            ),
            (
                GeneratedAsset::Audio,
                json!({ "text": "a", "model": "M", "language": "en", "tts": {} }),
                vec!["tts"],
            ),
            (GeneratedAsset::Text, json!({ "topic": ["a"] }), vec!["topic"]),
        ] {
            let named: Vec<String> = named.into_iter().map(String::from).collect();
            assert_eq!(read(asset, &request), Err(named), "{request}");
        }
    }
}

//! Schemas of texts that an avatar speaks.

use serde_json::{Value, json};

use super::common::{export_options, text};
use crate::{
    ai_studios::order::{
        field_validators::{MAX_SCRIPT_CHARS, MAX_WORDS_CHARS},
        kind::Kind,
    },
    order_schema::{OrderSchema, with_description},
};

pub(super) fn simple() -> OrderSchema {
    let clothes = with_description(text(MAX_WORDS_CHARS), "The id of the avatar's clothes.");
    let mut fields = spoken_fields();
    fields.push(("clothes", clothes));
    OrderSchema {
        kind: Kind::SimpleVideo.name(),
        variant: "",
        description: "Renders a text that one of the provider's avatars speaks, before a chroma-key background.",
        fields,
        required: &["language", "text", "model", "clothes"],
        example: json!({ "language": "en", "text": "Welcome.", "model": "M000045058", "clothes": "BG00002320" }),
    }
}

pub(super) fn custom() -> OrderSchema {
    OrderSchema {
        kind: Kind::CustomVideo.name(),
        variant: "",
        description: "Renders a text that an avatar of the account speaks.",
        fields: spoken_fields(),
        required: &["language", "text", "model"],
        example: json!({ "language": "en", "text": "Welcome.", "model": "M000045058" }),
    }
}

fn spoken_fields() -> Vec<(&'static str, Value)> {
    let [workspace, resolution] = export_options();
    vec![
        ("language", with_description(text(MAX_WORDS_CHARS), "The language of the text, such as `en`.")),
        ("text", text(MAX_SCRIPT_CHARS)),
        ("model", with_description(text(MAX_WORDS_CHARS), "The id of the avatar.")),
        workspace,
        resolution,
    ]
}

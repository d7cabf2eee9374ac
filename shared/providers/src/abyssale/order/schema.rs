//! What may be ordered from Abyssale, as JSON Schema: the same rules as beside, for those who read no Rust.

use serde_json::{Value, json};

use super::{
    DYNAMIC_IMAGE, EXPORT, GENERATION, IMAGE, MULTIPAGE_PDF,
    fields::MAX_ID_BYTES,
    image,
    options::{FILE_TYPES, OF_DESIGN},
};
use crate::schema::{OrderSchema, described, object, optional};

const DESIGN: &str = "77aa10c2-5b3d-4e6f-9a81-2c4d6e8f0a1b";

/// Every way to order something.
pub(in super::super) fn schemas() -> Vec<OrderSchema> {
    vec![export(), export_of_job(), generation(), multipage_pdf(), image(), dynamic_image()]
}

fn export() -> OrderSchema {
    let id = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";
    let ids = json!({
        "type": "array", "minItems": 1, "uniqueItems": true,
        "items": { "type": "string", "format": "uuid", "pattern": id },
    });
    OrderSchema {
        kind: EXPORT,
        variant: "",
        description: "A ZIP of existing banners, of any mix of output types.",
        fields: vec![(
            "banner_ids",
            described(ids, "The banners, each once, whatever the case of its letters."),
        )],
        required: &["banner_ids"],
        example: json!({ "banner_ids": ["0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"] }),
    }
}

fn export_of_job() -> OrderSchema {
    let job = json!({
        "type": "string", "format": "uuid",
        "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$",
    });
    OrderSchema {
        kind: EXPORT,
        variant: "OfJob",
        description: "A ZIP of the banners that an earlier job made.",
        fields: vec![("of_job", described(job, "A job of this provider that is `stored` or `partial`."))],
        required: &["of_job"],
        example: json!({ "of_job": "0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a" }),
    }
}

fn generation() -> OrderSchema {
    let formats =
        json!({ "type": "array", "uniqueItems": true, "items": { "type": "string", "minLength": 1 } });
    let types: Vec<&str> = OF_DESIGN.iter().map(|(name, _)| *name).collect();
    let design_type =
        "What the design is taken for: whatever such a design cannot be made into is refused at once.";
    OrderSchema {
        kind: GENERATION,
        variant: "",
        description: "Banners of a design, in some or all of its formats.",
        fields: vec![
            design_id(),
            ("elements", optional(described(layers(true), "What is overridden, by the names of layers."))),
            (
                "template_format_names",
                optional(described(formats, "The formats; none or an empty list for all.")),
            ),
            file_type(FILE_TYPES),
            file_compression_level(),
            ("html5", optional(html5())),
            ("gif", optional(object([("max_fps", whole(2, 9)), ("repeat", json!({ "type": "number" }))]))),
            ("video", optional(object([("fps", whole(2, 30))]))),
            print(),
            ("pages", optional(pages(0))),
            (
                "original_visual_id",
                optional(described(id(), "The banner that the new one is derived from, in one format.")),
            ),
            ("design_type", optional(described(json!({ "type": "string", "enum": types }), design_type))),
        ],
        required: &["design_id"],
        example: json!({ "design_id": DESIGN, "template_format_names": ["square"] }),
    }
}

fn multipage_pdf() -> OrderSchema {
    OrderSchema {
        kind: MULTIPAGE_PDF,
        variant: "",
        description: "One PDF of several pages.",
        fields: vec![design_id(), ("pages", pages(1)), print()],
        required: &["design_id", "pages"],
        example: json!({ "design_id": DESIGN, "pages": { "page_1": { "headline": { "payload": "Spring" } } } }),
    }
}

fn image() -> OrderSchema {
    let format = json!({ "type": "string", "minLength": 1 });
    OrderSchema {
        kind: IMAGE,
        variant: "",
        description: "One picture of a static design, which is made while the caller waits.",
        fields: vec![
            design_id(),
            ("elements", optional(described(layers(false), "What is overridden, by the names of layers."))),
            ("template_format_name", optional(described(format, "The format."))),
            file_type(image::FILE_TYPES),
            file_compression_level(),
        ],
        required: &["design_id"],
        example: json!({ "design_id": DESIGN }),
    }
}

fn dynamic_image() -> OrderSchema {
    let flag = || optional(json!({ "type": "boolean" }));
    OrderSchema {
        kind: DYNAMIC_IMAGE,
        variant: "",
        description: "The URL of a picture of a static design that is made when it is looked at.",
        fields: vec![design_id(), ("enable_rate_limit", flag()), ("enable_production_mode", flag())],
        required: &["design_id"],
        example: json!({ "design_id": DESIGN }),
    }
}

fn id() -> Value {
    json!({ "type": "string", "pattern": "^[0-9A-Za-z-]+$", "maxLength": MAX_ID_BYTES })
}

fn whole(least: u64, most: u64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

fn design_id() -> (&'static str, Value) {
    ("design_id", described(id(), "The design."))
}

fn file_type(types: &[&str]) -> (&'static str, Value) {
    ("image_file_type", optional(json!({ "type": "string", "enum": types })))
}

fn file_compression_level() -> (&'static str, Value) {
    ("file_compression_level", optional(described(whole(1, 100), "The quality: 100 is the best.")))
}

fn html5() -> Value {
    let text = || json!({ "type": "string" });
    object([
        ("page_title", text()),
        ("click_tag", text()),
        ("ad_network", described(text(), "Such as `google-ads` or `iab`.")),
        ("include_backup_image", json!({ "type": ["boolean", "null"] })),
        ("repeat", described(json!({ "type": ["number", "null"] }), "-1 for without end.")),
    ])
}

fn print() -> (&'static str, Value) {
    let profile = described(id(), "The id of a colour profile.");
    let options = [("color_profile", profile), ("display_crop_marks", json!({ "type": "boolean" }))];
    ("print", optional(object(options)))
}

/// Overrides by layer. What they may hold is the provider's to judge.
fn layers(texts: bool) -> Value {
    let overrides = if texts { json!(["object", "string"]) } else { json!("object") };
    json!({ "type": "object", "additionalProperties": { "type": overrides } })
}

fn pages(least: u64) -> Value {
    json!({
        "type": "object", "minProperties": least,
        "description": "What is overridden, by page and by layer.",
        "patternProperties": { "^page_[1-9][0-9]{0,8}$": layers(true) },
        "additionalProperties": false,
    })
}

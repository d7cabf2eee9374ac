//! JSON Schemas of the orders for Abyssale: the same rules as the validation, for readers who do not know Rust.

use serde_json::{Value, json};

use super::{
    DYNAMIC_IMAGE, EXPORT, GENERATION, IMAGE, MULTIPAGE_PDF,
    field_validators::{LayerOverride, MAX_ID_BYTES},
    image,
    options::{DESIGN_FILE_TYPES, FILE_TYPES},
};
use crate::order_schema::{OrderSchema, object, optional, with_description};

const EXAMPLE_DESIGN_ID: &str = "77aa10c2-5b3d-4e6f-9a81-2c4d6e8f0a1b";

/// Returns the schemas of all orders.
pub(crate) fn order_schemas() -> Vec<OrderSchema> {
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
            with_description(ids, "The ids of the banners. Ids that differ only in case are duplicates."),
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
        fields: vec![(
            "of_job",
            with_description(job, "A job of this provider that is `stored` or `partial`."),
        )],
        required: &["of_job"],
        example: json!({ "of_job": "0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a" }),
    }
}

fn generation() -> OrderSchema {
    let formats =
        json!({ "type": "array", "uniqueItems": true, "items": { "type": "string", "minLength": 1 } });
    let types: Vec<&str> = DESIGN_FILE_TYPES.iter().map(|(name, _)| *name).collect();
    let design_type = "The type of the design. Options that this type does not support are rejected at once.";
    OrderSchema {
        kind: GENERATION,
        variant: "",
        description: "Banners of a design, in some or all of its formats.",
        fields: vec![
            design_id(),
            (
                "elements",
                optional(with_description(
                    layers(LayerOverride::ObjectOrText),
                    "The overrides, by layer name.",
                )),
            ),
            (
                "template_format_names",
                optional(with_description(
                    formats,
                    "The names of the formats. Absent or empty for all formats.",
                )),
            ),
            file_type(FILE_TYPES),
            file_compression_level(),
            ("html5", optional(html5())),
            ("gif", optional(gif())),
            ("video", optional(options([("fps", integer(2, 30))]))),
            print(),
            ("pages", optional(pages(0))),
            (
                "original_visual_id",
                optional(with_description(
                    id(),
                    "The id of the banner from which the new one is derived, in one format.",
                )),
            ),
            (
                "design_type",
                optional(with_description(json!({ "type": "string", "enum": types }), design_type)),
            ),
        ],
        required: &["design_id"],
        example: json!({ "design_id": EXAMPLE_DESIGN_ID, "template_format_names": ["square"] }),
    }
}

fn multipage_pdf() -> OrderSchema {
    OrderSchema {
        kind: MULTIPAGE_PDF,
        variant: "",
        description: "One PDF of several pages.",
        fields: vec![design_id(), ("pages", pages(1)), print()],
        required: &["design_id", "pages"],
        example: json!({ "design_id": EXAMPLE_DESIGN_ID, "pages": { "page_1": { "headline": { "payload": "Spring" } } } }),
    }
}

fn image() -> OrderSchema {
    let format = json!({ "type": "string", "minLength": 1 });
    OrderSchema {
        kind: IMAGE,
        variant: "",
        description: "One image of a static design, rendered synchronously.",
        fields: vec![
            design_id(),
            (
                "elements",
                optional(with_description(layers(LayerOverride::Object), "The overrides, by layer name.")),
            ),
            ("template_format_name", optional(with_description(format, "The name of the format."))),
            file_type(image::FILE_TYPES),
            file_compression_level(),
        ],
        required: &["design_id"],
        example: json!({ "design_id": EXAMPLE_DESIGN_ID }),
    }
}

fn dynamic_image() -> OrderSchema {
    let flag = || optional(json!({ "type": "boolean" }));
    OrderSchema {
        kind: DYNAMIC_IMAGE,
        variant: "",
        description: "The URL of an image of a static design that is rendered when it is requested.",
        fields: vec![design_id(), ("enable_rate_limit", flag()), ("enable_production_mode", flag())],
        required: &["design_id"],
        example: json!({ "design_id": EXAMPLE_DESIGN_ID }),
    }
}

fn id() -> Value {
    json!({ "type": "string", "pattern": "^[0-9A-Za-z-]+$", "maxLength": MAX_ID_BYTES })
}

fn integer(min: u64, max: u64) -> Value {
    json!({ "type": "integer", "minimum": min, "maximum": max })
}

fn design_id() -> (&'static str, Value) {
    ("design_id", with_description(id(), "The id of the design."))
}

fn file_type(types: &[&str]) -> (&'static str, Value) {
    ("image_file_type", optional(json!({ "type": "string", "enum": types })))
}

fn file_compression_level() -> (&'static str, Value) {
    ("file_compression_level", optional(with_description(integer(1, 100), "The quality: 100 is the best.")))
}

/// Returns the schema of an option object: unknown options are passed on.
fn options<const N: usize>(known: [(&'static str, Value); N]) -> Value {
    let mut schema = object(known);
    schema["additionalProperties"] = true.into();
    with_description(schema, "Unknown options are passed on to the provider unchecked, with a warning.")
}

fn gif() -> Value {
    let fps = with_description(integer(2, 9), "The same as `max_fps`.");
    let mut schema =
        options([("max_fps", integer(2, 9)), ("fps", fps), ("repeat", json!({ "type": "number" }))]);
    // The type matters: `required` holds for null, which is the same as an absent `gif`.
    schema["not"] = json!({ "type": "object", "required": ["max_fps", "fps"] });
    schema
}

fn html5() -> Value {
    let text = || json!({ "type": "string" });
    options([
        ("page_title", text()),
        ("click_tag", text()),
        ("ad_network", with_description(text(), "The ad network, such as `google-ads` or `iab`.")),
        ("include_backup_image", json!({ "type": ["boolean", "null"] })),
        (
            "repeat",
            with_description(
                json!({ "type": ["number", "null"] }),
                "The number of repetitions; -1 for endless.",
            ),
        ),
    ])
}

fn print() -> (&'static str, Value) {
    let profile = with_description(id(), "The id of a colour profile.");
    let known = [("color_profile", profile), ("display_crop_marks", json!({ "type": "boolean" }))];
    ("print", optional(options(known)))
}

/// Returns the schema of overrides by layer. The provider validates their content.
fn layers(accepted: LayerOverride) -> Value {
    let overrides = match accepted {
        LayerOverride::Object => json!("object"),
        LayerOverride::ObjectOrText => json!(["object", "string"]),
    };
    json!({ "type": "object", "additionalProperties": { "type": overrides } })
}

fn pages(min: u64) -> Value {
    json!({
        "type": "object", "minProperties": min,
        "description": "The overrides, by page and by layer.",
        "patternProperties": { "^page_[1-9][0-9]{0,8}$": layers(LayerOverride::ObjectOrText) },
        "additionalProperties": false,
    })
}

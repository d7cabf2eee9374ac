//! Overrides of layers: invalid values, and texts that do not fit (contract 3.1 and 4.1).

use serde_json::{Map, Value, json};

use crate::abyssale::api_error::FieldError;
use crate::abyssale::design::Design;
use crate::abyssale::file_type::DesignType;
use crate::abyssale::generation::generation_body::GenerationBody;
use crate::abyssale::generation::operation::GenerationOperation;

/// The valid values of a property.
#[derive(Debug, Clone, Copy)]
enum PropertyRule {
    /// A string whose length is in a range, in characters.
    Text(usize, usize),
    /// A number in a range.
    Number(f64, f64),
    Flag,
    Colour,
    OneOf(&'static [&'static str]),
}

/// Properties of every layer.
const COMMON: &[(&str, PropertyRule)] = &[
    ("hidden", PropertyRule::Flag),
    ("shadow_color", PropertyRule::Colour),
    ("shadow_blur", PropertyRule::Number(0.0, f64::MAX)),
    ("shadow_offset_x", PropertyRule::Number(-200.0, 200.0)),
    ("shadow_offset_y", PropertyRule::Number(-200.0, 200.0)),
    ("background_color", PropertyRule::Colour),
    ("stroke_color", PropertyRule::Colour),
];

/// Properties of texts and buttons.
const TEXT: &[(&str, PropertyRule)] = &[
    ("color", PropertyRule::Colour),
    ("font_size", PropertyRule::Number(1.0, f64::MAX)),
    ("font_weight", PropertyRule::Number(100.0, 900.0)),
    ("line_height", PropertyRule::Number(1.0, f64::MAX)),
    ("stroke_width", PropertyRule::Number(0.0, 40.0)),
    ("text_transform", PropertyRule::OneOf(&["none", "uppercase", "lowercase", "titlecase", "capitalize"])),
    ("max_lines", PropertyRule::Number(1.0, f64::MAX)),
    ("skew_y", PropertyRule::Number(-20.0, 20.0)),
];

const IMAGE: &[(&str, PropertyRule)] = &[
    ("image_url", PropertyRule::Text(1, 2_048)),
    ("opacity", PropertyRule::Number(0.0, 100.0)),
    ("stroke_width", PropertyRule::Number(0.0, 60.0)),
    ("fitting_type", PropertyRule::OneOf(&["cover", "fill"])),
    ("filter_name", PropertyRule::OneOf(&["grayscale", "duotone"])),
];

const VIDEO: &[(&str, PropertyRule)] =
    &[("video_url", PropertyRule::Text(1, 2_048)), ("audio_muted", PropertyRule::Number(0.0, 1.0))];

const AUDIO: &[(&str, PropertyRule)] = &[
    ("audio_url", PropertyRule::Text(1, 2_048)),
    ("max_volume", PropertyRule::Number(0.0, 1.0)),
    ("speed", PropertyRule::Number(0.25, 2.0)),
];

/// Image properties that only the asynchronous calls support (contract 4).
const ASYNC_ONLY: [&str; 3] = ["text_to_image", "upscale", "expand"];

/// Returns the rule of a property, if the contract gives one.
fn property_rule(kind: &str, property: &str) -> Option<PropertyRule> {
    let own: &[(&str, PropertyRule)] = match kind {
        "text" | "button" => TEXT,
        "image" | "logo" | "shape" => IMAGE,
        "video" => VIDEO,
        "audio" => AUDIO,
        _ => &[],
    };
    let listed = own.iter().chain(COMMON).find(|(name, _)| *name == property).map(|(_, rule)| *rule);
    listed.or(match (kind, property) {
        ("text", "payload") => Some(PropertyRule::Text(1, 10_000)),
        ("button", "payload") => Some(PropertyRule::Text(1, 2_048)),
        _ => None,
    })
}

/// Returns the field errors of the overrides. Unknown layers and properties are ignored.
pub(crate) fn find_field_errors(
    design: &Design,
    body: &GenerationBody,
    operation: GenerationOperation,
) -> Vec<FieldError> {
    let mut field_errors = Vec::new();
    if design.kind != DesignType::PrinterMultipage {
        check_overrides(design, &body.elements, "elements", operation, &mut field_errors);
        return field_errors;
    }
    for page in design.pages() {
        let path = format!("pages.{}", page.name);
        match body.pages.get(&page.name) {
            Some(Value::Object(elements)) => {
                check_overrides(design, elements, &path, operation, &mut field_errors)
            }
            Some(other) => field_errors.push(field_error(&path, "wrong_type", "Not a valid object.", other)),
            None => {}
        }
    }
    field_errors
}

fn check_overrides(
    design: &Design,
    elements: &Map<String, Value>,
    path: &str,
    operation: GenerationOperation,
    field_errors: &mut Vec<FieldError>,
) {
    // `vars` holds texts by name and is not a layer (contract 3.1).
    for (name, given) in elements.iter().filter(|(name, _)| *name != "vars") {
        let path = format!("{path}.{name}");
        match given {
            Value::Object(properties) => {
                let Some(layer) = design.layer(name) else { continue };
                for (property, value) in properties {
                    let path = format!("{path}.{property}");
                    field_errors.extend(check_property(layer.kind, property, value, &path, operation));
                }
            }
            // Only the synchronous call rejects a plain string (contract 3.1 and 4).
            Value::String(_) if operation != GenerationOperation::Render => {}
            Value::String(_) => {
                field_errors.push(field_error(&path, "invalid_payload", "Not a valid object.", given))
            }
            other => field_errors.push(field_error(&path, "wrong_type", "Not a valid object.", other)),
        }
    }
}

fn check_property(
    kind: &str,
    property: &str,
    value: &Value,
    path: &str,
    operation: GenerationOperation,
) -> Option<FieldError> {
    if operation == GenerationOperation::Render && kind == "image" && ASYNC_ONLY.contains(&property) {
        return Some(field_error(path, "invalid_payload", "Not available synchronously.", value));
    }
    let bad = |code, message: &str| Some(field_error(path, code, message, value));
    match (property_rule(kind, property)?, value) {
        (PropertyRule::Text(min, max), Value::String(text)) => {
            let fits = (min..=max).contains(&text.chars().count());
            if fits { None } else { bad("out_of_range", "The length is out of range.") }
        }
        (PropertyRule::Number(min, max), Value::Number(number)) => {
            let fits = number.as_f64().is_some_and(|number| (min..=max).contains(&number));
            if fits { None } else { bad("out_of_range", "The number is out of range.") }
        }
        (PropertyRule::Colour, Value::String(text)) => {
            if is_colour(text) {
                None
            } else {
                bad("invalid_payload", "Not a valid colour.")
            }
        }
        (PropertyRule::OneOf(values), Value::String(text)) if !values.contains(&text.as_str()) => {
            let field_error = field_error(path, "unknown_enum_value", "Not one of the values.", value);
            Some(field_error.expected(json!(values)))
        }
        (PropertyRule::OneOf(_), Value::String(_)) | (PropertyRule::Flag, Value::Bool(_)) => None,
        // The contract requires a number, so a boolean is invalid. This rejects `audio_muted` as a whole.
        (PropertyRule::Number(..), Value::Bool(_)) => bad("invalid_payload", "Not a valid number."),
        _ => bad("wrong_type", "Not a valid value."),
    }
}

/// Whether the text is `#RGB`, `#RGBA`, `#RRGGBB`, `#RRGGBBAA`, or a function, whose arguments are not checked.
fn is_colour(text: &str) -> bool {
    match text.strip_prefix('#') {
        Some(digits) => {
            matches!(digits.len(), 3 | 4 | 6 | 8) && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        }
        None => {
            let functions = ["cmyk(", "cmyka(", "linear-gradient(", "radial-gradient("];
            text.ends_with(')') && functions.iter().any(|function| text.starts_with(function))
        }
    }
}

fn field_error(path: &str, code: &'static str, message: &str, value: &Value) -> FieldError {
    FieldError::new(path, code, message).received(value)
}

/// Returns the name of the first layer whose text is longer than `max` characters and may not shrink.
pub(crate) fn find_overlong_layer(elements: &Map<String, Value>, max: usize) -> Option<String> {
    let long = |given: &Value| {
        let payload = given.as_str().or_else(|| given["payload"].as_str()).unwrap_or_default();
        payload.chars().count() > max && given["auto_resize"] != true
    };
    elements.iter().find(|(name, given)| *name != "vars" && long(given)).map(|(name, _)| name.clone())
}

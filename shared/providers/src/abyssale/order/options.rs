//! Options of one output type, and which design type makes which output (contract 3.1).

use serde_json::{Map, Value};

use super::fields::{Request, is_id, whole};
use crate::Fields;

/// Every file type that an asynchronous generation can be asked for.
pub(super) const FILE_TYPES: &[&str] = &["png", "jpeg", "webp", "avif", "gif", "pdf", "html5", "mp4", "auto"];

/// What each design type can be made into.
pub(super) const OF_DESIGN: &[(&str, &[&str])] = &[
    ("static", &["jpeg", "png", "webp", "avif", "pdf"]),
    ("animated", &["mp4", "gif", "html5"]),
    ("printer", &["pdf"]),
    ("printer_multipage", &["pdf"]),
];

/// A rule for one field of an option object.
type Rule = (&'static str, &'static str, fn(&Value) -> bool);

const HTML5: &[Rule] = &[
    ("page_title", "expected a text", Value::is_string),
    ("click_tag", "expected a text", Value::is_string),
    ("ad_network", "expected a text such as google-ads or iab", Value::is_string),
    ("include_backup_image", "expected true, false or null", |v| v.is_boolean() || v.is_null()),
    ("repeat", "expected a number, -1 without end, or null", |v| v.is_number() || v.is_null()),
];
const GIF: &[Rule] = &[
    ("max_fps", "expected a whole number from 2 to 9", |v| whole(2..=9)(v)),
    ("repeat", "expected a number, -1 without end", Value::is_number),
];
const VIDEO: &[Rule] = &[("fps", "expected a whole number from 2 to 30", |v| whole(2..=30)(v))];
const PRINT: &[Rule] = &[
    ("color_profile", "expected the id of a colour profile", |v| v.as_str().is_some_and(is_id)),
    ("display_crop_marks", "expected true or false", Value::is_boolean),
];

/// Options of every output type.
pub(super) fn read(fields: &mut Fields, request: &mut Request) {
    object(fields, request, "html5", HTML5);
    object(fields, request, "gif", GIF);
    object(fields, request, "video", VIDEO);
    print(fields, request);
}

/// Options of printed output.
pub(super) fn print(fields: &mut Fields, request: &mut Request) {
    object(fields, request, "print", PRINT);
}

fn object(fields: &mut Fields, request: &mut Request, name: &str, rules: &[Rule]) {
    let options: Map<String, Value> = match fields.take(name) {
        None => return,
        Some(Value::Object(options)) => options,
        Some(_) => return fields.violation(name, "expected an object"),
    };
    for (key, value) in &options {
        match rules.iter().find(|(known, ..)| known == key) {
            Some((_, _, passes)) if passes(value) => {}
            Some((_, expected, _)) => fields.violation(format!("{name}.{key}"), *expected),
            None => fields.violation(format!("{name}.{key}"), "unknown field"),
        }
    }
    request.insert(name.into(), options.into());
}

/// A caller who says what type the design is of is told at once what that type cannot be made into. The provider is
/// not sent the type: it knows.
pub(super) fn fitting_design_type(fields: &mut Fields, request: &Request) {
    let Some(of) = fields.take("design_type") else { return };
    let types = of.as_str().and_then(|of| OF_DESIGN.iter().find(|(name, _)| *name == of));
    let Some((of, accepted)) = types else {
        let names: Vec<&str> = OF_DESIGN.iter().map(|(name, _)| *name).collect();
        return fields.violation("design_type", format!("expected one of: {}", names.join(", ")));
    };
    let asked = request.get("image_file_type").and_then(Value::as_str).unwrap_or("auto");
    if asked != "auto" && !accepted.contains(&asked) {
        let expected = format!("a design of type {of} can be made into: {}", accepted.join(", "));
        fields.violation("image_file_type", expected);
    }
    let animated = *of == "animated";
    for name in ["html5", "gif", "video"].into_iter().filter(|name| !animated && request.contains_key(*name))
    {
        fields.violation(name, "only a design of type animated takes this");
    }
    if request.contains_key("print") && !of.starts_with("printer") {
        fields.violation("print", "only a design for printing takes this");
    }
    if request.contains_key("pages") && *of != "printer_multipage" {
        fields.violation("pages", "only a design of type printer_multipage takes this");
    }
}

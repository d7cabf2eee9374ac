//! Validates the options of each output type, and which outputs each design type has (contract 3.1).
//!
//! The known options are validated. An unknown one is passed on, because the vendor adds options without notice; the caller
//! gets a warning.

use model::{Violation, truncate_text};
use serde_json::{Map, Value};

use super::field_validators::{Request, is_id, is_integer_in};
use crate::RequestFields;

/// The file types of an asynchronous generation.
pub(super) const FILE_TYPES: &[&str] = &["png", "jpeg", "webp", "avif", "gif", "pdf", "html5", "mp4", "auto"];

/// The file types of each design type.
pub(crate) const DESIGN_FILE_TYPES: &[(&str, &[&str])] = &[
    ("static", &["jpeg", "png", "webp", "avif", "pdf"]),
    ("animated", &["mp4", "gif", "html5"]),
    ("printer", &["pdf"]),
    ("printer_multipage", &["pdf"]),
];

/// The rule of one option: its name, what is expected, and whether a value is valid.
type OptionRule = (&'static str, &'static str, fn(&Value) -> bool);

const HTML5: &[OptionRule] = &[
    ("page_title", "expected a text", Value::is_string),
    ("click_tag", "expected a text", Value::is_string),
    ("ad_network", "expected a text such as google-ads or iab", Value::is_string),
    ("include_backup_image", "expected true, false or null", |v| v.is_boolean() || v.is_null()),
    ("repeat", "expected a number, -1 without end, or null", |v| v.is_number() || v.is_null()),
];
const GIF_FPS: OptionRule = ("max_fps", "expected a whole number from 2 to 9", |v| is_integer_in(2..=9)(v));
const GIF: &[OptionRule] = &[GIF_FPS, ("repeat", "expected a number, -1 without end", Value::is_number)];
const VIDEO: &[OptionRule] = &[("fps", "expected a whole number from 2 to 30", |v| is_integer_in(2..=30)(v))];
const PRINT: &[OptionRule] = &[
    ("color_profile", "expected the id of a colour profile", |v| v.as_str().is_some_and(is_id)),
    ("display_crop_marks", "expected true or false", Value::is_boolean),
];

/// The fields that hold options, each with the rules of the known ones.
const OPTION_OBJECTS: [(&str, &[OptionRule]); 4] =
    [("html5", HTML5), ("gif", GIF), ("video", VIDEO), ("print", PRINT)];

/// The most warnings of one request that name an option; one more counts the others. A request may have thousands of unknown
/// options, and a job's record has room for few.
const MAX_WARNINGS: usize = 19;
/// The longest name of an option in a warning, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// Reads the options of every output type.
pub(super) fn read_options(fields: &mut RequestFields, request: &mut Request) {
    for (name, rules) in OPTION_OBJECTS {
        read_option_object(fields, request, name, rules);
    }
}

/// Reads the options of printed output.
pub(super) fn read_print(fields: &mut RequestFields, request: &mut Request) {
    read_option_object(fields, request, "print", PRINT);
}

/// Returns a warning for each unknown option of a validated request.
pub(crate) fn unknown_options(request: &Value) -> Vec<Violation> {
    let mut warnings = vec![];
    for (object, rules) in OPTION_OBJECTS {
        let options = request.get(object).and_then(Value::as_object).into_iter().flatten();
        let known: Vec<&str> = rules.iter().map(|(name, ..)| *name).collect();
        for (name, _) in options.filter(|(name, _)| !known.contains(&name.as_str())) {
            let message =
                format!("unknown option, passed on to Abyssale unchecked; known: {}", known.join(", "));
            let field = format!("{object}.{}", truncate_text(name, MAX_NAME_BYTES));
            warnings.push(Violation::new(field, message));
        }
    }
    if warnings.len() > MAX_WARNINGS {
        let more = format!("and {} more unknown options", warnings.len() - MAX_WARNINGS);
        warnings.truncate(MAX_WARNINGS);
        warnings.push(Violation::new("", more));
    }
    warnings
}

/// Renames `gif.fps` to `gif.max_fps`: one page of the vendor calls it so (contract 13.12). The canonical request has the
/// name of the specification.
fn rename_gif_fps(fields: &mut RequestFields, options: &mut Map<String, Value>) {
    let Some(fps) = options.remove("fps") else { return };
    if options.contains_key("max_fps") {
        return fields.add_violation("gif.fps", "expected either max_fps or fps, which are the same");
    }
    match (GIF_FPS.2)(&fps) {
        true => _ = options.insert("max_fps".into(), fps),
        false => fields.add_violation("gif.fps", GIF_FPS.1),
    }
}

fn read_option_object(fields: &mut RequestFields, request: &mut Request, name: &str, rules: &[OptionRule]) {
    let mut options: Map<String, Value> = match fields.take(name) {
        None => return,
        Some(Value::Object(options)) => options,
        Some(_) => return fields.add_violation(name, "expected an object"),
    };
    if name == "gif" {
        rename_gif_fps(fields, &mut options);
    }
    for (key, expected, is_valid) in rules {
        if options.get(*key).is_some_and(|value| !is_valid(value)) {
            fields.add_violation(format!("{name}.{key}"), *expected);
        }
    }
    request.insert(name.into(), options.into());
}

/// Checks the options against the design type, if the caller states it. The type is not sent, since the provider
/// knows it.
pub(super) fn check_design_type(fields: &mut RequestFields, request: &Request) {
    let Some(design_type) = fields.take("design_type") else { return };
    let known = design_type
        .as_str()
        .and_then(|design_type| DESIGN_FILE_TYPES.iter().find(|(name, _)| *name == design_type));
    let Some((design_type, accepted)) = known else {
        let names: Vec<&str> = DESIGN_FILE_TYPES.iter().map(|(name, _)| *name).collect();
        return fields.add_violation("design_type", format!("expected one of: {}", names.join(", ")));
    };
    let file_type = request.get("image_file_type").and_then(Value::as_str).unwrap_or("auto");
    if file_type != "auto" && !accepted.contains(&file_type) {
        let expected =
            format!("expected one of these for a design of type {design_type}: {}", accepted.join(", "));
        fields.add_violation("image_file_type", expected);
    }
    let is_animated = *design_type == "animated";
    for name in
        ["html5", "gif", "video"].into_iter().filter(|name| !is_animated && request.contains_key(*name))
    {
        fields.add_violation(name, "only a design of type animated accepts this");
    }
    if request.contains_key("print") && !design_type.starts_with("printer") {
        fields.add_violation("print", "only a design for printing accepts this");
    }
    if request.contains_key("pages") && *design_type != "printer_multipage" {
        fields.add_violation("pages", "only a design of type printer_multipage accepts this");
    }
}

//! Asynchronous generation: every field of contract 3.1 and 3.2.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    fields::{Request, design_id, is_id, layers, optional, pages, whole},
    options::{self, FILE_TYPES},
};
use crate::Fields;

/// A design in some or all of its formats.
pub(super) fn read(fields: &mut Fields) -> (Request, Option<u64>) {
    let mut request = Request::new();
    design_id(fields, &mut request);
    if let Some(elements) = fields.take("elements") {
        layers(fields, "elements", &elements, true);
        request.insert("elements".into(), elements);
    }
    let mut formats = template_format_names(fields, &mut request);
    let types = format!("expected one of: {}", FILE_TYPES.join(", "));
    let is_type = |value: &Value| value.as_str().is_some_and(|text| FILE_TYPES.contains(&text));
    optional(fields, &mut request, "image_file_type", &types, is_type);
    let quality = "expected a whole number from 1 to 100, where 100 is the best quality";
    optional(fields, &mut request, "file_compression_level", quality, whole(1..=100));
    options::read(fields, &mut request);
    pages(fields, &mut request, false);
    let is_banner = |value: &Value| value.as_str().is_some_and(is_id);
    optional(fields, &mut request, "original_visual_id", "expected the id of a banner", is_banner);
    if request.contains_key("original_visual_id") {
        if formats.is_some_and(|count| count > 1) {
            fields.violation("template_format_names", "expected one format with original_visual_id");
        }
        formats = Some(1);
    }
    options::fitting_design_type(fields, &request);
    (request, formats)
}

/// How many formats were asked for; nothing when it is all that the design has.
fn template_format_names(fields: &mut Fields, request: &mut Request) -> Option<u64> {
    let names = match fields.take("template_format_names")? {
        Value::Array(names) => names,
        _ => {
            fields.violation("template_format_names", "expected a list of format names");
            return None;
        }
    };
    let mut seen = HashSet::new();
    for (index, name) in names.iter().enumerate() {
        let field = format!("template_format_names[{index}]");
        match name.as_str().filter(|name| !name.is_empty()) {
            Some(name) if !seen.insert(name) => {
                fields.violation(field, "expected each format once, this one is a duplicate");
            }
            Some(_) => {}
            None => fields.violation(field, "expected the name of a format"),
        }
    }
    let count = names.len() as u64;
    // An empty list means all formats, as if it were absent (contract 3.1).
    if count > 0 {
        request.insert("template_format_names".into(), names.into());
    }
    (count > 0).then_some(count)
}

/// A PDF of several pages.
pub(super) fn read_multipage(fields: &mut Fields) -> (Request, Option<u64>) {
    let mut request = Request::new();
    design_id(fields, &mut request);
    pages(fields, &mut request, true);
    options::print(fields, &mut request);
    (request, Some(1))
}

//! Validates orders of asynchronous generation: every field of contract 3.1 and 3.2.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    field_validators::{
        LayerOverride, PagesField, Request, is_id, is_integer_in, read_design_id, read_pages, validate_layers,
    },
    options::{FILE_TYPES, check_design_type, read_options, read_print},
};
use crate::{RequestFields, validate_request_fields::read_optional};

/// Reads the order of banners in some or all formats of a design.
pub(super) fn read_generation(fields: &mut RequestFields) -> (Request, Option<u64>) {
    let mut request = Request::new();
    read_design_id(fields, &mut request);
    if let Some(elements) = fields.take("elements") {
        validate_layers(fields, "elements", &elements, LayerOverride::ObjectOrText);
        request.insert("elements".into(), elements);
    }
    let mut formats = read_format_names(fields, &mut request);
    let types = format!("expected one of: {}", FILE_TYPES.join(", "));
    let is_type = |value: &Value| value.as_str().is_some_and(|text| FILE_TYPES.contains(&text));
    read_optional(fields, &mut request, "image_file_type", &types, is_type);
    let quality = "expected a whole number from 1 to 100, where 100 is the best quality";
    read_optional(fields, &mut request, "file_compression_level", quality, is_integer_in(1..=100));
    read_options(fields, &mut request);
    read_pages(fields, &mut request, PagesField::Optional);
    let is_banner = |value: &Value| value.as_str().is_some_and(is_id);
    read_optional(fields, &mut request, "original_visual_id", "expected the id of a banner", is_banner);
    if request.contains_key("original_visual_id") {
        if formats.is_some_and(|count| count > 1) {
            fields.add_violation("template_format_names", "expected one format with original_visual_id");
        }
        formats = Some(1);
    }
    check_design_type(fields, &request);
    (request, formats)
}

/// Reads the names of formats. Returns how many are requested, and None for all formats of the design.
fn read_format_names(fields: &mut RequestFields, request: &mut Request) -> Option<u64> {
    let names = match fields.take("template_format_names")? {
        Value::Array(names) => names,
        _ => {
            fields.add_violation("template_format_names", "expected a list of format names");
            return None;
        }
    };
    let mut seen = HashSet::new();
    for (index, name) in names.iter().enumerate() {
        let field = format!("template_format_names[{index}]");
        match name.as_str().filter(|name| !name.is_empty()) {
            Some(name) if !seen.insert(name) => {
                fields.add_violation(field, "expected each format once, this one is a duplicate");
            }
            Some(_) => {}
            None => fields.add_violation(field, "expected the name of a format"),
        }
    }
    let count = names.len() as u64;
    // An empty list means all formats, as if it were absent (contract 3.1).
    if count > 0 {
        request.insert("template_format_names".into(), names.into());
    }
    (count > 0).then_some(count)
}

/// Reads the order of a PDF of several pages.
pub(super) fn read_multipage_pdf(fields: &mut RequestFields) -> (Request, Option<u64>) {
    let mut request = Request::new();
    read_design_id(fields, &mut request);
    read_pages(fields, &mut request, PagesField::Required);
    read_print(fields, &mut request);
    (request, Some(1))
}

//! Validates orders of a synchronous image (contract 4) and of a dynamic image (contract 5.1).

use serde_json::Value;

use super::field_validators::{LayerOverride, Request, is_integer_in, read_design_id, validate_layers};
use crate::{RequestFields, validate_request_fields::read_optional};

/// The file types of a synchronous image (contract 4).
pub(super) const FILE_TYPES: &[&str] = &["png", "jpeg", "webp", "avif", "pdf", "auto"];

/// Reads the order of an image in one format of a static design.
pub(super) fn read_image(fields: &mut RequestFields) -> (Request, Option<u64>) {
    let mut request = Request::new();
    read_design_id(fields, &mut request);
    if let Some(elements) = fields.take("elements") {
        // Unlike in asynchronous generation, the provider rejects a text here.
        validate_layers(fields, "elements", &elements, LayerOverride::Object);
        request.insert("elements".into(), elements);
    }
    let is_name = |value: &Value| value.as_str().is_some_and(|name| !name.is_empty());
    read_optional(fields, &mut request, "template_format_name", "expected the name of one format", is_name);
    let types = format!("expected one of: {}", FILE_TYPES.join(", "));
    let is_type = |value: &Value| value.as_str().is_some_and(|text| FILE_TYPES.contains(&text));
    read_optional(fields, &mut request, "image_file_type", &types, is_type);
    let quality = "expected a whole number from 1 to 100, where 100 is the best quality";
    read_optional(fields, &mut request, "file_compression_level", quality, is_integer_in(1..=100));
    (request, Some(1))
}

/// Reads the order of the dynamic image of a static design. Each design has one.
pub(super) fn read_dynamic_image(fields: &mut RequestFields) -> (Request, Option<u64>) {
    let mut request = Request::new();
    read_design_id(fields, &mut request);
    for name in ["enable_rate_limit", "enable_production_mode"] {
        read_optional(fields, &mut request, name, "expected true or false", Value::is_boolean);
    }
    (request, None)
}

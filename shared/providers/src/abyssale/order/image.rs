//! A picture at once (contract 4), and the URL of one that is made when it is looked at (contract 5.1).

use serde_json::Value;

use super::fields::{Request, design_id, layers, optional, whole};
use crate::Fields;

/// File types of a synchronous generation (contract 4).
pub(super) const FILE_TYPES: &[&str] = &["png", "jpeg", "webp", "avif", "pdf", "auto"];

/// One format of a static design.
pub(super) fn read(fields: &mut Fields) -> (Request, Option<u64>) {
    let mut request = Request::new();
    design_id(fields, &mut request);
    if let Some(elements) = fields.take("elements") {
        // A bare text is refused here by the provider, unlike in asynchronous generation.
        layers(fields, "elements", &elements, false);
        request.insert("elements".into(), elements);
    }
    let is_name = |value: &Value| value.as_str().is_some_and(|name| !name.is_empty());
    optional(fields, &mut request, "template_format_name", "expected the name of one format", is_name);
    let types = format!("expected one of: {}", FILE_TYPES.join(", "));
    let is_type = |value: &Value| value.as_str().is_some_and(|text| FILE_TYPES.contains(&text));
    optional(fields, &mut request, "image_file_type", &types, is_type);
    let quality = "expected a whole number from 1 to 100, where 100 is the best quality";
    optional(fields, &mut request, "file_compression_level", quality, whole(1..=100));
    (request, Some(1))
}

/// The dynamic image of a static design; there is one for each design.
pub(super) fn read_dynamic(fields: &mut Fields) -> (Request, Option<u64>) {
    let mut request = Request::new();
    design_id(fields, &mut request);
    for name in ["enable_rate_limit", "enable_production_mode"] {
        optional(fields, &mut request, name, "expected true or false", Value::is_boolean);
    }
    (request, None)
}

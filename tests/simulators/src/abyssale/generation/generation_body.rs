//! Validates the bodies of the generation calls, without the design (contract 3.1, 3.2 and 4).

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::abyssale::api_error::{ApiError, FieldError};
use crate::abyssale::banner::Html5Page;
use crate::abyssale::field_validation::BodyFields;
use crate::abyssale::file_type::FileType;
use crate::abyssale::generation::operation::GenerationOperation;
use crate::abyssale::request_body;
use crate::abyssale::settings::Settings;
use crate::acceptance_policy::AcceptancePolicy;

/// A valid body.
#[derive(Debug, Default)]
pub(crate) struct GenerationBody {
    /// Names of formats; empty means all of them.
    pub(crate) formats: Vec<String>,
    pub(crate) callback_url: Option<String>,
    /// `None` is `auto`.
    pub(crate) file_type: Option<FileType>,
    /// From 1 to 100, 100 is the best.
    pub(crate) quality: Option<u8>,
    pub(crate) original: Option<Uuid>,
    pub(crate) crop_marks: bool,
    pub(crate) page: Html5Page,
    /// Overrides by layer.
    pub(crate) elements: Map<String, Value>,
    /// Overrides by page and layer.
    pub(crate) pages: Map<String, Value>,
}

/// Validates a body.
pub(crate) fn validate(
    request: &Request<Bytes>,
    operation: GenerationOperation,
    settings: &Settings,
) -> Result<GenerationBody, ApiError> {
    let object = request_body::parse_object(request)?;
    let fields = BodyFields::of(&object);
    let mut field_errors = Vec::new();
    let mut body = GenerationBody {
        original: fields.uuid("original_visual_id", &mut field_errors),
        ..Default::default()
    };
    if operation != GenerationOperation::Render {
        body.callback_url =
            request_body::read_optional_url(&object, "callback_url", settings, &mut field_errors);
        body.crop_marks = read_crop_marks(fields, &mut field_errors);
    }
    match operation {
        GenerationOperation::Pages => {
            if !object.contains_key("pages") {
                field_errors.push(FieldError::new(
                    "pages",
                    "missing_required",
                    "Missing data for required field.",
                ));
            }
            body.pages = fields.map("pages", &mut field_errors).cloned().unwrap_or_default();
        }
        GenerationOperation::Formats => {
            body.elements = fields.map("elements", &mut field_errors).cloned().unwrap_or_default();
            body.pages = fields.map("pages", &mut field_errors).cloned().unwrap_or_default();
            let names = fields.strings("template_format_names", &mut field_errors).unwrap_or_default();
            body.formats = names.into_iter().map(str::to_owned).collect();
            body.page = read_html5_page(fields, &mut field_errors);
            check_animation(fields, &mut field_errors);
            read_output(fields, operation, &mut body, &mut field_errors);
        }
        GenerationOperation::Render => {
            body.elements = fields.map("elements", &mut field_errors).cloned().unwrap_or_default();
            body.formats.extend(fields.text("template_format_name", &mut field_errors).map(str::to_owned));
            read_output(fields, operation, &mut body, &mut field_errors);
        }
    }
    if settings.unknown_options == AcceptancePolicy::Refuse {
        find_unknown_options(fields, &mut field_errors);
    }
    if field_errors.is_empty() { Ok(body) } else { Err(ApiError::invalid(field_errors)) }
}

/// The options that contract 3.1 lists.
const OPTIONS: [(&str, &[&str]); 4] = [
    ("html5", &["page_title", "click_tag", "ad_network", "include_backup_image", "repeat"]),
    ("gif", &["max_fps", "repeat"]),
    ("video", &["fps"]),
    ("print", &["color_profile", "display_crop_marks"]),
];

/// Adds an error for each option that the contract does not list.
fn find_unknown_options(fields: BodyFields<'_>, field_errors: &mut Vec<FieldError>) {
    for (object, known) in OPTIONS {
        let options = fields.map(object, &mut Vec::new()).into_iter().flatten();
        for (name, _) in options.filter(|(name, _)| !known.contains(&name.as_str())) {
            field_errors.push(FieldError::new(
                &format!("{object}.{name}"),
                "unknown_field",
                "Unknown field.",
            ));
        }
    }
}

/// Reads the type and the quality of the files.
fn read_output(
    fields: BodyFields<'_>,
    operation: GenerationOperation,
    body: &mut GenerationBody,
    field_errors: &mut Vec<FieldError>,
) {
    let quality = fields.whole_number("file_compression_level", 1..=100, field_errors);
    body.quality = quality.and_then(|quality| u8::try_from(quality).ok());
    let Some(name) = fields.text("image_file_type", field_errors).filter(|name| *name != "auto") else {
        return;
    };
    let known = |file_type: &FileType| {
        operation == GenerationOperation::Formats
            || crate::abyssale::file_type::DesignType::Static.file_types().contains(file_type)
    };
    body.file_type = FileType::from_request_name(name).filter(known);
    if body.file_type.is_none() {
        let names: Vec<_> = FileType::ALL.into_iter().filter(known).map(FileType::request_name).collect();
        let expected = json!(names.into_iter().chain(["auto"]).collect::<Vec<_>>());
        let field_error = FieldError::new("image_file_type", "unknown_enum_value", "Not a type of file.");
        field_errors.push(field_error.expected(expected).received(&json!(name)));
    }
}

/// Reads whether a print has crop marks.
fn read_crop_marks(fields: BodyFields<'_>, field_errors: &mut Vec<FieldError>) -> bool {
    let Some(print) = fields.map("print", field_errors) else { return false };
    let print = BodyFields::within(print, "print");
    // A workspace may define its own colour profiles, so that any id is valid.
    print.uuid("color_profile", field_errors);
    print.boolean("display_crop_marks", field_errors).unwrap_or_default()
}

fn read_html5_page(fields: BodyFields<'_>, field_errors: &mut Vec<FieldError>) -> Html5Page {
    let mut page = Html5Page::default();
    let Some(html5) = fields.map("html5", field_errors) else { return page };
    let html5 = BodyFields::within(html5, "html5");
    if let Some(title) = html5.text("page_title", field_errors) {
        page.title = title.to_owned();
    }
    if let Some(click_tag) = html5.text("click_tag", field_errors) {
        page.click_tag = click_tag.to_owned();
    }
    html5.text("ad_network", field_errors);
    html5.nullable("include_backup_image", "boolean", field_errors, Value::is_boolean);
    html5.nullable("repeat", "number", field_errors, Value::is_number);
    page
}

/// Checks the ranges that the documentation gives for GIFs and videos.
fn check_animation(fields: BodyFields<'_>, field_errors: &mut Vec<FieldError>) {
    if let Some(gif) = fields.map("gif", field_errors) {
        let gif = BodyFields::within(gif, "gif");
        gif.whole_number("max_fps", 2..=9, field_errors);
        gif.nullable("repeat", "number", field_errors, Value::is_number);
    }
    if let Some(video) = fields.map("video", field_errors) {
        BodyFields::within(video, "video").whole_number("fps", 2..=30, field_errors);
    }
}

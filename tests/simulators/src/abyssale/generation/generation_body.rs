//! Validates the bodies of the generation calls, without the design (contract 3.1, 3.2 and 4).

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::abyssale::api_error::{ApiError, FieldError};
use crate::abyssale::banner::Html5Page;
use crate::abyssale::field_validation::BodyFields;
use crate::abyssale::file_type::FileType;
use crate::abyssale::generation::operation::Operation;
use crate::abyssale::request_body;
use crate::abyssale::settings::Settings;

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
    operation: Operation,
    settings: &Settings,
) -> Result<GenerationBody, ApiError> {
    let object = request_body::parse_object(request)?;
    let fields = BodyFields::of(&object);
    let mut problems = Vec::new();
    let mut body =
        GenerationBody { original: fields.uuid("original_visual_id", &mut problems), ..Default::default() };
    if operation != Operation::Render {
        body.callback_url = request_body::read_optional_url(&object, "callback_url", settings, &mut problems);
        body.crop_marks = read_crop_marks(fields, &mut problems);
    }
    match operation {
        Operation::Pages => {
            if !object.contains_key("pages") {
                problems.push(FieldError::new(
                    "pages",
                    "missing_required",
                    "Missing data for required field.",
                ));
            }
            body.pages = fields.map("pages", &mut problems).cloned().unwrap_or_default();
        }
        Operation::Formats => {
            body.elements = fields.map("elements", &mut problems).cloned().unwrap_or_default();
            body.pages = fields.map("pages", &mut problems).cloned().unwrap_or_default();
            let names = fields.texts("template_format_names", &mut problems).unwrap_or_default();
            body.formats = names.into_iter().map(str::to_owned).collect();
            body.page = read_html5_page(fields, &mut problems);
            check_animation(fields, &mut problems);
            read_output(fields, operation, &mut body, &mut problems);
        }
        Operation::Render => {
            body.elements = fields.map("elements", &mut problems).cloned().unwrap_or_default();
            body.formats.extend(fields.text("template_format_name", &mut problems).map(str::to_owned));
            read_output(fields, operation, &mut body, &mut problems);
        }
    }
    if problems.is_empty() { Ok(body) } else { Err(ApiError::invalid(problems)) }
}

/// Reads the type and the quality of the files.
fn read_output(
    fields: BodyFields<'_>,
    operation: Operation,
    body: &mut GenerationBody,
    problems: &mut Vec<FieldError>,
) {
    let quality = fields.whole("file_compression_level", 1..=100, problems);
    body.quality = quality.and_then(|quality| u8::try_from(quality).ok());
    let Some(name) = fields.text("image_file_type", problems).filter(|name| *name != "auto") else { return };
    let known = |file_type: &FileType| {
        operation == Operation::Formats
            || crate::abyssale::file_type::DesignType::Static.file_types().contains(file_type)
    };
    body.file_type = FileType::from_request_name(name).filter(known);
    if body.file_type.is_none() {
        let names: Vec<_> = FileType::ALL.into_iter().filter(known).map(FileType::request_name).collect();
        let expected = json!(names.into_iter().chain(["auto"]).collect::<Vec<_>>());
        let problem = FieldError::new("image_file_type", "unknown_enum_value", "Not a type of file.");
        problems.push(problem.expected(expected).received(&json!(name)));
    }
}

/// Reads whether a print has crop marks.
fn read_crop_marks(fields: BodyFields<'_>, problems: &mut Vec<FieldError>) -> bool {
    let Some(print) = fields.map("print", problems) else { return false };
    let print = BodyFields::within(print, "print");
    // A workspace may define its own colour profiles, so that any id is valid.
    print.uuid("color_profile", problems);
    print.boolean("display_crop_marks", problems).unwrap_or_default()
}

fn read_html5_page(fields: BodyFields<'_>, problems: &mut Vec<FieldError>) -> Html5Page {
    let mut page = Html5Page::default();
    let Some(html5) = fields.map("html5", problems) else { return page };
    let html5 = BodyFields::within(html5, "html5");
    if let Some(title) = html5.text("page_title", problems) {
        page.title = title.to_owned();
    }
    if let Some(click_tag) = html5.text("click_tag", problems) {
        page.click_tag = click_tag.to_owned();
    }
    html5.text("ad_network", problems);
    html5.nullable("include_backup_image", "boolean", problems, Value::is_boolean);
    html5.nullable("repeat", "number", problems, Value::is_number);
    page
}

/// Checks the ranges that the documentation gives for GIFs and videos.
fn check_animation(fields: BodyFields<'_>, problems: &mut Vec<FieldError>) {
    if let Some(gif) = fields.map("gif", problems) {
        let gif = BodyFields::within(gif, "gif");
        gif.whole("max_fps", 2..=9, problems);
        gif.nullable("repeat", "number", problems, Value::is_number);
    }
    if let Some(video) = fields.map("video", problems) {
        BodyFields::within(video, "video").whole("fps", 2..=30, problems);
    }
}

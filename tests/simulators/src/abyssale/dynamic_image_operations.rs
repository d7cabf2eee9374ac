//! The call that creates a dynamic image (contract 5.1).

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use uuid::Uuid;

use crate::abyssale::api_error::ApiError;
use crate::abyssale::api_response;
use crate::abyssale::dynamic_image::DynamicImage;
use crate::abyssale::field_validation::BodyFields;
use crate::abyssale::file_type::DesignType;
use crate::abyssale::request_body;
use crate::abyssale::state::AbyssaleSimulator;
use crate::virtual_clock::Moment;

/// `POST /designs/{id}/dynamic-image-url`: 201 the first time, then 200 with the same body.
pub(super) fn create_dynamic_image(
    simulator: &mut AbyssaleSimulator,
    design: Uuid,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<Response<Bytes>, ApiError> {
    let (enable_rate_limit, enable_production_mode) = read_flags(request)?;
    let found = simulator.state.workspace.designs.get(design, at.now);
    let found = found.ok_or_else(ApiError::template_not_found)?;
    if found.kind != DesignType::Static {
        return Err(ApiError::bad_request("template_not_static", "This is no static design."));
    }
    if !found.active {
        return Err(ApiError::bad_request("template_not_active", "This design is not active."));
    }
    let status = if simulator.state.dynamic_images.of(design).is_some() {
        StatusCode::OK
    } else {
        let id = simulator.ids.next_uuid("dynamic image");
        let sheets = found.sheets.clone();
        let image = DynamicImage { id, design, sheets, enable_rate_limit, enable_production_mode };
        simulator.state.dynamic_images.0.push(image);
        StatusCode::CREATED
    };
    let image = simulator.state.dynamic_images.of(design).ok_or_else(ApiError::template_not_found)?;
    Ok(api_response::stamped_json(status, image.view(&simulator.origins.files), &simulator.state.settings))
}

/// Reads the two flags of an optional body.
fn read_flags(request: &Request<Bytes>) -> Result<(bool, bool), ApiError> {
    if request.body().is_empty() {
        return Ok((false, false));
    }
    let object = request_body::parse_object(request)?;
    let mut field_errors = Vec::new();
    let fields = BodyFields::of(&object);
    let limited = fields.boolean("enable_rate_limit", &mut field_errors).unwrap_or_default();
    let production = fields.boolean("enable_production_mode", &mut field_errors).unwrap_or_default();
    if field_errors.is_empty() { Ok((limited, production)) } else { Err(ApiError::invalid(field_errors)) }
}

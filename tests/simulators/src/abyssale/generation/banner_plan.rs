//! Plans the banners of a generation: design, sheets and file type (contract 3.1).

use http::StatusCode;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::abyssale::api_error::ApiError;
use crate::abyssale::banner::Banner;
use crate::abyssale::design::{Design, Sheet};
use crate::abyssale::file_type::DesignType;
use crate::abyssale::generation::generation_body::GenerationBody;
use crate::abyssale::generation::layer_overrides;
use crate::abyssale::generation::operation::GenerationOperation;
use crate::abyssale::state::AbyssaleSimulator;

/// The banner that is regenerated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OriginalBanner {
    pub(crate) id: Uuid,
    pub(crate) sharing_id: Uuid,
}

/// Returns the banners that the body requests, without ids yet.
pub(crate) fn plan_banners(
    simulator: &AbyssaleSimulator,
    design: Uuid,
    body: &GenerationBody,
    operation: GenerationOperation,
    now: OffsetDateTime,
) -> Result<(Vec<Banner>, Option<OriginalBanner>), ApiError> {
    let designs = &simulator.state.workspace.designs;
    let design = designs.get(design, now).ok_or_else(ApiError::template_not_found)?;
    if simulator.state.settings.plan_excludes.contains(&design.kind) {
        let message = format!("Your plan does not include {} designs.", design.kind.name());
        return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "feature_not_in_plan", message));
    }
    check_design_type(design, operation)?;
    if let Some(requested) = body.file_type.filter(|requested| !design.kind.file_types().contains(requested))
    {
        let message = format!("{} designs make no {}.", design.kind.name(), requested.request_name());
        return Err(ApiError::bad_request("invalid_filetype", message));
    }
    let field_errors = layer_overrides::find_field_errors(design, body, operation);
    if !field_errors.is_empty() {
        return Err(ApiError::invalid(field_errors));
    }
    let sheets = requested_sheets(design, body, operation)?;
    let original = match body.original.filter(|_| operation == GenerationOperation::Formats) {
        Some(id) => Some(find_original(simulator, id, design, &sheets, now)?),
        None => None,
    };
    let banners: Vec<Banner> =
        sheets.into_iter().map(|sheet| plan_banner(simulator, design, sheet, body)).collect();
    let requested = u32::try_from(banners.len()).unwrap_or(u32::MAX);
    let needed = simulator.state.generations.credits_consumed.saturating_add(requested);
    let settings = &simulator.state.settings;
    if settings.credits.is_some_and(|credits| needed > credits.saturating_add(settings.extra_credits)) {
        return Err(ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limit_exceeded",
            "You have no credits left.",
        ));
    }
    Ok((banners, original))
}

fn plan_banner(
    simulator: &AbyssaleSimulator,
    design: &Design,
    sheet: Option<&Sheet>,
    body: &GenerationBody,
) -> Banner {
    let transparent = sheet.is_some_and(|sheet| sheet.transparent);
    let file_type = body.file_type.unwrap_or_else(|| design.kind.default_file_type(transparent));
    let banner = Banner::of(design, &simulator.state.workspace.designs, sheet, file_type);
    Banner {
        quality: body.quality.unwrap_or(banner.quality),
        crop_marks: body.crop_marks && design.kind.is_print(),
        page: body.page.clone(),
        ..banner
    }
}

/// Returns the banner to regenerate, if it belongs to this design and to the one requested format.
fn find_original(
    simulator: &AbyssaleSimulator,
    id: Uuid,
    design: &Design,
    sheets: &[Option<&Sheet>],
    now: OffsetDateTime,
) -> Result<OriginalBanner, ApiError> {
    let [sheet] = sheets else {
        let message = "A visual is regenerated in exactly one format.";
        return Err(ApiError::bad_request("more_than_one_format", message));
    };
    let banner = simulator.state.workspace.banners.get(id, now).ok_or_else(ApiError::visual_not_found)?;
    if banner.design != design.id {
        return Err(ApiError::not_found("not_related_to_same_template", "visual of this design"));
    }
    if banner.format.as_deref() != sheet.map(|sheet| sheet.name.as_str()) {
        return Err(ApiError::not_found("not_related_to_same_format", "visual of this format"));
    }
    Ok(OriginalBanner { id, sharing_id: banner.sharing_id })
}

/// Checks that the call supports the design's type.
fn check_design_type(design: &Design, operation: GenerationOperation) -> Result<(), ApiError> {
    match operation {
        GenerationOperation::Pages if design.kind != DesignType::PrinterMultipage => {
            Err(ApiError::bad_request("invalid_design_type", "This is no multipage design."))
        }
        GenerationOperation::Render if design.kind != DesignType::Static => {
            Err(ApiError::bad_request("template_not_static", "This is no static design."))
        }
        GenerationOperation::Pages | GenerationOperation::Render | GenerationOperation::Formats => Ok(()),
    }
}

/// Returns the requested formats, each once. A multipage document is one result without a format.
fn requested_sheets<'a>(
    design: &'a Design,
    body: &GenerationBody,
    operation: GenerationOperation,
) -> Result<Vec<Option<&'a Sheet>>, ApiError> {
    let mut found: Vec<Option<&Sheet>> = Vec::new();
    for name in &body.formats {
        let sheet = design.formats().iter().find(|sheet| sheet.name == *name);
        let sheet = sheet.ok_or_else(|| ApiError::not_found("format_not_found", "format"))?;
        if !found.contains(&Some(sheet)) {
            found.push(Some(sheet));
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    if design.kind == DesignType::PrinterMultipage {
        return Ok(vec![None]);
    }
    let all = design.formats().iter().map(Some);
    Ok(if operation == GenerationOperation::Render { all.take(1).collect() } else { all.collect() })
}

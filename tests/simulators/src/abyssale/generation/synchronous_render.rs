//! The synchronous call: one format of a static design, without an event (contract 4).

use serde_json::Value;
use uuid::Uuid;

use crate::abyssale::api_error::ApiError;
use crate::abyssale::banner_response;
use crate::abyssale::generation::accept_generation;
use crate::abyssale::generation::banner_plan;
use crate::abyssale::generation::generation_body::GenerationBody;
use crate::abyssale::generation::operation::GenerationOperation;
use crate::abyssale::state::AbyssaleSimulator;
use crate::virtual_clock::Moment;

/// Renders one banner and returns it. `original_visual_id` has no effect here (contract 4).
pub(crate) fn render(
    simulator: &mut AbyssaleSimulator,
    design: Uuid,
    body: &GenerationBody,
    at: Moment,
) -> Result<Value, ApiError> {
    let (banners, _) =
        banner_plan::plan_banners(simulator, design, body, GenerationOperation::Render, at.now)?;
    if let Some(layer) = accept_generation::find_overlong_text(simulator, body) {
        let message = format!("Element {layer} error: The text cannot fit within the defined space.");
        return Err(ApiError::bad_request("cannot_build_banner", message));
    }
    let banner =
        banners.into_iter().next().ok_or_else(|| ApiError::not_found("format_not_found", "format"))?;
    let (id, version) = accept_generation::add_banner(simulator, banner, None, at.now);
    simulator.state.generations.renders += 1;
    banner_response::banner_view(simulator, id, version, at).ok_or_else(ApiError::visual_not_found)
}

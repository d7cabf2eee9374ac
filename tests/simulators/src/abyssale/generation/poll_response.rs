//! Polling: `GET /generation-request/{id}` (contract 3.3).

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::abyssale::api_error::ApiError;
use crate::abyssale::api_response;
use crate::abyssale::banner_response;
use crate::abyssale::generation::{FormatFailure, Generation, GenerationStage};
use crate::abyssale::settings::EmptyErrors;
use crate::abyssale::state::AbyssaleSimulator;
use crate::virtual_clock::Moment;

/// `GET /generation-request/{id}`: 202 while it runs, 200 once it is final, 410 after seven days.
pub(crate) fn poll(
    simulator: &mut AbyssaleSimulator,
    id: Uuid,
    at: Moment,
) -> Result<Response<Bytes>, ApiError> {
    let unknown = || ApiError::not_found("generation_request_not_found", "generation request");
    let generation = simulator.state.generations.get_mut(id).ok_or_else(unknown)?;
    generation.polls += 1;
    let stage = generation.stage(at.now);
    let generation = simulator.state.generations.get(id).ok_or_else(unknown)?;
    let status = match stage {
        GenerationStage::Gone => {
            let message = "The generation request is gone.";
            return Err(ApiError::new(StatusCode::GONE, "generation_request_gone", message));
        }
        GenerationStage::Final => StatusCode::OK,
        GenerationStage::Queued | GenerationStage::Running => StatusCode::ACCEPTED,
    };
    let body: serde_json::Map<String, Value> = poll_fields(simulator, generation, stage, at)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Ok(api_response::stamped_json(status, Value::Object(body), &simulator.state.settings))
}

/// Returns the fields of the response.
fn poll_fields(
    simulator: &AbyssaleSimulator,
    generation: &Generation,
    stage: GenerationStage,
    at: Moment,
) -> Vec<(&'static str, Value)> {
    let is_final = stage == GenerationStage::Final;
    let early =
        if stage == GenerationStage::Running && simulator.state.settings.early_banners { 1 } else { 0 };
    let shown = if is_final { generation.banners.len() } else { early };
    let mut fields = vec![
        ("id", json!(generation.id)),
        ("is_finalized", json!(is_final)),
        ("banners", banner_list(simulator, generation, shown, at)),
    ];
    fields.extend(error_list(simulator, generation, is_final));
    fields
}

/// Returns the body of `NEW_BANNER_BATCH` (contract 3.4).
pub(crate) fn batch_fields(
    simulator: &AbyssaleSimulator,
    generation: &Generation,
    at: Moment,
) -> Vec<(&'static str, Value)> {
    let settings = &simulator.state.settings;
    let mut fields = Vec::new();
    for (name, shown) in settings.batch_id_key.names() {
        if shown {
            fields.push((name, json!(generation.id)));
        }
    }
    if settings.batch_is_finalized {
        fields.push(("is_finalized", json!(true)));
    }
    fields.push(("banners", banner_list(simulator, generation, generation.banners.len(), at)));
    fields.extend(error_list(simulator, generation, true));
    fields
}

fn banner_list(simulator: &AbyssaleSimulator, generation: &Generation, shown: usize, at: Moment) -> Value {
    let banners = generation.banners.iter().take(shown);
    banners.filter_map(|(id, version)| banner_response::banner_view(simulator, *id, *version, at)).collect()
}

/// Returns the field `errors`, which may be absent when there are none (contract 9).
fn error_list(
    simulator: &AbyssaleSimulator,
    generation: &Generation,
    is_final: bool,
) -> Option<(&'static str, Value)> {
    let failures = if is_final { generation.failures.as_slice() } else { &[] };
    if failures.is_empty() && simulator.state.settings.empty_errors == EmptyErrors::Absent {
        return None;
    }
    Some(("errors", failures.iter().map(FormatFailure::view).collect()))
}

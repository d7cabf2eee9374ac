//! The export call of the API, and the start of an export (contract 2).

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;
use uuid::Uuid;

use crate::abyssale::api_error::ApiError;
use crate::abyssale::api_response;
use crate::abyssale::banner::Banner;
use crate::abyssale::event_timing::EventTiming;
use crate::abyssale::export::Export;
use crate::abyssale::request_body::ExportBody;
use crate::abyssale::settings::seconds;
use crate::abyssale::state::AbyssaleSimulator;
use crate::abyssale::webhook_delivery::{DeliveryTarget, WebhookContent};
use crate::abyssale::webhook_scheduling;
use crate::acceptance_policy::AcceptancePolicy;
use crate::virtual_clock::Moment;

/// `POST /async/banners/export`.
pub(super) fn accept_export(
    simulator: &mut AbyssaleSimulator,
    body: ExportBody,
    event_timing: EventTiming,
    at: Moment,
) -> Result<Response<Bytes>, ApiError> {
    let found = find_banners(simulator, &body.ids, at);
    let missing = body.ids.len() > found.len();
    let refuse = missing && simulator.state.settings.missing_ids == AcceptancePolicy::Refuse;
    if refuse || (found.is_empty() && !body.ids.is_empty()) {
        return Err(ApiError::visual_not_found());
    }
    simulator.state.exports.accepted_posts += 1;
    let bare_file = simulator.state.settings.bare_single_export && body.ids.len() == 1;
    let id =
        start_export(simulator, body, found, ExportOrigin { platform: false, bare_file, event_timing }, at);
    Ok(api_response::stamped_json(StatusCode::OK, json!({"export_id": id}), &simulator.state.settings))
}

/// Creates the export and schedules its event to the callback and to the subscriptions (contract 2.5).
pub(super) fn start_export(
    simulator: &mut AbyssaleSimulator,
    body: ExportBody,
    found: Vec<Banner>,
    origin: ExportOrigin,
    at: Moment,
) -> Uuid {
    let latency = origin.event_timing.latency_seconds(simulator.state.settings.export_latency_seconds);
    let export = Export {
        id: simulator.ids.next_uuid("export"),
        platform: origin.platform,
        requested: body.ids,
        found,
        callback_url: body.callback_url,
        requested_at: at.now,
        generated_at: at.now + seconds(latency),
        custom: simulator.state.exports.custom.pop_front(),
        bare_file: origin.bare_file,
        downloads: 0,
        packed: None,
    };
    let (id, due) = (export.id, export.generated_at);
    let callback = export.callback_url.clone();
    simulator.state.exports.all.push(export);
    if let Some(url) = callback {
        webhook_scheduling::schedule_delivery(
            simulator,
            DeliveryTarget::Callback,
            url,
            WebhookContent::NewExport(id),
            due,
        );
    }
    webhook_scheduling::schedule_for_subscriptions(
        simulator,
        "new_export",
        None,
        &WebhookContent::NewExport(id),
        due,
    );
    id
}

/// Returns the banners of the workspace among `ids`, each once.
pub(super) fn find_banners(simulator: &AbyssaleSimulator, ids: &[Uuid], at: Moment) -> Vec<Banner> {
    let mut found: Vec<Banner> = Vec::new();
    let deleted = &simulator.state.settings.deleted_banners;
    let existing = ids.iter().filter(|id| !deleted.contains(id));
    for banner in existing.filter_map(|id| simulator.state.workspace.banners.get(*id, at.now)) {
        if found.iter().all(|known| known.id != banner.id) {
            found.push(banner.clone());
        }
    }
    found
}

/// How an export was started.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExportOrigin {
    pub(super) platform: bool,
    pub(super) bare_file: bool,
    pub(super) event_timing: EventTiming,
}

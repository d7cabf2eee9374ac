//! EXPORTOPS

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;
use uuid::Uuid;

use crate::abyssale::api_error::Refusal;
use crate::abyssale::api_response;
use crate::abyssale::banner::Banner;
use crate::abyssale::export::Export;
use crate::abyssale::request_body::ExportBody;
use crate::abyssale::settings::seconds;
use crate::abyssale::state::AbyssaleSimulator;
use crate::abyssale::webhook_delivery::{Content, Target};
use crate::abyssale::webhook_scheduling;
use crate::acceptance_policy::Lenience;
use crate::virtual_clock::Moment;

/// `POST /async/banners/export`. `at_once` makes the event due without the usual latency.
pub(super) fn accept_export(
    simulator: &mut AbyssaleSimulator,
    body: ExportBody,
    at_once: bool,
    at: Moment,
) -> Result<Response<Bytes>, Refusal> {
    let found = found(simulator, &body.ids, at);
    let missing = body.ids.len() > found.len();
    let refuse = missing && simulator.state.knobs.missing_ids == Lenience::Refuse;
    if refuse || (found.is_empty() && !body.ids.is_empty()) {
        return Err(Refusal::visual_not_found());
    }
    simulator.state.exports.accepted_posts += 1;
    let id = start_export(simulator, body, found, Origin { platform: false, bare_file: false, at_once }, at);
    Ok(api_response::json(StatusCode::OK, json!({"export_id": id}), &simulator.state.knobs))
}

/// Makes the export and schedules its event to the callback and to the subscriptions (contract 2.5).
pub(super) fn start_export(
    simulator: &mut AbyssaleSimulator,
    body: ExportBody,
    found: Vec<Banner>,
    origin: Origin,
    at: Moment,
) -> Uuid {
    let latency = if origin.at_once { 0.0 } else { simulator.state.knobs.export_latency_seconds };
    let export = Export {
        id: simulator.draw.next_uuid("export"),
        platform: origin.platform,
        asked: body.ids,
        found,
        callback_url: body.callback_url,
        requested_at: at.now,
        generated_at: at.now + seconds(latency),
        chosen: simulator.state.exports.chosen.pop_front(),
        bare_file: origin.bare_file,
        downloads: 0,
        packed: None,
    };
    let (id, due) = (export.id, export.generated_at);
    let callback = export.callback_url.clone();
    simulator.state.exports.all.push(export);
    if let Some(url) = callback {
        webhook_scheduling::schedule(simulator, Target::Callback, url, Content::NewExport(id), due);
    }
    webhook_scheduling::publish(simulator, "new_export", None, &Content::NewExport(id), due);
    id
}

/// The banners of the workspace among `ids`, each once.
pub(super) fn found(simulator: &AbyssaleSimulator, ids: &[Uuid], at: Moment) -> Vec<Banner> {
    let mut found: Vec<Banner> = Vec::new();
    for banner in ids.iter().filter_map(|id| simulator.state.workspace.banners.get(*id, at.now)) {
        if found.iter().all(|known| known.id != banner.id) {
            found.push(banner.clone());
        }
    }
    found
}

/// Where an export comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    pub(super) platform: bool,
    pub(super) bare_file: bool,
    pub(super) at_once: bool,
}

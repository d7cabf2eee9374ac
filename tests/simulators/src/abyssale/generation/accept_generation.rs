//! Accepts the two asynchronous generation calls and plans their results (contract 3.1, 3.2 and 3.4).

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::abyssale::api_error::ApiError;
use crate::abyssale::api_response;
use crate::abyssale::banner::Banner;
use crate::abyssale::event_timing::EventTiming;
use crate::abyssale::fault_types::GenerationFault;
use crate::abyssale::generation::banner_plan::{self, OriginalBanner};
use crate::abyssale::generation::generation_body::GenerationBody;
use crate::abyssale::generation::layer_overrides;
use crate::abyssale::generation::operation::GenerationOperation;
use crate::abyssale::generation::{FormatFailure, Generation};
use crate::abyssale::settings::{RegeneratedId, seconds};
use crate::abyssale::state::AbyssaleSimulator;
use crate::abyssale::webhook_delivery::{DeliveryTarget, WebhookContent};
use crate::abyssale::webhook_scheduling;
use crate::virtual_clock::Moment;

/// The message of contract 3.3.
const DOES_NOT_FIT: &str = "The text cannot fit within the defined space.";

/// An asynchronous generation call whose body is valid.
pub(crate) struct GenerationRequest {
    pub(crate) design: Uuid,
    pub(crate) operation: GenerationOperation,
    pub(crate) body: GenerationBody,
}

/// Accepts a generation. `event_timing` decides when it ends.
pub(crate) fn accept_generation(
    simulator: &mut AbyssaleSimulator,
    request: GenerationRequest,
    event_timing: EventTiming,
    at: Moment,
) -> Result<Response<Bytes>, ApiError> {
    let GenerationRequest { design, operation, body } = request;
    let (banners, original) = banner_plan::plan_banners(simulator, design, &body, operation, at.now)?;
    let formats: Vec<_> = banners.iter().map(|banner| banner.format.clone()).collect();
    let fault = simulator.state.faults.take_for_generation(design, &formats);
    let (starts_at, ends_at) = generation_times(simulator, fault.as_ref(), event_timing, at);
    let mut generation = Generation {
        id: simulator.ids.next_uuid("generation"),
        design,
        callback_url: body.callback_url.clone(),
        requested_at: at.now,
        starts_at,
        ends_at,
        banners: Vec::new(),
        failures: Vec::new(),
        polls: 0,
    };
    for banner in banners {
        let Some(ready_at) = ends_at.filter(|_| !matches!(fault, Some(GenerationFault::Nothing))) else {
            continue;
        };
        let reason = fault.as_ref().and_then(|fault| fault.reason(banner.format.as_deref()));
        match reason.or_else(|| find_overlong_text(simulator, &body).map(|_| DOES_NOT_FIT.to_owned())) {
            Some(reason) => generation.failures.push(FormatFailure { format: banner.format, reason }),
            None => generation.banners.push(add_banner(simulator, banner, original, ready_at)),
        }
    }
    let id = generation.id;
    simulator.state.generations.accepted_posts += 1;
    schedule_webhooks(simulator, &generation);
    simulator.state.generations.all.push(generation);
    Ok(api_response::stamped_json(
        StatusCode::OK,
        json!({"generation_request_id": id}),
        &simulator.state.settings,
    ))
}

/// Returns when a generation that is requested now starts, and when it ends, if ever.
fn generation_times(
    simulator: &AbyssaleSimulator,
    fault: Option<&GenerationFault>,
    event_timing: EventTiming,
    at: Moment,
) -> (OffsetDateTime, Option<OffsetDateTime>) {
    let settings = &simulator.state.settings;
    let latency = event_timing.latency_seconds(settings.generation_latency_seconds);
    let queued = settings.generation_queued_seconds.min(latency);
    let ends_at = match fault {
        Some(GenerationFault::Stuck) => None,
        Some(GenerationFault::Slow { seconds: more }) => Some(at.now + seconds(latency + more)),
        Some(_) | None => Some(at.now + seconds(latency)),
    };
    (at.now + seconds(queued), ends_at)
}

/// Returns the name of a layer whose text is too long.
pub(crate) fn find_overlong_text(simulator: &AbyssaleSimulator, body: &GenerationBody) -> Option<String> {
    let max = simulator.state.settings.longest_text;
    let pages = body.pages.values().filter_map(|page| page.as_object());
    let long = std::iter::once(&body.elements).chain(pages);
    long.into_iter().find_map(|elements| layer_overrides::find_overlong_layer(elements, max))
}

/// Adds a planned banner to the workspace, visible from `ready_at` on. Returns its id and version.
pub(crate) fn add_banner(
    simulator: &mut AbyssaleSimulator,
    banner: Banner,
    original: Option<OriginalBanner>,
    ready_at: OffsetDateTime,
) -> (Uuid, u32) {
    let fresh = simulator.ids.next_uuid("banner");
    let banners = &simulator.state.workspace.banners;
    let (id, sharing_id, version) = match original {
        Some(OriginalBanner { id, sharing_id }) => {
            let same = simulator.state.settings.regenerated_id == RegeneratedId::Same;
            (if same { id } else { fresh }, sharing_id, banners.last_version(sharing_id) + 1)
        }
        None => (fresh, simulator.ids.next_uuid("sharing"), 1),
    };
    let banner = Banner {
        id,
        sharing_id,
        version,
        number: simulator.state.workspace.banners.next_number(),
        ready_at: Some(ready_at),
        custom: simulator.state.generations.take_custom_file(banner.format.as_deref()),
        ..banner
    };
    simulator.state.generations.credits_consumed += 1;
    simulator.state.workspace.banners.add(banner);
    (id, version)
}

/// Schedules the events: each banner to the subscriptions, then the batch to the callback and the
/// subscriptions.
fn schedule_webhooks(simulator: &mut AbyssaleSimulator, generation: &Generation) {
    let Some(due) = generation.ends_at else { return };
    for (banner, version) in &generation.banners {
        let content = WebhookContent::NewBanner(*banner, *version);
        webhook_scheduling::schedule_for_subscriptions(
            simulator,
            "new_banner",
            Some(generation.design),
            &content,
            due,
        );
    }
    let content = WebhookContent::NewBannerBatch(generation.id);
    if let Some(url) = generation.callback_url.clone() {
        webhook_scheduling::schedule_delivery(simulator, DeliveryTarget::Callback, url, content.clone(), due);
    }
    webhook_scheduling::schedule_for_subscriptions(
        simulator,
        "new_banner_batch",
        Some(generation.design),
        &content,
        due,
    );
}

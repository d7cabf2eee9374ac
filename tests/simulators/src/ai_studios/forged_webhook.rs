//! Forged webhooks, which carry false data about an export.

use url::Url;

use crate::ai_studios::settings::webhook::Forgery;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::ai_studios::webhook_delivery::{DeliveryState, WebhookContent};
use crate::delivery_attempt::AttemptKind;

/// Schedules a forged webhook. It is sent whatever happens to the export.
pub(super) fn schedule_forged_webhook(
    simulator: &mut AiStudiosSimulator,
    url: &str,
    task: &str,
    forgery: Forgery,
    due: time::OffsetDateTime,
) -> u64 {
    let url = match forgery {
        Forgery::WrongPath => replace_last_segment(url),
        Forgery::WrongTask | Forgery::ForeignUrl => url.to_owned(),
    };
    let content = WebhookContent::Forged { task: task.to_owned(), forgery };
    let number = simulator.state.outbox.add(url, content, DeliveryState::Pending);
    simulator.state.outbox.send_at(number, AttemptKind::Scheduled, due);
    number
}

/// Replaces the last segment of the URL's path.
fn replace_last_segment(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else { return url.to_owned() };
    if let Ok(mut segments) = parsed.path_segments_mut() {
        segments.pop().push("00000000000000000000000000000000");
    }
    parsed.into()
}

//! Schedules the webhooks of an accepted export (contract 9.5).

use time::{Duration, OffsetDateTime};

use crate::ai_studios::export_run::ExportRun;
use crate::ai_studios::fault_types::WebhookFault;
use crate::ai_studios::forged_webhook;
use crate::ai_studios::settings::webhook::ProgressEvents;
use crate::ai_studios::settings::{Settings, seconds};
use crate::ai_studios::state::AiStudiosSimulator;
use crate::ai_studios::webhook_delivery::{DeliveryState, WebhookContent};
use crate::delivery_attempt::AttemptKind;
use crate::virtual_clock::Moment;

/// Schedules the webhooks of an export that was just accepted, if it has a webhook URL.
pub(super) fn schedule_webhooks(
    simulator: &mut AiStudiosSimulator,
    index: usize,
    task: &str,
    settings: &Settings,
    at: Moment,
) {
    let project = simulator.state.projects.at(index);
    let Some(run) = project.find_export(task) else { return };
    let Some(url) = run.webhook_url.clone() else { return };
    let (events, id) = (planned_events(run, settings), project.id.clone());
    for (position, event) in events.iter().enumerate() {
        let next_due = events.get(position + 1).map(|next| next.due);
        schedule_webhook(simulator, &id, &url, event.clone(), next_due);
    }
    for forgery in settings.webhook.forged.clone() {
        forged_webhook::schedule_forged_webhook(simulator, &url, task, forgery, at.now + Duration::SECOND);
    }
}

/// A webhook that an export will send.
#[derive(Debug, Clone)]
struct PlannedWebhook {
    due: OffsetDateTime,
    content: WebhookContent,
}

/// Schedules one webhook and applies a fault to it. `next_due` is when the export's next one is due.
fn schedule_webhook(
    simulator: &mut AiStudiosSimulator,
    project: &str,
    url: &str,
    webhook: PlannedWebhook,
    next_due: Option<OffsetDateTime>,
) {
    let PlannedWebhook { due, content } = webhook;
    let fault = simulator.state.faults.take_for_webhook(project);
    let state = match fault {
        Some(WebhookFault::Drop) => DeliveryState::Dropped,
        Some(_) | None => DeliveryState::Pending,
    };
    let outbox = &mut simulator.state.outbox;
    let number = outbox.add(url.to_owned(), content, state);
    let due = match (&fault, next_due) {
        (Some(WebhookFault::Drop), _) => return,
        (Some(WebhookFault::Delay { seconds: wait }), _) => due + seconds(*wait),
        (Some(WebhookFault::Reorder), Some(after)) => after + Duration::SECOND,
        _ => due,
    };
    outbox.send_at(number, AttemptKind::Scheduled, due);
    if let Some(WebhookFault::Duplicate { times }) = fault {
        (0..times).for_each(|_| outbox.send_at(number, AttemptKind::Redelivery, due));
    }
}

/// Returns the webhooks of an export, in order of time.
fn planned_events(run: &ExportRun, settings: &Settings) -> Vec<PlannedWebhook> {
    let percents: Vec<u8> = match settings.webhook.events {
        ProgressEvents::Quarters => vec![25, 50, 75, 100],
        ProgressEvents::Final => vec![100],
        ProgressEvents::EveryTick => (1..=20).map(|tick| tick * 5).collect(),
        ProgressEvents::None => Vec::new(),
    };
    let fails = run.fails_at();
    let progress_event = |percent: u8| {
        let due = run.reaches_at(f64::from(percent)).filter(|due| fails.is_none_or(|fails| *due < fails))?;
        Some(PlannedWebhook { due, content: WebhookContent::Progress { task: run.task.clone(), percent } })
    };
    let mut events: Vec<_> = percents.into_iter().filter_map(progress_event).collect();
    let failure = fails.filter(|_| settings.webhook.failure_event);
    events.extend(
        failure
            .map(|due| PlannedWebhook { due, content: WebhookContent::Failure { task: run.task.clone() } }),
    );
    events
}

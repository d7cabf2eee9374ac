//! Which webhooks an accepted export will send, and when (contract 9.5).

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

/// Schedules the webhooks of an export that was just accepted, if it wants any.
pub(super) fn schedule_webhooks(
    simulator: &mut AiStudiosSimulator,
    index: usize,
    task: &str,
    settings: &Settings,
    at: Moment,
) {
    let project = simulator.state.projects.at(index);
    let Some(run) = project.run(task) else { return };
    let Some(url) = run.webhook_url.clone() else { return };
    let (events, id) = (planned_events(run, settings), project.id.clone());
    for (index, (due, content)) in events.iter().enumerate() {
        let after = events.get(index + 1).map(|(after, _)| *after);
        schedule_webhook(simulator, &id, &url, content.clone(), *due, after);
    }
    for forgery in settings.webhook.forged.clone() {
        forged_webhook::schedule_forged_webhook(simulator, &url, task, forgery, at.now + Duration::SECOND);
    }
}

/// Schedules one webhook as the faults let it. `after` is when the export's next one is due.
fn schedule_webhook(
    simulator: &mut AiStudiosSimulator,
    project: &str,
    url: &str,
    content: WebhookContent,
    due: OffsetDateTime,
    after: Option<OffsetDateTime>,
) {
    let fault = simulator.state.faults.take_for_webhook(project);
    let state = match fault {
        Some(WebhookFault::Drop) => DeliveryState::Dropped,
        Some(_) | None => DeliveryState::Pending,
    };
    let outbox = &mut simulator.state.outbox;
    let number = outbox.add(url.to_owned(), content, state);
    let due = match (&fault, after) {
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

/// What the course of an export gives rise to, in order.
fn planned_events(run: &ExportRun, settings: &Settings) -> Vec<(OffsetDateTime, WebhookContent)> {
    let percents: Vec<u8> = match settings.webhook.events {
        ProgressEvents::Quarters => vec![25, 50, 75, 100],
        ProgressEvents::Final => vec![100],
        ProgressEvents::EveryTick => (1..=20).map(|tick| tick * 5).collect(),
        ProgressEvents::None => Vec::new(),
    };
    let fails = run.failed_at();
    let told = |percent: u8| {
        let due = run.reached_at(f64::from(percent)).filter(|due| fails.is_none_or(|fails| *due < fails))?;
        Some((due, WebhookContent::Progress { task: run.task.clone(), percent }))
    };
    let mut events: Vec<_> = percents.into_iter().filter_map(told).collect();
    let failure = fails.filter(|_| settings.webhook.failure_event);
    events.extend(failure.map(|due| (due, WebhookContent::Failure { task: run.task.clone() })));
    events
}

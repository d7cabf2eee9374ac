//! Waiting workflows receive heartbeats and the end of their job, and secrets of notify targets are never shown.

mod jobs;

use model::{
    Job, JobChange, JobEvent, NotifyTargets, Outbox, OutboxProgress, ProviderJobId, Secret, WebhookUrl,
    WorkflowWaiter,
};
use serde_json::json;

use crate::jobs::job;

fn task(token: impl Into<String>) -> WorkflowWaiter {
    WorkflowWaiter::TaskToken(Secret::new(token))
}

fn job_with_waiter() -> Job {
    job().with_notify_targets(NotifyTargets { waiters: vec![task("one")], ..NotifyTargets::default() })
}

fn end(job: &mut Job) {
    let now = job.created_at;
    job.apply(JobEvent::SubmissionAccepted { provider_job_id: ProviderJobId::new("t") }, now);
    job.apply(JobEvent::ResultReturned { result: json!({}) }, now);
    job.schedule_waiter_notification(now);
}

#[test]
fn a_job_with_a_waiter_is_due_for_a_heartbeat_within_a_minute() {
    let job = job_with_waiter();
    assert_eq!(job.due_at(), Some(job.created_at + NotifyTargets::HEARTBEAT_INTERVAL));
    assert!(job.waiters_to_notify().is_empty());
}

#[test]
fn waiters_are_notified_of_the_end_and_then_nothing_is_due() {
    let mut job = job_with_waiter();
    end(&mut job);
    assert_eq!(job.due_at(), Some(job.created_at + Outbox::SWEEP_DELAY));
    let notified = job.waiters_to_notify().to_vec();
    assert!(job.remove_waiters(&notified) && !job.remove_waiters(&notified));
    assert_eq!((job.due_at(), job.notify_targets), (None, NotifyTargets::default()));
}

#[test]
fn a_waiter_that_is_added_after_the_end_is_notified_at_once() {
    let mut job = job();
    end(&mut job);
    assert_eq!(job.due_at(), None);
    assert!(job.add_waiters(&[task("late")], job.updated_at));
    assert_eq!((job.waiters_to_notify().len(), job.due_at().is_some()), (1, true));
}

#[test]
fn events_and_waiters_are_removed_independently() {
    let mut job = job_with_waiter();
    end(&mut job);
    job.version = 7;
    job.add_outbox_event(
        &JobEvent::ResultReturned { result: json!({}) },
        JobChange::StatusChanged,
        job.created_at,
    );
    assert!(job.acknowledge_outbox_events(OutboxProgress { event_bus: Some(7), caller_webhook: Some(7) }));
    assert!(job.outbox.due_at.is_some());
    job.add_outbox_event(
        &JobEvent::ResultReturned { result: json!({}) },
        JobChange::StatusChanged,
        job.created_at,
    );
    job.remove_waiters(&[task("one")]);
    assert_eq!((job.outbox.due_at.is_some(), job.outbox.events.len()), (true, 1));
}

#[test]
fn at_most_ten_workflows_wait_and_the_oldest_is_removed() {
    let mut job = job_with_waiter();
    assert!(!job.add_waiters(&[task("one")], job.created_at), "it waits already");
    let more: Vec<WorkflowWaiter> = (0..10).map(|number| task(number.to_string())).collect();
    assert!(job.add_waiters(&more, job.created_at));
    assert_eq!(job.notify_targets.waiters, more);
}

#[test]
fn debug_texts_and_views_show_no_token_path_or_query() {
    let targets = NotifyTargets {
        waiters: vec![task("s3cret"), WorkflowWaiter::DurableCallbackId(Secret::new("s3cret"))],
        webhook_url: Some(WebhookUrl::new("https://example.com/hook/s3cret?key=s3cret#s3cret")),
        ..NotifyTargets::default()
    };
    let view = serde_json::to_value(targets.to_view()).expect("JSON");
    let shown = json!({ "waiting": 2, "webhook_url": "https://example.com", "partial_is_success": false });
    assert_eq!(view, shown);
    assert!(!format!("{targets:?}").contains("s3cret"));
}

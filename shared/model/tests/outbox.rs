//! Outbox events are stored until both targets have received them.

mod jobs;

use crate::jobs::job;
use model::{Job, JobEvent, JobStatus, Outbox, OutboxProgress, ProviderJobId};

fn apply(job: &mut Job, event: JobEvent) {
    let now = job.created_at;
    let change = job.apply(event.clone(), now);
    job.version += 1;
    job.add_outbox_event(&event, change, now);
}

fn both_targets(through: u64) -> OutboxProgress {
    OutboxProgress { event_bus: Some(through), caller_webhook: Some(through) }
}

fn pending(job: &Job) -> Vec<(u64, JobStatus)> {
    job.outbox.events.iter().map(|event| (event.sequence, event.status)).collect()
}

#[test]
fn newer_progress_replaces_older_progress_and_every_status_is_kept() {
    let mut job = job();
    apply(&mut job, JobEvent::SubmissionAccepted { provider_job_id: ProviderJobId::new("t") });
    for percent in [10.0, 20.0, 20.0, 30.0] {
        apply(&mut job, JobEvent::ProgressReported { percent });
    }
    apply(&mut job, JobEvent::FilesReady { sources: vec![], missing: vec![] });
    let statuses = [(1, JobStatus::Submitted), (5, JobStatus::Rendering), (6, JobStatus::Received)];
    assert_eq!(pending(&job), statuses);
    assert_eq!(job.outbox.events[1].progress, Some(30.0));
}

#[test]
fn delivered_events_are_removed_and_later_events_are_kept() {
    let mut job = job();
    apply(&mut job, JobEvent::SubmissionAccepted { provider_job_id: ProviderJobId::new("t") });
    apply(&mut job, JobEvent::FilesReady { sources: vec![], missing: vec![] });
    assert!(
        job.acknowledge_outbox_events(both_targets(1)) && !job.acknowledge_outbox_events(both_targets(1))
    );
    assert_eq!((pending(&job), job.outbox.due_at.is_some()), (vec![(2, JobStatus::Received)], true));
    assert!(
        job.acknowledge_outbox_events(both_targets(2)) && !job.acknowledge_outbox_events(both_targets(2))
    );
    assert_eq!(job.outbox, Outbox::default());
}

#[test]
fn an_event_that_one_target_received_is_kept_for_the_other() {
    let mut job = job();
    apply(&mut job, JobEvent::SubmissionAccepted { provider_job_id: ProviderJobId::new("t") });
    let caller = OutboxProgress { event_bus: None, caller_webhook: Some(1) };
    assert!(job.acknowledge_outbox_events(caller) && !job.acknowledge_outbox_events(caller));
    assert_eq!((pending(&job), job.outbox.progress), (vec![(1, JobStatus::Submitted)], caller));
    assert!(job.acknowledge_outbox_events(OutboxProgress { event_bus: Some(1), caller_webhook: None }));
    assert_eq!(job.outbox, Outbox::default());
}

#[test]
fn a_job_is_due_at_the_earlier_of_its_poll_and_its_outbox() {
    let mut job = job();
    let poll_at = job.poll_state.next_poll_at;
    assert_eq!(job.due_at(), poll_at);
    apply(&mut job, JobEvent::SubmissionAccepted { provider_job_id: ProviderJobId::new("t") });
    assert_eq!(job.due_at(), Some(job.created_at + Outbox::SWEEP_DELAY));
    job.acknowledge_outbox_events(both_targets(1));
    assert_eq!(job.due_at(), job.poll_state.next_poll_at);
}

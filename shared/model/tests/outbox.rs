//! Outbox events are stored until both targets have received them.

use model::{Event, Job, JobId, NewJob, Origin, Outbox, OutboxProgress, ProviderJobId, ProviderName, Status};
use serde_json::json;

fn job() -> Job {
    Job::new(NewJob {
        id: JobId::generate(),
        provider: ProviderName::new("abyssale"),
        kind: "export".into(),
        request: json!({}),
        expected: None,
        metadata: None,
        unpack: None,
        origin: Origin::Submitted,
    })
}

fn apply(job: &mut Job, event: Event) {
    let now = job.created_at;
    let change = job.apply(event.clone(), now);
    job.version += 1;
    job.add_outbox_event(&event, change, now);
}

fn both_targets(through: u64) -> OutboxProgress {
    OutboxProgress { bus: Some(through), caller: Some(through) }
}

fn pending(job: &Job) -> Vec<(u64, Status)> {
    job.outbox.events.iter().map(|event| (event.sequence, event.status)).collect()
}

#[test]
fn newer_progress_replaces_older_progress_and_every_status_is_kept() {
    let mut job = job();
    apply(&mut job, Event::Accepted { provider_job_id: ProviderJobId::new("t") });
    for percent in [10.0, 20.0, 20.0, 30.0] {
        apply(&mut job, Event::Progressed { percent });
    }
    apply(&mut job, Event::Finished { sources: vec![], missing: vec![] });
    let statuses = [(1, Status::Submitted), (5, Status::Rendering), (6, Status::Received)];
    assert_eq!(pending(&job), statuses);
    assert_eq!(job.outbox.events[1].progress, Some(30.0));
}

#[test]
fn delivered_events_are_removed_and_later_events_are_kept() {
    let mut job = job();
    apply(&mut job, Event::Accepted { provider_job_id: ProviderJobId::new("t") });
    apply(&mut job, Event::Finished { sources: vec![], missing: vec![] });
    assert!(job.told(both_targets(1)) && !job.told(both_targets(1)));
    assert_eq!((pending(&job), job.outbox.due.is_some()), (vec![(2, Status::Received)], true));
    assert!(job.told(both_targets(2)) && !job.told(both_targets(2)));
    assert_eq!(job.outbox, Outbox::default());
}

#[test]
fn an_event_that_one_target_received_is_kept_for_the_other() {
    let mut job = job();
    apply(&mut job, Event::Accepted { provider_job_id: ProviderJobId::new("t") });
    let caller = OutboxProgress { bus: None, caller: Some(1) };
    assert!(job.told(caller) && !job.told(caller));
    assert_eq!((pending(&job), job.outbox.told), (vec![(1, Status::Submitted)], caller));
    assert!(job.told(OutboxProgress { bus: Some(1), caller: None }));
    assert_eq!(job.outbox, Outbox::default());
}

#[test]
fn a_job_is_due_at_the_earlier_of_its_poll_and_its_outbox() {
    let mut job = job();
    let poll_at = job.check.at;
    assert_eq!(job.due(), poll_at);
    apply(&mut job, Event::Accepted { provider_job_id: ProviderJobId::new("t") });
    assert_eq!(job.due(), Some(job.created_at + Outbox::TIMEOUT));
    job.told(both_targets(1));
    assert_eq!(job.due(), job.check.at);
}

//! Work that needs several requests submits each of them once.

mod jobs;

use model::{Job, JobChange, JobEvent, JobStatus, ProviderJobId, Transition, transition};
use time::OffsetDateTime;

use crate::jobs::job;

fn accepted() -> JobEvent {
    JobEvent::SubmissionAccepted { provider_job_id: ProviderJobId::new("t") }
}

/// A job whose provider has finished the first of its requests.
fn job_between_requests() -> Job {
    let mut job = job();
    for event in [accepted(), JobEvent::ProgressReported { percent: 100.0 }] {
        job.apply(event, OffsetDateTime::UNIX_EPOCH);
    }
    assert_eq!(job.apply(JobEvent::PhaseFinished, OffsetDateTime::UNIX_EPOCH), JobChange::StatusChanged);
    job
}

#[test]
fn work_that_needs_another_request_waits_and_submits_it_once() {
    let (mut job, now) = (job_between_requests(), OffsetDateTime::UNIX_EPOCH);
    assert_eq!((job.status, job.progress), (JobStatus::Waiting, None));
    assert_eq!(job.apply(JobEvent::PhaseFinished, now), JobChange::Unchanged, "another poll found it too");
    assert_eq!(job.apply(JobEvent::SubmissionStarted, now), JobChange::StatusChanged);
    assert_eq!(job.apply(JobEvent::SubmissionStarted, now), JobChange::Unchanged);
    assert_eq!(job.apply(JobEvent::PhaseFinished, now), JobChange::Unchanged);
    let other = JobEvent::SubmissionAccepted { provider_job_id: ProviderJobId::new("other") };
    assert_eq!(job.apply(other, now), JobChange::StatusChanged);
    assert_eq!((job.status, job.provider_job_id), (JobStatus::Submitted, Some(ProviderJobId::new("t"))));
}

#[test]
fn late_progress_of_an_earlier_request_does_not_claim_the_next_one() {
    let (late, now) = (JobEvent::ProgressReported { percent: 97.0 }, OffsetDateTime::UNIX_EPOCH);
    let mut job = job_between_requests();
    assert_eq!(job.apply(late.clone(), now), JobChange::Unchanged);
    job.apply(JobEvent::SubmissionStarted, now);
    assert_eq!(job.apply(late.clone(), now), JobChange::Unchanged);
    assert_eq!(job.status, JobStatus::Submitting);
    job.apply(accepted(), now);
    assert_eq!(job.apply(late, now), JobChange::StatusChanged);
}

#[test]
fn only_work_that_the_provider_has_can_need_another_request() {
    for status in JobStatus::ALL {
        let has_work = matches!(status, JobStatus::Submitted | JobStatus::Unknown | JobStatus::Rendering);
        let expected = if has_work { Transition::To(JobStatus::Waiting) } else { Transition::Stale };
        assert_eq!(transition(status, &JobEvent::PhaseFinished), expected, "{status}");
    }
}

//! A job reaches the same status in whatever order and number the provider's events arrive.

mod jobs;
mod reports;

use model::{
    CompletedBy, Error, ErrorClass, Job, JobChange, JobEvent, JobId, JobStatus, SlowAttempt,
    TransferStatistics, Transition, transition,
};
use proptest::prelude::*;
use time::OffsetDateTime;

use crate::{
    jobs::job,
    reports::{accepted, finished, found},
};

fn error() -> model::JobError {
    Error::new(ErrorClass::ProviderOutcomeUnknown, "no response").to_job_error(OffsetDateTime::UNIX_EPOCH)
}

/// One of every event except those that move a job backwards: a finished phase, and the operator's retries.
fn every_event() -> Vec<JobEvent> {
    vec![
        JobEvent::SubmissionStarted,
        JobEvent::SubmissionDeferred { error: Some(error()) },
        accepted(),
        JobEvent::SubmissionRejected { error: error() },
        JobEvent::SubmissionOutcomeUnknown { error: error() },
        JobEvent::ProgressReported { percent: 40.0 },
        finished(),
        JobEvent::LandingStarted,
        JobEvent::TransferProgressed {
            transfer: TransferStatistics {
                bytes: 1,
                total_bytes: None,
                seconds: 0.1,
                bytes_per_second: 10,
                files: 0,
                total_files: None,
            },
        },
        JobEvent::LandingPostponed {
            error: error(),
            slow_attempt: Some(SlowAttempt { has_progressed: false }),
        },
        JobEvent::LandingStallChecked {
            next_check_at: OffsetDateTime::UNIX_EPOCH,
            is_requeued: true,
            error: Some(error()),
        },
        JobEvent::Landed { landed_files: Box::default(), transfer: None },
        JobEvent::LandedPartially { landed_files: Box::default(), transfer: None, error: error() },
        JobEvent::LandingFailed { archive: None, transfer: None, error: error() },
        found(CompletedBy::Poll),
        found(CompletedBy::Banners),
        JobEvent::MissingFilesNamed { missing: vec![] },
        JobEvent::ResultReturned { result: serde_json::json!({}) },
        JobEvent::WorkFailed { error: error(), missing: vec![] },
        JobEvent::StatusPolled { next_poll_at: OffsetDateTime::UNIX_EPOCH, has_response: true },
        JobEvent::UnverifiedCallbackReceived { received_at: OffsetDateTime::UNIX_EPOCH },
        JobEvent::Expired { error: error() },
        JobEvent::ProviderStateStored {
            provider_state: serde_json::Map::from_iter([("a".to_owned(), 1.into())]),
        },
        JobEvent::Cancelled,
        JobEvent::Resubmitted { new_job_id: JobId::generate() },
    ]
}

/// The operator's retries of a job that has ended.
fn operator_retries() -> [JobEvent; 3] {
    [
        JobEvent::LandingRetried,
        JobEvent::PollingRetried { is_accepted: true },
        JobEvent::PollingRetried { is_accepted: false },
    ]
}

/// Events of a provider with duplicates: the response to the POST or its loss, progress, and the finished work.
fn provider_events() -> impl Strategy<Value = Vec<JobEvent>> {
    let up_to = |max: usize, event: fn() -> JobEvent| {
        proptest::collection::vec(Just(()).prop_map(move |()| event()), 0..=max)
    };
    let progress = proptest::collection::vec(
        (0.0..100.0).prop_map(|percent| JobEvent::ProgressReported { percent }),
        0..4,
    );
    let unknown = up_to(1, || JobEvent::SubmissionOutcomeUnknown { error: error() });
    (up_to(3, accepted), unknown, progress, up_to(6, finished)).prop_map(|(a, b, c, d)| [a, b, c, d].concat())
}

fn job_after(events: &[JobEvent]) -> Job {
    let mut job = job();
    for event in events {
        job.apply(event.clone(), OffsetDateTime::UNIX_EPOCH);
    }
    job
}

proptest! {
    #[test]
    fn the_order_of_provider_events_does_not_matter(
        (events, shuffled) in
            provider_events().prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
    ) {
        let (one, other) = (job_after(&events), job_after(&shuffled));
        prop_assert_eq!(one.status, other.status);
        prop_assert_eq!(one.provider_job_id, other.provider_job_id);
        prop_assert_eq!(one.progress, other.progress);
        prop_assert_eq!(one.sources, other.sources);
    }

    #[test]
    fn duplicate_events_do_not_change_the_status(events in provider_events()) {
        let mut job = job_after(&events);
        let before = job.status;
        for event in events {
            prop_assert_ne!(job.apply(event, OffsetDateTime::UNIX_EPOCH), JobChange::StatusChanged);
        }
        prop_assert_eq!(job.status, before);
    }

    #[test]
    fn late_events_do_not_change_the_outcome_of_a_retry(
        late in provider_events().prop_flat_map(|events| Just(events).prop_shuffle()),
    ) {
        let mut job = job();
        for event in [accepted(), JobEvent::Expired { error: error() }, JobEvent::PollingRetried { is_accepted: true }] {
            prop_assert_eq!(job.apply(event, OffsetDateTime::UNIX_EPOCH), JobChange::StatusChanged);
        }
        for event in late {
            job.apply(event, OffsetDateTime::UNIX_EPOCH);
        }
        job.apply(finished(), OffsetDateTime::UNIX_EPOCH);
        prop_assert_eq!(job.status, JobStatus::Received);
        prop_assert_eq!(job.retries.restarts, 1);
    }

    #[test]
    fn no_event_changes_a_cancelled_job(
        before in proptest::collection::vec(0..every_event().len(), 0..10),
        after in proptest::collection::vec(0..every_event().len(), 0..20),
    ) {
        let mut job = job();
        for pick in before {
            job.apply(every_event()[pick].clone(), OffsetDateTime::UNIX_EPOCH);
        }
        let can_be_cancelled = !job.status.is_final();
        let change = job.apply(JobEvent::Cancelled, OffsetDateTime::UNIX_EPOCH);
        prop_assert_eq!(change == JobChange::StatusChanged, can_be_cancelled);
        let ended = job.status;
        for event in after.into_iter().map(|pick| every_event()[pick].clone()) {
            job.apply(event, OffsetDateTime::UNIX_EPOCH);
        }
        prop_assert_eq!(job.status, ended);
        if ended == JobStatus::Cancelled {
            for event in operator_retries() {
                prop_assert_eq!(job.apply(event, OffsetDateTime::UNIX_EPOCH), JobChange::Unchanged);
            }
        }
    }

    #[test]
    fn no_event_moves_a_job_backwards(picks in proptest::collection::vec(0..every_event().len(), 0..40)) {
        // The rank of a status never decreases. `expired` may still become `received`, which ranks higher.
        let rank = |status: JobStatus| match status {
            // A deferred submission returns to `waiting`. That reverts nothing that the provider did.
            JobStatus::Waiting | JobStatus::Submitting => 0,
            JobStatus::Unknown => 1,
            JobStatus::Submitted => 2,
            JobStatus::Rendering => 3,
            JobStatus::Expired => 4,
            JobStatus::Received => 5,
            JobStatus::Landing => 6,
            JobStatus::Stored | JobStatus::Partial | JobStatus::Failed | JobStatus::Cancelled => 7,
        };
        let mut job = job();
        for pick in picks {
            let before = job.status;
            job.apply(every_event()[pick].clone(), OffsetDateTime::UNIX_EPOCH);
            prop_assert!(rank(job.status) >= rank(before), "{} became {}", before, job.status);
        }
    }
}

#[test]
fn a_final_status_never_changes() {
    for status in JobStatus::ALL.into_iter().filter(|status| status.is_final()) {
        for event in every_event() {
            assert!(!matches!(transition(status, &event), Transition::To(_)), "{status} moved by {event:?}");
        }
    }
}

#[test]
fn a_waiting_job_is_submitted_once_and_only_a_submission_can_be_deferred() {
    let mut job = job().into_waiting();
    let now = OffsetDateTime::UNIX_EPOCH;
    assert_eq!(job.apply(JobEvent::SubmissionDeferred { error: None }, now), JobChange::Unchanged);
    assert_eq!(job.apply(JobEvent::SubmissionStarted, now), JobChange::StatusChanged);
    assert_eq!(job.apply(JobEvent::SubmissionStarted, now), JobChange::Unchanged);
    assert_eq!(
        job.apply(JobEvent::SubmissionDeferred { error: Some(error()) }, now),
        JobChange::StatusChanged
    );
    assert_eq!((job.status, job.error.as_ref()), (JobStatus::Waiting, Some(&error())));
    assert_eq!(job.apply(JobEvent::SubmissionStarted, now), JobChange::StatusChanged);
    assert_eq!(job.apply(accepted(), now), JobChange::StatusChanged);
    assert_eq!((job.status, job.error), (JobStatus::Submitted, None));
}

#[test]
fn a_waiting_job_is_never_submitted_after_the_provider_reported_its_work() {
    for report in [accepted(), JobEvent::ProgressReported { percent: 1.0 }, finished()] {
        let mut job = job().into_waiting();
        assert_eq!(
            job.apply(report.clone(), OffsetDateTime::UNIX_EPOCH),
            JobChange::StatusChanged,
            "{report:?}"
        );
        assert_eq!(
            job.apply(JobEvent::SubmissionStarted, OffsetDateTime::UNIX_EPOCH),
            JobChange::Unchanged,
            "{report:?}"
        );
    }
}

#[test]
fn only_jobs_that_ended_without_all_files_can_be_retried() {
    for status in JobStatus::ALL {
        let can_land = matches!(status, JobStatus::Partial | JobStatus::Failed | JobStatus::Expired);
        let expected = if can_land { Transition::To(JobStatus::Received) } else { Transition::Stale };
        assert_eq!(transition(status, &JobEvent::LandingRetried), expected, "{status}");
        for (known, next) in [(true, JobStatus::Submitted), (false, JobStatus::Unknown)] {
            let expected = if can_land { Transition::To(next) } else { Transition::Stale };
            assert_eq!(
                transition(status, &JobEvent::PollingRetried { is_accepted: known }),
                expected,
                "{status}"
            );
        }
    }
}

#[test]
fn a_retried_landing_starts_without_the_earlier_error_and_transfer() {
    let mut job = job();
    let now = OffsetDateTime::UNIX_EPOCH;
    for event in [
        finished(),
        JobEvent::LandingStarted,
        JobEvent::LandedPartially { landed_files: Box::default(), transfer: None, error: error() },
    ] {
        job.apply(event, now);
    }
    assert_eq!((job.status, job.error.is_some()), (JobStatus::Partial, true));
    assert_eq!(job.apply(JobEvent::LandingRetried, now), JobChange::StatusChanged);
    assert_eq!((job.error, job.transfer, job.retries.restarts), (None, None, 1));
    assert_eq!(
        job.poll_state.next_poll_at,
        Some(now + Job::FIRST_POLL_DELAY),
        "the sweep replaces a lost message"
    );
}

#[test]
fn only_a_running_landing_can_finish() {
    for status in JobStatus::ALL.into_iter().filter(|status| *status != JobStatus::Landing) {
        let landed = JobEvent::Landed { landed_files: Box::default(), transfer: None };
        assert_eq!(transition(status, &landed), Transition::Stale, "{status}");
    }
}

#[test]
fn the_outcome_of_a_landing_has_its_final_statistics_or_keeps_the_last_ones() {
    let statistics = |bytes| TransferStatistics {
        bytes,
        total_bytes: None,
        seconds: 0.1,
        bytes_per_second: 10,
        files: 0,
        total_files: None,
    };
    for (last, expected) in [(Some(statistics(2)), statistics(2)), (None, statistics(1))] {
        let outcomes = [
            JobEvent::Landed { landed_files: Box::default(), transfer: last },
            JobEvent::LandedPartially { landed_files: Box::default(), transfer: last, error: error() },
            JobEvent::LandingFailed { archive: None, transfer: last, error: error() },
        ];
        for outcome in outcomes {
            let progressed = JobEvent::TransferProgressed { transfer: statistics(1) };
            let job = job_after(&[finished(), JobEvent::LandingStarted, progressed, outcome]);
            assert_eq!(job.transfer, Some(expected), "{}", job.status);
        }
    }
}

#[test]
fn whether_an_event_changes_a_job_is_known_before() {
    for first in every_event() {
        for second in every_event() {
            for third in every_event() {
                let mut job = job_after(&[first.clone(), second.clone()]);
                let expected = job.is_changed_by(&third);
                let change = job.apply(third, OffsetDateTime::UNIX_EPOCH);
                assert_eq!(change != JobChange::Unchanged, expected, "{first:?} {second:?}");
            }
        }
    }
}

//! A job reaches the same status in whatever order and number the provider's events arrive.

use model::{
    Change, Error, ErrorClass, Event, Job, JobId, LandedFiles, NewJob, Origin, ProviderJobId, ProviderName,
    SlowAttempt, Source, Status, TransferStatistics, Transition, transition,
};
use proptest::prelude::*;
use time::OffsetDateTime;

fn job() -> Job {
    Job::new(NewJob {
        id: JobId::generate(),
        provider: ProviderName::new("abyssale"),
        kind: "export".into(),
        request: serde_json::json!({}),
        expected: Some(1),
        metadata: None,
        unpack: None,
        origin: Origin::Submitted,
    })
}

fn error() -> model::JobError {
    Error::new(ErrorClass::ProviderOutcomeUnknown, "no response").for_record(OffsetDateTime::UNIX_EPOCH)
}

fn accepted() -> Event {
    Event::Accepted { provider_job_id: ProviderJobId::new("t") }
}

fn finished() -> Event {
    Event::Finished { sources: vec![Source::archive("https://x/a.zip")], missing: vec![] }
}

/// One of every event except the operator's retries.
fn every_event() -> Vec<Event> {
    vec![
        Event::Begun,
        Event::Deferred { error: Some(error()) },
        accepted(),
        Event::Refused { error: error() },
        Event::OutcomeUnknown { error: error() },
        Event::Progressed { percent: 40.0 },
        finished(),
        Event::LandingStarted,
        Event::Transferred {
            transfer: TransferStatistics {
                bytes: 1,
                total_bytes: None,
                seconds: 0.1,
                bytes_per_second: 10,
                files: 0,
                total_files: None,
            },
        },
        Event::LandingPostponed { error: error(), slow: Some(SlowAttempt { progressed: false }) },
        Event::LandingChecked { next: OffsetDateTime::UNIX_EPOCH, queued: true, error: Some(error()) },
        Event::Landed { haul: LandedFiles::default() },
        Event::LandedPartly { haul: LandedFiles::default(), error: error() },
        Event::LandingFailed { archive: None, error: error() },
        Event::Answered { result: serde_json::json!({}) },
        Event::Failed { error: error(), missing: vec![] },
        Event::Checked { next: OffsetDateTime::UNIX_EPOCH, answered: true },
        Event::Hinted { at: OffsetDateTime::UNIX_EPOCH },
        Event::Expired { error: error() },
        Event::Noted { notes: serde_json::Map::from_iter([("a".to_owned(), 1.into())]) },
        Event::Cancelled,
        Event::Resubmitted { job: JobId::generate() },
    ]
}

/// The operator's retries of a job that has ended.
fn operator_retries() -> [Event; 3] {
    [Event::LandingRetried, Event::InquiryRetried { known: true }, Event::InquiryRetried { known: false }]
}

/// Events of a provider with duplicates: the response to the POST or its loss, progress, and the finished work.
fn provider_events() -> impl Strategy<Value = Vec<Event>> {
    let up_to = |max: usize, event: fn() -> Event| {
        proptest::collection::vec(Just(()).prop_map(move |()| event()), 0..=max)
    };
    let progress =
        proptest::collection::vec((0.0..100.0).prop_map(|percent| Event::Progressed { percent }), 0..4);
    let unknown = up_to(1, || Event::OutcomeUnknown { error: error() });
    (up_to(3, accepted), unknown, progress, up_to(6, finished)).prop_map(|(a, b, c, d)| [a, b, c, d].concat())
}

fn job_after(events: &[Event]) -> Job {
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
            prop_assert_ne!(job.apply(event, OffsetDateTime::UNIX_EPOCH), Change::Moved);
        }
        prop_assert_eq!(job.status, before);
    }

    #[test]
    fn late_events_do_not_change_the_outcome_of_a_retry(
        late in provider_events().prop_flat_map(|events| Just(events).prop_shuffle()),
    ) {
        let mut job = job();
        for event in [accepted(), Event::Expired { error: error() }, Event::InquiryRetried { known: true }] {
            prop_assert_eq!(job.apply(event, OffsetDateTime::UNIX_EPOCH), Change::Moved);
        }
        for event in late {
            job.apply(event, OffsetDateTime::UNIX_EPOCH);
        }
        job.apply(finished(), OffsetDateTime::UNIX_EPOCH);
        prop_assert_eq!(job.status, Status::Received);
        prop_assert_eq!(job.retries.rounds, 1);
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
        let change = job.apply(Event::Cancelled, OffsetDateTime::UNIX_EPOCH);
        prop_assert_eq!(change == Change::Moved, can_be_cancelled);
        let ended = job.status;
        for event in after.into_iter().map(|pick| every_event()[pick].clone()) {
            job.apply(event, OffsetDateTime::UNIX_EPOCH);
        }
        prop_assert_eq!(job.status, ended);
        if ended == Status::Cancelled {
            for event in operator_retries() {
                prop_assert_eq!(job.apply(event, OffsetDateTime::UNIX_EPOCH), Change::Nothing);
            }
        }
    }

    #[test]
    fn no_event_moves_a_job_backwards(picks in proptest::collection::vec(0..every_event().len(), 0..40)) {
        // The rank of a status never decreases. `expired` may still become `received`, which ranks higher.
        let rank = |status: Status| match status {
            // A deferred submission returns to `waiting`. That reverts nothing that the provider did.
            Status::Waiting | Status::Submitting => 0,
            Status::Unknown => 1,
            Status::Submitted => 2,
            Status::Rendering => 3,
            Status::Expired => 4,
            Status::Received => 5,
            Status::Landing => 6,
            Status::Stored | Status::Partial | Status::Failed | Status::Cancelled => 7,
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
    for status in Status::ALL.into_iter().filter(|status| status.is_final()) {
        for event in every_event() {
            assert!(!matches!(transition(status, &event), Transition::To(_)), "{status} moved by {event:?}");
        }
    }
}

#[test]
fn a_waiting_job_is_submitted_once_and_only_a_submission_can_be_deferred() {
    let mut job = job().waiting();
    let now = OffsetDateTime::UNIX_EPOCH;
    assert_eq!(job.apply(Event::Deferred { error: None }, now), Change::Nothing);
    assert_eq!(job.apply(Event::Begun, now), Change::Moved);
    assert_eq!(job.apply(Event::Begun, now), Change::Nothing);
    assert_eq!(job.apply(Event::Deferred { error: Some(error()) }, now), Change::Moved);
    assert_eq!((job.status, job.error.as_ref()), (Status::Waiting, Some(&error())));
    assert_eq!(job.apply(Event::Begun, now), Change::Moved);
    assert_eq!(job.apply(accepted(), now), Change::Moved);
    assert_eq!((job.status, job.error), (Status::Submitted, None));
}

#[test]
fn a_waiting_job_is_never_submitted_after_the_provider_reported_its_work() {
    for report in [accepted(), Event::Progressed { percent: 1.0 }, finished()] {
        let mut job = job().waiting();
        assert_eq!(job.apply(report.clone(), OffsetDateTime::UNIX_EPOCH), Change::Moved, "{report:?}");
        assert_eq!(job.apply(Event::Begun, OffsetDateTime::UNIX_EPOCH), Change::Nothing, "{report:?}");
    }
}

#[test]
fn only_jobs_that_ended_without_all_files_can_be_retried() {
    for status in Status::ALL {
        let can_land = matches!(status, Status::Partial | Status::Failed | Status::Expired);
        let expected = if can_land { Transition::To(Status::Received) } else { Transition::Stale };
        assert_eq!(transition(status, &Event::LandingRetried), expected, "{status}");
        for (known, next) in [(true, Status::Submitted), (false, Status::Unknown)] {
            let can_poll = matches!(status, Status::Failed | Status::Expired);
            let expected = if can_poll { Transition::To(next) } else { Transition::Stale };
            assert_eq!(transition(status, &Event::InquiryRetried { known }), expected, "{status}");
        }
    }
}

#[test]
fn a_retried_landing_starts_without_the_earlier_error_and_transfer() {
    let mut job = job();
    let now = OffsetDateTime::UNIX_EPOCH;
    for event in [
        finished(),
        Event::LandingStarted,
        Event::LandedPartly { haul: LandedFiles::default(), error: error() },
    ] {
        job.apply(event, now);
    }
    assert_eq!((job.status, job.error.is_some()), (Status::Partial, true));
    assert_eq!(job.apply(Event::LandingRetried, now), Change::Moved);
    assert_eq!((job.error, job.transfer, job.retries.rounds), (None, None, 1));
    assert_eq!(job.check.at, Some(now + Job::FIRST_CHECK), "the sweep replaces a lost message");
}

#[test]
fn only_a_running_landing_can_finish() {
    for status in Status::ALL.into_iter().filter(|status| *status != Status::Landing) {
        let landed = Event::Landed { haul: LandedFiles::default() };
        assert_eq!(transition(status, &landed), Transition::Stale, "{status}");
    }
}

#[test]
fn status_names_are_parsed_back() {
    for status in Status::ALL {
        assert_eq!(status.as_str().parse::<Status>().expect("a name"), status);
        assert_eq!(serde_json::json!(status), status.as_str());
    }
}

#[test]
fn error_classes_serialize_as_their_names() {
    for class in [ErrorClass::InvalidRequest, ErrorClass::ProviderThrottled, ErrorClass::ArchiveIncomplete] {
        assert_eq!(serde_json::json!(class), class.name());
    }
}

#[test]
fn of_simultaneous_unverified_callbacks_one_triggers_a_poll_and_the_others_move_the_next_poll_forward() {
    let mut job = job();
    let receive_callback = |job: &mut Job, at: OffsetDateTime| {
        let change = job.apply(Event::Hinted { at }, at);
        (change, job.check.hinted == Some(at))
    };
    let at = |seconds: f64| job_time() + time::Duration::seconds_f64(seconds);
    assert_eq!(receive_callback(&mut job, at(0.0)), (Change::Nothing, false), "no response has arrived yet");
    job.apply(accepted(), at(0.0));
    assert_eq!(receive_callback(&mut job, at(1.0)), (Change::Noted, true));
    assert_eq!(receive_callback(&mut job, at(2.0)), (Change::Noted, false));
    assert_eq!(job.check.at, Some(at(6.0)));
    assert_eq!(receive_callback(&mut job, at(3.0)), (Change::Nothing, false), "the poll is due already");
    assert_eq!(receive_callback(&mut job, at(6.0)), (Change::Noted, true));
}

fn job_time() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000)
}

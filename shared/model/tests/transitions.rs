//! Whatever the order and number in which a provider's events arrive, a job ends in the same place.

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
    Error::new(ErrorClass::ProviderOutcomeUnknown, "no answer").for_record(OffsetDateTime::UNIX_EPOCH)
}

fn accepted() -> Event {
    Event::Accepted { provider_job_id: ProviderJobId::new("t") }
}

fn finished() -> Event {
    Event::Finished { sources: vec![Source::archive("https://x/a.zip")], missing: vec![] }
}

/// One of every event but the operator's retries, which begin a new round.
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

/// What begins a new round.
fn retries() -> [Event; 3] {
    [Event::LandingRetried, Event::InquiryRetried { known: true }, Event::InquiryRetried { known: false }]
}

/// What a provider and our own request can tell, with repetitions: an answer to the POST or its loss, progress,
/// and the finished work.
fn told() -> impl Strategy<Value = Vec<Event>> {
    let some = |event: fn() -> Event, most: usize| {
        proptest::collection::vec(Just(()).prop_map(move |()| event()), 0..=most)
    };
    let progress =
        proptest::collection::vec((0.0..100.0).prop_map(|percent| Event::Progressed { percent }), 0..4);
    (some(accepted, 3), some(|| Event::OutcomeUnknown { error: error() }, 1), progress, some(finished, 6))
        .prop_map(|(a, b, c, d)| [a, b, c, d].concat())
}

fn after(events: &[Event]) -> Job {
    let mut job = job();
    for event in events {
        job.apply(event.clone(), OffsetDateTime::UNIX_EPOCH);
    }
    job
}

proptest! {
    #[test]
    fn the_order_of_what_is_told_does_not_matter(
        (events, shuffled) in told().prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
    ) {
        let (one, other) = (after(&events), after(&shuffled));
        prop_assert_eq!(one.status, other.status);
        prop_assert_eq!(one.provider_job_id, other.provider_job_id);
        prop_assert_eq!(one.progress, other.progress);
        prop_assert_eq!(one.sources, other.sources);
    }

    #[test]
    fn telling_everything_twice_changes_nothing(events in told()) {
        let mut job = after(&events);
        let before = job.status;
        for event in events {
            prop_assert_ne!(job.apply(event, OffsetDateTime::UNIX_EPOCH), Change::Moved);
        }
        prop_assert_eq!(job.status, before);
    }

    #[test]
    fn a_new_round_ends_in_the_same_place_whatever_comes_late_of_the_one_before(
        late in told().prop_flat_map(|events| Just(events).prop_shuffle()),
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
    fn nothing_that_happens_brings_a_cancelled_job_back(
        before in proptest::collection::vec(0..every_event().len(), 0..10),
        after in proptest::collection::vec(0..every_event().len(), 0..20),
    ) {
        let mut job = job();
        for pick in before {
            job.apply(every_event()[pick].clone(), OffsetDateTime::UNIX_EPOCH);
        }
        let open = !job.status.is_final();
        prop_assert_eq!(job.apply(Event::Cancelled, OffsetDateTime::UNIX_EPOCH) == Change::Moved, open);
        let ended = job.status;
        for event in after.into_iter().map(|pick| every_event()[pick].clone()) {
            job.apply(event, OffsetDateTime::UNIX_EPOCH);
        }
        prop_assert_eq!(job.status, ended);
        if ended == Status::Cancelled {
            for event in retries() {
                prop_assert_eq!(job.apply(event, OffsetDateTime::UNIX_EPOCH), Change::Nothing);
            }
        }
    }

    #[test]
    fn no_event_ever_moves_a_job_backwards(picks in proptest::collection::vec(0..every_event().len(), 0..40)) {
        // The rank of a status only grows; `expired` may still become `received`, which ranks higher.
        let rank = |status: Status| match status {
            // A refusal for the moment sends a job back to wait; nothing that the provider did is undone by it.
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
fn a_final_job_never_moves_again() {
    for status in Status::ALL.into_iter().filter(|status| status.is_final()) {
        for event in every_event() {
            assert!(!matches!(transition(status, &event), Transition::To(_)), "{status} moved by {event:?}");
        }
    }
}

#[test]
fn only_one_of_many_begins_a_job_that_waits_and_only_it_can_put_it_back() {
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
fn work_that_is_reported_on_a_job_that_waits_is_never_asked_for_again() {
    for report in [accepted(), Event::Progressed { percent: 1.0 }, finished()] {
        let mut job = job().waiting();
        assert_eq!(job.apply(report.clone(), OffsetDateTime::UNIX_EPOCH), Change::Moved, "{report:?}");
        assert_eq!(job.apply(Event::Begun, OffsetDateTime::UNIX_EPOCH), Change::Nothing, "{report:?}");
    }
}

#[test]
fn only_what_ended_short_of_its_files_is_tried_again() {
    for status in Status::ALL {
        let lands = matches!(status, Status::Partial | Status::Failed | Status::Expired);
        let expected = if lands { Transition::To(Status::Received) } else { Transition::Stale };
        assert_eq!(transition(status, &Event::LandingRetried), expected, "{status}");
        for (known, next) in [(true, Status::Submitted), (false, Status::Unknown)] {
            let asks = matches!(status, Status::Failed | Status::Expired);
            let expected = if asks { Transition::To(next) } else { Transition::Stale };
            assert_eq!(transition(status, &Event::InquiryRetried { known }), expected, "{status}");
        }
    }
}

#[test]
fn a_round_begins_without_what_the_one_before_left() {
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
    assert_eq!(job.check.at, Some(now + Job::FIRST_CHECK), "the sweep looks after a message that is lost");
}

#[test]
fn a_landing_can_only_end_while_it_runs() {
    for status in Status::ALL.into_iter().filter(|status| *status != Status::Landing) {
        let end = Event::Landed { haul: LandedFiles::default() };
        assert_eq!(transition(status, &end), Transition::Stale, "{status}");
    }
}

#[test]
fn the_names_of_statuses_read_back() {
    for status in Status::ALL {
        assert_eq!(status.as_str().parse::<Status>().expect("a name"), status);
        assert_eq!(serde_json::json!(status), status.as_str());
    }
}

#[test]
fn the_names_of_fault_classes_read_back() {
    for class in [ErrorClass::InvalidRequest, ErrorClass::ProviderThrottled, ErrorClass::ArchiveIncomplete] {
        assert_eq!(serde_json::json!(class), class.name());
    }
}

#[test]
fn of_hints_that_come_together_one_asks_and_the_next_look_comes_sooner() {
    let mut job = job();
    let hint = |job: &mut Job, at: OffsetDateTime| {
        let change = job.apply(Event::Hinted { at }, at);
        (change, job.check.hinted == Some(at))
    };
    let at = |seconds: f64| job_time() + time::Duration::seconds_f64(seconds);
    assert_eq!(hint(&mut job, at(0.0)), (Change::Nothing, false), "nobody has answered us yet");
    job.apply(accepted(), at(0.0));
    assert_eq!(hint(&mut job, at(1.0)), (Change::Noted, true));
    assert_eq!(hint(&mut job, at(2.0)), (Change::Noted, false));
    assert_eq!(job.check.at, Some(at(6.0)));
    assert_eq!(hint(&mut job, at(3.0)), (Change::Nothing, false), "the look is due already");
    assert_eq!(hint(&mut job, at(6.0)), (Change::Noted, true));
}

fn job_time() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000)
}

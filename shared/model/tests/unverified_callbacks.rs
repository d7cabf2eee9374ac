//! Callbacks that are not verified lead to one poll of the provider.

mod jobs;

use model::{Job, JobChange, JobEvent, ProviderJobId};
use time::OffsetDateTime;

use crate::jobs::job;

#[test]
fn of_simultaneous_unverified_callbacks_one_triggers_a_poll_and_the_others_move_the_next_poll_forward() {
    let mut job = job();
    let receive_callback = |job: &mut Job, at: OffsetDateTime| {
        let change = job.apply(JobEvent::UnverifiedCallbackReceived { received_at: at }, at);
        (change, job.poll_state.last_callback_poll_at == Some(at))
    };
    let at = |seconds: f64| job_time() + time::Duration::seconds_f64(seconds);
    assert_eq!(
        receive_callback(&mut job, at(0.0)),
        (JobChange::Unchanged, false),
        "no response has arrived yet"
    );
    job.apply(JobEvent::SubmissionAccepted { provider_job_id: ProviderJobId::new("t") }, at(0.0));
    assert_eq!(receive_callback(&mut job, at(1.0)), (JobChange::Recorded, true));
    assert_eq!(receive_callback(&mut job, at(2.0)), (JobChange::Recorded, false));
    assert_eq!(job.poll_state.next_poll_at, Some(at(6.0)));
    assert_eq!(receive_callback(&mut job, at(3.0)), (JobChange::Unchanged, false), "the poll is due already");
    assert_eq!(receive_callback(&mut job, at(6.0)), (JobChange::Recorded, true));
}

fn job_time() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000)
}

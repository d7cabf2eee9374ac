//! The event of a job that expires, with the reason.

use model::{Error, ErrorClass, Job, JobEvent};
use time::OffsetDateTime;

use crate::rescue::item_reads::find_conclusion;

/// Returns the event. Its error says how long the provider was silent, and why the files could not be read otherwise.
pub(crate) fn expired(job: &Job, now: OffsetDateTime) -> JobEvent {
    let hours = (now - job.created_at).whole_hours();
    // Not every kind of work has a callback, so the message does not mention one.
    let silent = match job.provider_job_id {
        Some(_) => format!("the provider sent no update for {hours} hours"),
        None => format!(
            "it is unknown whether the provider accepted the work, and it sent no update for {hours} hours"
        ),
    };
    let tried = find_conclusion(job).map(|conclusion| format!(", and {conclusion}")).unwrap_or_default();
    let message = format!("{silent}{tried}; the job still lands if an update arrives later");
    JobEvent::Expired { error: Error::new(ErrorClass::ProviderSilent, message).to_job_error(now) }
}

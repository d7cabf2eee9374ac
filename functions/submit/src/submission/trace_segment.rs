//! Sends the X-Ray segment of a submission.

use model::{Error, Job};
use runtime::{Segment, Tracer};

/// Annotates the segment with the result of the submission and sends it.
pub(crate) fn send_segment(tracer: &Tracer, mut segment: Segment, result: Result<&Job, &Error>) {
    match result {
        Ok(job) => {
            segment.note("job_id", job.id.to_string());
            segment.note("provider", job.provider.as_str());
            segment.note("status", job.status.as_str());
        }
        Err(error) => {
            segment.note("error", error.class.name());
            segment.failed();
        }
    }
    tracer.send(segment);
}

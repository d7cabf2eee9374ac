//! Sends the X-Ray segment of a submission.

use model::{Error, Job};
use runtime::{Segment, XrayDaemon};

/// Annotates the segment with the result of the submission and sends it.
pub(crate) fn send_segment(tracer: &XrayDaemon, mut segment: Segment, result: Result<&Job, &Error>) {
    match result {
        Ok(job) => {
            segment.add_annotation("job_id", job.id.to_string());
            segment.add_annotation("provider", job.provider.as_str());
            segment.add_annotation("status", job.status.as_str());
        }
        Err(error) => {
            segment.add_annotation("error", error.class.name());
            segment.mark_failed();
        }
    }
    tracer.send(segment);
}

//! The provider of a job.

use model::{Error, ErrorClass, Job};
use providers::Provider;

/// Finds the provider that a job was submitted to.
///
/// # Errors
/// [`ErrorClass::Internal`] if this version of Landfall does not have it.
pub(crate) fn find_job_provider(job: &Job) -> Result<&'static dyn Provider, Error> {
    providers::find_provider(job.provider.as_str())
        .ok_or_else(|| Error::new(ErrorClass::Internal, "this version of Landfall lacks the job's provider"))
}

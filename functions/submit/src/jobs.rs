//! Use case: show a job.

use model::{Fault, FaultClass, Job, JobId};
use records::Records;

/// Shows a job as it is now.
pub(crate) async fn get(records: &Records, id: JobId) -> Result<Job, Fault> {
    records.get(id).await?.ok_or_else(|| Fault::new(FaultClass::NotFound, "there is no such job"))
}

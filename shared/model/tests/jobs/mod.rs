//! The job of the tests.

use model::{Job, JobId, JobOrigin, NewJob, ProviderName};

/// Returns an export of one file that nothing has happened to.
pub(crate) fn job() -> Job {
    Job::new(NewJob {
        id: JobId::generate(),
        provider: ProviderName::new("abyssale"),
        kind: "export".into(),
        request: serde_json::json!({}),
        expected_files: Some(1),
        metadata: None,
        unpack: None,
        origin: JobOrigin::Submitted,
    })
}

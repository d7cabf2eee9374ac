//! What the provider reports, and what Landfall finds.

use model::{CompletedBy, JobEvent, ProviderJobId, Source, SourceRole};

pub(crate) fn accepted() -> JobEvent {
    JobEvent::SubmissionAccepted { provider_job_id: ProviderJobId::new("t") }
}

pub(crate) fn finished() -> JobEvent {
    JobEvent::FilesReady { sources: vec![Source::archive("https://x/a.zip")], missing: vec![] }
}

/// Files that Landfall found by asking.
pub(crate) fn found(completed_by: CompletedBy) -> JobEvent {
    let source = Source { role: SourceRole::File, ..Source::archive("https://x/a.png") };
    JobEvent::FilesFound { sources: vec![source], missing: vec![], completed_by }
}

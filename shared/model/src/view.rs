//! A job as its caller sees it: the JSON of `GET /jobs/{job_id}`.

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{Archive, Job, JobError, JobId, ManifestObject, ProviderName, Status, StoredFile, Ticket, Transfer};

/// What a caller may read of a job. Every field is always present, so that a reader needs no "if it is there".
#[derive(Debug, Serialize)]
pub struct JobView<'a> {
    job_id: JobId,
    provider: &'a ProviderName,
    kind: &'a str,
    status: Status,
    ticket: Option<&'a Ticket>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    progress: Option<f64>,
    request: &'a Value,
    metadata: Option<&'a Value>,
    unpack: Option<bool>,
    transfer: Option<Transfer>,
    archive: Option<&'a Archive>,
    files: &'a [StoredFile],
    files_total: u64,
    manifest: Option<&'a ManifestObject>,
    error: Option<&'a JobError>,
    links: Links,
}

#[derive(Debug, Serialize)]
struct Links {
    #[serde(rename = "self")]
    itself: String,
}

impl<'a> From<&'a Job> for JobView<'a> {
    fn from(job: &'a Job) -> Self {
        Self {
            job_id: job.id,
            provider: &job.provider,
            kind: &job.kind,
            status: job.status,
            ticket: job.ticket.as_ref(),
            created_at: job.created_at,
            updated_at: job.updated_at,
            progress: job.progress,
            request: &job.request,
            metadata: job.metadata.as_ref(),
            unpack: job.unpack,
            transfer: job.transfer,
            archive: job.archive.as_ref(),
            files: &job.files,
            files_total: job.files_total,
            manifest: job.manifest.as_ref(),
            error: job.error.as_ref(),
            links: Links { itself: JobView::path(job.id) },
        }
    }
}

impl JobView<'_> {
    /// The path at which a job is shown.
    pub fn path(job: JobId) -> String {
        format!("/jobs/{job}")
    }
}

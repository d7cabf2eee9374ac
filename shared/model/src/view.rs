//! A job as its caller sees it: the JSON of `GET /jobs/{job_id}`.

use serde::{Serialize, Serializer, ser::Error};
use serde_json::Value;
use time::{OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description};

use crate::{
    Archive, AudienceView, Job, JobError, JobId, ManifestObject, Missing, ProviderName, Status, StoredFile,
    Ticket, Transfer,
};

/// What a caller may read of a job. Every field is always present, so that a reader needs no "if it is there".
#[derive(Debug, Serialize)]
pub struct JobView<'a> {
    job_id: JobId,
    provider: &'a ProviderName,
    kind: &'a str,
    status: Status,
    ticket: Option<&'a Ticket>,
    #[serde(serialize_with = "utc_milliseconds")]
    created_at: OffsetDateTime,
    #[serde(serialize_with = "utc_milliseconds")]
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
    missing: &'a [Missing],
    result: Option<&'a Value>,
    error: Option<&'a JobError>,
    notify: Option<AudienceView<'a>>,
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
            missing: &job.missing,
            result: job.result.as_ref(),
            error: job.error.as_ref(),
            notify: job.audience.view(),
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

/// RFC 3339 in UTC, always with three decimals, so that times sort as texts.
///
/// # Errors
/// The time is beyond the year 9999.
pub fn utc_milliseconds<S: Serializer>(time: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    const FORMAT: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let text = time.to_offset(UtcOffset::UTC).format(FORMAT).map_err(S::Error::custom)?;
    serializer.serialize_str(&text)
}

//! The JSON of a job in responses of the submit API.

use serde::{Serialize, Serializer, ser::Error};
use serde_json::Value;
use time::{OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description};

use crate::{
    Archive, CompletedBy, Job, JobError, JobId, JobStatus, ManifestObject, MissingFile, NotifyTargetsView,
    ProviderJobId, ProviderName, StoredFile, TransferStatistics, Violation,
};

/// A job as `GET /jobs/{job_id}` returns it. Every field is always present, with one exception: `deliveries` is left
/// out where jobs are listed or created.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Job"))]
pub struct JobView<'a> {
    job_id: JobId,
    provider: &'a ProviderName,
    kind: &'a str,
    status: JobStatus,
    /// The provider's id for the work.
    provider_job_id: Option<&'a ProviderJobId>,
    #[serde(serialize_with = "utc_milliseconds")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::json_schema::utc_milliseconds"))]
    created_at: OffsetDateTime,
    #[serde(serialize_with = "utc_milliseconds")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::json_schema::utc_milliseconds"))]
    updated_at: OffsetDateTime,
    /// Progress from 0 to 100.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 100)))]
    progress: Option<f64>,
    /// The validated request, with the provider's own names.
    request: &'a Value,
    /// The caller's own JSON.
    metadata: Option<&'a Value>,
    unpack: Option<bool>,
    /// Parts of the request that are passed on to the provider without a check, at most 20.
    #[cfg_attr(feature = "schema", schemars(length(max = 20)))]
    warnings: &'a [Violation],
    transfer: Option<TransferStatistics>,
    archive: Option<ArchiveView<'a>>,
    /// The first files, at most 200.
    #[cfg_attr(feature = "schema", schemars(length(max = 200)))]
    files: Vec<FileView<'a>>,
    /// How many files there are.
    files_total: u64,
    /// The manifest in the bucket, which lists all files.
    manifest: Option<ManifestView<'a>>,
    /// The files that the provider could not make, or that its archive lacks.
    missing: &'a [MissingFile],
    /// How the files or the result became known: by the provider's callback, a poll, the export's banners read one by
    /// one, or the response to the submission.
    completed_by: Option<CompletedBy>,
    /// The provider's response, for work that produces no file.
    result: Option<&'a Value>,
    error: Option<&'a JobError>,
    notify: Option<NotifyTargetsView>,
    /// The job whose request this one repeats.
    retry_of: Option<JobId>,
    /// The job that repeats this one's request.
    resubmitted_as: Option<JobId>,
    /// The latest deliveries, newest first, at most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 50)))]
    deliveries: Option<Vec<DeliveryView>>,
    links: JobLinks,
}

/// Links of a job.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JobLinks {
    /// The path of the job.
    #[serde(rename = "self")]
    itself: String,
}

/// A file in the bucket, with its download link.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "File"))]
pub struct FileView<'a> {
    #[serde(flatten)]
    file: &'a StoredFile,
    links: FileLinks,
}

/// The provider's archive in the bucket, with its download link.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Archive"))]
pub struct ArchiveView<'a> {
    #[serde(flatten)]
    archive: &'a Archive,
    links: FileLinks,
}

/// The manifest in the bucket, with its download link.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Manifest"))]
pub struct ManifestView<'a> {
    #[serde(flatten)]
    manifest: &'a ManifestObject,
    links: FileLinks,
}

/// The links of a file.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileLinks {
    /// A path of the submit API. It redirects to a presigned URL.
    download: String,
}

/// A recorded delivery of the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Delivery"))]
pub struct DeliveryView {
    /// The id of the delivery, for `POST /jobs/{job_id}/replay`.
    pub id: String,
    /// The provider's name for the event.
    pub name: String,
    /// When the webhook receiver accepted the delivery.
    #[serde(serialize_with = "utc_milliseconds")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::json_schema::utc_milliseconds"))]
    pub received_at: OffsetDateTime,
    /// Whether the body is still stored, so that the delivery can be replayed.
    pub replayable: bool,
    /// Why the delivery could not be processed.
    pub problem: Option<String>,
}

/// A page of jobs: `GET /jobs`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JobList<'a> {
    /// The jobs, newest first. A page can hold fewer jobs than its limit while further pages follow.
    pub jobs: Vec<JobView<'a>>,
    /// The cursor of the next page; `null` on the last page.
    pub next_cursor: Option<String>,
}

/// A presigned URL of a file: `GET /jobs/{job_id}/files/{name}`, `/archive` and `/manifest`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Link"))]
pub struct LinkView {
    /// The presigned URL. It needs no further authorization.
    pub url: String,
    /// When the URL expires: after the requested time, or earlier with the credentials that signed it.
    #[serde(serialize_with = "utc_milliseconds")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::json_schema::utc_milliseconds"))]
    pub expires_at: OffsetDateTime,
}

impl<'a> From<&'a Job> for JobView<'a> {
    fn from(job: &'a Job) -> Self {
        let archive = |archive| ArchiveView { archive, links: FileLinks::of(job.id, "archive") };
        let manifest = |manifest| ManifestView { manifest, links: FileLinks::of(job.id, "manifest") };
        let file = |file: &'a StoredFile| FileView { file, links: FileLinks::file(job.id, &file.name) };
        Self {
            job_id: job.id,
            provider: &job.provider,
            kind: &job.kind,
            status: job.status,
            provider_job_id: job.provider_job_id.as_ref(),
            created_at: job.created_at,
            updated_at: job.updated_at,
            progress: job.progress,
            request: &job.request,
            metadata: job.metadata.as_ref(),
            unpack: job.unpack,
            warnings: &job.warnings,
            transfer: job.transfer,
            archive: job.archive.as_ref().map(archive),
            files: job.files.iter().map(file).collect(),
            files_total: job.files_total,
            manifest: job.manifest.as_ref().map(manifest),
            missing: &job.missing,
            completed_by: job.completed_by,
            result: job.result.as_ref(),
            error: job.error.as_ref(),
            notify: job.notify_targets.to_view(),
            retry_of: job.retries.retry_of,
            resubmitted_as: job.retries.resubmitted_as,
            deliveries: None,
            links: JobLinks { itself: JobView::job_path(job.id) },
        }
    }
}

impl JobView<'_> {
    /// Returns the path of a job.
    pub fn job_path(job: JobId) -> String {
        format!("/jobs/{job}")
    }

    /// Adds the recorded deliveries of the job.
    #[must_use]
    pub fn with_deliveries(self, deliveries: Vec<DeliveryView>) -> Self {
        Self { deliveries: Some(deliveries), ..self }
    }
}

impl FileLinks {
    fn of(job: JobId, path: &str) -> Self {
        Self { download: format!("{}/{path}", JobView::job_path(job)) }
    }

    fn file(job: JobId, name: &str) -> Self {
        Self::of(job, &format!("files/{}", percent_encode(name)))
    }
}

/// Percent-encodes a text as one segment of a path: every byte except the unreserved characters of RFC 3986 (2.3), so
/// `/` too.
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// Serializes a time as RFC 3339 in UTC, always with three decimals, so that times sort as texts.
///
/// # Errors
/// Fails for a time after the year 9999.
pub fn utc_milliseconds<S: Serializer>(time: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    const FORMAT: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let text = time.to_offset(UtcOffset::UTC).format(FORMAT).map_err(S::Error::custom)?;
    serializer.serialize_str(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_one_segment_of_the_download_path() {
        let job = "0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a".parse().expect("an id");
        let link = FileLinks::file(job, "a/é (2)%41.png").download;
        assert_eq!(link, format!("/jobs/{job}/files/a%2F%C3%A9%20%282%29%2541.png"));
    }
}

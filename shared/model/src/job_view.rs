//! Jobs as their caller sees them: the JSON of the submit API.

use serde::{Serialize, Serializer, ser::Error};
use serde_json::Value;
use time::{OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description};

use crate::{
    Archive, Job, JobError, JobId, ManifestObject, Missing, NotifyTargetsView, ProviderJobId, ProviderName,
    Status, StoredFile, TransferStatistics,
};

/// What a caller may read of a job: `GET /jobs/{job_id}`. Every field is always present, so that a reader needs no "if it
/// is there"; only `deliveries` are left out where jobs are listed or made.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Job"))]
pub struct JobView<'a> {
    job_id: JobId,
    provider: &'a ProviderName,
    kind: &'a str,
    status: Status,
    /// The provider's id for the work.
    provider_job_id: Option<&'a ProviderJobId>,
    #[serde(serialize_with = "utc_milliseconds")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::utc_milliseconds"))]
    created_at: OffsetDateTime,
    #[serde(serialize_with = "utc_milliseconds")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::utc_milliseconds"))]
    updated_at: OffsetDateTime,
    /// 0 to 100.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 100)))]
    progress: Option<f64>,
    /// The checked request, with the provider's own names.
    request: &'a Value,
    /// The caller's own JSON.
    metadata: Option<&'a Value>,
    unpack: Option<bool>,
    transfer: Option<TransferStatistics>,
    archive: Option<ArchiveView<'a>>,
    /// The first files, at most 200.
    #[cfg_attr(feature = "schema", schemars(length(max = 200)))]
    files: Vec<FileView<'a>>,
    /// How many files there are.
    files_total: u64,
    /// The list of all files, in the bucket.
    manifest: Option<ManifestView<'a>>,
    /// What the provider could not make.
    missing: &'a [Missing],
    /// What the provider answered, when that is all there is.
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

/// Where a job is shown.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JobLinks {
    /// Path of the job itself.
    #[serde(rename = "self")]
    itself: String,
}

/// A file in the bucket, and where it can be downloaded.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "File"))]
pub struct FileView<'a> {
    #[serde(flatten)]
    file: &'a StoredFile,
    links: FileLinks,
}

/// The provider's archive in the bucket, and where it can be downloaded.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Archive"))]
pub struct ArchiveView<'a> {
    #[serde(flatten)]
    archive: &'a Archive,
    links: FileLinks,
}

/// The list of all files in the bucket, and where it can be downloaded.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Manifest"))]
pub struct ManifestView<'a> {
    #[serde(flatten)]
    manifest: &'a ManifestObject,
    links: FileLinks,
}

/// Where a file can be downloaded.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileLinks {
    /// A path of the submit API, which answers with a redirect to a URL that needs no further proof.
    download: String,
}

/// A delivery of the provider, as it is recorded beside its job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Delivery"))]
pub struct DeliveryView {
    /// What `POST /jobs/{job_id}/replay` calls it.
    pub id: String,
    /// The provider's name for the event.
    pub name: String,
    /// When our receiver received it.
    #[serde(serialize_with = "utc_milliseconds")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::utc_milliseconds"))]
    pub received_at: OffsetDateTime,
    /// Whether its body is still kept.
    pub replayable: bool,
    /// Why it could not be used.
    pub problem: Option<String>,
}

/// A page of jobs: `GET /jobs`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JobList<'a> {
    /// Newest first. There may be fewer than were asked for, and still more on further pages.
    pub jobs: Vec<JobView<'a>>,
    /// What asks for the next page; `null` on the last one.
    pub next_cursor: Option<String>,
}

/// A URL that gives a file to whoever has it: `GET /jobs/{job_id}/files/{name}`, `/archive` and `/manifest`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Link"))]
pub struct LinkView {
    /// The URL.
    pub url: String,
    /// When it stops to work: after as long as was asked for, or with the credentials that signed it.
    #[serde(serialize_with = "utc_milliseconds")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::utc_milliseconds"))]
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
            transfer: job.transfer,
            archive: job.archive.as_ref().map(archive),
            files: job.files.iter().map(file).collect(),
            files_total: job.files_total,
            manifest: job.manifest.as_ref().map(manifest),
            missing: &job.missing,
            result: job.result.as_ref(),
            error: job.error.as_ref(),
            notify: job.audience.view(),
            retry_of: job.retries.of,
            resubmitted_as: job.retries.resubmitted_as,
            deliveries: None,
            links: JobLinks { itself: JobView::path(job.id) },
        }
    }
}

impl JobView<'_> {
    /// The path at which a job is shown.
    pub fn path(job: JobId) -> String {
        format!("/jobs/{job}")
    }

    /// The same with the deliveries that are recorded beside the job.
    #[must_use]
    pub fn with_deliveries(self, deliveries: Vec<DeliveryView>) -> Self {
        Self { deliveries: Some(deliveries), ..self }
    }
}

impl FileLinks {
    fn of(job: JobId, path: &str) -> Self {
        Self { download: format!("{}/{path}", JobView::path(job)) }
    }

    fn file(job: JobId, name: &str) -> Self {
        Self::of(job, &format!("files/{}", percent_encoded(name)))
    }
}

/// A text as one segment of a path: everything but the unreserved characters of RFC 3986 (2.3) is escaped, `/` too.
pub fn percent_encoded(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_segment_of_its_path() {
        let job = "0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a".parse().expect("an id");
        let link = FileLinks::file(job, "a/é (2)%41.png").download;
        assert_eq!(link, format!("/jobs/{job}/files/a%2F%C3%A9%20%282%29%2541.png"));
    }
}

//! Use case: create a presigned URL of a file of a job.
//!
//! The file is looked up by name in the job's record, and then in the manifest, which lists every file. The object key
//! comes from there, so a name in a request cannot reach an object outside the job.

use std::time::Duration;

use bucket::{ObjectKey, PresignRequest, PresignedUrl, Presigner};
use model::{Error, ErrorClass, Job, JobId, LinkView, ManifestObject, StoredFile};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;

/// The default lifetime of a presigned URL.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(900);
/// The permitted lifetimes. A URL signed with Signature Version 4 is valid for at most seven days.
const LIFETIME_SECONDS: std::ops::RangeInclusive<u64> = 60..=7 * 24 * 3600;

/// The object that a presigned URL points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkTarget {
    /// The provider's archive.
    Archive,
    /// The file with this name.
    File(String),
    /// The manifest. It lists every file of the job; the job itself lists only the first ones.
    Manifest,
}

/// A request for a presigned URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRequest {
    /// The job that the object belongs to.
    pub job: JobId,
    /// The object.
    pub target: LinkTarget,
    /// How long the URL is valid.
    pub lifetime: Duration,
}

/// The list of files in a manifest. Its other fields are ignored.
#[derive(Deserialize)]
struct ManifestFiles {
    files: Vec<StoredFile>,
}

/// Reads the lifetime of a presigned URL from a number or its text.
///
/// # Errors
/// [`ErrorClass::InvalidRequest`] naming `expires_in`.
pub(crate) fn read_lifetime(expires_in: Option<&Value>) -> Result<Duration, Error> {
    let Some(value) = expires_in.filter(|value| !value.is_null()) else { return Ok(DEFAULT_LIFETIME) };
    let seconds = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let seconds = seconds.filter(|seconds| LIFETIME_SECONDS.contains(seconds));
    let seconds =
        seconds.ok_or_else(|| Error::invalid("expires_in", "expected seconds from 60 to 604800"))?;
    Ok(Duration::from_secs(seconds))
}

/// Creates the presigned URL that `request` asks for. `job` is its job.
pub(crate) async fn create_download_link(
    presigner: &Presigner,
    job: Job,
    request: LinkRequest,
) -> Result<LinkView, Error> {
    let object = match &request.target {
        LinkTarget::Archive => {
            let not_found = || Error::new(ErrorClass::NotFound, "this job has no archive in the bucket");
            job.archive.ok_or_else(not_found)?.file.into()
        }
        LinkTarget::File(name) => find_file(presigner, job, name).await?.into(),
        LinkTarget::Manifest => {
            let not_found = || Error::new(ErrorClass::NotFound, "this job has no manifest in the bucket");
            job.manifest.map(manifest_download).ok_or_else(not_found)?
        }
    };
    let PresignedUrl { url, expires_at } =
        presigner.presign_get(&object, request.lifetime, OffsetDateTime::now_utc()).await?;
    Ok(LinkView { url, expires_at })
}

/// Finds a file by name: first in the job's record, then in the manifest if the record does not list every file.
async fn find_file(presigner: &Presigner, job: Job, name: &str) -> Result<StoredFile, Error> {
    let find = |files: Vec<StoredFile>| files.into_iter().find(|file| file.name == name);
    let not_found = || Error::new(ErrorClass::NotFound, "this job has no such file");
    let has_more_in_manifest = job.files_total > job.files.len() as u64;
    if let Some(file) = find(job.files) {
        return Ok(file);
    }
    let manifest = job.manifest.filter(|_| has_more_in_manifest).ok_or_else(not_found)?;
    let text = presigner.get_object(&manifest.key, OffsetDateTime::now_utc()).await?.ok_or_else(not_found)?;
    let malformed = |e| Error::new(ErrorClass::Internal, "the job's manifest cannot be read").with_source(e);
    let manifest: ManifestFiles = serde_json::from_slice(&text).map_err(malformed)?;
    find(manifest.files).ok_or_else(not_found)
}

/// The download of the manifest, which no list of files contains.
fn manifest_download(manifest: ManifestObject) -> PresignRequest {
    PresignRequest {
        key: manifest.key,
        name: ObjectKey::MANIFEST_NAME.to_owned(),
        content_type: "application/json".to_owned(),
    }
}

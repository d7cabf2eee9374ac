//! Use case: a link to a file of a job.
//!
//! A file is looked for among those that the job's record lists, and then in the manifest, which lists all. Its key is
//! taken from there, so that no name that somebody makes up leads out of the job.

use std::time::Duration;

use bucket::{DownloadRequest, Key, PresignedUrl};
use model::{Error, ErrorClass, Job, JobId, LinkView, ManifestObject, StoredFile};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;

use crate::App;

/// How long a link lasts unless the caller says otherwise.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(900);
/// The shortest and the longest, in seconds: a signature of version 4 lasts seven days.
const SECONDS: std::ops::RangeInclusive<u64> = 60..=7 * 24 * 3600;

/// What is linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkTarget {
    /// The provider's archive.
    Archive,
    /// The file with this name.
    File(String),
    /// The manifest, for whoever wants all the files of a job that lists only the first.
    Manifest,
}

/// A wish for a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRequest {
    /// Whose file.
    pub job: JobId,
    /// Which.
    pub linked: LinkTarget,
    /// How long the link shall last.
    pub lasts: Duration,
}

/// What a manifest says of the files; it says more.
#[derive(Deserialize)]
struct Manifest {
    files: Vec<StoredFile>,
}

/// Reads how long a link shall last, a number or its text.
///
/// # Errors
/// [`ErrorClass::InvalidRequest`] naming `expires_in`.
pub(crate) fn lasts(expires_in: Option<&Value>) -> Result<Duration, Error> {
    let Some(value) = expires_in.filter(|value| !value.is_null()) else { return Ok(DEFAULT_LIFETIME) };
    let seconds = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let seconds = seconds.filter(|seconds| SECONDS.contains(seconds));
    let seconds =
        seconds.ok_or_else(|| Error::invalid("expires_in", "expected seconds from 60 to 604800"))?;
    Ok(Duration::from_secs(seconds))
}

impl App {
    /// Makes a link.
    pub(crate) async fn link(&self, wish: LinkRequest) -> Result<LinkView, Error> {
        let job = self.job(wish.job).await?;
        let file = match &wish.linked {
            LinkTarget::Archive => {
                let none = || Error::new(ErrorClass::NotFound, "this job has no archive in the bucket");
                job.archive.ok_or_else(none)?.file.into()
            }
            LinkTarget::File(name) => self.file(job, name).await?.into(),
            LinkTarget::Manifest => {
                let none = || Error::new(ErrorClass::NotFound, "this job has no manifest in the bucket");
                job.manifest.map(manifest).ok_or_else(none)?
            }
        };
        let link = self.links.link(&file, wish.lasts, OffsetDateTime::now_utc()).await?;
        let PresignedUrl { url, expires_at } = link;
        Ok(LinkView { url, expires_at })
    }

    async fn file(&self, job: Job, name: &str) -> Result<StoredFile, Error> {
        let found = |files: Vec<StoredFile>| files.into_iter().find(|file| file.name == name);
        let none = || Error::new(ErrorClass::NotFound, "this job has no such file");
        let unlisted = job.files_total > job.files.len() as u64;
        if let Some(file) = found(job.files) {
            return Ok(file);
        }
        let manifest = job.manifest.filter(|_| unlisted).ok_or_else(none)?;
        let text = self.links.read(&manifest.key).await?.ok_or_else(none)?;
        let damaged =
            |e| Error::new(ErrorClass::Internal, "the job's manifest cannot be read").with_source(e);
        let manifest: Manifest = serde_json::from_slice(&text).map_err(damaged)?;
        found(manifest.files).ok_or_else(none)
    }
}

/// The manifest, which is in no list of files.
fn manifest(manifest: ManifestObject) -> DownloadRequest {
    DownloadRequest {
        key: manifest.key,
        name: Key::MANIFEST_NAME.to_owned(),
        content_type: "application/json".to_owned(),
    }
}

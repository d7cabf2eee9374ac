//! Where things lie in the bucket.

use model::{JobId, ProviderName};
use time::{OffsetDateTime, format_description::BorrowedFormatItem};

const DATE: &[BorrowedFormatItem<'_>] = time::macros::format_description!("[year]/[month]/[day]");

/// The place of an object, relative to the configured prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A job's archive as the provider made it.
    Archive(ProviderName, JobId),
    /// A file of a job under its safe name: no part of it is empty, `.` or `..`.
    File(ProviderName, JobId, String),
    /// The list of everything that landed for a job.
    Manifest(ProviderName, JobId),
    /// What the keys of a job's objects begin with; no object itself.
    Prefix(ProviderName, JobId),
    /// A delivery too long for a queue message, waiting for the worker.
    InboxBody(ProviderName, OffsetDateTime, String),
    /// An object that somebody named, to measure a copy.
    Named(String),
}

impl Key {
    /// The archive's name below the job's own prefix.
    pub const ARCHIVE_NAME: &'static str = "archive.zip";
    /// The manifest's name below the job's own prefix.
    pub const MANIFEST_NAME: &'static str = "manifest.json";

    /// The key below the configured prefix.
    pub fn path(&self) -> String {
        match self {
            Key::Archive(provider, job) => format!("{}/{}", job_prefix(provider, *job), Self::ARCHIVE_NAME),
            Key::File(provider, job, name) => format!("{}/files/{name}", job_prefix(provider, *job)),
            Key::Manifest(provider, job) => format!("{}/{}", job_prefix(provider, *job), Self::MANIFEST_NAME),
            Key::Prefix(provider, job) => format!("{}/", job_prefix(provider, *job)),
            Key::InboxBody(provider, at, id) => format!("inbox/{provider}/{}/{id}", date(*at)),
            Key::Named(key) => key.clone(),
        }
    }
}

fn job_prefix(provider: &ProviderName, job: JobId) -> String {
    format!("{provider}/{}/{job}", date(job.created_at()))
}

fn date(at: OffsetDateTime) -> String {
    // The format has only numbers, which every time has.
    at.format(DATE).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_dated_by_the_job_itself() {
        let job: JobId = "0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a".parse().expect("a job id");
        let key = Key::Archive(ProviderName::new("abyssale"), job);
        assert_eq!(key.path(), format!("abyssale/2024/10/28/{job}/archive.zip"));
        let key = Key::File(ProviderName::new("abyssale"), job, "a/b (2).png".into());
        assert_eq!(key.path(), format!("abyssale/2024/10/28/{job}/files/a/b (2).png"));
        let key = Key::Manifest(ProviderName::new("abyssale"), job);
        assert_eq!(key.path(), format!("abyssale/2024/10/28/{job}/manifest.json"));
    }
}

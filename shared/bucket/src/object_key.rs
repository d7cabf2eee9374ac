//! The keys of objects in the bucket.

use model::{JobId, ProviderName};
use time::{OffsetDateTime, format_description::BorrowedFormatItem};

const DATE: &[BorrowedFormatItem<'_>] = time::macros::format_description!("[year]/[month]/[day]");

/// The key of an object, relative to the configured prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectKey {
    /// A job's archive, unchanged from the provider.
    Archive(ProviderName, JobId),
    /// A file of a job by its safe name: no segment of it is empty, `.` or `..`.
    File(ProviderName, JobId, String),
    /// The manifest of a job: the list of its files.
    Manifest(ProviderName, JobId),
    /// The common prefix of the keys of a job's objects. It is not an object.
    Prefix(ProviderName, JobId),
    /// The body of a delivery that is too long for a queue message, until the worker reads it.
    DeliveryBody(ProviderName, OffsetDateTime, String),
    /// A literal key, for the copy benchmark.
    Literal(String),
}

impl ObjectKey {
    /// The archive's name below the job's prefix.
    pub const ARCHIVE_NAME: &'static str = "archive.zip";
    /// The manifest's name below the job's prefix.
    pub const MANIFEST_NAME: &'static str = "manifest.json";

    /// The key below the configured prefix.
    pub fn path(&self) -> String {
        match self {
            ObjectKey::Archive(provider, job) => {
                format!("{}/{}", job_prefix(provider, *job), Self::ARCHIVE_NAME)
            }
            ObjectKey::File(provider, job, name) => format!("{}/files/{name}", job_prefix(provider, *job)),
            ObjectKey::Manifest(provider, job) => {
                format!("{}/{}", job_prefix(provider, *job), Self::MANIFEST_NAME)
            }
            ObjectKey::Prefix(provider, job) => format!("{}/", job_prefix(provider, *job)),
            ObjectKey::DeliveryBody(provider, at, id) => format!("deliveries/{provider}/{}/{id}", date(*at)),
            ObjectKey::Literal(key) => key.clone(),
        }
    }
}

fn job_prefix(provider: &ProviderName, job: JobId) -> String {
    format!("{provider}/{}/{job}", date(job.created_at()))
}

fn date(at: OffsetDateTime) -> String {
    // The format consists of numbers only, so it cannot fail.
    at.format(DATE).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_contain_the_creation_date_of_the_job() {
        let job: JobId = "0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a".parse().expect("a job id");
        let key = ObjectKey::Archive(ProviderName::new("abyssale"), job);
        assert_eq!(key.path(), format!("abyssale/2024/10/28/{job}/archive.zip"));
        let key = ObjectKey::File(ProviderName::new("abyssale"), job, "a/b (2).png".into());
        assert_eq!(key.path(), format!("abyssale/2024/10/28/{job}/files/a/b (2).png"));
        let key = ObjectKey::Manifest(ProviderName::new("abyssale"), job);
        assert_eq!(key.path(), format!("abyssale/2024/10/28/{job}/manifest.json"));
    }
}

//! Concludes a landing: writes the manifest and decides whether the landing is complete, partial or rejected.

use model::{Archive, Error, ErrorClass, LandedFiles};

use super::{
    cancellation::ensure_not_cancelled,
    landing_context::{LandingClients, LandingContext},
    manifest::write_manifest,
    manifest_entry::ManifestEntry,
    missing_files::{describe_rejected_files, describe_shortfall, join_first},
    transfer_result::TransferResult,
};

/// The outcome of a landing that is not retried.
#[derive(Debug)]
pub(super) enum LandingOutcome {
    /// All requested files are in the bucket.
    Complete {
        /// The files in the bucket.
        landed_files: LandedFiles,
    },
    /// Some of the requested files are missing.
    Partial {
        /// The files in the bucket.
        landed_files: LandedFiles,
        /// What is missing.
        error: Error,
    },
    /// No file is usable: an archive that must not be unpacked and is in the bucket as it was delivered, or
    /// individual files none of which can be downloaded.
    Rejected {
        /// The archive.
        archive: Option<Archive>,
        /// Why.
        error: Error,
    },
}

/// Writes the manifest, after which the landing is visible, and decides the outcome.
pub(super) async fn conclude_landing(
    context: &LandingContext<'_>,
    result: TransferResult,
) -> Result<LandingOutcome, Error> {
    let LandingContext { clients: LandingClients { bucket, job_store, .. }, job, .. } = *context;
    ensure_not_cancelled(job_store, job.id).await?;
    let rejected = describe_rejected_files(&result.files);
    if result.archive.is_none() && !rejected.is_empty() && rejected.len() == result.files.len() {
        let message = format!("none of the files can be downloaded: {}", join_first(&rejected));
        let error = Error::new(ErrorClass::FilesMissing, message);
        return Ok(LandingOutcome::Rejected { archive: None, error });
    }
    let manifest = write_manifest(bucket, job, &result).await?;
    let shortfall = describe_shortfall(job, &result, &rejected);
    let class = match result.archive {
        Some(_) => ErrorClass::ArchiveIncomplete,
        None => ErrorClass::FilesMissing,
    };
    let files = result.files.into_iter().filter_map(ManifestEntry::into_stored_file).collect();
    let landed_files = LandedFiles::from_stored_files(result.archive, files, manifest);
    Ok(match shortfall {
        Some(message) => LandingOutcome::Partial { landed_files, error: Error::new(class, message) },
        None => LandingOutcome::Complete { landed_files },
    })
}

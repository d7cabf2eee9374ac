//! Transfers a job's archive into the bucket, and unpacks it if the job asks for that.

use std::borrow::Cow;

use bucket::{ObjectInfo, ObjectKey, UploadOutcome};
use model::{Archive, Error, ErrorClass, Job, Redactor, StoredFile};
use secrets::SecretStore;

use super::{
    read_central_directory::{count_archive_files, list_archive},
    unpack::{EntryOutcome, EntryResult, UnpackRequest, unpack_archive},
};
use crate::landing::{
    bare_file::refuse_bare_file,
    check_first_bytes::{ZIP, check_archive_start},
    landing_context::{LandingClients, LandingContext},
    landing_outcome::{LandingOutcome, conclude_landing},
    manifest_entry::ManifestEntry,
    transfer::{FileProgress, TransferRequest, transfer_file},
    transfer_result::TransferResult,
};

/// Transfers the archive unless it is in the bucket, unpacks it if requested, and concludes the landing.
pub(in crate::landing) async fn land_archive(
    context: LandingContext<'_>,
    url: &str,
) -> Result<LandingOutcome, Error> {
    let LandingContext { clients: LandingClients { bucket, config, .. }, job, is_retry, .. } = context;
    let key = ObjectKey::Archive(job.provider.clone(), job.id);
    if is_retry {
        // A worker that crashed did not abort its uploads. Under this lease no other worker has one.
        let resumed = context.checkpoint.and_then(|checkpoint| checkpoint.upload_id.as_deref());
        bucket.abort_abandoned_uploads(&key, resumed).await;
    }
    let info = match bucket.head_object(&key).await? {
        Some(existing) => existing,
        None => transfer_archive(&context, &key, url).await?,
    };
    let file = StoredFile {
        name: ObjectKey::ARCHIVE_NAME.to_owned(),
        key: bucket.object_key(&key),
        bytes: info.bytes,
        content_type: ZIP.to_owned(),
        checksum: bucket.stored_or_computed_checksum(&key, info).await?,
    };
    if job.unpack.unwrap_or(config.unpack) {
        land_unpacked(&context, &key, file).await
    } else {
        let entries = count_archive_files(bucket, &key, file.bytes).await?;
        let archive = Archive { file: file.clone(), entries, expected: job.expected_files };
        let files = vec![ManifestEntry::from_archive(file)];
        conclude_landing(&context, transfer_result(job, archive, files)).await
    }
}

/// Transfers the archive, from the checkpoint of an earlier invocation if there is one.
async fn transfer_archive(
    context: &LandingContext<'_>,
    key: &ObjectKey,
    url: &str,
) -> Result<ObjectInfo, Error> {
    let bucket = context.clients.bucket;
    let request = TransferRequest {
        downloader: &context.create_downloader()?,
        bucket,
        url,
        key,
        check_start: &|start| refuse_bare_file(context.job, start).and_then(|()| check_archive_start(start)),
        progress: &FileProgress::new(context.progress),
    };
    match transfer_file(&request, context.checkpoint.cloned()).await?.uploaded {
        UploadOutcome::Stored { bytes, checksum } => Ok(ObjectInfo { bytes, checksum: Some(checksum) }),
        // Another worker that seemed lost has stored the object meanwhile. It is as good.
        UploadOutcome::AlreadyExists => bucket.head_existing_object(key).await,
    }
}

/// Unpacks an archive that is in the bucket, and concludes the landing. A repetition changes nothing.
async fn land_unpacked(
    context: &LandingContext<'_>,
    key: &ObjectKey,
    file: StoredFile,
) -> Result<LandingOutcome, Error> {
    let LandingContext { clients: LandingClients { bucket, .. }, job, .. } = *context;
    match unpack(context, key, file.bytes).await {
        Ok(outcomes) => {
            let archive = Archive { file, entries: outcomes.len() as u64, expected: job.expected_files };
            let files = outcomes.into_iter().map(ManifestEntry::from).collect();
            conclude_landing(context, transfer_result(job, archive, files)).await
        }
        Err(error) if error.class == ErrorClass::ArchiveRefused => {
            let entries = count_archive_files(bucket, key, file.bytes).await?;
            let archive = Archive { file, entries, expected: job.expected_files };
            Ok(LandingOutcome::Rejected { archive: Some(archive), error })
        }
        Err(error) => Err(error),
    }
}

/// Unpacks the archive under redacted names.
async fn unpack(
    context: &LandingContext<'_>,
    key: &ObjectKey,
    length: u64,
) -> Result<Vec<EntryOutcome>, Error> {
    let LandingContext { clients, job, is_retry, progress, .. } = *context;
    let LandingClients { bucket, config, secrets, .. } = clients;
    let redactor = load_redactor(secrets, job).await;
    let listing = list_archive(bucket, key, length, config.unpack_limits).await;
    let mut listing = listing.map_err(|mut error| {
        error.message = redactor.redact_str(&error.message);
        error
    })?;
    for entry in &mut listing.files {
        if let Cow::Owned(name) = redactor.redact(&entry.name) {
            entry.name = name.into();
        }
    }
    let readable = listing.files.iter().filter(|file| file.unreadable_reason().is_none());
    progress.set_file_count(readable.count() as u64);
    unpack_archive(UnpackRequest { bucket, job, archive: key, listing: &listing, is_retry, progress }).await
}

/// Loads the redactor for the names in an archive, which become S3 keys and appear in responses. The archive itself
/// is not changed. A landing needs the secret for nothing else, so it continues without a redactor if that fails.
async fn load_redactor(secrets: &SecretStore, job: &Job) -> Redactor {
    match secrets.get().await {
        Ok(secret) => secret.redactor(&job.provider, Some(job.id), None),
        Err(error) => {
            error.log("the names in an archive are not redacted");
            Redactor::default()
        }
    }
}

fn transfer_result(job: &Job, archive: Archive, files: Vec<ManifestEntry>) -> TransferResult {
    TransferResult { expected: job.expected_files, count: archive.entries, archive: Some(archive), files }
}

impl From<EntryOutcome> for ManifestEntry {
    fn from(outcome: EntryOutcome) -> Self {
        let EntryOutcome { source_name, result } = outcome;
        match result {
            EntryResult::Landed { file, crc32, dimensions } => ManifestEntry::Landed {
                file,
                source_name: Some(source_name),
                crc32: Some(crc32),
                dimensions,
                details: serde_json::Map::new(),
                counted: true,
            },
            EntryResult::Rejected(reason) => ManifestEntry::Rejected { source_name, reason, counted: true },
        }
    }
}

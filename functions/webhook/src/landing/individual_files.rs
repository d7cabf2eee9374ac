//! Lands a job whose files are at URLs of their own, several files at a time.
//!
//! A file that is in the bucket is not downloaded again, so a landing that was interrupted continues with the rest. A
//! file that permanently fails is listed as rejected while the other files land. A transient error ends the landing,
//! which is retried. A retried job keeps the files of its earlier rounds (`earlier_files`).

use std::sync::Mutex;

use archive::{content_type, image_dimensions};
use bucket::{ObjectInfo, ObjectKey, UploadOutcome};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_client::Downloader;
use model::{Error, ErrorClass, Job, Source, SourceRole, StoredFile};

use super::{
    check_first_bytes::check_file_start,
    detect_truncated_file::find_truncation,
    earlier_files::EarlierFiles,
    landing_context::{LandingClients, LandingContext},
    landing_outcome::{LandingOutcome, conclude_landing},
    manifest_entry::ManifestEntry,
    source_name::source_name,
    transfer::{FileProgress, TransferRequest, TransferredFile, landing_stopped, transfer_file},
    transfer_result::TransferResult,
};

/// Files that are transferred at once. A small one takes its first 64 KiB and a few chunks of memory; long ones run
/// one after the other.
const FILE_CONCURRENCY: usize = 8;
/// How many first bytes of a file in the bucket are read to detect its content type.
const START_BYTES: u64 = 64 * 1024;

/// The files of one job.
struct IndividualFiles<'a> {
    context: LandingContext<'a>,
    downloader: &'a Downloader,
    /// The first error that ends the landing.
    ended: Mutex<Option<Error>>,
}

/// A file in the bucket.
struct StoredObject {
    info: ObjectInfo,
    content_type: &'static str,
    /// Its first bytes.
    start: Bytes,
    /// Whether this attempt transferred it.
    is_new: bool,
}

/// Transfers the files and concludes the landing.
pub(super) async fn land_individual_files(
    context: LandingContext<'_>,
    sources: &[Source],
) -> Result<LandingOutcome, Error> {
    let LandingContext { job, progress, .. } = context;
    let (earlier, sources) = EarlierFiles::load(&context, sources).await?;
    progress.set_transfer_count(sources.len());
    progress.set_file_count(sources.len() as u64);
    let downloader = context.create_downloader()?;
    let files = IndividualFiles { context, downloader: &downloader, ended: Mutex::new(None) };
    let names = earlier.safe_names(&sources);
    let entries = stream::iter(0..sources.len()).map(|index| files.land_file(&sources[index], &names[index]));
    let entries: Vec<Option<ManifestEntry>> = entries.buffered(FILE_CONCURRENCY).collect().await;
    if let Some(error) = files.ended.into_inner().ok().flatten() {
        return Err(error);
    }
    let entries: Vec<ManifestEntry> = entries.into_iter().flatten().collect();
    let result = match earlier.is_empty() {
        true => individual_result(job, entries),
        false => earlier.merge(&context, entries).await?,
    };
    conclude_landing(&context, result).await
}

/// The result of a landing of individual files only.
fn individual_result(job: &Job, entries: Vec<ManifestEntry>) -> TransferResult {
    let count = entries.iter().filter(|entry| entry.is_counted()).count() as u64;
    let promised = count + job.missing.len() as u64;
    let expected = Some(job.expected_files.unwrap_or(0).max(promised));
    TransferResult { archive: None, files: entries, expected, count }
}

impl IndividualFiles<'_> {
    /// Lands one file. Returns `None` if the landing has ended, or ends with this file.
    async fn land_file(&self, source: &Source, name: &str) -> Option<ManifestEntry> {
        if self.has_ended() {
            return None;
        }
        let counted = source.role == SourceRole::File;
        match self.store_file(source, name, counted).await {
            Ok(entry) => Some(entry),
            Err(error) if concerns_one_file(&error) && !self.may_have_new_url(&error) => {
                error.log("a file is rejected, the other files land");
                let reason = error.message;
                Some(ManifestEntry::Rejected { source_name: source_name(source), reason, counted })
            }
            Err(error) => {
                if let Ok(mut ended) = self.ended.lock() {
                    ended.get_or_insert(error);
                }
                None
            }
        }
    }

    /// Whether the provider may have a new URL for the file. Then the landing ends and polls for it.
    fn may_have_new_url(&self, error: &Error) -> bool {
        error.class == ErrorClass::SourceGone && self.context.can_refresh_sources
    }

    fn has_ended(&self) -> bool {
        if self.context.progress.is_stopped()
            && let Ok(mut ended) = self.ended.lock()
        {
            ended.get_or_insert_with(landing_stopped);
        }
        self.ended.lock().is_ok_and(|ended| ended.is_some())
    }

    async fn store_file(&self, source: &Source, name: &str, counted: bool) -> Result<ManifestEntry, Error> {
        let LandingContext { clients: LandingClients { bucket, .. }, job, is_retry, progress, .. } =
            self.context;
        let key = ObjectKey::File(job.provider.clone(), job.id, name.to_owned());
        let existing = if is_retry { bucket.head_object(&key).await? } else { None };
        let StoredObject { info, content_type, start, is_new } = match existing {
            Some(existing) => self.inspect_existing(&key, name, existing).await?,
            None => self.transfer(source, name, &key).await?,
        };
        if let Some(reason) = find_truncation(bucket, &key, info.bytes, &start).await? {
            // No damaged file stays under the prefix of a job. The bucket keeps the deleted version.
            bucket.delete_object(&key).await?;
            return Err(Error::new(ErrorClass::SourceInvalid, reason));
        }
        let file = StoredFile {
            name: name.to_owned(),
            key: bucket.object_key(&key),
            bytes: info.bytes,
            content_type: content_type.to_owned(),
            checksum: bucket.stored_or_computed_checksum(&key, info).await?,
        };
        if is_new {
            progress.record_new_file();
        } else {
            progress.record_existing_file();
        }
        Ok(ManifestEntry::Landed {
            file,
            source_name: Some(source_name(source)),
            crc32: None,
            dimensions: image_dimensions(&start),
            details: source.details.clone(),
            counted,
        })
    }

    /// Reads the start of a file that is in the bucket already.
    async fn inspect_existing(
        &self,
        key: &ObjectKey,
        name: &str,
        info: ObjectInfo,
    ) -> Result<StoredObject, Error> {
        let start = self.context.clients.bucket.read_range(key, 0..info.bytes.min(START_BYTES)).await?;
        Ok(StoredObject { info, content_type: content_type(name, &start), start, is_new: false })
    }

    async fn transfer(&self, source: &Source, name: &str, key: &ObjectKey) -> Result<StoredObject, Error> {
        let LandingContext { clients: LandingClients { bucket, .. }, is_retry, progress, checkpoint, .. } =
            self.context;
        let slow = progress.download_rate().slow_downloads();
        if slow >= FILE_CONCURRENCY {
            // With thousands of files, each would take its own time to be found too slow.
            let message = format!("skipped: the source was too slow for {slow} other files");
            return Err(Error::new(ErrorClass::SourceGone, message));
        }
        let path = bucket.object_key(key);
        let checkpoint = checkpoint.filter(|checkpoint| checkpoint.key == path);
        if is_retry {
            // A worker that crashed did not abort its uploads. Under this lease no other worker has one.
            let resumed = checkpoint.and_then(|checkpoint| checkpoint.upload_id.as_deref());
            bucket.abort_abandoned_uploads(key, resumed).await;
        }
        let request = TransferRequest {
            downloader: self.downloader,
            bucket,
            url: &source.url,
            key,
            check_start: &|start| check_file_start(name, start),
            progress: &FileProgress::new(progress),
        };
        let transferred = transfer_file(&request, checkpoint.cloned()).await?;
        let TransferredFile { uploaded, content_type, start } = transferred;
        let info = match uploaded {
            UploadOutcome::Stored { bytes, checksum } => ObjectInfo { bytes, checksum: Some(checksum) },
            // Another worker that seemed lost has stored the object meanwhile. It is as good.
            UploadOutcome::AlreadyExists => bucket.head_existing_object(key).await?,
        };
        Ok(StoredObject { info, content_type, start, is_new: true })
    }
}

/// Whether an error concerns only this file. Every other error ends the landing.
fn concerns_one_file(error: &Error) -> bool {
    use ErrorClass::{SourceChanged, SourceGone, SourceInvalid, SourceRefused, SourceTooLarge};
    matches!(error.class, SourceGone | SourceChanged | SourceRefused | SourceTooLarge | SourceInvalid)
}

//! Brings a job's archive into the bucket, and makes of it what was asked for: unpacked files, or just the archive.

pub mod unpack;

use std::borrow::Cow;

use archive::ArchiveListing;
use bucket::{Key, ObjectInfo, UploadedObject};
use model::{Archive, Error, ErrorClass, Job, Redactor, StoredFile};

use crate::{
    landing::{
        archive::unpack::{End, Outcome, Unpacking},
        completeness::{LandingOutcome, TransferResult, settle},
        landing_context::LandingContext,
        manifest::ManifestEntry,
        transfer::Transfer,
    },
    worker::Worker,
};

const ZIP: &str = "application/zip";

/// Brings the archive in, unless it is there, and settles what becomes of it.
pub(crate) async fn bring(bringing: LandingContext<'_>, url: &str) -> Result<LandingOutcome, Error> {
    let LandingContext { worker, job, again, .. } = bringing;
    let key = Key::Archive(job.provider.clone(), job.id);
    if again {
        // A killed worker could not abort its uploads. Under our lease nobody else has one.
        let spared = bringing.checkpoint.map(|checkpoint| checkpoint.upload_id.as_str());
        worker.objects.abort_leftovers(&key, spared).await;
    }
    let existing = match worker.objects.head(&key).await? {
        Some(existing) => existing,
        None => fetch(bringing, &key, url).await?,
    };
    let file = StoredFile {
        name: Key::ARCHIVE_NAME.to_owned(),
        key: worker.objects.key(&key),
        bytes: existing.bytes,
        content_type: ZIP.to_owned(),
        checksum: worker.objects.checksum_of(&key, existing).await?,
    };
    if job.unpack.unwrap_or(worker.config.unpack) {
        unpacked(bringing, &key, file).await
    } else {
        let entries = counted(worker, &key, file.bytes).await?;
        let archive = Archive { file: file.clone(), entries, expected: job.expected };
        settle(worker, job, came(job, archive, vec![ManifestEntry::whole(file)])).await
    }
}

/// Fetches the archive, from where an earlier invocation stopped if it left a checkpoint.
async fn fetch(bringing: LandingContext<'_>, key: &Key, url: &str) -> Result<ObjectInfo, Error> {
    let objects = &bringing.worker.objects;
    let transfer = Transfer {
        downloader: &bringing.downloader()?,
        objects,
        url,
        key,
        judge: &like_a_zip,
        tally: &bringing.meter.tally(),
    };
    match transfer.run(bringing.checkpoint.cloned()).await?.uploaded {
        UploadedObject::Stored { bytes, checksum } => Ok(ObjectInfo { bytes, checksum: Some(checksum) }),
        // Another worker, thought lost, was faster after all. Its object is as good as ours.
        UploadedObject::AlreadyThere => objects.there(key).await,
    }
}

fn like_a_zip(start: &[u8]) -> Result<&'static str, Error> {
    match archive::can_start_with(&start[..start.len().min(4)]) {
        true => Ok(ZIP),
        false => Err(Error::new(ErrorClass::ArchiveInvalid, "what the provider serves is not a ZIP archive")),
    }
}

/// Unpacks an archive that is in the bucket. Doing it again changes nothing.
async fn unpacked(
    bringing: LandingContext<'_>,
    key: &Key,
    file: StoredFile,
) -> Result<LandingOutcome, Error> {
    let LandingContext { worker, job, again, meter, .. } = bringing;
    let objects = &worker.objects;
    let redactor = redactor(worker, job).await;
    let unpacked = match listed(worker, key, file.bytes).await {
        Ok(mut listing) => {
            for entry in &mut listing.files {
                if let Cow::Owned(name) = redactor.redact(&entry.name) {
                    entry.name = name.into();
                }
            }
            let entries = listing.files.len() as u64;
            meter.expect_files(entries);
            let unpacking = Unpacking::new(objects, job, key, &listing, again, meter);
            unpacking.run().await.map(|outcomes| (entries, outcomes))
        }
        Err(mut error) => {
            error.message = redactor.redact_str(&error.message);
            Err(error)
        }
    };
    match unpacked {
        Ok((entries, outcomes)) => {
            let archive = Archive { file, entries, expected: job.expected };
            settle(worker, job, came(job, archive, outcomes.into_iter().map(ManifestEntry::from).collect()))
                .await
        }
        Err(error) if error.class == ErrorClass::ArchiveRefused => {
            let entries = counted(worker, key, file.bytes).await?;
            let archive = Archive { file, entries, expected: job.expected };
            Ok(LandingOutcome::Refused { archive: Some(archive), error })
        }
        Err(error) => Err(error),
    }
}

/// Redacts the names in an archive, which end up as keys and in answers. The archive stays as the provider made it. A landing
/// needs no secret for anything else, so it goes on without one.
async fn redactor(worker: &Worker, job: &Job) -> Redactor {
    match worker.secrets.get().await {
        Ok(secret) => secret.redactor(&job.provider, Some(job.id), None),
        Err(error) => {
            error.log("the names in an archive are not redacted");
            Redactor::default()
        }
    }
}

fn came(job: &Job, archive: Archive, files: Vec<ManifestEntry>) -> TransferResult {
    TransferResult { expected: job.expected, count: archive.entries, archive: Some(archive), files }
}

/// Reads the archive's directory back from the bucket.
async fn listed(worker: &Worker, key: &Key, bytes: u64) -> Result<ArchiveListing, Error> {
    let objects = &worker.objects;
    let listing = archive::list_entries(bytes, |range| objects.read(key, range), worker.config.limits).await;
    whole(worker, key, listing).await
}

/// How many files the archive holds.
async fn counted(worker: &Worker, key: &Key, bytes: u64) -> Result<u64, Error> {
    let contents = archive::count_files(bytes, |range| worker.objects.read(key, range)).await;
    whole(worker, key, contents).await
}

/// Removes a broken archive: nothing broken stays under a job's prefix, and the bucket keeps the removed version for
/// whoever wants to look.
async fn whole<T>(worker: &Worker, key: &Key, read: Result<T, Error>) -> Result<T, Error> {
    if let Err(error) = &read
        && error.class == ErrorClass::ArchiveInvalid
    {
        worker.objects.delete(key).await?;
    }
    read
}

impl From<Outcome> for ManifestEntry {
    fn from(outcome: Outcome) -> Self {
        let Outcome { source_name, end } = outcome;
        match end {
            End::Landed { file, crc32, measures } => ManifestEntry::Landed {
                file,
                source_name: Some(source_name),
                crc32: Some(crc32),
                measures,
                details: serde_json::Map::new(),
                counted: true,
            },
            End::Refused(reason) => ManifestEntry::Refused { source_name, reason, counted: true },
        }
    }
}

//! Brings a job's archive from the provider into the bucket, and looks whether it is whole.

use model::{Archive, Fault, FaultClass, Haul, Job, Source, StoredFile};
use objects::{Existing, Key, Objects, Uploaded};
use transport::Downloader;

use crate::{
    transfer::{Checkpoint, Meter, Transfer},
    worker::Worker,
    zip::{self, Contents},
};

const ZIP: &str = "application/zip";

/// How a landing ended well enough to keep what came.
#[derive(Debug)]
pub(crate) enum Landing {
    /// Everything that was asked for.
    Whole { haul: Haul },
    /// Less than was asked for.
    Short { haul: Haul, fault: Fault },
    /// An archive that is not unpacked. It lies in the bucket as it came.
    Refused { archive: Archive, fault: Fault },
}

/// Brings the files in. Doing it again changes nothing: an archive that is in the bucket is not fetched again.
/// `again` says that another landing of this job began before.
pub(crate) async fn bring(
    worker: &Worker,
    job: &Job,
    again: bool,
    meter: &Meter,
) -> Result<Landing, Fault> {
    let key = Key::Archive(job.provider.clone(), job.id);
    let mut checkpoint: Option<Checkpoint> = None;
    if again {
        checkpoint = worker.records.checkpoint(job.id).await?;
        // A killed worker could not abort its uploads. Under our lease nobody else has one.
        let spared = checkpoint.as_ref().map(|checkpoint| checkpoint.upload_id.as_str());
        worker.objects.abort_leftovers(&key, spared).await;
    }
    let existing = match worker.objects.head(&key).await? {
        Some(existing) => existing,
        None => fetch(worker, job, &key, checkpoint, meter).await?,
    };
    let contents = inspected(&worker.objects, &key, existing.bytes).await?;
    let checksum = match existing.checksum {
        Some(checksum) => checksum,
        // The store kept none of the configured kind, so the object itself must tell.
        None => worker.objects.checksum(&key).await?,
    };
    let file = StoredFile {
        name: Key::ARCHIVE_NAME.to_owned(),
        key: worker.objects.key(&key),
        bytes: existing.bytes,
        content_type: ZIP.to_owned(),
        checksum,
    };
    Ok(judged(
        job,
        Archive { file: file.clone(), entries: contents.files, expected: job.expected },
        vec![file],
    ))
}

/// Fewer files than were asked for is a partial success, with the numbers (contract 2.3: the archive silently
/// contains only what the provider found).
fn judged(job: &Job, archive: Archive, files: Vec<StoredFile>) -> Landing {
    let entries = archive.entries;
    let haul = Haul { archive: Some(archive), files_total: files.len() as u64, files, manifest: None };
    match job.expected {
        Some(expected) if entries < expected => {
            let missing = expected - entries;
            let message = format!("the archive holds {entries} of {expected} files; {missing} are missing");
            Landing::Short { haul, fault: Fault::new(FaultClass::ArchiveIncomplete, message) }
        }
        _ => Landing::Whole { haul },
    }
}

/// Fetches the archive, from where an earlier invocation stopped if it left a checkpoint.
async fn fetch(
    worker: &Worker,
    job: &Job,
    key: &Key,
    checkpoint: Option<Checkpoint>,
    meter: &Meter,
) -> Result<Existing, Fault> {
    let provider = providers::find(job.provider.as_str())
        .ok_or_else(|| Fault::new(FaultClass::Internal, "the job's provider is not known any more"))?;
    let source: &Source =
        job.sources.first().ok_or_else(|| Fault::new(FaultClass::Internal, "the job has no source to fetch"))?;
    let transfer = Transfer {
        downloader: &Downloader::new(worker.config.guard(provider), worker.config.largest)?,
        objects: &worker.objects,
        url: &source.url,
        key,
        content_type: ZIP,
        begins: like_a_zip,
        meter,
    };
    match transfer.run(checkpoint).await? {
        Uploaded::Stored { bytes, checksum } => Ok(Existing { bytes, checksum: Some(checksum) }),
        // Another worker, thought lost, was faster after all. Its object is as good as ours.
        Uploaded::AlreadyThere => worker.objects.head(key).await?.ok_or_else(|| {
            Fault::new(FaultClass::StorageUnavailable, "the archive was in the bucket a moment ago and is not now")
        }),
    }
}

fn like_a_zip(start: &[u8]) -> Result<(), Fault> {
    match zip::may_begin_with(start) {
        true => Ok(()),
        false => Err(Fault::new(FaultClass::ArchiveInvalid, "what the provider serves is not a ZIP archive")),
    }
}

/// Reads the archive's directory back from the bucket. A broken archive is removed: nothing broken stays
/// under a job's prefix, and the bucket keeps the removed version for whoever wants to look.
async fn inspected(objects: &Objects, key: &Key, bytes: u64) -> Result<Contents, Fault> {
    let contents = zip::inspect(bytes, |range| objects.read(key, range)).await;
    if let Err(fault) = &contents
        && fault.class == FaultClass::ArchiveInvalid
    {
        objects.delete(key).await?;
    }
    contents
}

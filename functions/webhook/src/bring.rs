//! Brings a job's archive from the provider into the bucket, and looks whether it is whole.

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use model::{Archive, Fault, FaultClass, Job, Source, StoredFile};
use objects::{Existing, Key, Objects, Upload, Uploaded};
use transport::Downloader;

use crate::{
    watch::Watched,
    worker::Worker,
    zip::{self, Contents},
};

const ZIP: &str = "application/zip";

/// How a landing ended well enough to keep what came.
#[derive(Debug)]
pub(crate) enum Landing {
    /// Everything that was asked for.
    Whole { archive: Archive, files: Vec<StoredFile> },
    /// Less than was asked for.
    Short { archive: Archive, files: Vec<StoredFile>, fault: Fault },
}

/// Brings the files in. Doing it again changes nothing: an archive that is in the bucket is not fetched again.
/// `again` says that another landing of this job began before.
pub(crate) async fn bring(worker: &Worker, job: &Job, again: bool, watched: &Watched) -> Result<Landing, Fault> {
    let key = Key::Archive(job.provider.clone(), job.id);
    if again {
        // A killed worker could not abort its upload. Under our lease nobody else has one.
        worker.objects.abort_leftovers(&key).await;
    }
    let existing = match worker.objects.head(&key).await? {
        Some(existing) => existing,
        None => fetch(worker, job, &key, watched).await?,
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
    Ok(judged(job, Archive { file: file.clone(), entries: contents.files, expected: job.expected }, vec![file]))
}

/// Fewer files than were asked for is a partial success, with the numbers (contract 2.3: the archive silently
/// contains only what the provider found).
fn judged(job: &Job, archive: Archive, files: Vec<StoredFile>) -> Landing {
    match job.expected {
        Some(expected) if archive.entries < expected => {
            let (entries, missing) = (archive.entries, expected - archive.entries);
            let message = format!("the archive holds {entries} of {expected} files; {missing} are missing");
            Landing::Short { archive, files, fault: Fault::new(FaultClass::ArchiveIncomplete, message) }
        }
        _ => Landing::Whole { archive, files },
    }
}

async fn fetch(worker: &Worker, job: &Job, key: &Key, watched: &Watched) -> Result<Existing, Fault> {
    let provider = providers::find(job.provider.as_str())
        .ok_or_else(|| Fault::new(FaultClass::Internal, "the job's provider is not known any more"))?;
    let source: &Source =
        job.sources.first().ok_or_else(|| Fault::new(FaultClass::Internal, "the job has no source to fetch"))?;
    let downloader = Downloader::new(worker.config.guard(provider), worker.config.largest)?;
    let download = downloader.get(&source.url).await?;
    let upload = Upload { key, content_type: ZIP, length: download.length };
    let bytes = watched.count(download.length, zip_only(download.into_stream()));
    match worker.objects.upload(upload, bytes).await? {
        Uploaded::Stored { bytes, checksum } => Ok(Existing { bytes, checksum: Some(checksum) }),
        // Another worker, thought lost, was faster after all. Its object is as good as ours.
        Uploaded::AlreadyThere => worker.objects.head(key).await?.ok_or_else(|| {
            Fault::new(FaultClass::StorageUnavailable, "the archive was in the bucket a moment ago and is not now")
        }),
    }
}

/// Ends a stream that does not begin like a ZIP archive, before anything of it is stored.
fn zip_only(bytes: impl Stream<Item = Result<Bytes, Fault>> + Send) -> impl Stream<Item = Result<Bytes, Fault>> + Send {
    let mut start: Vec<u8> = Vec::with_capacity(4);
    bytes.map(move |piece| {
        let piece = piece?;
        if start.len() < 4 {
            start.extend(piece.iter().take(4 - start.len()));
            if !zip::may_begin_with(&start) {
                let message = "what the provider serves is not a ZIP archive";
                return Err(Fault::new(FaultClass::ArchiveInvalid, message));
            }
        }
        Ok(piece)
    })
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

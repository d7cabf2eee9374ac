//! Brings a job's archive from the provider into the bucket, and makes of it what was asked for.

use model::{Fault, FaultClass, Job, Source, StoredFile};
use objects::{Existing, Key, Uploaded};
use transport::Downloader;

use crate::{
    settle::{Landing, settle},
    transfer::{Checkpoint, Meter, Transfer},
    worker::Worker,
    zip,
};

const ZIP: &str = "application/zip";

/// Brings the files in. Doing it again changes nothing: an archive that is in the bucket is not fetched again.
/// `again` says that another landing of this job began before.
pub(crate) async fn bring(worker: &Worker, job: &Job, again: bool, meter: &Meter) -> Result<Landing, Fault> {
    let key = Key::Archive(job.provider.clone(), job.id);
    let mut checkpoint: Option<Checkpoint> = None;
    if again {
        checkpoint = worker.records.checkpoint(job.id, time::OffsetDateTime::now_utc()).await?;
        // A killed worker could not abort its uploads. Under our lease nobody else has one.
        let spared = checkpoint.as_ref().map(|checkpoint| checkpoint.upload_id.as_str());
        worker.objects.abort_leftovers(&key, spared).await;
    }
    let existing = match worker.objects.head(&key).await? {
        Some(existing) => existing,
        None => fetch(worker, job, &key, checkpoint, meter).await?,
    };
    let file = StoredFile {
        name: Key::ARCHIVE_NAME.to_owned(),
        key: worker.objects.key(&key),
        bytes: existing.bytes,
        content_type: ZIP.to_owned(),
        checksum: worker.objects.checksum_of(&key, existing).await?,
    };
    settle(worker, job, &key, file, again, meter).await
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
    let source: &Source = job
        .sources
        .first()
        .ok_or_else(|| Fault::new(FaultClass::Internal, "the job has no source to fetch"))?;
    let config = &worker.config;
    let transfer = Transfer {
        downloader: &Downloader::new(config.guard(provider), config.largest, &config.trusted_ca)?,
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
        Uploaded::AlreadyThere => worker.objects.there(key).await,
    }
}

fn like_a_zip(start: &[u8]) -> Result<(), Fault> {
    match zip::may_begin_with(start) {
        true => Ok(()),
        false => Err(Fault::new(FaultClass::ArchiveInvalid, "what the provider serves is not a ZIP archive")),
    }
}

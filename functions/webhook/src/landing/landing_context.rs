//! Brings what a provider made into the bucket: an archive, which is then unpacked, or a set of files.

use model::{Error, ErrorClass, Job, Source, SourceRole};
use providers::Provider;
use transport::Downloader;

use crate::{
    landing::{
        archive,
        completeness::LandingOutcome,
        file_set,
        transfer::{Checkpoint, LandingProgress},
    },
    worker::Worker,
};

/// What every way of bringing files in needs.
#[derive(Clone, Copy)]
pub(crate) struct LandingContext<'a> {
    pub(crate) worker: &'a Worker,
    pub(crate) job: &'a Job,
    /// Whether another landing of this job began before.
    pub(crate) again: bool,
    /// Whether the provider can be asked for other places of files that are gone.
    pub(crate) renewable: bool,
    pub(crate) meter: &'a LandingProgress,
    /// Where an earlier invocation stopped.
    pub(crate) checkpoint: Option<&'a Checkpoint>,
}

impl LandingContext<'_> {
    /// Reaches the hosts of the job's provider.
    pub(crate) fn downloader(&self) -> Result<Downloader, Error> {
        let config = &self.worker.config;
        Downloader::new(config.guard(provider(self.job)?), config.largest, &config.ca_bundle)
    }
}

/// Brings the files in. Doing it again changes nothing: what is in the bucket is not fetched again.
pub(crate) async fn bring(
    worker: &Worker,
    job: &Job,
    again: bool,
    renewable: bool,
    meter: &LandingProgress,
) -> Result<LandingOutcome, Error> {
    let sources = sources(worker, job).await?;
    let mut checkpoint: Option<Checkpoint> = None;
    if again {
        checkpoint = worker.records.checkpoint(job.id, time::OffsetDateTime::now_utc()).await?;
    }
    let bringing = LandingContext { worker, job, again, renewable, meter, checkpoint: checkpoint.as_ref() };
    // Boxed: both ways are long, and whoever lands would hold room for the longer one on the stack.
    match &sources[..] {
        [source] if source.role == SourceRole::Archive => {
            Box::pin(archive::bring(bringing, &source.url)).await
        }
        files => Box::pin(file_set::bring(bringing, files)).await,
    }
}

fn provider(job: &Job) -> Result<&'static dyn Provider, Error> {
    providers::find(job.provider.as_str())
        .ok_or_else(|| Error::new(ErrorClass::Internal, "the job's provider is not known any more"))
}

/// The job's sources, from the bucket if they are too many for its record.
async fn sources(worker: &Worker, job: &Job) -> Result<Vec<Source>, Error> {
    let [Source { role: SourceRole::List, url: key, .. }] = &job.sources[..] else {
        return Ok(job.sources.clone());
    };
    let gone = || Error::new(ErrorClass::Internal, "the list of the job's sources is gone from the bucket");
    let list = worker.objects.get(key).await?.ok_or_else(gone)?;
    serde_json::from_slice(&list).map_err(|e| gone().with_source(e))
}

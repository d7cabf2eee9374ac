//! What the steps of a landing share: its clients, its job and its progress.

use bucket::Bucket;
use http_client::Downloader;
use job_store::JobStore;
use model::{Error, Job};
use notifications::WorkflowNotifier;
use secrets::SecretStore;

use super::transfer::{Checkpoint, LandingProgress};
use crate::{
    clients::WorkerClients, config::WorkerConfig, polling::poll_request::Poller,
    provider_of_job::find_job_provider,
};

/// The clients that landings use.
#[derive(Debug, Clone, Copy)]
pub(super) struct LandingClients<'a> {
    pub(super) config: &'a WorkerConfig,
    pub(super) job_store: &'a JobStore,
    pub(super) bucket: &'a Bucket,
    pub(super) secrets: &'a SecretStore,
    pub(super) workflow_waiters: &'a WorkflowNotifier,
    pub(super) poller: Poller<'a>,
}

impl<'a> LandingClients<'a> {
    pub(super) fn new(clients: &'a WorkerClients) -> Self {
        Self {
            config: &clients.config,
            job_store: &clients.job_store,
            bucket: &clients.bucket,
            secrets: &clients.secrets,
            workflow_waiters: &clients.workflow_waiters,
            poller: Poller::new(clients),
        }
    }
}

/// What the transfer of a job's files needs, be it an archive or individual files.
#[derive(Clone, Copy)]
pub(super) struct LandingContext<'a> {
    pub(super) clients: LandingClients<'a>,
    pub(super) job: &'a Job,
    /// Whether an earlier attempt may have stored files.
    pub(super) is_retry: bool,
    /// Whether the provider can be polled for new URLs of missing files.
    pub(super) can_refresh_sources: bool,
    pub(super) progress: &'a LandingProgress,
    /// Where an earlier invocation stopped in the middle of a file.
    pub(super) checkpoint: Option<&'a Checkpoint>,
}

impl LandingContext<'_> {
    /// Creates the client that downloads from the hosts of the job's provider.
    pub(super) fn create_downloader(&self) -> Result<Downloader, Error> {
        let config = self.clients.config;
        let guard = config.download_guard(find_job_provider(self.job)?);
        Downloader::new(guard, config.max_archive_bytes, &config.ca_bundle)
    }
}

//! The clients of AWS and HTTP that the two roles use. No flow is imported here, so every flow can borrow from here.

use bucket::Bucket;
use http_client::{CallerWebhookClient, ProviderHttpClient};
use job_store::JobStore;
use model::Error;
use notifications::{EventBus, WorkflowNotifier};
use queues::{CallerWebhookQueue, DeliveryQueue, LongLandingQueue, SubmissionQueue};
use runtime::{AwsConfig, XrayDaemon};
use secrets::{SecretStore, TokenCache};

use crate::config::{StoreConfig, WorkerConfig};

/// The worker's configuration and clients. Each flow borrows those that it uses.
#[derive(Debug)]
pub(crate) struct WorkerClients {
    pub(crate) config: WorkerConfig,
    pub(crate) job_store: JobStore,
    pub(crate) bucket: Bucket,
    pub(crate) delivery_queue: DeliveryQueue,
    pub(crate) long_landing_queue: LongLandingQueue,
    pub(crate) submission_queue: SubmissionQueue,
    pub(crate) caller_webhook_queue: CallerWebhookQueue,
    pub(crate) caller_webhook_client: CallerWebhookClient,
    pub(crate) secrets: SecretStore,
    pub(crate) token_cache: TokenCache,
    pub(crate) sender: ProviderHttpClient,
    /// The event bus for the events of jobs, if one is configured.
    pub(crate) event_bus: Option<EventBus>,
    pub(crate) tracer: XrayDaemon,
    /// Notifies the workflows that wait for jobs.
    pub(crate) workflow_waiters: WorkflowNotifier,
}

impl WorkerClients {
    /// Creates the clients. Opens no connection.
    pub(crate) fn connect(aws: &AwsConfig, config: WorkerConfig, tracer: XrayDaemon) -> Result<Self, Error> {
        let event_bus =
            config.event_bus.as_ref().map(|bus| EventBus::new(&aws.service_config("EVENTBRIDGE"), bus));
        Ok(Self {
            job_store: JobStore::new(&aws.service_config("DYNAMODB"), &config.table)
                .with_event_publishing(event_bus.is_some()),
            event_bus,
            workflow_waiters: WorkflowNotifier::new(
                &aws.service_config("SFN"),
                &aws.service_config("LAMBDA"),
                &config.store.bucket,
            ),
            bucket: connect_bucket(aws, &config.store),
            delivery_queue: connect_delivery_queue(aws, &config.store),
            long_landing_queue: LongLandingQueue::new(
                &aws.service_config("SQS"),
                &config.long_landings_queue_url,
            ),
            submission_queue: SubmissionQueue::new(
                &aws.service_config("SQS"),
                &config.sweep.submissions_queue_url,
            ),
            caller_webhook_queue: CallerWebhookQueue::new(
                &aws.service_config("SQS"),
                &config.caller_webhooks_queue_url,
            ),
            caller_webhook_client: CallerWebhookClient::new(
                config.caller_webhook_guard(),
                &config.ca_bundle,
            )?,
            secrets: SecretStore::new(&aws.service_config("SECRETS_MANAGER"), &config.sweep.secret_id),
            token_cache: TokenCache::new(
                &aws.service_config("SECRETS_MANAGER"),
                &config.sweep.token_secret_id,
            ),
            sender: ProviderHttpClient::new()?,
            tracer,
            config,
        })
    }
}

/// The delivery queue of either role.
pub(crate) fn connect_delivery_queue(aws: &AwsConfig, config: &StoreConfig) -> DeliveryQueue {
    DeliveryQueue::new(&aws.service_config("SQS"), &config.queue_url)
}

/// The bucket of either role.
pub(crate) fn connect_bucket(aws: &AwsConfig, config: &StoreConfig) -> Bucket {
    Bucket::new(&aws.streaming_config("S3"), &config.bucket, &config.prefix, config.algorithm)
}

//! The clients of AWS and HTTP that the two roles use. No flow is imported here, so every flow can borrow from here.

use bucket::Bucket;
use http_client::{CallerWebhookClient, Sender};
use job_store::JobStore;
use model::Error;
use notifications::{EventBus, WorkflowWaiters};
use queues::{CallerWebhookQueue, DeliveryQueue, SubmissionQueue};
use runtime::{Aws, Tracer};
use secrets::{Secrets, TokenCache};

use crate::config::{StoreConfig, WorkerConfig};

/// The worker's configuration and clients. Each flow borrows those that it uses.
#[derive(Debug)]
pub(crate) struct WorkerClients {
    pub(crate) config: WorkerConfig,
    pub(crate) job_store: JobStore,
    pub(crate) bucket: Bucket,
    pub(crate) delivery_queue: DeliveryQueue,
    pub(crate) submission_queue: SubmissionQueue,
    pub(crate) caller_webhook_queue: CallerWebhookQueue,
    pub(crate) caller_webhook_client: CallerWebhookClient,
    pub(crate) secrets: Secrets,
    pub(crate) token_cache: TokenCache,
    pub(crate) sender: Sender,
    /// The event bus for the events of jobs, if one is configured.
    pub(crate) event_bus: Option<EventBus>,
    pub(crate) tracer: Tracer,
    /// Notifies the workflows that wait for jobs.
    pub(crate) workflow_waiters: WorkflowWaiters,
}

impl WorkerClients {
    /// Creates the clients. Opens no connection.
    pub(crate) fn connect(aws: &Aws, config: WorkerConfig, tracer: Tracer) -> Result<Self, Error> {
        let event_bus = config.event_bus.as_ref().map(|bus| EventBus::new(&aws.service("EVENTBRIDGE"), bus));
        Ok(Self {
            job_store: JobStore::new(&aws.service("DYNAMODB"), &config.table)
                .publishing_events(event_bus.is_some()),
            event_bus,
            workflow_waiters: WorkflowWaiters::new(
                &aws.service("SFN"),
                &aws.service("LAMBDA"),
                &config.store.bucket,
            ),
            bucket: connect_bucket(aws, &config.store),
            delivery_queue: connect_delivery_queue(aws, &config.store),
            submission_queue: SubmissionQueue::new(&aws.service("SQS"), &config.sweep.submissions_queue_url),
            caller_webhook_queue: CallerWebhookQueue::new(
                &aws.service("SQS"),
                &config.caller_webhooks_queue_url,
            ),
            caller_webhook_client: CallerWebhookClient::new(
                config.caller_webhook_guard(),
                &config.ca_bundle,
            )?,
            secrets: Secrets::new(&aws.service("SECRETS_MANAGER"), &config.sweep.secret_id),
            token_cache: TokenCache::new(&aws.service("SECRETS_MANAGER"), &config.sweep.token_secret_id),
            sender: Sender::new()?,
            tracer,
            config,
        })
    }
}

/// The delivery queue of either role.
pub(crate) fn connect_delivery_queue(aws: &Aws, config: &StoreConfig) -> DeliveryQueue {
    DeliveryQueue::new(&aws.service("SQS"), &config.queue_url)
}

/// The bucket of either role.
pub(crate) fn connect_bucket(aws: &Aws, config: &StoreConfig) -> Bucket {
    Bucket::new(&aws.streaming("S3"), &config.bucket, &config.prefix, config.algorithm)
}

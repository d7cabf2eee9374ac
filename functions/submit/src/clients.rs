//! The clients of the AWS services and of the providers, created once per execution environment.

use bucket::{PresignCredentials, Presigner};
use http_client::Sender;
use job_store::JobStore;
use model::{Error, JobId};
use notifications::{EventBus, WorkflowWaiters};
use provider_client::{ProviderClient, TokenSource};
use providers::Provider;
use queues::{CallerWebhookQueue, DeliveryQueue, SubmissionQueue};
use runtime::{Aws, Environment, Tracer};
use secrets::{Secrets, TokenCache};
use time::OffsetDateTime;

use crate::config::Config;

/// The configuration and every client that the use cases share.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) config: Config,
    pub(crate) job_store: JobStore,
    pub(crate) secrets: Secrets,
    pub(crate) token_cache: TokenCache,
    pub(crate) sender: Sender,
    pub(crate) submission_queue: SubmissionQueue,
    pub(crate) delivery_queue: DeliveryQueue,
    pub(crate) caller_webhook_queue: CallerWebhookQueue,
    pub(crate) event_bus: Option<EventBus>,
    pub(crate) tracer: Tracer,
    pub(crate) workflow_waiters: WorkflowWaiters,
    pub(crate) presigner: Presigner,
}

impl Clients {
    /// Reads the configuration and creates the clients. Opens no connection.
    ///
    /// # Errors
    /// [`model::ErrorClass::Misconfigured`] naming the variable.
    pub(crate) fn connect(environment: &Environment) -> Result<Self, Error> {
        let config = Config::read(environment)?;
        let aws = Aws::new(environment)?;
        let event_bus =
            config.event_bus_name.as_ref().map(|bus| EventBus::new(&aws.service("EVENTBRIDGE"), bus));
        let presign_credentials = presign_credentials(environment, &config, &aws);
        Ok(Self {
            job_store: JobStore::new(&aws.service("DYNAMODB"), &config.table)
                .publishing_events(event_bus.is_some()),
            event_bus,
            tracer: Tracer::connect(environment),
            workflow_waiters: WorkflowWaiters::new(
                &aws.service("SFN"),
                &aws.service("LAMBDA"),
                &config.bucket,
            ),
            secrets: Secrets::new(&aws.service("SECRETS_MANAGER"), &config.secret_id),
            token_cache: TokenCache::new(&aws.service("SECRETS_MANAGER"), &config.token_secret_id),
            sender: Sender::new()?,
            caller_webhook_queue: CallerWebhookQueue::new(
                &aws.service("SQS"),
                &config.caller_webhooks_queue_url,
            ),
            presigner: Presigner::new(&aws.service("S3"), &config.bucket, presign_credentials),
            delivery_queue: DeliveryQueue::new(&aws.service("SQS"), &config.delivery_queue_url),
            submission_queue: SubmissionQueue::new(&aws.service("SQS"), &config.submissions_queue_url),
            config,
        })
    }

    /// A client of the provider's API for an invocation that ends at `deadline`. `job` is the job that the requests are
    /// about, if there is one.
    pub(crate) fn provider_client(
        &self,
        provider: &'static dyn Provider,
        job: Option<JobId>,
        deadline: OffsetDateTime,
    ) -> ProviderClient<'_> {
        let api_url = self.config.providers.api_url(provider.name());
        ProviderClient {
            sender: &self.sender,
            timeout: self.config.provider_timeout,
            deadline,
            rate_limiter: None,
            token_source: TokenSource {
                secrets: &self.secrets,
                tokens: &self.token_cache,
                provider,
                api_url,
            },
            authorizes: true,
            job,
            waits: true,
        }
    }
}

fn presign_credentials(environment: &Environment, config: &Config, aws: &Aws) -> PresignCredentials {
    match (&config.link_role_arn, environment.maybe("AWS_SESSION_TOKEN")) {
        (Some(role), _) => PresignCredentials::role(&aws.service("STS"), role),
        (None, Some(_)) => PresignCredentials::OwnTemporary,
        (None, None) => PresignCredentials::OwnLasting,
    }
}

//! The clients of the AWS services and of the providers, created once per execution environment.

use bucket::{PresignCredentials, Presigner};
use http_client::ProviderHttpClient;
use job_store::JobStore;
use model::{Error, JobId};
use notifications::{EventBus, WorkflowNotifier};
use provider_client::{ProviderClient, TokenSource};
use providers::Provider;
use queues::{CallerWebhookQueue, DeliveryQueue, FailedInvocationQueue, SubmissionQueue};
use runtime::{AwsConfig, Environment, XrayDaemon};
use secrets::{SecretStore, TokenCache};
use time::OffsetDateTime;

use crate::{config::Config, submission::document_download::DocumentDownloader};

/// The configuration and every client that the use cases share.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) config: Config,
    pub(crate) job_store: JobStore,
    pub(crate) secrets: SecretStore,
    pub(crate) token_cache: TokenCache,
    pub(crate) sender: ProviderHttpClient,
    pub(crate) submission_queue: SubmissionQueue,
    pub(crate) failed_invocation_queue: FailedInvocationQueue,
    pub(crate) delivery_queue: DeliveryQueue,
    pub(crate) caller_webhook_queue: CallerWebhookQueue,
    pub(crate) event_bus: Option<EventBus>,
    pub(crate) tracer: XrayDaemon,
    pub(crate) workflow_waiters: WorkflowNotifier,
    pub(crate) presigner: Presigner,
    pub(crate) documents: DocumentDownloader,
}

impl Clients {
    /// Reads the configuration and creates the clients. Opens no connection.
    ///
    /// # Errors
    /// [`model::ErrorClass::Misconfigured`] naming the variable.
    pub(crate) fn connect(environment: &Environment) -> Result<Self, Error> {
        let config = Config::read(environment)?;
        let aws = AwsConfig::new(environment)?;
        let event_bus =
            config.event_bus_name.as_ref().map(|bus| EventBus::new(&aws.service_config("EVENTBRIDGE"), bus));
        let presign_credentials = presign_credentials(environment, &config, &aws);
        Ok(Self {
            job_store: JobStore::new(&aws.service_config("DYNAMODB"), &config.table)
                .with_event_publishing(event_bus.is_some()),
            event_bus,
            tracer: XrayDaemon::connect(environment),
            workflow_waiters: WorkflowNotifier::new(
                &aws.service_config("SFN"),
                &aws.service_config("LAMBDA"),
                &config.bucket,
            ),
            secrets: SecretStore::new(&aws.service_config("SECRETS_MANAGER"), &config.secret_id),
            token_cache: TokenCache::new(&aws.service_config("SECRETS_MANAGER"), &config.token_secret_id),
            sender: ProviderHttpClient::new()?,
            documents: DocumentDownloader::new(config.document_guard.clone(), &config.ca_bundle)?,
            caller_webhook_queue: CallerWebhookQueue::new(
                &aws.service_config("SQS"),
                &config.caller_webhooks_queue_url,
            ),
            presigner: Presigner::new(&aws.service_config("S3"), &config.bucket, presign_credentials),
            failed_invocation_queue: FailedInvocationQueue::new(
                &aws.service_config("SQS"),
                &config.failed_invocations_queue_url,
            ),
            delivery_queue: DeliveryQueue::new(&aws.service_config("SQS"), &config.delivery_queue_url),
            submission_queue: SubmissionQueue::new(&aws.service_config("SQS"), &config.submissions_queue_url),
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
            response_timeout: self.config.provider_timeout,
            deadline,
            rate_limiter: None,
            token_source: TokenSource {
                secrets: &self.secrets,
                token_cache: &self.token_cache,
                provider,
                api_url,
            },
            can_authorize: true,
            job_id: job,
            waits_before_retry: true,
        }
    }
}

fn presign_credentials(environment: &Environment, config: &Config, aws: &AwsConfig) -> PresignCredentials {
    match (&config.link_role_arn, environment.optional("AWS_SESSION_TOKEN")) {
        (Some(role), _) => PresignCredentials::from_role(&aws.service_config("STS"), role),
        (None, Some(_)) => PresignCredentials::FunctionTemporary,
        (None, None) => PresignCredentials::FunctionPermanent,
    }
}

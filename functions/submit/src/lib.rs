//! The function that takes jobs: claims them, asks the provider in its turn, records the provider job id, shows, retries and
//! cancels them. It also does what an operator needs of a provider.

mod command;
mod config;
mod http;
mod jobs;
mod operator;
mod response;
mod submission;

use bucket::{PresignCredentials, Presigner};
use job_store::JobStore;
use model::{Error, Job};
use notifications::{EventBus, WorkflowWaiters};
use providers::Provider;
use queues::{CallerWebhookQueue, DeliveryQueue, SubmissionQueue};
use runtime::{Aws, Environment, EventSource, Failure, Segment, Tracer};
use serde_json::Value;
use time::OffsetDateTime;
use transport::{Secrets, Sender, TokenCache};

pub use command::Command;
pub use config::Config;
pub use jobs::download_link::{LinkRequest, LinkTarget};
pub use jobs::list_query::ListQuery;
use operator::check::CheckUseCase;
pub use operator::operator_command::{OperatorCommand, SigningCommand, WebhookSecretAction};
use operator::signing_secret::SigningSecretUseCase;
use response::CommandResponse;

/// The function with everything it uses.
#[derive(Debug)]
pub struct App {
    config: Config,
    records: JobStore,
    secrets: Secrets,
    tokens: TokenCache,
    sender: Sender,
    submissions: SubmissionQueue,
    inbox: DeliveryQueue,
    caller_webhooks: CallerWebhookQueue,
    events: Option<EventBus>,
    tracer: Tracer,
    workflows: WorkflowWaiters,
    links: Presigner,
}

impl App {
    /// Reads the configuration and makes the clients. Opens no connection.
    ///
    /// # Errors
    /// [`model::ErrorClass::Misconfigured`] naming the variable.
    pub fn connect(environment: &Environment) -> Result<Self, Error> {
        let config = Config::read(environment)?;
        let aws = Aws::new(environment)?;
        let events = config.event_bus.as_ref().map(|bus| EventBus::new(&aws.service("EVENTBRIDGE"), bus));
        Ok(Self {
            records: JobStore::new(&aws.service("DYNAMODB"), &config.table)
                .publishing_events(events.is_some()),
            events,
            tracer: Tracer::connect(environment),
            workflows: WorkflowWaiters::new(&aws.service("SFN"), &aws.service("LAMBDA"), &config.bucket),
            secrets: Secrets::new(&aws.service("SECRETS_MANAGER"), &config.secret_id),
            tokens: TokenCache::new(&aws.service("SECRETS_MANAGER"), &config.token_secret_id),
            sender: Sender::new()?,
            caller_webhooks: CallerWebhookQueue::new(&aws.service("SQS"), &config.caller_webhooks_queue_url),
            links: Presigner::new(
                &aws.service("S3"),
                &config.bucket,
                link_signer(environment, &config, &aws),
            ),
            inbox: DeliveryQueue::new(&aws.service("SQS"), &config.delivery_queue_url),
            submissions: SubmissionQueue::new(&aws.service("SQS"), &config.submissions_queue_url),
            config,
        })
    }

    /// Answers one invocation, which Lambda ends at `deadline`.
    ///
    /// # Errors
    /// A direct invocation that failed. Over HTTP every failure is an answer.
    pub async fn handle(&self, event: Value, deadline: OffsetDateTime) -> Result<Value, Failure> {
        match EventSource::read(event)? {
            EventSource::Http(request) => Ok(http::answer(self, &request, deadline).await.into_event()),
            EventSource::Direct(command, fields) if OperatorCommand::is_named(&command) => {
                Ok(self.operate(OperatorCommand::direct(&command, fields)?, deadline).await?)
            }
            EventSource::Direct(command, fields) => {
                Ok(self.carry_out(Command::direct(&command, fields)?, deadline).await?.into_json())
            }
            EventSource::Queue(messages) => Ok(self.work(messages, deadline).await.into_event()),
        }
    }

    /// From an operator's command to its use case.
    async fn operate(&self, operation: OperatorCommand, deadline: OffsetDateTime) -> Result<Value, Error> {
        let signing = |provider: &'static dyn Provider| SigningSecretUseCase {
            provider,
            api_url: self.config.providers.api_url(provider.name()),
            secrets: &self.secrets,
            provider_client: self.provider_client(provider, None, deadline),
        };
        match operation {
            OperatorCommand::WebhookSecret(action) => {
                operator::webhook_secret::carry_out(&self.secrets, action).await
            }
            OperatorCommand::SigningSecret(provider, command) => signing(provider).carry_out(command).await,
            OperatorCommand::Check(provider, fields) => {
                let checkup =
                    CheckUseCase { config: &self.config, records: &self.records, signing: signing(provider) };
                checkup.carry_out(fields).await
            }
        }
    }

    /// From command to use case.
    async fn carry_out(&self, command: Command, deadline: OffsetDateTime) -> Result<CommandResponse, Error> {
        Ok(match command {
            Command::Submit(request) => {
                let segment = Segment::of(runtime::trace().as_ref(), "Landfall submission").as_part();
                let submitted = self.submit(*request, deadline).await;
                self.trace(segment, submitted.as_ref());
                CommandResponse::Made(submitted?)
            }
            Command::Get(id) => {
                let (job, deliveries) = self.whole(id).await?;
                CommandResponse::Whole(job, deliveries)
            }
            Command::List(listing) => CommandResponse::Jobs(self.list(&listing).await?),
            Command::Link(wish) => CommandResponse::Link(self.link(wish).await?),
            Command::Retry { job, resubmit: false } => CommandResponse::GoesOn(self.retry(job).await?),
            Command::Retry { job, resubmit: true } => {
                CommandResponse::GoesOn(self.resubmit(job, deadline).await?)
            }
            Command::Cancel(id) => CommandResponse::Job(self.cancel(id, deadline).await?),
            Command::Replay { job, delivery } => {
                CommandResponse::GoesOn(self.replay(job, delivery.as_deref()).await?)
            }
        })
    }

    /// Tells the trace of a request what came of it.
    fn trace(&self, mut segment: Segment, submitted: Result<&Job, &Error>) {
        match submitted {
            Ok(job) => {
                segment.note("job_id", job.id.to_string());
                segment.note("provider", job.provider.as_str());
                segment.note("status", job.status.as_str());
            }
            Err(error) => {
                segment.note("error", error.class.name());
                segment.failed();
            }
        }
        self.tracer.send(segment);
    }
}

fn link_signer(environment: &Environment, config: &Config, aws: &Aws) -> PresignCredentials {
    match (&config.link_role, environment.maybe("AWS_SESSION_TOKEN")) {
        (Some(role), _) => PresignCredentials::role(&aws.service("STS"), role),
        (None, Some(_)) => PresignCredentials::OwnTemporary,
        (None, None) => PresignCredentials::OwnLasting,
    }
}

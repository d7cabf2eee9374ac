//! The function that takes jobs: claims them, asks the provider in its turn, records the ticket, shows, retries and
//! cancels them. It also does what an operator needs of a provider.

mod answer;
mod ask;
mod call;
mod check;
mod claiming;
mod command;
mod config;
mod cursor;
mod done;
mod http_api;
mod jobs;
mod known;
mod link;
mod list;
mod listing;
mod operation;
mod queued;
mod record;
mod request;
mod retry;
mod route;
mod signing;
mod submit;
mod wait;

use inbox::{Inbox, Submissions};
use lambda::{Aws, Environment, Failure, Trigger};
use model::Fault;
use notify::Events;
use objects::{LinkSigner, Links};
use providers::Provider;
use records::Records;
use serde_json::Value;
use time::OffsetDateTime;
use transport::{Secrets, Sender};

use answer::Answer;
use check::Checkup;
pub use command::Command;
pub use config::Config;
pub use link::{LinkWish, Linked};
pub use listing::Listing;
pub use operation::{Operation, SigningCommand};
use signing::Signing;

/// The function with everything it uses.
#[derive(Debug)]
pub struct App {
    config: Config,
    records: Records,
    secrets: Secrets,
    sender: Sender,
    submissions: Submissions,
    inbox: Inbox,
    events: Option<Events>,
    links: Links,
}

impl App {
    /// Reads the configuration and makes the clients. Opens no connection.
    ///
    /// # Errors
    /// [`model::FaultClass::Misconfigured`] naming the variable.
    pub fn connect(environment: &Environment) -> Result<Self, Fault> {
        let config = Config::read(environment)?;
        let aws = Aws::new(environment)?;
        let events = config.event_bus.as_ref().map(|bus| Events::new(&aws.service("EVENTBRIDGE"), bus));
        Ok(Self {
            records: Records::new(&aws.service("DYNAMODB"), &config.table).announcing(events.is_some()),
            events,
            secrets: Secrets::new(&aws.service("SECRETS_MANAGER"), &config.secret_id),
            sender: Sender::new()?,
            links: Links::new(&aws.service("S3"), &config.bucket, link_signer(environment, &config, &aws)),
            inbox: Inbox::new(&aws.service("SQS"), &config.inbox_queue_url),
            submissions: Submissions::new(&aws.service("SQS"), &config.submissions_queue_url),
            config,
        })
    }

    /// Answers one invocation, which Lambda ends at `deadline`.
    ///
    /// # Errors
    /// A direct invocation that failed. Over HTTP every failure is an answer.
    pub async fn handle(&self, event: Value, deadline: OffsetDateTime) -> Result<Value, Failure> {
        match Trigger::read(event)? {
            Trigger::Http(request) => Ok(http_api::answer(self, &request, deadline).await.into_event()),
            Trigger::Direct(command, fields) if Operation::is_named(&command) => {
                Ok(self.operate(Operation::direct(&command, fields)?, deadline).await?)
            }
            Trigger::Direct(command, fields) => {
                Ok(self.carry_out(Command::direct(&command, fields)?, deadline).await?.into_json())
            }
            Trigger::Queue(messages) => Ok(self.work(messages, deadline).await.into_event()),
        }
    }

    /// From an operator's command to its use case.
    async fn operate(&self, operation: Operation, deadline: OffsetDateTime) -> Result<Value, Fault> {
        let signing = |provider: &'static dyn Provider| Signing {
            provider,
            api_url: self.config.providers.api_url(provider.name()),
            secrets: &self.secrets,
            line: self.line(provider, deadline),
        };
        match operation {
            Operation::SigningSecret(provider, command) => signing(provider).carry_out(command).await,
            Operation::Check(provider, fields) => {
                let checkup =
                    Checkup { config: &self.config, records: &self.records, signing: signing(provider) };
                checkup.carry_out(fields).await
            }
        }
    }

    /// From command to use case.
    async fn carry_out(&self, command: Command, deadline: OffsetDateTime) -> Result<Answer, Fault> {
        Ok(match command {
            Command::Submit(request) => Answer::Made(self.submit(request, deadline).await?),
            Command::Get(id) => {
                let (job, deliveries) = self.whole(id).await?;
                Answer::Whole(job, deliveries)
            }
            Command::List(listing) => Answer::Jobs(self.list(&listing).await?),
            Command::Link(wish) => Answer::Link(self.link(wish).await?),
            Command::Retry { job, resubmit: false } => Answer::GoesOn(self.retry(job).await?),
            Command::Retry { job, resubmit: true } => Answer::GoesOn(self.resubmit(job, deadline).await?),
            Command::Cancel(id) => Answer::Job(self.cancel(id, deadline).await?),
            Command::Replay { job, delivery } => Answer::GoesOn(self.replay(job, delivery.as_deref()).await?),
        })
    }
}

fn link_signer(environment: &Environment, config: &Config, aws: &Aws) -> LinkSigner {
    match (&config.link_role, environment.maybe("AWS_SESSION_TOKEN")) {
        (Some(role), _) => LinkSigner::role(&aws.service("STS"), role),
        (None, Some(_)) => LinkSigner::OwnTemporary,
        (None, None) => LinkSigner::OwnLasting,
    }
}

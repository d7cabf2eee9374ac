//! The function that takes jobs: claims them, asks the provider, records the ticket, and shows them. It also does
//! what an operator needs of a provider.

mod ask;
mod check;
mod claiming;
mod command;
mod config;
mod http_api;
mod inquire;
mod jobs;
mod known;
mod operation;
mod request;
mod signing;
mod submit;

use lambda::{Aws, Environment, Failure, HttpReply, Trigger};
use model::{Fault, Job, JobView};
use records::Records;
use serde_json::{Value, json};
use time::OffsetDateTime;
use transport::{Secrets, Sender};

use check::Checkup;
pub use command::Command;
pub use config::Config;
use inquire::Line;
pub use operation::{Operation, SigningCommand};
use signing::Signing;

/// The function with everything it uses.
#[derive(Debug)]
pub struct App {
    config: Config,
    records: Records,
    secrets: Secrets,
    sender: Sender,
}

impl App {
    /// Reads the configuration and makes the clients. Opens no connection.
    ///
    /// # Errors
    /// [`model::FaultClass::Misconfigured`] naming the variable.
    pub fn connect(environment: &Environment) -> Result<Self, Fault> {
        let config = Config::read(environment)?;
        let aws = Aws::new(environment)?;
        Ok(Self {
            records: Records::new(&aws.service("DYNAMODB"), &config.table),
            secrets: Secrets::new(&aws.service("SECRETS_MANAGER"), &config.secret_id),
            sender: Sender::new()?,
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
                let job = self.carry_out(Command::direct(&command, fields)?, deadline).await?;
                Ok(json!(JobView::from(&job)))
            }
            Trigger::Queue(_) => Err(Fault::invalid("Records", "this function reads no queue").into()),
        }
    }

    /// From an operator's command to its use case.
    async fn operate(&self, operation: Operation, deadline: OffsetDateTime) -> Result<Value, Fault> {
        let signing = |provider| Signing {
            provider,
            api_url: self.config.api_url(provider),
            secrets: &self.secrets,
            line: Line { sender: &self.sender, timeout: self.config.provider_timeout, deadline },
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
    async fn carry_out(&self, command: Command, deadline: OffsetDateTime) -> Result<Job, Fault> {
        match command {
            Command::Submit(request) => {
                submit::submit(&self.config, &self.records, &self.secrets, &self.sender, request, deadline)
                    .await
            }
            Command::Get(id) => jobs::get(&self.records, id).await,
        }
    }
}

/// A job as an HTTP answer.
fn shown(status: u16, job: &Job) -> HttpReply {
    HttpReply::json(status, &JobView::from(job))
}

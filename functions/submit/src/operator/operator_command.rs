//! The commands of an operator. Only a direct invocation carries them: the HTTP API is for callers who submit jobs.

use model::Error;
use providers::{Provider, SigningAction};
use serde_json::{Map, Value};

use crate::parse_command_fields::CommandFields;

const SIGNING_SECRET: &str = "signing_secret";
const CHECK: &str = "check";
const WEBHOOK_SECRET: &str = "webhook_secret";
const COMPLETE_SECRET: &str = "complete_secret";
const READ_CREDITS: &str = "read_credits";
const SUBSCRIPTION: &str = "subscription";
const FAILED_INVOCATIONS: &str = "failed_invocations";

/// An operator's command.
pub enum OperatorCommand {
    /// Manage the signing secret of the provider.
    SigningSecret(&'static dyn Provider, SigningCommand),
    /// Manage the subscription of the workspace to an event of the provider.
    Subscription(&'static dyn Provider, SubscriptionCommand),
    /// Check configuration, credentials and connectivity. The fields are the provider's.
    Check(&'static dyn Provider, Map<String, Value>),
    /// Manage the secrets that sign callers' webhooks.
    WebhookSecret(WebhookSecretAction),
    /// Add what Landfall's secret lacks. The schedule of `template.yaml` sends it.
    CompleteSecret,
    /// Read the credits that the accounts at the providers have left. The schedule of `template.yaml` sends it.
    ReadCredits,
    /// List, redrive or discard asynchronous invocations that failed.
    FailedInvocations(FailedInvocationsAction),
}

/// An action on the asynchronous invocations that failed. An invocation is named by its request id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailedInvocationsAction {
    /// Show what failed and why.
    List,
    /// Run this invocation again, or all of them.
    Redrive(Option<String>),
    /// Delete this invocation.
    Discard(String),
}

impl FailedInvocationsAction {
    fn read(fields: Map<String, Value>) -> Result<Self, Error> {
        let mut fields = CommandFields(fields);
        let (action, id) = (fields.take_string("action")?, fields.take_string("request_id")?);
        fields.finish()?;
        match (action.as_deref(), id) {
            (Some("list"), None) => Ok(Self::List),
            (Some("redrive"), id) => Ok(Self::Redrive(id)),
            (Some("discard"), Some(id)) => Ok(Self::Discard(id)),
            (Some("list"), Some(_)) => Err(Error::invalid("request_id", "\"list\" shows all invocations")),
            (Some("discard"), None) => {
                Err(Error::invalid("request_id", "expected the request id of the invocation to discard"))
            }
            _ => Err(Error::invalid("action", "expected \"list\", \"redrive\" or \"discard\"")),
        }
    }
}

/// An action on the secrets that sign callers' webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookSecretAction {
    /// Show their fingerprints.
    Status,
    /// Create a new one, or the first. The previous one continues to sign beside it.
    Rotate,
    /// Remove every secret but the newest.
    Revoke,
}

impl WebhookSecretAction {
    fn read(fields: Map<String, Value>) -> Result<Self, Error> {
        let mut fields = CommandFields(fields);
        let action = fields.take("action");
        fields.finish()?;
        match action.as_ref().and_then(Value::as_str) {
            Some("status") => Ok(Self::Status),
            Some("rotate") => Ok(Self::Rotate),
            Some("revoke") => Ok(Self::Revoke),
            _ => Err(Error::invalid("action", "expected \"rotate\", \"revoke\" or \"status\"")),
        }
    }

    /// The action's name in a command and in its response.
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Rotate => "rotate",
            Self::Revoke => "revoke",
        }
    }
}

/// A command on the subscription to one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionCommand {
    /// The event, one of [`Provider::subscription_events`].
    pub event: &'static str,
    /// Whether the subscription is to exist.
    pub is_wanted: bool,
}

impl SubscriptionCommand {
    fn read(provider: &dyn Provider, fields: Map<String, Value>) -> Result<Self, Error> {
        let mut fields = CommandFields(fields);
        let (action, event) = (fields.take_string("action")?, fields.take_string("event")?);
        fields.finish()?;
        let events = provider.subscription_events();
        if events.is_empty() {
            return Err(Error::invalid("provider", "this provider has no subscription service"));
        }
        let is_wanted = match action.as_deref() {
            Some("subscribe") => true,
            Some("unsubscribe") => false,
            _ => return Err(Error::invalid("action", "expected \"subscribe\" or \"unsubscribe\"")),
        };
        let event = events.iter().copied().find(|known| Some(*known) == event.as_deref());
        let expected = || Error::invalid("event", format!("expected one of: {}", events.join(", ")));
        Ok(Self { event: event.ok_or_else(expected)?, is_wanted })
    }
}

/// An action on the signing secret of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningCommand {
    /// Show its status. Changes nothing at Landfall or at the provider.
    Status,
    /// Run this action at the provider, and store the resulting secret.
    Run(SigningAction),
}

impl SigningCommand {
    /// The action's name in a command and in its response.
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Run(SigningAction::Fetch) => "fetch",
            Self::Run(SigningAction::Rotate { .. }) => "rotate",
            Self::Run(SigningAction::Revoke) => "revoke",
        }
    }
}

impl std::fmt::Debug for OperatorCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, provider) = match self {
            Self::SigningSecret(provider, _) => ("SigningSecret", provider),
            Self::Check(provider, _) => ("Check", provider),
            Self::Subscription(provider, _) => ("Subscription", provider),
            Self::CompleteSecret => return f.write_str("CompleteSecret"),
            Self::ReadCredits => return f.write_str("ReadCredits"),
            Self::FailedInvocations(action) => {
                return f.debug_tuple("FailedInvocations").field(action).finish();
            }
            Self::WebhookSecret(action) => return f.debug_tuple("WebhookSecret").field(action).finish(),
        };
        f.debug_tuple(name).field(&provider.name()).finish()
    }
}

impl OperatorCommand {
    /// Whether this is the name of an operator command.
    pub fn is_operator_command(name: &str) -> bool {
        [
            SIGNING_SECRET,
            CHECK,
            WEBHOOK_SECRET,
            COMPLETE_SECRET,
            READ_CREDITS,
            SUBSCRIPTION,
            FAILED_INVOCATIONS,
        ]
        .contains(&name)
    }

    /// Reads a direct invocation: `{"command": "signing_secret", "provider": …, "action": …, "force": …}`,
    /// `{"command": "subscription", "provider": …, "action": …, "event": …}`,
    /// `{"command": "check", "provider": …, …}`, `{"command": "webhook_secret", "action": …}`,
    /// `{"command": "complete_secret"}`, `{"command": "read_credits"}` or
    /// `{"command": "failed_invocations", "action": …, "request_id": …}`.
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] naming the field.
    pub fn read_invocation(name: &str, mut fields: Map<String, Value>) -> Result<Self, Error> {
        if name == WEBHOOK_SECRET {
            return WebhookSecretAction::read(fields).map(Self::WebhookSecret);
        }
        if name == COMPLETE_SECRET {
            return CommandFields(fields).finish().map(|()| Self::CompleteSecret);
        }
        if name == READ_CREDITS {
            return CommandFields(fields).finish().map(|()| Self::ReadCredits);
        }
        if name == FAILED_INVOCATIONS {
            return FailedInvocationsAction::read(fields).map(Self::FailedInvocations);
        }
        let provider = fields.remove("provider");
        let provider = provider.as_ref().and_then(Value::as_str).and_then(providers::find_provider);
        let provider =
            provider.ok_or_else(|| Error::invalid("provider", "expected the name of a provider"))?;
        if name == CHECK {
            return Ok(Self::Check(provider, fields));
        }
        if name == SUBSCRIPTION {
            let command = SubscriptionCommand::read(provider, fields)?;
            return Ok(Self::Subscription(provider, command));
        }
        let mut fields = CommandFields(fields);
        let (action, force) = (fields.take("action"), fields.take_bool("force")?);
        fields.finish()?;
        let command = read_signing_command(action.as_ref().and_then(Value::as_str), force)?;
        Ok(Self::SigningSecret(provider, command))
    }
}

fn read_signing_command(action: Option<&str>, force: Option<bool>) -> Result<SigningCommand, Error> {
    let command = match action {
        Some("status") => SigningCommand::Status,
        Some("fetch") => SigningCommand::Run(SigningAction::Fetch),
        Some("rotate") => SigningCommand::Run(SigningAction::Rotate { force: force.unwrap_or(false) }),
        Some("revoke") => SigningCommand::Run(SigningAction::Revoke),
        _ => {
            return Err(Error::invalid("action", "expected \"fetch\", \"rotate\", \"revoke\" or \"status\""));
        }
    };
    if force == Some(true) && command.name() != "rotate" {
        return Err(Error::invalid("force", "only a rotation can be forced"));
    }
    Ok(command)
}

//! Calls the use case of an operator command.

use model::Error;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    clients::Clients,
    operator::{
        deployment_check::DeploymentCheck, failed_invocations::FailedInvocations,
        operator_command::OperatorCommand, provider_credits::run_read_credits,
        provider_signing_secret::SigningSecretManager, secret_completion::run_complete_secret,
        webhook_signing_secret::manage_webhook_secrets, workspace_subscription::SubscriptionManager,
    },
};

/// Runs an operator command in an invocation that Lambda ends at `deadline`.
///
/// # Errors
/// The error of the use case.
pub(crate) async fn run_operator_command(
    clients: &Clients,
    command: OperatorCommand,
    deadline: OffsetDateTime,
) -> Result<Value, Error> {
    match command {
        OperatorCommand::FailedInvocations(action) => {
            Box::pin(FailedInvocations::new(clients, deadline).run(action)).await
        }
        OperatorCommand::WebhookSecret(action) => manage_webhook_secrets(&clients.secrets, action).await,
        OperatorCommand::CompleteSecret => run_complete_secret(&clients.secrets).await,
        OperatorCommand::ReadCredits => run_read_credits(clients, deadline).await,
        OperatorCommand::SigningSecret(provider, command) => {
            SigningSecretManager::new(clients, provider, deadline).run(command).await
        }
        OperatorCommand::Subscription(provider, command) => {
            SubscriptionManager::new(clients, provider, deadline).run(command).await
        }
        OperatorCommand::Check(provider, fields) => {
            let check = DeploymentCheck {
                config: &clients.config,
                job_store: &clients.job_store,
                signing_secret: SigningSecretManager::new(clients, provider, deadline),
                subscriptions: SubscriptionManager::new(clients, provider, deadline),
            };
            check.run(fields).await
        }
    }
}

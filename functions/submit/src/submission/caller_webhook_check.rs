//! Checks that a caller's webhook can be called and signed, before a job with such a webhook is created.

use model::{Error, NotifyTargets};
use url::Url;

use crate::{clients::Clients, operator::webhook_signing_secret::ensure_webhook_secret};

/// Checks the webhook URL of a request, if it has one.
///
/// # Errors
/// [`model::ErrorClass::InvalidRequest`] for a URL that the SSRF guard blocks,
/// [`model::ErrorClass::WebhookSecretMissing`] when the stored secrets cannot sign; otherwise why none could be stored.
pub(crate) async fn check_caller_webhook(clients: &Clients, targets: &NotifyTargets) -> Result<(), Error> {
    let Some(url) = &targets.webhook_url else { return Ok(()) };
    let invalid = |why: String| Error::invalid("notify.webhook_url", why);
    let url = Url::parse(url.expose()).map_err(|_| invalid("expected an https URL".into()))?;
    clients.config.caller_webhook_guard.check_url(&url).map_err(invalid)?;
    ensure_webhook_secret(&clients.secrets).await
}

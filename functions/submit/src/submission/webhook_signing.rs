//! Whether it can be promised that a caller is told by its own webhook.

use model::{Error, NotifyTargets};
use url::Url;

use crate::{App, operator::webhook_secret};

impl App {
    /// Makes sure that a caller can be told at this URL, before a job is made that promises it.
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] for a URL that the guard refuses, [`model::ErrorClass::WebhookSecretMissing`]
    /// when there is nothing to sign with.
    pub(crate) async fn can_be_told(&self, audience: &NotifyTargets) -> Result<(), Error> {
        let Some(url) = &audience.webhook_url else { return Ok(()) };
        let refused = |why: String| Error::invalid("notify.webhook_url", why);
        let url = Url::parse(url.expose()).map_err(|_| refused("expected an https URL".into()))?;
        self.config.callers.judge(&url).map_err(refused)?;
        webhook_secret::there_is_one(&self.secrets).await
    }
}

//! What a caller is told by its own webhook: whether that can be promised, and the way to the queue.

use inbox::CallerWebhook;
use model::{Audience, Fault, Job, Told};
use notify::Webhook;
use url::Url;

use crate::{App, webhook_secret};

impl App {
    /// Makes sure that a caller can be told at this URL, before a job is made that promises it.
    ///
    /// # Errors
    /// [`model::FaultClass::InvalidRequest`] for a URL that the guard refuses, [`model::FaultClass::Misconfigured`]
    /// when there is nothing to sign with.
    pub(crate) async fn can_be_told(&self, audience: &Audience) -> Result<(), Fault> {
        let Some(url) = &audience.webhook_url else { return Ok(()) };
        let refused = |why: String| Fault::invalid("notify.webhook_url", why);
        let url = Url::parse(url.expose()).map_err(|_| refused("expected an https URL".into()))?;
        self.config.callers.judge(&url).map_err(refused)?;
        webhook_secret::there_is_one(&self.secrets).await
    }

    /// Hands over what a job's caller is to be told, to the queue that the worker tells it from.
    pub(crate) async fn tell_caller(&self, job: &Job) -> Result<(), Fault> {
        let (Some(last), Some(url)) = (job.outbox.announcements.last(), &job.audience.webhook_url) else {
            return Ok(());
        };
        let webhooks = Webhook::all(job);
        if webhooks.is_empty() {
            return Ok(());
        }
        for Webhook { id, body } in webhooks {
            let webhook = CallerWebhook { job_id: job.id, url: url.expose().to_owned(), id, body };
            self.caller_webhooks.send(&webhook).await?;
        }
        let bus = self.events.is_none().then_some(last.sequence);
        self.records.told(job.id, Told { bus, caller: Some(last.sequence) }).await
    }
}

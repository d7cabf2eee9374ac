//! Sends the webhooks of callers, with retries until the caller's host accepts them.
//!
//! The messages have their own queue, so no landing waits for a caller. The receive count of a message is the number
//! of its attempts: a failed message is hidden for longer each time, and after the last attempt the queue moves it to
//! its dead-letter queue. Each attempt is signed anew, with the current time and the current secrets.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{StreamExt, future::join_all, stream};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_client::{CallerWebhookClient, CallerWebhookError};
use model::{Error, ErrorClass};
use notifications::WebhookSigner;
use queues::{CallerWebhookQueue, QueuedCallerWebhook};
use runtime::{SqsBatchResponse, SqsMessage};
use secrets::{SecretDocument, SecretStore};
use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;

use super::{
    caller_webhook_retry::{CALLER_ATTEMPTS, retry_delay},
    unresponsive_hosts::UnresponsiveHosts,
};
use crate::clients::WorkerClients;

/// How many requests of one batch one host receives at a time.
const MAX_REQUESTS_PER_HOST: usize = 20;

/// The result of one attempt.
#[derive(Debug)]
enum WebhookAttemptOutcome {
    /// The host accepted the webhook.
    Delivered,
    /// The host responded 410 Gone: it wants no more webhooks for this job.
    Unsubscribed,
    /// The attempt failed for this reason. The host may ask for a delay before the next one.
    Failed(String, Option<Duration>),
}

/// Sends the webhooks of one batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallerWebhookSender<'a> {
    queue: &'a CallerWebhookQueue,
    client: &'a CallerWebhookClient,
    secrets: &'a SecretStore,
    unresponsive_hosts: &'a UnresponsiveHosts,
}

impl<'a> CallerWebhookSender<'a> {
    pub(crate) fn new(clients: &'a WorkerClients, unresponsive_hosts: &'a UnresponsiveHosts) -> Self {
        Self {
            queue: &clients.caller_webhook_queue,
            client: &clients.caller_webhook_client,
            secrets: &clients.secrets,
            unresponsive_hosts,
        }
    }

    /// Sends a batch concurrently, since most of the time is waiting. The messages are grouped by host, so that no
    /// host waits for another.
    pub(crate) async fn send_batch(&self, messages: Vec<SqsMessage>) -> SqsBatchResponse {
        let mut hosts: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for message in messages {
            let webhook = QueuedCallerWebhook::parse(&message.body);
            let origin = webhook.as_ref().map(|webhook| origin_of(&webhook.url)).unwrap_or_default();
            hosts.entry(origin).or_default().push((message, webhook));
        }
        let failed = join_all(hosts.into_values().map(|group| {
            let failed = stream::iter(group).map(|(message, webhook)| self.process_message(message, webhook));
            failed.buffer_unordered(MAX_REQUESTS_PER_HOST).collect::<Vec<_>>()
        }));
        let mut reply = SqsBatchResponse::default();
        failed.await.into_iter().flatten().flatten().for_each(|id| reply.add_failure(id));
        reply
    }

    /// Processes one message. Returns its id if it stays on the queue.
    async fn process_message(
        &self,
        message: SqsMessage,
        webhook: Result<QueuedCallerWebhook, Error>,
    ) -> Option<String> {
        let attempt = message.receive_count;
        let webhook = match webhook {
            Ok(webhook) => webhook,
            Err(error) => {
                error.log("a caller webhook message is malformed");
                return self.schedule_retry(message, None).await;
            }
        };
        let QueuedCallerWebhook { id, job_id, url, .. } = &webhook;
        // The full URL is a secret: who has it can send requests to the caller.
        let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let outcome = self.attempt(&webhook).await.unwrap_or_else(|error| {
            error.log("a caller webhook cannot be sent");
            WebhookAttemptOutcome::Failed(error.message, None)
        });
        match outcome {
            WebhookAttemptOutcome::Delivered => {
                tracing::info!(metric = "CallerWebhooksDelivered", count = 1, %job_id, id, host, attempt, "caller webhook delivered");
                None
            }
            WebhookAttemptOutcome::Unsubscribed => {
                tracing::warn!(metric = "CallerWebhooksUnsubscribed", count = 1, %job_id, id, host, attempt, "caller webhook unsubscribed with 410 Gone");
                None
            }
            WebhookAttemptOutcome::Failed(why, retry_after) if attempt < CALLER_ATTEMPTS => {
                tracing::warn!(metric = "CallerWebhookAttemptsFailed", count = 1, %job_id, id, host, attempt, why, "caller webhook attempt failed, it is retried");
                self.schedule_retry(message, retry_after).await
            }
            WebhookAttemptOutcome::Failed(why, _) => {
                tracing::error!(metric = "CallerWebhooksDeadLettered", count = 1, %job_id, id, host, attempt, why, "caller webhook failed at its last attempt; its message becomes a dead letter");
                self.schedule_retry(message, None).await
            }
        }
    }

    async fn attempt(&self, webhook: &QueuedCallerWebhook) -> Result<WebhookAttemptOutcome, Error> {
        let headers = self.sign(webhook).await?;
        let body = Bytes::copy_from_slice(webhook.body.as_bytes());
        let host = origin_of(&webhook.url);
        let timeout = self.unresponsive_hosts.timeout(&host, Instant::now());
        let response = self.client.post(&webhook.url, headers, body, timeout).await;
        match &response {
            Ok(_) => self.unresponsive_hosts.record_response(&host),
            Err(CallerWebhookError::Timeout(_)) => {
                self.unresponsive_hosts.record_timeout(&host, Instant::now());
            }
            Err(_) => {}
        }
        Ok(match response {
            Ok(response) if response.status().is_success() => WebhookAttemptOutcome::Delivered,
            Ok(response) if response.status() == StatusCode::GONE => WebhookAttemptOutcome::Unsubscribed,
            Ok(response) => {
                let status = response.status().as_u16();
                WebhookAttemptOutcome::Failed(
                    format!("the host responded HTTP {status}"),
                    providers::parse_retry_after(&response),
                )
            }
            Err(
                CallerWebhookError::Blocked(why)
                | CallerWebhookError::ConnectionFailed(why)
                | CallerWebhookError::Timeout(why),
            ) => WebhookAttemptOutcome::Failed(why, None),
        })
    }

    /// The headers of a webhook, with its signature.
    async fn sign(&self, webhook: &QueuedCallerWebhook) -> Result<HeaderMap, Error> {
        let signer = self.load_signer().await?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in signer.sign_headers(&webhook.id, OffsetDateTime::now_utc(), &webhook.body) {
            let value = HeaderValue::from_str(&value).map_err(|e| {
                Error::new(ErrorClass::Internal, "the id of a caller webhook is not a valid header value")
                    .with_source(e)
            })?;
            headers.insert(name, value);
        }
        Ok(headers)
    }

    async fn load_signer(&self) -> Result<WebhookSigner, Error> {
        let signer = |document: &SecretDocument| {
            Some(WebhookSigner::from_secrets(&document.notify_signing_secrets()))
                .filter(|signer| !signer.is_empty())
        };
        self.secrets.find_value(signer).await?.ok_or_else(|| {
            Error::new(ErrorClass::Misconfigured, "no notify_signing_secrets in Landfall's secret")
        })
    }

    /// Hides the message until the next attempt, and returns its id. After the last attempt it becomes visible at
    /// once, and the queue moves it to the dead-letter queue.
    async fn schedule_retry(&self, message: SqsMessage, retry_after: Option<Duration>) -> Option<String> {
        let delay = retry_delay(message.receive_count, retry_after, Uuid::now_v7().as_bytes()[15]);
        if let Err(error) = self.queue.change_visibility(&message.receipt_handle, delay).await {
            error.log("a caller webhook is retried only after the queue's own visibility timeout");
        }
        Some(message.message_id)
    }
}

/// Scheme, host and port of a URL.
fn origin_of(url: &str) -> String {
    Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

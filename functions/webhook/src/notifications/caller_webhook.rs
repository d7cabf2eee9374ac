//! The worker: tell callers by their own webhooks, again and again until they have heard.
//!
//! The messages come from a queue of their own, so nobody's landing waits for a caller. How often a message was
//! received says how often it was tried: what fails is hidden for longer each time, and after the last time the queue
//! makes it a dead letter. Each attempt is signed anew, with the time and the secrets of the moment.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{StreamExt, future::join_all, stream};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use model::{Error, ErrorClass};
use notifications::WebhookSigner;
use queues::CallerWebhook;
use runtime::{QueueMessage, QueueReply};
use time::OffsetDateTime;
use transport::{CallerWebhookError, SecretDocument};
use url::Url;
use uuid::Uuid;

use crate::worker::Worker;

/// The waits after each failed attempt but the last, in seconds: about 15 hours in all.
const WAITS: [u32; 8] = [5, 60, 300, 1800, 3600, 7200, 14_400, 28_800];
/// How often a caller is told: the `maxReceiveCount` of the queue.
pub const CALLER_ATTEMPTS: u32 = WAITS.len() as u32 + 1;
/// The longest wait that a caller may ask for, in seconds: SQS hides a message for 12 hours at most since its receipt.
const MAX_VISIBILITY_TIMEOUT_SECONDS: u32 = 43_000;
/// How many requests of one batch a host gets at a time.
const MAX_REQUESTS_PER_HOST: usize = 20;

/// What came of telling a caller.
#[derive(Debug)]
enum Told {
    /// It has heard.
    Heard,
    /// It wants to hear nothing of this any more.
    Gone,
    /// It has not heard, for this reason, and may have asked to be left alone for so long.
    Not(String, Option<Duration>),
}

impl Worker {
    /// Works through a batch of callers' webhooks, side by side since most of the time is waiting. Each host has its
    /// own line, so that none waits for another.
    pub(crate) async fn tell_callers(&self, messages: Vec<QueueMessage>) -> QueueReply {
        let mut lines: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for message in messages {
            let webhook = CallerWebhook::read(&message.body);
            let origin = webhook.as_ref().map(|webhook| origin(&webhook.url)).unwrap_or_default();
            lines.entry(origin).or_default().push((message, webhook));
        }
        let told = join_all(lines.into_values().map(|line| {
            let told = stream::iter(line).map(|(message, webhook)| self.tell_caller(message, webhook));
            told.buffer_unordered(MAX_REQUESTS_PER_HOST).collect::<Vec<_>>()
        }));
        let mut reply = QueueReply::default();
        told.await.into_iter().flatten().flatten().for_each(|failed| reply.failed(failed));
        reply
    }

    /// Deals with one message. Returns its id when it comes back.
    async fn tell_caller(
        &self,
        message: QueueMessage,
        webhook: Result<CallerWebhook, Error>,
    ) -> Option<String> {
        let attempt = message.receive_count;
        let webhook = match webhook {
            Ok(webhook) => webhook,
            Err(error) => {
                error.log("a caller is not told");
                return self.again(message, None).await;
            }
        };
        let CallerWebhook { id, job_id, url, .. } = &webhook;
        // Whoever has the whole URL can talk to the caller.
        let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let told = self.try_to_tell_caller(&webhook).await.unwrap_or_else(|error| {
            error.log("a caller cannot be told");
            Told::Not(error.message, None)
        });
        match told {
            Told::Heard => {
                tracing::info!(metric = "CallerWebhooksDelivered", count = 1, %job_id, id, host, attempt, "a caller was told");
                None
            }
            Told::Gone => {
                tracing::warn!(metric = "CallerWebhooksUnsubscribed", count = 1, %job_id, id, host, attempt, "a caller wants to be told no more");
                None
            }
            Told::Not(why, wait) if attempt < CALLER_ATTEMPTS => {
                tracing::warn!(metric = "CallerWebhookAttemptsFailed", count = 1, %job_id, id, host, attempt, why, "a caller has not heard, it is told again");
                self.again(message, wait).await
            }
            Told::Not(why, _) => {
                tracing::error!(metric = "CallerWebhooksDeadLettered", count = 1, %job_id, id, host, attempt, why, "a caller has never heard; its message is a dead letter");
                self.again(message, None).await
            }
        }
    }

    async fn try_to_tell_caller(&self, webhook: &CallerWebhook) -> Result<Told, Error> {
        let keys = self.webhook_keys().await?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in keys.headers(&webhook.id, OffsetDateTime::now_utc(), &webhook.body) {
            let value = HeaderValue::from_str(&value).map_err(|e| {
                Error::new(ErrorClass::Internal, "a caller's webhook has an id that is no header")
                    .with_source(e)
            })?;
            headers.insert(name, value);
        }
        let body = Bytes::copy_from_slice(webhook.body.as_bytes());
        let host = origin(&webhook.url);
        let max_wait = self.silent_hosts.max_wait(&host, Instant::now());
        let answer = self.caller.post(&webhook.url, headers, body, max_wait).await;
        match &answer {
            Ok(_) => self.silent_hosts.answered(&host),
            Err(CallerWebhookError::TimedOut(_)) => self.silent_hosts.timed_out(&host, Instant::now()),
            Err(_) => {}
        }
        Ok(match answer {
            Ok(answer) if answer.status().is_success() => Told::Heard,
            Ok(answer) if answer.status() == StatusCode::GONE => Told::Gone,
            Ok(answer) => {
                let status = answer.status().as_u16();
                Told::Not(format!("it answered HTTP {status}"), providers::retry_after(&answer))
            }
            Err(
                CallerWebhookError::Refused(why)
                | CallerWebhookError::NoAnswer(why)
                | CallerWebhookError::TimedOut(why),
            ) => Told::Not(why, None),
        })
    }

    async fn webhook_keys(&self) -> Result<WebhookSigner, Error> {
        let keys = |document: &SecretDocument| {
            Some(WebhookSigner::read(&document.notify_signing_secrets())).filter(|keys| !keys.is_empty())
        };
        self.secrets.find(keys).await?.ok_or_else(|| {
            Error::new(ErrorClass::Misconfigured, "no notify_signing_secrets in Landfall's secret")
        })
    }

    /// Lets a message come back, and returns its id. After the last attempt the queue moves it as soon as it is seen.
    async fn again(&self, message: QueueMessage, asked: Option<Duration>) -> Option<String> {
        let wait = wait(message.receive_count, asked, Uuid::now_v7().as_bytes()[15]);
        if let Err(error) = self.caller_webhooks.hide(&message.receipt_handle, wait).await {
            error.log("a caller is told again only after the queue's own timeout");
        }
        Some(message.id)
    }
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> String {
    Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

/// Seconds until the next attempt: up to a tenth more than the schedule says, so that callers who were down are not
/// told of everything at once, or as long as the caller asks.
fn wait(attempt: u32, asked: Option<Duration>, chance: u8) -> u32 {
    let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    let Some(scheduled) = WAITS.get(index) else { return 0 };
    let spread = scheduled * u32::from(chance) / (10 * u32::from(u8::MAX));
    let asked = asked.map_or(0, |asked| u32::try_from(asked.as_secs()).unwrap_or(u32::MAX));
    (scheduled + spread).max(asked).min(MAX_VISIBILITY_TIMEOUT_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_none_follows_the_last_attempt() {
        let waits: Vec<u32> = (1..=CALLER_ATTEMPTS).map(|attempt| wait(attempt, None, 0)).collect();
        assert_eq!(waits, [5, 60, 300, 1800, 3600, 7200, 14_400, 28_800, 0]);
        assert_eq!((wait(2, None, u8::MAX), wait(8, None, u8::MAX)), (66, 31_680));
        assert_eq!(wait(200, None, 9), 0);
    }

    #[test]
    fn a_caller_may_ask_for_a_longer_wait_but_for_no_shorter_one_and_not_for_more_than_sqs_allows() {
        assert_eq!(wait(1, Some(Duration::from_secs(120)), 0), 120);
        assert_eq!(wait(3, Some(Duration::from_secs(1)), 0), 300);
        assert_eq!(wait(1, Some(Duration::MAX), 0), 43_000);
    }
}

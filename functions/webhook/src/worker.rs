//! The private worker: each message of a batch on its own, and the failed ones named.

use std::time::Duration;

use bucket::Bucket;
use job_store::JobStore;
use model::{Error, ErrorClass};
use notifications::{EventBus, WorkflowWaiters};
use queues::{CallerWebhookQueue, DeliveryQueue, SubmissionQueue};
use runtime::{Aws, QueueMessage, QueueReply, Tracer, work_item_span};
use time::OffsetDateTime;
use tracing::Instrument;
use transport::{CallerWebhookClient, Secrets, Sender, TokenCache};

use crate::{config::WorkerConfig, notifications::silent_hosts::SilentHosts};

/// The longest wait before a message comes back, in seconds.
const MAX_DELAY_SECONDS: u32 = 900;
/// Only the first message of a batch is begun with less time than this.
const MIN_TIME_LEFT: time::Duration = time::Duration::seconds(30);

/// The worker and everything it uses.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) config: WorkerConfig,
    pub(crate) records: JobStore,
    pub(crate) objects: Bucket,
    pub(crate) inbox: DeliveryQueue,
    pub(crate) submissions: SubmissionQueue,
    pub(crate) caller_webhooks: CallerWebhookQueue,
    pub(crate) caller: CallerWebhookClient,
    pub(crate) silent_hosts: SilentHosts,
    pub(crate) secrets: Secrets,
    pub(crate) tokens: TokenCache,
    pub(crate) sender: Sender,
    /// Where others are told of jobs, if they are.
    pub(crate) events: Option<EventBus>,
    pub(crate) tracer: Tracer,
    /// Those who wait for jobs.
    pub(crate) workflows: WorkflowWaiters,
}

/// One receipt of one message.
#[derive(Debug)]
pub(crate) struct Receipt {
    pub(crate) message_id: String,
    pub(crate) handle: String,
    /// When Lambda ends the invocation.
    pub(crate) deadline: OffsetDateTime,
}

impl Worker {
    pub(crate) fn connect(aws: &Aws, config: WorkerConfig, tracer: Tracer) -> Result<Self, Error> {
        let (inbox, objects) = crate::store(aws, &config.store);
        let events = config.event_bus.as_ref().map(|bus| EventBus::new(&aws.service("EVENTBRIDGE"), bus));
        Ok(Self {
            records: JobStore::new(&aws.service("DYNAMODB"), &config.table)
                .publishing_events(events.is_some()),
            events,
            workflows: WorkflowWaiters::new(
                &aws.service("SFN"),
                &aws.service("LAMBDA"),
                &config.store.bucket,
            ),
            submissions: SubmissionQueue::new(&aws.service("SQS"), &config.sweep.submissions_queue_url),
            caller_webhooks: CallerWebhookQueue::new(&aws.service("SQS"), &config.caller_webhooks_queue_url),
            silent_hosts: SilentHosts::default(),
            caller: CallerWebhookClient::new(config.caller_guard(), &config.ca_bundle)?,
            secrets: Secrets::new(&aws.service("SECRETS_MANAGER"), &config.sweep.secret_id),
            tokens: TokenCache::new(&aws.service("SECRETS_MANAGER"), &config.sweep.token_secret_id),
            sender: Sender::new()?,
            objects,
            inbox,
            tracer,
            config,
        })
    }

    /// Works through a batch. What failed comes back, sooner than the queue's own timeout would bring it.
    pub(crate) async fn work(&self, messages: Vec<QueueMessage>, deadline: OffsetDateTime) -> QueueReply {
        // A batch is of one queue.
        if messages.first().is_some_and(|message| self.caller_webhooks.is_named(&message.queue)) {
            return self.tell_callers(messages).await;
        }
        let mut reply = QueueReply::default();
        for (index, message) in messages.into_iter().enumerate() {
            let QueueMessage { id, receipt_handle, receive_count, body, .. } = message;
            if index > 0 && deadline - OffsetDateTime::now_utc() < MIN_TIME_LEFT {
                // Begun now, it would be cut off together with what the batch has done so far.
                self.hide(&receipt_handle, 0).await;
                reply.failed(id);
                continue;
            }
            let receipt = Receipt { message_id: id, handle: receipt_handle, deadline };
            let dealt_with = self.deal_with(&body, receive_count, &receipt).instrument(work_item_span());
            if !dealt_with.await {
                reply.failed(receipt.message_id);
            }
        }
        reply
    }

    /// Deals with one message. Returns whether it is done with.
    async fn deal_with(&self, body: &str, receive_count: u32, receipt: &Receipt) -> bool {
        let Err(failed) = Box::pin(self.advance(body, receipt)).await else { return true };
        failed.error.log("delivery not dealt with, it comes back");
        // Also behind another worker: a long landing must not use up a duplicate's attempts.
        let wait = self.backoff(receive_count).max(failed.wait.unwrap_or_default());
        self.hide(&receipt.handle, wait).await;
        false
    }

    async fn hide(&self, receipt_handle: &str, seconds: u32) {
        if let Err(error) = self.inbox.hide(receipt_handle, seconds).await {
            error.log("a delivery comes back only after the queue's own timeout");
        }
    }

    /// Doubles with each receipt of the message.
    fn backoff(&self, receive_count: u32) -> u32 {
        let doubled = self.config.retry.saturating_mul(1 << receive_count.saturating_sub(1).min(16));
        doubled.min(MAX_DELAY_SECONDS)
    }
}

/// Why a message comes back, and when.
#[derive(Debug)]
pub(crate) struct RetryLater {
    pub(crate) error: Error,
    wait: Option<u32>,
}

impl RetryLater {
    /// Another worker is at it for this long.
    pub(crate) fn after(wait: Duration) -> Self {
        let seconds = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(MAX_DELAY_SECONDS);
        let error = Error::new(ErrorClass::LandingBusy, "another worker is bringing these files in");
        Self { error, wait: Some(seconds.clamp(1, MAX_DELAY_SECONDS)) }
    }
}

impl From<Error> for RetryLater {
    fn from(error: Error) -> Self {
        Self { error, wait: None }
    }
}

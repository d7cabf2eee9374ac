//! The worker: processes the messages of its queues one by one and reports those that failed.
//!
//! A message of the delivery queue is a provider's delivery, a landing to begin, or a request to poll. A message of the
//! queue of long landings is a landing to continue. A message of the caller webhook queue is a webhook to send. The
//! scheduled sweep starts here, too.

use model::{Error, ErrorClass, JobId};
use queues::{DeliveryQueueMessage, QueuedLanding, ReceivedMessage};
use runtime::{AwsConfig, SqsBatchResponse, SqsMessage, XrayDaemon, work_item_span};
use time::OffsetDateTime;
use tokio::time::Instant;
use tracing::Instrument;

use crate::{
    clients::WorkerClients,
    config::WorkerConfig,
    delivery::{poll_after_callback::CallbackPoll, process_delivery::DeliveryProcessor},
    landing::land_job::Landing,
    notifications::{caller_webhook_sender::CallerWebhookSender, unresponsive_hosts::UnresponsiveHosts},
    queue_message::{MAX_RETRY_DELAY_SECONDS, MessageFailure, MessageReceipt},
    sweep::{
        sweep_command::SweepCommand,
        sweep_jobs::{Sweep, SweepReport},
    },
};

/// Only the first message of a batch is started with less time left than this.
const MIN_TIME_LEFT: time::Duration = time::Duration::seconds(30);

/// The worker with everything it uses.
#[derive(Debug)]
pub(crate) struct Worker {
    clients: WorkerClients,
    unresponsive_hosts: UnresponsiveHosts,
}

impl Worker {
    /// Creates the clients. Opens no connection.
    pub(crate) fn connect(aws: &AwsConfig, config: WorkerConfig, tracer: XrayDaemon) -> Result<Self, Error> {
        let clients = WorkerClients::connect(aws, config, tracer)?;
        Ok(Self { clients, unresponsive_hosts: UnresponsiveHosts::default() })
    }

    /// Processes a batch. Failed messages become visible again sooner than after the queue's visibility timeout.
    pub(crate) async fn process_batch(
        &self,
        messages: Vec<SqsMessage>,
        deadline: OffsetDateTime,
    ) -> SqsBatchResponse {
        // All messages of a batch come from one queue.
        let first = messages.first();
        if first.is_some_and(|message| self.clients.caller_webhook_queue.is_named(&message.queue_name)) {
            let sender = CallerWebhookSender::new(&self.clients, &self.unresponsive_hosts);
            return sender.send_batch(messages).await;
        }
        let mut reply = SqsBatchResponse::default();
        for (index, message) in messages.into_iter().enumerate() {
            let SqsMessage { message_id: id, receipt_handle, receive_count, body, queue_name, .. } = message;
            let is_long_landing = self.clients.long_landing_queue.is_named(&queue_name);
            let message = match is_long_landing {
                true => self.clients.long_landing_queue.received(receipt_handle),
                false => self.clients.delivery_queue.received(receipt_handle),
            };
            if index > 0 && deadline - OffsetDateTime::now_utc() < MIN_TIME_LEFT {
                // If it started now, Lambda could end it together with the finished work of this batch.
                change_visibility(&message, 0).await;
                reply.add_failure(id);
                continue;
            }
            let limit = self.clients.config.short_landing_duration;
            let moves_at = (!is_long_landing).then(|| Instant::now() + limit);
            let receipt = MessageReceipt { message_id: id, message, deadline, moves_at };
            let processed =
                self.process_message(&body, receive_count, &receipt).instrument(work_item_span()).await;
            if processed.is_err() {
                reply.add_failure(receipt.message_id);
            }
        }
        reply
    }

    /// Runs a sweep.
    pub(crate) async fn sweep(
        &self,
        command: SweepCommand,
        deadline: OffsetDateTime,
    ) -> Result<SweepReport, Error> {
        Sweep::new(&self.clients).run(command, deadline).await
    }

    /// Processes one message. On failure it delays the next receive and returns the error.
    async fn process_message(
        &self,
        body: &str,
        receive_count: u32,
        receipt: &MessageReceipt,
    ) -> Result<(), Error> {
        let Err(failure) = Box::pin(self.dispatch(body, receipt)).await else { return Ok(()) };
        failure.error.log("queue message failed, it is retried");
        // The backoff applies behind another worker, too: a long landing must not use up the attempts of a duplicate.
        let delay = self.backoff(receive_count).max(failure.min_delay_seconds.unwrap_or_default());
        change_visibility(&receipt.message, delay).await;
        Err(failure.error)
    }

    async fn dispatch(&self, body: &str, receipt: &MessageReceipt) -> Result<(), MessageFailure> {
        if receipt.is_long_landing() {
            let QueuedLanding { job_id } = QueuedLanding::parse(body)?;
            return self.land(job_id, receipt).await;
        }
        match DeliveryQueueMessage::parse(body)? {
            DeliveryQueueMessage::Delivery(message) => {
                match DeliveryProcessor::new(&self.clients).process(message, receipt).await {
                    Err(MessageFailure { error, .. }) if error.class == ErrorClass::StorageRejected => {
                        // The limits on deliveries should prevent this. A retry would fail in the same way.
                        error.log("a delivery is dropped");
                        tracing::error!(
                            metric = "MalformedDeliveries",
                            count = 1,
                            "delivery cannot be stored"
                        );
                        Ok(())
                    }
                    processed => processed,
                }
            }
            DeliveryQueueMessage::ContinueLanding(id) => self.land(id, receipt).await,
            DeliveryQueueMessage::Poll(id) => {
                runtime::record_job_id(id);
                Ok(CallbackPoll::new(&self.clients).poll(id, receipt.deadline).await?)
            }
        }
    }

    async fn land(&self, id: JobId, receipt: &MessageReceipt) -> Result<(), MessageFailure> {
        runtime::record_job_id(id);
        Landing::new(&self.clients).land(id, None, receipt, None).await
    }

    /// The delay before the next receive. It doubles with each receive of the message.
    fn backoff(&self, receive_count: u32) -> u32 {
        let doublings = receive_count.saturating_sub(1).min(16);
        let doubled = self.clients.config.retry_base_seconds.saturating_mul(1 << doublings);
        doubled.min(MAX_RETRY_DELAY_SECONDS)
    }
}

async fn change_visibility(message: &ReceivedMessage, seconds: u32) {
    if let Err(error) = message.change_visibility(seconds).await {
        error.log("a message is retried only after the queue's own visibility timeout");
    }
}

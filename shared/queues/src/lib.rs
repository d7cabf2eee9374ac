//! The queues between the functions (SQS) and their messages. The only crate that uses that SDK.
//!
//! The delivery queue is between the webhook receiver and the worker. The receiver responds to a provider only after the
//! queue has accepted the delivery, so an acknowledged delivery is never lost. A body that is too long for a message is
//! stored in S3, and the message contains its key.
//!
//! A landing that takes long moves to the queue of long landings, so that it delays no delivery.
//!
//! The submission queue holds jobs that wait for the rate limiter of a provider. `submit` sends and receives its messages.
//! It is in this crate because no other crate uses SQS, and because the worker also sends to it: the sweep sends a job
//! again that waits too long.
//!
//! The caller webhook queue is between the functions that see a job end and the worker that posts to the caller, so that a
//! caller that does not respond delays no job.
//!
//! The queue of failed invocations holds records that Lambda sends. Operators list and redrive them.

mod caller_webhook_queue;
mod delivery_message;
mod delivery_queue;
mod failed_invocation_queue;
mod long_landing_queue;
mod received_message;
mod sqs_queue;
mod submission_queue;

pub use caller_webhook_queue::{CallerWebhookQueue, QueuedCallerWebhook};
pub use delivery_message::{DeliveryBody, DeliveryQueueMessage, DeliveryRoute, QueuedDelivery};
pub use delivery_queue::DeliveryQueue;
pub use failed_invocation_queue::{FailedInvocationQueue, QueuedInvocation};
pub use long_landing_queue::{LongLandingQueue, QueuedLanding};
pub use received_message::ReceivedMessage;
pub use submission_queue::{QueuedSubmission, SubmissionQueue};

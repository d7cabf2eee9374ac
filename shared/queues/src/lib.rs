//! The queues between the functions (SQS), and the messages they carry.
//!
//! The delivery queue lies between the webhook receiver and the worker. The receiver answers a provider only after the queue
//! has taken the delivery, so an acknowledged delivery is never lost. A body that is too long for a message waits in
//! S3 and the message carries its key.
//!
//! The submissions queue holds jobs whose turn at the provider has not come; `submit` fills it and empties it. It
//! lives here since one crate alone speaks to SQS, and since whoever finds a job that waits too long sends it again.
//!
//! The queue of callers' webhooks lies between whoever sees a job end and the worker that posts to the caller, so that
//! a caller who does not answer keeps no job waiting.

mod caller_webhook_queue;
mod delivery_message;
mod delivery_queue;
mod submission_queue;

pub use caller_webhook_queue::{CallerWebhook, CallerWebhookQueue};
pub use delivery_message::{DeliveryBody, DeliveryQueueMessage, DeliveryRoute, QueuedDelivery};
pub use delivery_queue::DeliveryQueue;
pub use submission_queue::{QueuedSubmission, SubmissionQueue};

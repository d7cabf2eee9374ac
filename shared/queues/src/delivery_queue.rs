//! Putting messages on a queue, and telling the queue when to bring one back.

use aws_sdk_sqs::{
    Client,
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};
use model::{Error, ErrorClass};
use serde::Serialize;

use crate::DeliveryQueueMessage;

/// The longest that SQS delays or hides a message, in seconds.
const MAX_DELAY_SECONDS: u32 = 900;
const MAX_VISIBILITY_TIMEOUT_SECONDS: u32 = 43_200;

/// The delivery queue.
#[derive(Debug, Clone)]
pub struct DeliveryQueue(Queue);

impl DeliveryQueue {
    /// The queue at this URL.
    pub fn new(aws: &aws_types::SdkConfig, queue_url: impl Into<String>) -> Self {
        Self(Queue::new(aws, queue_url))
    }

    /// Puts a message on the queue, visible after `delay` seconds (at most 900).
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`]: the queue did not confirm it.
    pub async fn send(&self, message: &DeliveryQueueMessage, delay: u32) -> Result<(), Error> {
        self.0.send(message, delay).await
    }

    /// Hides a received message for `seconds` from now on. Used to bring it back sooner than the queue's own
    /// timeout would, and to keep it away while it is worked on.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn hide(&self, receipt_handle: &str, seconds: u32) -> Result<(), Error> {
        self.0.hide(receipt_handle, seconds).await
    }
}

/// A queue of SQS.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    pub(crate) fn new(aws: &aws_types::SdkConfig, url: impl Into<String>) -> Self {
        Self { client: Client::new(aws), url: url.into() }
    }

    /// Whether this is the name in the queue's URL.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.url.rsplit('/').next() == Some(name)
    }

    pub(crate) async fn send(&self, message: &impl Serialize, delay: u32) -> Result<(), Error> {
        let body = serde_json::to_string(message)
            .map_err(|e| Error::new(ErrorClass::Internal, "a message cannot be queued").with_source(e))?;
        let delay = i32::try_from(delay.min(MAX_DELAY_SECONDS)).unwrap_or_default();
        let send = self.client.send_message().queue_url(&self.url).message_body(body).delay_seconds(delay);
        send.send().await.map(|_| ()).map_err(|e| refused("take the message", e))
    }

    pub(crate) async fn hide(&self, receipt_handle: &str, seconds: u32) -> Result<(), Error> {
        let seconds = i32::try_from(seconds.min(MAX_VISIBILITY_TIMEOUT_SECONDS)).unwrap_or_default();
        let change = self.client.change_message_visibility().queue_url(&self.url);
        let change = change.receipt_handle(receipt_handle).visibility_timeout(seconds);
        change.send().await.map(|_| ()).map_err(|e| refused("reschedule a message", e))
    }
}

/// What SQS would refuse again however often it is sent (API reference, `SendMessage`): the message is too long, or holds
/// characters that no message may hold.
const PERMANENT: [&str; 3] = ["InvalidParameterValue", "InvalidMessageContents", "UnsupportedOperation"];

fn refused<E>(what: &str, e: SdkError<E, HttpResponse>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let chain = match e.as_service_error() {
        // The whole error would show the answer, and with it whatever the service repeats of the request.
        Some(e) => format!("{}: {}", e.code().unwrap_or("unknown"), e.message().unwrap_or_default()),
        None if e.raw_response().is_some() => "an answer that cannot be read".to_owned(),
        None => DisplayErrorContext(&e).to_string(),
    };
    if e.as_service_error().and_then(ProvideErrorMetadata::code).is_some_and(|code| PERMANENT.contains(&code))
    {
        return Error::new(ErrorClass::StorageRejected, format!("the queue does not {what}"))
            .with_source(chain);
    }
    Error::new(ErrorClass::StorageUnavailable, format!("the queue did not {what}; try again"))
        .retry_after(5)
        .with_source(chain)
}

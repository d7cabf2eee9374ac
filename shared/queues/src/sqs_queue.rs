//! An SQS queue: sends messages, changes their visibility timeout, and maps SQS's errors to error classes.

use aws_sdk_sqs::{
    Client,
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    types::Message,
};
use model::{Error, ErrorClass};
use serde::{Serialize, de::DeserializeOwned};

/// The longest delay of a message in SQS, in seconds.
const MAX_DELAY_SECONDS: u32 = 900;
/// The longest visibility timeout of a message in SQS, in seconds.
const MAX_VISIBILITY_TIMEOUT_SECONDS: u32 = 43_200;

/// Error codes of requests that SQS rejects again however often they are sent (API reference, `SendMessage`): the message
/// is too long, or contains characters that are not allowed.
const PERMANENT_CODES: [&str; 3] =
    ["InvalidParameterValue", "InvalidMessageContents", "UnsupportedOperation"];

/// A queue by its URL.
#[derive(Debug, Clone)]
pub(crate) struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    pub(crate) fn new(aws: &aws_types::SdkConfig, url: impl Into<String>) -> Self {
        Self { client: Client::new(aws), url: url.into() }
    }

    /// Whether this is the queue's name, which is the last segment of its URL.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.url.rsplit('/').next() == Some(name)
    }

    /// Sends a message as JSON, visible after `delay` seconds.
    pub(crate) async fn send_message(&self, message: &impl Serialize, delay: u32) -> Result<(), Error> {
        let body = serde_json::to_string(message)
            .map_err(|e| Error::new(ErrorClass::Internal, "a message cannot be queued").with_source(e))?;
        let delay = i32::try_from(delay.min(MAX_DELAY_SECONDS)).unwrap_or_default();
        let send = self.client.send_message().queue_url(&self.url).message_body(body).delay_seconds(delay);
        send.send().await.map(|_| ()).map_err(|e| queue_error("accept the message", e))
    }

    /// Receives up to `limit` messages (ten at most), and hides them for `seconds`. Waits a second for the first one, because
    /// only a receive that waits asks all servers of SQS (SQS Developer Guide, "Amazon SQS short and long polling").
    pub(crate) async fn receive_messages(&self, limit: u8, seconds: u32) -> Result<Vec<Message>, Error> {
        let seconds = i32::try_from(seconds.min(MAX_VISIBILITY_TIMEOUT_SECONDS)).unwrap_or_default();
        let receive = self.client.receive_message().queue_url(&self.url).wait_time_seconds(1);
        let receive = receive.max_number_of_messages(limit.into()).visibility_timeout(seconds);
        let received = receive.send().await.map_err(|e| queue_error("return its messages", e))?;
        Ok(received.messages.unwrap_or_default())
    }

    /// Deletes a received message.
    pub(crate) async fn delete_message(&self, receipt_handle: &str) -> Result<(), Error> {
        let delete = self.client.delete_message().queue_url(&self.url).receipt_handle(receipt_handle);
        delete.send().await.map(|_| ()).map_err(|e| queue_error("delete a message", e))
    }

    /// Hides a received message for `seconds` from now.
    pub(crate) async fn change_visibility(&self, receipt_handle: &str, seconds: u32) -> Result<(), Error> {
        let seconds = i32::try_from(seconds.min(MAX_VISIBILITY_TIMEOUT_SECONDS)).unwrap_or_default();
        let change = self.client.change_message_visibility().queue_url(&self.url);
        let change = change.receipt_handle(receipt_handle).visibility_timeout(seconds);
        change.send().await.map(|_| ()).map_err(|e| queue_error("change the visibility of a message", e))
    }
}

/// Parses the JSON body of a message.
///
/// # Errors
/// [`ErrorClass::Internal`]: Landfall did not send the message.
pub(crate) fn parse_message<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text)
        .map_err(|e| Error::new(ErrorClass::Internal, "a queued message cannot be read").with_source(e))
}

/// The error of a request that SQS rejected or did not answer. `action` completes "the queue did not …".
fn queue_error<E>(action: &str, e: SdkError<E, HttpResponse>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let cause = match e.as_service_error() {
        // The complete error would show the response, and with it whatever the service repeats of the request.
        Some(e) => format!("{}: {}", e.code().unwrap_or("unknown"), e.message().unwrap_or_default()),
        None if e.raw_response().is_some() => "a response that cannot be read".to_owned(),
        None => DisplayErrorContext(&e).to_string(),
    };
    let code = e.as_service_error().and_then(ProvideErrorMetadata::code);
    if code.is_some_and(|code| PERMANENT_CODES.contains(&code)) {
        return Error::new(ErrorClass::StorageRejected, format!("the queue does not {action}"))
            .with_source(cause);
    }
    Error::new(ErrorClass::StorageUnavailable, format!("the queue did not {action}; try again"))
        .with_retry_after(5)
        .with_source(cause)
}

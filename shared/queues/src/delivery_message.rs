//! The messages of the delivery queue: an authenticated delivery, a landing to continue, or a job to poll.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use model::{Error, ErrorClass, JobId, ProviderName};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::sqs_queue::parse_message;

/// A message of the delivery queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryQueueMessage {
    /// An authenticated delivery.
    Delivery(QueuedDelivery),
    /// A landing to begin, or to attempt again.
    ContinueLanding(JobId),
    /// A job to poll at the provider: an unverified callback arrived too soon after another one, or the job is retried.
    Poll(JobId),
}

/// An authenticated delivery. It contains neither the callback token nor the signature that authenticated it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueuedDelivery {
    /// The provider that sent it.
    pub provider: ProviderName,
    /// How it was addressed and authenticated.
    pub route: DeliveryRoute,
    /// When the receiver received it.
    #[serde(with = "time::serde::rfc3339")]
    pub received_at: OffsetDateTime,
    /// The provider's id of the delivery, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_id: Option<String>,
    /// The body, or its S3 key.
    pub body: DeliveryBody,
    /// How often the worker sent the message back to the queue because its job was not found yet.
    #[serde(default)]
    pub lookup_attempts: u32,
}

/// How a delivery was addressed and authenticated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryRoute {
    /// To the callback URL of this job, authenticated by its token.
    Callback(JobId),
    /// The response to the submission of this job, which the submit function received itself.
    SubmitResponse(JobId),
    /// To the URL of a workspace subscription, authenticated by the provider's signature.
    Workspace,
}

/// The body of a delivery.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryBody {
    /// A body that is UTF-8 text.
    Text(String),
    /// A body that is not UTF-8 text, in base64.
    Base64(String),
    /// The S3 key of the body.
    S3Key(String),
}

impl std::fmt::Debug for DeliveryBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A delivery names files by URLs that may be pre-signed.
        match self {
            DeliveryBody::Text(text) | DeliveryBody::Base64(text) => {
                write!(f, "DeliveryBody({} characters)", text.len())
            }
            DeliveryBody::S3Key(key) => write!(f, "DeliveryBody(at {key})"),
        }
    }
}

impl DeliveryBody {
    /// The longest body inside the message, in bytes. JSON escapes may double a text and base64 adds a third; both stay
    /// well below the 256 KiB that every SQS-compatible queue accepts.
    pub const MAX_INLINE_BYTES: usize = 96 * 1024;

    /// A body inside the message.
    pub fn from_bytes(bytes: &Bytes) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => DeliveryBody::Text(text.to_owned()),
            Err(_) => DeliveryBody::Base64(BASE64_STANDARD.encode(bytes)),
        }
    }

    /// The bytes, when the message contains them.
    ///
    /// # Errors
    /// [`ErrorClass::Internal`] for damaged base64.
    pub fn decode_inline(&self) -> Result<Option<Bytes>, Error> {
        match self {
            DeliveryBody::Text(text) => Ok(Some(text.clone().into())),
            DeliveryBody::Base64(text) => {
                let decoded = BASE64_STANDARD.decode(text);
                let damaged =
                    |e| Error::new(ErrorClass::Internal, "a queued delivery is damaged").with_source(e);
                decoded.map(|bytes| Some(bytes.into())).map_err(damaged)
            }
            DeliveryBody::S3Key(_) => Ok(None),
        }
    }
}

impl DeliveryQueueMessage {
    /// Parses a message of the queue.
    ///
    /// # Errors
    /// [`ErrorClass::Internal`]: Landfall did not send the message.
    pub fn parse(text: &str) -> Result<Self, Error> {
        parse_message(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_unchanged_after_a_round_trip_through_the_queue() {
        for bytes in [&b"{\"a\":\"\xc3\xa9\"}\n"[..], b"\xff\x00\xfe", b""] {
            let bytes = Bytes::copy_from_slice(bytes);
            let message = QueuedDelivery {
                provider: ProviderName::new("abyssale"),
                route: DeliveryRoute::Callback(JobId::generate()),
                received_at: OffsetDateTime::UNIX_EPOCH,
                delivery_id: None,
                body: DeliveryBody::from_bytes(&bytes),
                lookup_attempts: 0,
            };
            let text =
                serde_json::to_string(&DeliveryQueueMessage::Delivery(message.clone())).expect("plain data");
            let DeliveryQueueMessage::Delivery(read) = DeliveryQueueMessage::parse(&text).expect("a message")
            else {
                panic!("a delivery")
            };
            assert_eq!(read, message);
            assert_eq!(read.body.decode_inline().expect("valid"), Some(bytes));
        }
    }
}

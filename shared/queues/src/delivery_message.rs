//! What the queue carries: an authentic delivery on its way to the worker, a landing that goes on, or a hint to ask about a job.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use model::{Error, ErrorClass, JobId, ProviderName};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// What the queue carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryQueueMessage {
    /// An authentic delivery.
    Delivery(QueuedDelivery),
    /// A landing that did not fit into one invocation goes on.
    Continuation(JobId),
    /// The provider is to be asked about a job: a hint came too soon after another, or the job is tried again.
    Hint(JobId),
}

/// An authentic delivery. Holds neither the callback token nor the signature that proved it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueuedDelivery {
    /// Who delivered.
    pub provider: ProviderName,
    /// How it found us.
    pub route: DeliveryRoute,
    /// When the receiver received it.
    #[serde(with = "time::serde::rfc3339")]
    pub received_at: OffsetDateTime,
    /// The provider's id of the delivery, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_id: Option<String>,
    /// The body, or where it is.
    pub body: DeliveryBody,
    /// How often the worker put the message back because its job was not known yet.
    #[serde(default)]
    pub looked_up: u32,
}

/// How a delivery found us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryRoute {
    /// By the callback URL of this job, proven by its token.
    Callback(JobId),
    /// By a subscription of the whole workspace, proven by the provider's signature.
    Workspace,
}

/// A delivery's body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryBody {
    /// The bytes, which are text.
    Text(String),
    /// The bytes, which are not text, in base64.
    Base64(String),
    /// The S3 key under which the bytes lie.
    Stored(String),
}

impl std::fmt::Debug for DeliveryBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A delivery names files by URLs that may be pre-signed.
        match self {
            DeliveryBody::Text(text) | DeliveryBody::Base64(text) => {
                write!(f, "DeliveryBody({} characters)", text.len())
            }
            DeliveryBody::Stored(key) => write!(f, "DeliveryBody(at {key})"),
        }
    }
}

impl DeliveryBody {
    /// Longest body that travels in the message itself, in bytes. Escaping may double a text and base64 adds a
    /// third; both stay well below the 256 KiB that every SQS-compatible queue takes.
    pub const MAX_INLINE_BYTES: usize = 96 * 1024;

    /// A body short enough for the message.
    pub fn inline(bytes: &Bytes) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => DeliveryBody::Text(text.to_owned()),
            Err(_) => DeliveryBody::Base64(BASE64_STANDARD.encode(bytes)),
        }
    }

    /// The bytes, when the message holds them.
    ///
    /// # Errors
    /// [`ErrorClass::Internal`] for damaged base64.
    pub fn bytes(&self) -> Result<Option<Bytes>, Error> {
        match self {
            DeliveryBody::Text(text) => Ok(Some(text.clone().into())),
            DeliveryBody::Base64(text) => {
                let decoded = BASE64_STANDARD.decode(text);
                let damaged =
                    |e| Error::new(ErrorClass::Internal, "a queued delivery is damaged").with_source(e);
                decoded.map(|bytes| Some(bytes.into())).map_err(damaged)
            }
            DeliveryBody::Stored(_) => Ok(None),
        }
    }
}

impl DeliveryQueueMessage {
    /// Reads a message of the queue.
    ///
    /// # Errors
    /// [`ErrorClass::Internal`]: the message is none of ours.
    pub fn read(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text)
            .map_err(|e| Error::new(ErrorClass::Internal, "a queued message cannot be read").with_source(e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_the_queue_with_its_exact_bytes() {
        for bytes in [&b"{\"a\":\"\xc3\xa9\"}\n"[..], b"\xff\x00\xfe", b""] {
            let bytes = Bytes::copy_from_slice(bytes);
            let message = QueuedDelivery {
                provider: ProviderName::new("abyssale"),
                route: DeliveryRoute::Callback(JobId::generate()),
                received_at: OffsetDateTime::UNIX_EPOCH,
                delivery_id: None,
                body: DeliveryBody::inline(&bytes),
                looked_up: 0,
            };
            let text =
                serde_json::to_string(&DeliveryQueueMessage::Delivery(message.clone())).expect("plain data");
            let DeliveryQueueMessage::Delivery(read) =
                DeliveryQueueMessage::read(&text).expect("our own message")
            else {
                panic!("a delivery")
            };
            assert_eq!(read, message);
            assert_eq!(read.body.bytes().expect("sound"), Some(bytes));
        }
    }
}

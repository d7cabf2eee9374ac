//! One message of the delivery queue or of the queue of long landings: its receipt, and why it must be received again.

use std::time::Duration;

use model::{Error, ErrorClass};
use queues::ReceivedMessage;
use time::OffsetDateTime;
use tokio::time::Instant;

/// The longest delay before a message becomes visible again, in seconds.
pub(crate) const MAX_RETRY_DELAY_SECONDS: u32 = 900;

/// One receive of one message.
#[derive(Debug)]
pub(crate) struct MessageReceipt {
    pub(crate) message_id: String,
    pub(crate) message: ReceivedMessage,
    /// When Lambda ends the invocation.
    pub(crate) deadline: OffsetDateTime,
    /// When a landing moves to the queue of long landings. `None` if the message came from that queue.
    pub(crate) moves_at: Option<Instant>,
}

impl MessageReceipt {
    /// Whether the message came from the queue of long landings.
    pub(crate) fn is_long_landing(&self) -> bool {
        self.moves_at.is_none()
    }
}

/// Why a message stays on the queue, and after how long it is received again.
#[derive(Debug)]
pub(crate) struct MessageFailure {
    pub(crate) error: Error,
    /// The shortest delay until the next receive. `None` leaves it to the backoff.
    pub(crate) min_delay_seconds: Option<u32>,
}

impl MessageFailure {
    /// Another worker holds the lease on the landing for this long.
    pub(crate) fn lease_held_for(wait: Duration) -> Self {
        let seconds = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(MAX_RETRY_DELAY_SECONDS);
        let error = Error::new(ErrorClass::LandingBusy, "another worker is landing the files of this job");
        Self { error, min_delay_seconds: Some(seconds.clamp(1, MAX_RETRY_DELAY_SECONDS)) }
    }
}

impl From<Error> for MessageFailure {
    fn from(error: Error) -> Self {
        Self { error, min_delay_seconds: None }
    }
}

//! The faults that a test can request: of API calls, webhooks and downloads.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::range_flaw::RangeFlaw;
use crate::request_echo::EchoEncoding;

/// A fault of an API call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum CallFault {
    /// The work is done and the connection is reset before the response.
    LostResponse,
    /// The connection is reset before the work.
    Reset,
    /// The work is done and the response is delayed.
    Late { seconds: f64 },
    /// A custom status and body.
    Answer {
        status: u16,
        #[serde(default)]
        body: Value,
        #[serde(default)]
        content_type: Option<String>,
        #[serde(default)]
        headers: Map<String, Value>,
        #[serde(default)]
        after_work: bool,
    },
    /// An error in the envelope.
    Error {
        #[serde(default = "default_internal_error")]
        status: u16,
        #[serde(default = "default_error_message")]
        message: String,
        #[serde(default)]
        retry_after: Option<u32>,
        #[serde(default)]
        after_work: bool,
        /// `success: false` with HTTP 200, whatever the settings say.
        #[serde(default)]
        as_200: bool,
    },
    /// An error in the envelope, or an HTML page, that repeats the request.
    Echo {
        #[serde(default = "default_bad_request")]
        status: u16,
        #[serde(default)]
        writing: EchoEncoding,
        #[serde(default)]
        page: bool,
    },
    /// The HTML page of a gateway.
    GatewayPage {
        #[serde(default = "default_bad_gateway")]
        status: u16,
    },
    /// Revokes every issued token, then processes the call as usual.
    RevokeTokens,
}

/// A fault of a webhook.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum WebhookFault {
    /// Sent this many more times.
    Duplicate {
        #[serde(default = "default_times")]
        times: u32,
    },
    /// Sent one second after the export's next webhook; it does not apply to the last one.
    Reorder,
    /// Never sent.
    Drop,
    /// Due later.
    Delay { seconds: f64 },
}

/// A fault of a download.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum DownloadFault {
    Forbidden,
    NotFound,
    Unavailable {
        #[serde(default = "default_service_unavailable")]
        status: u16,
    },
    /// A redirect; to another path of the same origin if no location is given.
    Redirect {
        #[serde(default)]
        location: Option<String>,
        #[serde(default = "default_redirect_status")]
        status: u16,
    },
    /// An HTML page instead of a video.
    Page,
    /// An empty body with status 200.
    Empty,
    /// Only the first bytes, with the length of the short file.
    Truncated {
        bytes: usize,
    },
    /// The connection is reset after this many bytes of the body.
    Cut {
        after_bytes: usize,
    },
    ContentType {
        value: String,
    },
    /// Chunked, and ended correctly after `short_after` bytes if given.
    NoLength {
        #[serde(default)]
        short_after: Option<usize>,
    },
    Slow {
        #[serde(default = "default_chunk")]
        chunk: usize,
        #[serde(default = "default_pause_seconds")]
        pause_seconds: f64,
    },
    /// The server is careless with ranges.
    CarelessRanges {
        flaw: RangeFlaw,
        /// The most bytes of a short response.
        #[serde(default = "default_short_bytes")]
        bytes: usize,
    },
}

impl CallFault {
    /// Whether the operation is carried out despite the fault.
    pub(super) fn performs_work(&self) -> bool {
        match self {
            Self::LostResponse | Self::Late { .. } | Self::RevokeTokens => true,
            Self::Answer { after_work, .. } | Self::Error { after_work, .. } => *after_work,
            Self::Reset | Self::Echo { .. } | Self::GatewayPage { .. } => false,
        }
    }
}

fn default_internal_error() -> u16 {
    500
}

fn default_bad_request() -> u16 {
    400
}

fn default_bad_gateway() -> u16 {
    502
}

fn default_service_unavailable() -> u16 {
    503
}

fn default_redirect_status() -> u16 {
    302
}

fn default_times() -> u32 {
    1
}

fn default_chunk() -> usize {
    1_024
}

fn default_short_bytes() -> usize {
    16 * 1024
}

fn default_pause_seconds() -> f64 {
    0.05
}

fn default_error_message() -> String {
    "something went wrong".to_owned()
}

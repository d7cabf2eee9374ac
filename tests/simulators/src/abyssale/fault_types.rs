//! The faults that a test can request: of API calls, generations, deliveries and downloads.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::abyssale::settings::GatewayBody;
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
    /// The delivery is due at once and the response is delayed.
    CallbackFirst { seconds: f64 },
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
    /// The error of a gateway in front of the API (E0).
    GatewayError {
        #[serde(default = "default_bad_gateway")]
        status: u16,
        #[serde(default = "default_gateway_body")]
        body: GatewayBody,
        #[serde(default)]
        after_work: bool,
    },
    /// 429 of a rate-limit window, with `Retry-After`.
    RateLimited {
        #[serde(default = "default_retry_after")]
        retry_after: u32,
    },
    /// 429 of the gateway's rate limit, with or without a JSON body.
    GatewayLimited {
        #[serde(default)]
        json: bool,
    },
    /// 429: no credits are left.
    CreditsSpent,
    /// 429: the plan does not include the feature.
    FeatureNotInPlan,
    /// An error that repeats the request: its key as the `id`, all of it in the `message` and in each of the
    /// `errors`.
    Echo {
        #[serde(default = "default_bad_request")]
        status: u16,
        #[serde(default)]
        writing: EchoEncoding,
    },
    /// 500 after this delay, and nothing is rendered (contract 4).
    RenderTimeout {
        #[serde(default = "default_render_seconds")]
        seconds: f64,
    },
}

/// A fault of an accepted generation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum GenerationFault {
    /// One format fails, or every format.
    FormatError {
        #[serde(default)]
        format: Option<String>,
        #[serde(default = "default_failure_reason")]
        reason: String,
    },
    /// It ends with neither banners nor errors.
    Nothing,
    /// It takes this much longer.
    Slow { seconds: f64 },
    /// It never ends and sends no event.
    Stuck,
}

/// A fault of a delivery.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum DeliveryFault {
    /// Sent this many more times, under the same delivery id.
    Duplicate {
        #[serde(default = "default_times")]
        times: u32,
    },
    /// Held back until a later delivery was sent.
    Reorder,
    /// Never sent.
    Drop,
    /// Due later.
    Delay {
        seconds: f64,
    },
    ForgedSignature,
    StaleTime {
        #[serde(default = "default_stale_seconds")]
        seconds: i64,
    },
    WrongSecret,
    Unsigned,
    /// Without the provider's headers.
    MissingHeaders,
    RebuiltBody,
    DataEnvelope,
    NoEventType,
    SlowBody {
        #[serde(default = "default_chunk")]
        chunk: usize,
        #[serde(default = "default_pause_seconds")]
        pause_seconds: f64,
    },
    OversizedBody {
        bytes: usize,
    },
}

/// A fault of a download of an archive or of a banner's file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum DownloadFault {
    Expired,
    NotFound,
    Unavailable {
        #[serde(default = "default_service_unavailable")]
        status: u16,
    },
    /// Only the first bytes of the file, with the length of the short file.
    Truncated {
        bytes: usize,
    },
    /// The connection is reset after this many bytes of the body.
    Cut {
        after_bytes: usize,
    },
    /// An HTML page instead of a file.
    #[serde(rename = "not_a_zip", alias = "html_page")]
    Page,
    ContentType {
        value: String,
    },
    /// An archive of only this many banners.
    FewerEntries {
        entries: usize,
    },
    Redirect {
        location: String,
        #[serde(default = "default_redirect_status")]
        status: u16,
    },
    /// Chunked, and ended correctly after `short_after` bytes if given.
    NoLength {
        #[serde(default)]
        short_after: Option<usize>,
    },
    Slow {
        chunk: usize,
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
            Self::LostResponse | Self::Late { .. } | Self::CallbackFirst { .. } => true,
            Self::Answer { after_work, .. } | Self::GatewayError { after_work, .. } => *after_work,
            Self::Reset
            | Self::RateLimited { .. }
            | Self::GatewayLimited { .. }
            | Self::CreditsSpent
            | Self::FeatureNotInPlan
            | Self::Echo { .. }
            | Self::RenderTimeout { .. } => false,
        }
    }
}

impl GenerationFault {
    /// Returns why this format fails, if it does. A multipage document has no format name.
    pub(super) fn reason(&self, format: Option<&str>) -> Option<String> {
        match self {
            Self::FormatError { format: requested, reason }
                if requested.is_none() || requested.as_deref() == format =>
            {
                Some(reason.clone())
            }
            Self::FormatError { .. } | Self::Nothing | Self::Slow { .. } | Self::Stuck => None,
        }
    }
}

impl DeliveryFault {
    /// Whether the fault affects the schedule, not one attempt.
    pub(super) fn affects_schedule(&self) -> bool {
        matches!(self, Self::Duplicate { .. } | Self::Reorder | Self::Drop | Self::Delay { .. })
    }
}

/// The time limit of the synchronous call (contract 4).
fn default_render_seconds() -> f64 {
    10.0
}

/// The sample of contract 3.3.
fn default_failure_reason() -> String {
    "The text cannot fit within the defined space.".to_owned()
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

fn default_gateway_body() -> GatewayBody {
    GatewayBody::Html
}

/// The sample of contract 1.5.
fn default_retry_after() -> u32 {
    27
}

fn default_times() -> u32 {
    1
}

/// Just outside the 300 seconds of contract 6.3.
fn default_stale_seconds() -> i64 {
    301
}

fn default_chunk() -> usize {
    16
}

fn default_short_bytes() -> usize {
    16 * 1024
}

fn default_pause_seconds() -> f64 {
    0.2
}

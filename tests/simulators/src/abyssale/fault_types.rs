//! What can go wrong on request: with calls of the API, generations, deliveries and downloads.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::abyssale::settings::GatewayBody;
use crate::request_echo::EchoEncoding;

/// What goes wrong with a call of the API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum CallFault {
    /// The work is done and the connection is reset before the answer.
    LostResponse,
    /// The connection is reset before the work.
    Reset,
    /// The work is done and the answer comes late.
    Late { seconds: f64 },
    /// The delivery is due at once and the answer comes late.
    CallbackFirst { seconds: f64 },
    /// A status and body of choice.
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
    /// What a gateway in front of the API says (E0).
    GatewayError {
        #[serde(default = "bad_gateway")]
        status: u16,
        #[serde(default = "html")]
        body: GatewayBody,
        #[serde(default)]
        after_work: bool,
    },
    /// 429 of a window, with `Retry-After`.
    RateLimited {
        #[serde(default = "sample_wait")]
        retry_after: u32,
    },
    /// 429 of the gateway's ceiling, with or without a JSON body.
    GatewayLimited {
        #[serde(default)]
        json: bool,
    },
    /// 429: no credits are left.
    CreditsSpent,
    /// 429: the plan excludes it.
    FeatureNotInPlan,
    /// A refusal that repeats the request: its key as the `id`, all of it in the `message` and in each of the `errors`.
    Echo {
        #[serde(default = "bad_request")]
        status: u16,
        #[serde(default)]
        writing: EchoEncoding,
    },
    /// 500 after so long, and nothing is rendered (contract 4).
    RenderTimeout {
        #[serde(default = "render_cap")]
        seconds: f64,
    },
}

/// What goes wrong with a generation that was accepted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum GenerationFault {
    /// Nothing comes of one format, or of any.
    FormatError {
        #[serde(default)]
        format: Option<String>,
        #[serde(default = "misfit")]
        reason: String,
    },
    /// It ends with neither banners nor errors.
    Nothing,
    /// It takes so much longer.
    Slow { seconds: f64 },
    /// It never ends, and no event comes of it.
    Stuck,
}

/// What goes wrong with a delivery.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum DeliveryFault {
    /// Sent so many times more, under the same delivery id.
    Duplicate {
        #[serde(default = "one")]
        times: u32,
    },
    /// Held back until a later delivery went out.
    Reorder,
    /// Never sent.
    Drop,
    /// Due later than it should be.
    Delay {
        seconds: f64,
    },
    ForgedSignature,
    StaleTime {
        #[serde(default = "stale")]
        seconds: i64,
    },
    WrongSecret,
    Unsigned,
    /// None of the provider's headers.
    MissingHeaders,
    RebuiltBody,
    DataEnvelope,
    NoEventType,
    SlowBody {
        #[serde(default = "small_chunk")]
        chunk: usize,
        #[serde(default = "short_pause")]
        pause_seconds: f64,
    },
    OversizedBody {
        bytes: usize,
    },
}

/// What goes wrong with a download of an archive or of a banner's file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum DownloadFault {
    Expired,
    NotFound,
    Unavailable {
        #[serde(default = "service_unavailable")]
        status: u16,
    },
    /// Only the first bytes of the file, with the length of the short file.
    Truncated {
        bytes: usize,
    },
    /// The connection breaks after so many bytes of the answer.
    Cut {
        after_bytes: usize,
    },
    /// A page instead of a file.
    #[serde(rename = "not_a_zip", alias = "html_page")]
    Page,
    ContentType {
        value: String,
    },
    /// An archive of only so many banners.
    FewerEntries {
        entries: usize,
    },
    Redirect {
        location: String,
        #[serde(default = "found")]
        status: u16,
    },
    /// Chunked, and properly ended after `short_after` bytes if given.
    NoLength {
        #[serde(default)]
        short_after: Option<usize>,
    },
    Slow {
        chunk: usize,
        pause_seconds: f64,
    },
}

impl CallFault {
    /// Whether the operation is carried out all the same.
    pub(super) fn works(&self) -> bool {
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
    /// ErrorKind nothing comes of this format, if so. A multipage document has no name.
    pub(super) fn reason(&self, format: Option<&str>) -> Option<String> {
        match self {
            Self::FormatError { format: wanted, reason }
                if wanted.is_none() || wanted.as_deref() == format =>
            {
                Some(reason.clone())
            }
            Self::FormatError { .. } | Self::Nothing | Self::Slow { .. } | Self::Stuck => None,
        }
    }
}

impl DeliveryFault {
    /// Whether it concerns the schedule, not one attempt.
    pub(super) fn of_schedule(&self) -> bool {
        matches!(self, Self::Duplicate { .. } | Self::Reorder | Self::Drop | Self::Delay { .. })
    }
}

/// The synchronous call's cap (contract 4).
fn render_cap() -> f64 {
    10.0
}

/// The sample of contract 3.3.
fn misfit() -> String {
    "The text cannot fit within the defined space.".to_owned()
}

fn bad_request() -> u16 {
    400
}

fn bad_gateway() -> u16 {
    502
}

fn service_unavailable() -> u16 {
    503
}

fn found() -> u16 {
    302
}

fn html() -> GatewayBody {
    GatewayBody::Html
}

/// The sample of contract 1.5.
fn sample_wait() -> u32 {
    27
}

fn one() -> u32 {
    1
}

/// Just outside the 300 seconds of contract 6.3.
fn stale() -> i64 {
    301
}

fn small_chunk() -> usize {
    16
}

fn short_pause() -> f64 {
    0.2
}

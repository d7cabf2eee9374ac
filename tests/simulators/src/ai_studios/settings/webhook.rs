//! Settings of the webhook sender (contract 9.5).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// When webhooks are sent and how they are encoded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhook {
    pub(crate) events: ProgressEvents,
    pub(crate) form: WebhookEncoding,
    /// Sends numbers as text.
    pub(crate) text_numbers: bool,
    /// Added to each body.
    pub(crate) extra_fields: Map<String, Value>,
    /// Sends a webhook when an export fails.
    pub(crate) failure_event: bool,
    /// Attempts after the first, if the response is not a success.
    pub(crate) retries: u32,
    pub(crate) retry_seconds: f64,
    /// The receiver's time limit for the response, in real time.
    pub(crate) timeout_seconds: f64,
    /// Forged webhooks, sent one second after an export is accepted.
    pub(crate) forged: Vec<Forgery>,
}

/// The progress values that send a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProgressEvents {
    /// At 25, 50, 75 and 100.
    Quarters,
    Final,
    /// Every five percent.
    EveryTick,
    None,
}

/// How the request carries the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WebhookEncoding {
    /// A bare JSON object, posted.
    Json,
    /// In the query string of a GET, as v2 did.
    Query,
    /// Form-urlencoded, posted.
    Form,
    /// JSON in `{success, data}`.
    Enveloped,
    /// In the query string of a GET under the names of v2 (contract 4.3).
    V2,
    /// A JSON array of one object.
    Array,
}

/// The false part of a forged webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Forgery {
    /// The id of no task.
    WrongTask,
    /// The right task, with a download URL of another origin.
    ForeignUrl,
    /// To a path with a guessed last segment.
    WrongPath,
}

impl Default for Webhook {
    fn default() -> Self {
        Self {
            events: ProgressEvents::Quarters,
            form: WebhookEncoding::Json,
            text_numbers: false,
            extra_fields: Map::new(),
            failure_event: false,
            retries: 0,
            retry_seconds: 10.0,
            timeout_seconds: 5.0,
            forged: Vec::new(),
        }
    }
}

//! One message and its receipt handles.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A message with its attributes and visibility.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) body: String,
    /// `MessageAttributes` as the sender set them.
    pub(crate) attributes: Map<String, Value>,
    /// System attributes that the sender or a redrive sets.
    pub(super) system_attributes: BTreeMap<String, String>,
    pub(super) sent_millis: u64,
    #[serde(flatten)]
    pub(super) visibility: Visibility,
}

/// The state that changes when a message is received or its visibility timeout is changed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Visibility {
    pub(super) first_received_millis: Option<u64>,
    pub(super) receive_count: u64,
    pub(super) visible_millis: u64,
    /// The receipt handle of the latest receive.
    pub(super) receipt: Option<String>,
}

impl Message {
    /// The receipt handle of the latest receive.
    pub(crate) fn receipt(&self) -> Option<&str> {
        self.visibility.receipt.as_deref()
    }

    /// Returns all system attributes, as for `AttributeNames: ["All"]`.
    pub(crate) fn system_attributes(&self) -> BTreeMap<String, String> {
        let mut attributes = self.system_attributes.clone();
        attributes.insert("SenderId".into(), "AIDALOCALCLOUD".into());
        attributes.insert("SentTimestamp".into(), self.sent_millis.to_string());
        attributes.insert("ApproximateReceiveCount".into(), self.visibility.receive_count.to_string());
        if let Some(first) = self.visibility.first_received_millis {
            attributes.insert("ApproximateFirstReceiveTimestamp".into(), first.to_string());
        }
        attributes
    }
}

impl Visibility {
    /// The state of a message that was never received and becomes visible at this time.
    pub(super) fn from(visible_millis: u64) -> Self {
        Self { visible_millis, ..Self::default() }
    }

    /// The state after another receive, hidden until `visible_millis`.
    pub(super) fn received(&self, receipt: String, now: u64, visible_millis: u64) -> Self {
        Self {
            first_received_millis: self.first_received_millis.or(Some(now)),
            receive_count: self.receive_count + 1,
            visible_millis,
            receipt: Some(receipt),
        }
    }
}

/// Makes a receipt handle for one receive of a message.
pub(super) fn new_receipt(queue: &str, message: &str) -> String {
    STANDARD.encode(format!("{queue}/{message}/{}", uuid::Uuid::new_v4().simple()))
}

/// Returns the message id from a receipt handle of this queue. The message may be deleted already.
pub(super) fn message_id_of_receipt(queue: &str, receipt: &str) -> Option<String> {
    let text = String::from_utf8(STANDARD.decode(receipt).ok()?).ok()?;
    let rest = text.strip_prefix(queue)?.strip_prefix('/')?;
    rest.split_once('/').map(|(message, _)| message.to_owned())
}

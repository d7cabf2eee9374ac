//! What invoked us, decided by the keys that tell the events apart.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use lambda_http::Body;
use model::{Fault, FaultClass};
use serde_json::{Map, Value};

/// What invoked us.
#[derive(Debug)]
pub enum Trigger {
    /// An HTTP API of API Gateway, payload format 2.0. The body is its raw bytes.
    Http(Box<http::Request<Bytes>>),
    /// Messages of an SQS queue.
    Queue(Vec<QueueMessage>),
    /// A direct invocation (Step Functions, EventBridge Scheduler, CLI): its `command`, and the other fields.
    Direct(String, Map<String, Value>),
}

/// One message of a queue.
#[derive(Debug)]
pub struct QueueMessage {
    /// Name of the queue that it came from.
    pub queue: String,
    /// Its id, by which it is reported as failed.
    pub id: String,
    /// What names this receipt of it.
    pub receipt_handle: String,
    /// How often it was received, this time included.
    pub receive_count: u32,
    /// Its body.
    pub body: String,
}

impl Trigger {
    /// Tells what an event is. Looks at the keys that tell the events apart instead of trying one type after
    /// another, so that a refusal can say what is wrong with the one it is.
    ///
    /// # Errors
    /// [`FaultClass::InvalidRequest`] for an event that is none of these.
    pub fn read(event: Value) -> Result<Self, Fault> {
        if event.pointer("/requestContext/http").is_some() {
            return http_request(&event).map(|request| Trigger::Http(Box::new(request)));
        }
        if let Some(records) = event.get("Records").and_then(Value::as_array) {
            return records.iter().map(queue_message).collect::<Result<_, _>>().map(Trigger::Queue);
        }
        match event {
            Value::Object(mut fields) => match fields.remove("command") {
                Some(Value::String(command)) => Ok(Trigger::Direct(command, fields)),
                Some(_) => Err(Fault::invalid("command", "expected a text")),
                None => Err(unknown(&fields)),
            },
            _ => Err(Fault::new(FaultClass::InvalidRequest, "expected a JSON object as the event")),
        }
    }
}

fn unknown(fields: &Map<String, Value>) -> Fault {
    let seen: Vec<&str> = fields.keys().map(String::as_str).take(10).collect();
    let message = format!(
        "expected an HTTP API event, an SQS event or an object with a \"command\"; this event has the keys [{}]",
        seen.join(", ")
    );
    Fault::new(FaultClass::InvalidRequest, message)
}

fn http_request(event: &Value) -> Result<http::Request<Bytes>, Fault> {
    // The event crate forgives a wrong base64 body by failing late; this one must be exact, signatures need it.
    let mut event = event.clone();
    let encoded = event.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or(false);
    let body = event.get_mut("body").map(Value::take).unwrap_or(Value::Null);
    let body: Bytes = match body {
        Value::String(text) if encoded => BASE64_STANDARD
            .decode(text)
            .map_err(|e| Fault::new(FaultClass::InvalidRequest, "the event's body is not base64").because(e))?
            .into(),
        Value::String(text) => text.into(),
        _ => Bytes::new(),
    };
    if let Some(path) = event.get_mut("rawPath") {
        // API Gateway reads the escapes of a path before it hands it on, so these two are no delimiters here.
        *path = path.as_str().map(|path| path.replace('?', "%3F").replace('#', "%23")).into();
    }
    if let Some(query) = event.get_mut("rawQueryString") {
        *query = query.as_str().map(escaped).into();
    }
    let request = lambda_http::request::from_str(&event.to_string())
        .map_err(|e| Fault::new(FaultClass::InvalidRequest, "the HTTP API event is malformed").because(e))?;
    Ok(request.map(|_: Body| body))
}

/// A query in which every byte may stand in a URI. The event crate panics at any other byte, and strangers
/// write the queries of a public API.
fn escaped(query: &str) -> String {
    let mut text = String::with_capacity(query.len());
    for byte in query.bytes() {
        match byte {
            b'"' | b'#' | b'<' | b'>' | b'\\' => text.push_str(&format!("%{byte:02X}")),
            b'!'..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

fn queue_message(record: &Value) -> Result<QueueMessage, Fault> {
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
    let missing = || Fault::new(FaultClass::InvalidRequest, "a record is not an SQS message");
    if text("/eventSource") != Some("aws:sqs") {
        return Err(missing());
    }
    let count = text("/attributes/ApproximateReceiveCount").and_then(|count| count.parse().ok());
    let queue = text("/eventSourceARN").and_then(|arn| arn.rsplit(':').next());
    Ok(QueueMessage {
        queue: queue.unwrap_or_default().to_owned(),
        id: text("/messageId").ok_or_else(missing)?.to_owned(),
        receipt_handle: text("/receiptHandle").ok_or_else(missing)?.to_owned(),
        receive_count: count.unwrap_or(1),
        body: text("/body").ok_or_else(missing)?.to_owned(),
    })
}

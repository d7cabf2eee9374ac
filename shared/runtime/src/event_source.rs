//! What invoked us, decided by the keys that tell the events apart.

use bytes::Bytes;
use model::{Error, ErrorClass};
use serde_json::{Map, Value};

use crate::http_event;

/// What invoked us.
#[derive(Debug)]
pub enum EventSource {
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

impl EventSource {
    /// Tells what an event is. Looks at the keys that tell the events apart instead of trying one type after
    /// another, so that a refusal can say what is wrong with the one it is.
    ///
    /// # Errors
    /// [`ErrorClass::InvalidRequest`] for an event that is none of these.
    pub fn read(event: Value) -> Result<Self, Error> {
        if event.pointer("/requestContext/http").is_some() {
            return http_event::request(&event).map(|request| EventSource::Http(Box::new(request)));
        }
        if let Some(records) = event.get("Records").and_then(Value::as_array) {
            return records.iter().map(queue_message).collect::<Result<_, _>>().map(EventSource::Queue);
        }
        match event {
            Value::Object(mut fields) => match fields.remove("command") {
                Some(Value::String(command)) => Ok(EventSource::Direct(command, fields)),
                Some(_) => Err(Error::invalid("command", "expected a text")),
                None => Err(unknown(&fields)),
            },
            _ => Err(Error::new(ErrorClass::InvalidRequest, "expected a JSON object as the event")),
        }
    }
}

fn unknown(fields: &Map<String, Value>) -> Error {
    let seen: Vec<&str> = fields.keys().map(String::as_str).take(10).collect();
    let message = format!(
        "expected an HTTP API event, an SQS event or an object with a \"command\"; this event has the keys [{}]",
        seen.join(", ")
    );
    Error::new(ErrorClass::InvalidRequest, message)
}

fn queue_message(record: &Value) -> Result<QueueMessage, Error> {
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
    let missing = || Error::new(ErrorClass::InvalidRequest, "a record is not an SQS message");
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

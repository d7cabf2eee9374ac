//! The event source of an invocation, by the keys of the event.

use bytes::Bytes;
use model::{Error, ErrorClass};
use serde_json::{Map, Value};

use crate::http_event;

/// The event of an invocation, by its source.
#[derive(Debug)]
pub enum EventSource {
    /// A request to an HTTP API of API Gateway, payload format 2.0. The body is decoded.
    Http(Box<http::Request<Bytes>>),
    /// A batch of messages of an SQS queue.
    Sqs(Vec<SqsMessage>),
    /// A direct invocation (Step Functions, EventBridge Scheduler, CLI): its `command` and its other fields.
    Direct(String, Map<String, Value>),
}

/// A message of an SQS queue.
#[derive(Debug)]
pub struct SqsMessage {
    /// The name of the queue.
    pub queue_name: String,
    /// The message id, which a batch response names when the message failed.
    pub message_id: String,
    /// The receipt handle, which changes with each receive.
    pub receipt_handle: String,
    /// How often the message was received, including this time.
    pub receive_count: u32,
    /// The body.
    pub body: String,
}

impl EventSource {
    /// Parses an event. The source is decided by distinguishing keys instead of trying one type after another, so that
    /// the error message describes the right type.
    ///
    /// # Errors
    /// [`ErrorClass::InvalidRequest`] for an event of another source.
    pub fn parse(event: Value) -> Result<Self, Error> {
        if event.pointer("/requestContext/http").is_some() {
            return http_event::read_request(&event).map(|request| EventSource::Http(Box::new(request)));
        }
        if let Some(records) = event.get("Records").and_then(Value::as_array) {
            return records.iter().map(queue_message).collect::<Result<_, _>>().map(EventSource::Sqs);
        }
        match event {
            Value::Object(mut fields) => match fields.remove("command") {
                Some(Value::String(command)) => Ok(EventSource::Direct(command, fields)),
                Some(_) => Err(Error::invalid("command", "expected a text")),
                None => Err(unknown_event(&fields)),
            },
            _ => Err(Error::new(ErrorClass::InvalidRequest, "expected a JSON object as the event")),
        }
    }
}

fn unknown_event(fields: &Map<String, Value>) -> Error {
    let keys: Vec<&str> = fields.keys().map(String::as_str).take(10).collect();
    let message = format!(
        "expected an HTTP API event, an SQS event or an object with a \"command\"; this event has the keys [{}]",
        keys.join(", ")
    );
    Error::new(ErrorClass::InvalidRequest, message)
}

fn queue_message(record: &Value) -> Result<SqsMessage, Error> {
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
    let invalid_record = || Error::new(ErrorClass::InvalidRequest, "a record is not an SQS message");
    if text("/eventSource") != Some("aws:sqs") {
        return Err(invalid_record());
    }
    let count = text("/attributes/ApproximateReceiveCount").and_then(|count| count.parse().ok());
    let queue = text("/eventSourceARN").and_then(|arn| arn.rsplit(':').next());
    Ok(SqsMessage {
        queue_name: queue.unwrap_or_default().to_owned(),
        message_id: text("/messageId").ok_or_else(invalid_record)?.to_owned(),
        receipt_handle: text("/receiptHandle").ok_or_else(invalid_record)?.to_owned(),
        receive_count: count.unwrap_or(1),
        body: text("/body").ok_or_else(invalid_record)?.to_owned(),
    })
}

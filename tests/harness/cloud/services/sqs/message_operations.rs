//! SendMessage, ReceiveMessage, DeleteMessage and ChangeMessageVisibility.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::errors;
use super::message::{Message, Visibility, message_id_of_receipt};
use super::message_digest::{md5_of_attributes, md5_of_body};
use super::queue::Queue;
use super::queue_change::QueueChange;
use super::queue_operations::strings;
use super::queues::Queues;
use super::queues::empty_response;
use super::queues::find_queue;
use super::queues::now_millis;
use super::queues::queue_name;
use super::receive::{self, ReceiveOptions, receive_messages};
use crate::cloud::services::error::ServiceError;

pub(super) fn send_message(queues: &Queues, input: &Value) -> Result<Value, ServiceError> {
    let name = queue_name(input)?;
    let body = input["MessageBody"].as_str().filter(|body| !body.is_empty());
    let body = body.ok_or_else(|| ServiceError::missing("MessageBody"))?;
    let delay = errors::number(input, "DelaySeconds", 0..=900)?.map(Duration::from_secs);
    let attributes = input["MessageAttributes"].as_object().cloned().unwrap_or_default();
    let mut locked = queues.lock();
    let queue = find_queue(&mut locked, &name)?;
    check_size(queue, body, &attributes)?;
    let system_attributes = system_attributes(queue, input)?;
    let now = now_millis();
    let delay = delay.unwrap_or_else(|| queue.seconds("DelaySeconds"));
    let message = Message {
        id: uuid::Uuid::new_v4().to_string(),
        body: body.to_owned(),
        attributes,
        system_attributes,
        sent_millis: now,
        visibility: Visibility::from(now + u64::try_from(delay.as_millis()).unwrap_or(0)),
    };
    let mut output = json!({ "MessageId": message.id, "MD5OfMessageBody": md5_of_body(body) });
    if let Some(md5) = md5_of_attributes(&message.attributes) {
        output["MD5OfMessageAttributes"] = json!(md5);
    }
    let deduplication = message.system_attributes.get("MessageDeduplicationId").cloned();
    let first = deduplication.as_deref().and_then(|id| queue.deduplication.first(id, now));
    if let Some(first) = first {
        output["MessageId"] = json!(first);
        return Ok(output);
    }
    let remembered = deduplication.map(|deduplication| QueueChange::Deduplicated {
        deduplication,
        millis: now,
        id: message.id.clone(),
    });
    queue.commit(remembered.into_iter().chain([QueueChange::Sent(Box::new(message))]).collect())?;
    Ok(output)
}

/// Sends a message as another service does: from inside AWS, without a request to the endpoint.
pub(crate) fn send_to_queue(queues: &Queues, name: &str, body: &str) -> Result<Value, ServiceError> {
    send_message(queues, &json!({ "QueueUrl": format!("/{name}"), "MessageBody": body }))
}

pub(super) async fn receive_message(queues: &Queues, input: &Value) -> Result<Value, ServiceError> {
    let name = queue_name(input)?;
    let limit = errors::number(input, "MaxNumberOfMessages", 1..=10)?.unwrap_or(1);
    let wait_time = errors::number(input, "WaitTimeSeconds", 0..=20)?.map(Duration::from_secs);
    let visibility_timeout = errors::number(input, "VisibilityTimeout", 0..=43_200)?.map(Duration::from_secs);
    let max_messages = usize::try_from(limit).unwrap_or(10);
    let options = ReceiveOptions { max_messages, wait_time, visibility_timeout };
    let messages = receive_messages(queues, &name, options).await?;
    if messages.is_empty() {
        return Ok(empty_response());
    }
    let messages: Vec<_> = messages.iter().map(|message| message_json(message, input)).collect();
    Ok(json!({ "Messages": messages }))
}

pub(super) fn delete_message(queues: &Queues, input: &Value) -> Result<Value, ServiceError> {
    receive::delete_message(queues, &queue_name(input)?, receipt(input)?)?;
    Ok(empty_response())
}

pub(super) fn change_visibility(queues: &Queues, input: &Value) -> Result<Value, ServiceError> {
    let name = queue_name(input)?;
    let receipt = receipt(input)?;
    let seconds = errors::number(input, "VisibilityTimeout", 0..=43_200)?
        .ok_or_else(|| ServiceError::missing("VisibilityTimeout"))?;
    let id = message_id_of_receipt(&name, receipt).ok_or_else(errors::invalid_receipt)?;
    let now = now_millis();
    let mut locked = queues.lock();
    let queue = find_queue(&mut locked, &name)?;
    let store = queue.advance_to(now).store();
    let message = store.get(&id).ok_or_else(|| {
        errors::invalid_value("Message does not exist or is not available for visibility timeout change.")
    })?;
    if message.receipt() != Some(receipt) || !store.is_in_flight(&id) {
        return Err(errors::not_in_flight());
    }
    let visibility = Visibility { visible_millis: now + seconds * 1000, ..message.visibility.clone() };
    queue.commit(vec![QueueChange::Hidden { id, visibility }])?;
    Ok(empty_response())
}

fn receipt(input: &Value) -> Result<&str, ServiceError> {
    input["ReceiptHandle"].as_str().ok_or_else(|| ServiceError::missing("ReceiptHandle"))
}

fn check_size(queue: &Queue, body: &str, attributes: &Map<String, Value>) -> Result<(), ServiceError> {
    let limit = queue.settings.attributes.get("MaximumMessageSize").and_then(|limit| limit.parse().ok());
    let limit = limit.unwrap_or(1_048_576);
    let text = |value: &Value| value.as_str().map_or(0, str::len);
    let attributes: usize = attributes
        .iter()
        .map(|(name, value)| {
            name.len()
                + text(&value["DataType"])
                + text(&value["StringValue"])
                + text(&value["BinaryValue"]) / 4 * 3
        })
        .sum();
    if body.len() + attributes <= limit {
        return Ok(());
    }
    let message =
        format!("One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes.");
    Err(errors::invalid_value(message))
}

/// Reads the system attributes from a request: the trace header, and the attributes that a FIFO queue requires.
fn system_attributes(queue: &Queue, input: &Value) -> Result<BTreeMap<String, String>, ServiceError> {
    let mut attributes = BTreeMap::new();
    let trace = &input["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"];
    let by_content =
        queue.settings.attributes.get("ContentBasedDeduplication").is_some_and(|value| value == "true");
    let content = by_content.then(|| md5_of_body(input["MessageBody"].as_str().unwrap_or_default()));
    let deduplication = input["MessageDeduplicationId"].as_str().or(content.as_deref());
    for (name, value) in [
        ("AWSTraceHeader", trace.as_str()),
        ("MessageGroupId", input["MessageGroupId"].as_str()),
        ("MessageDeduplicationId", deduplication.filter(|_| queue.is_fifo())),
    ] {
        if let Some(value) = value {
            attributes.insert(name.to_owned(), value.to_owned());
        } else if queue.is_fifo() && name != "AWSTraceHeader" {
            return Err(errors::invalid_value(format!("The request must contain the parameter {name}.")));
        }
    }
    Ok(attributes)
}

/// Converts a received message to JSON, with the requested attributes.
fn message_json(message: &Message, input: &Value) -> Value {
    let mut output = json!({
        "MessageId": message.id,
        "ReceiptHandle": message.receipt(),
        "Body": message.body,
        "MD5OfBody": md5_of_body(&message.body),
    });
    let mut requested = strings(&input["AttributeNames"]);
    requested.extend(strings(&input["MessageSystemAttributeNames"]));
    let mut system = message.system_attributes();
    system.retain(|name, _| requested.contains(&"All") || requested.contains(&name.as_str()));
    if !system.is_empty() {
        output["Attributes"] = json!(system);
    }
    let requested = strings(&input["MessageAttributeNames"]);
    let mut attributes = message.attributes.clone();
    attributes.retain(|name, _| {
        requested.iter().any(|requested| match requested.strip_suffix(".*") {
            Some(prefix) => name.starts_with(prefix),
            None => *requested == "All" || requested == name,
        })
    });
    if let Some(md5) = md5_of_attributes(&attributes) {
        output["MessageAttributes"] = json!(attributes);
        output["MD5OfMessageAttributes"] = json!(md5);
    }
    output
}

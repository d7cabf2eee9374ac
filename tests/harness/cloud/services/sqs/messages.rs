//! Operations on single messages.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::attributes::strings;
use super::change::Change;
use super::message::{Message, Visibility, message_of_receipt};
use super::queue::Queue;
use super::{Queues, ServiceError, digest, fault, find, named_by_url, nothing, now_millis};

impl Queues {
    pub(super) fn send_message(&self, input: &Value) -> Result<Value, ServiceError> {
        let name = named_by_url(input)?;
        let body = input["MessageBody"].as_str().filter(|body| !body.is_empty());
        let body = body.ok_or_else(|| ServiceError::missing("MessageBody"))?;
        let delay = fault::number(input, "DelaySeconds", 0..=900)?.map(Duration::from_secs);
        let attributes = input["MessageAttributes"].as_object().cloned().unwrap_or_default();
        let mut queues = self.lock();
        let queue = find(&mut queues, &name)?;
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
        let mut output = json!({ "MessageId": message.id, "MD5OfMessageBody": digest::of_body(body) });
        if let Some(md5) = digest::of_attributes(&message.attributes) {
            output["MD5OfMessageAttributes"] = json!(md5);
        }
        let deduplication = message.system_attributes.get("MessageDeduplicationId").cloned();
        let first = deduplication.as_deref().and_then(|id| queue.deduplication.first(id, now));
        if let Some(first) = first {
            output["MessageId"] = json!(first);
            return Ok(output);
        }
        let remembered = deduplication.map(|deduplication| Change::Deduplicated {
            deduplication,
            millis: now,
            id: message.id.clone(),
        });
        queue.commit(remembered.into_iter().chain([Change::Sent(Box::new(message))]).collect())?;
        Ok(output)
    }

    pub(super) async fn receive_message(&self, input: &Value) -> Result<Value, ServiceError> {
        let name = named_by_url(input)?;
        let limit = fault::number(input, "MaxNumberOfMessages", 1..=10)?.unwrap_or(1);
        let wait = fault::number(input, "WaitTimeSeconds", 0..=20)?.map(Duration::from_secs);
        let visibility = fault::number(input, "VisibilityTimeout", 0..=43_200)?.map(Duration::from_secs);
        let limit = usize::try_from(limit).unwrap_or(10);
        let messages = self.receive(&name, limit, wait, visibility).await?;
        if messages.is_empty() {
            return Ok(nothing());
        }
        let messages: Vec<_> = messages.iter().map(|message| shown(message, input)).collect();
        Ok(json!({ "Messages": messages }))
    }

    pub(super) fn delete_message(&self, input: &Value) -> Result<Value, ServiceError> {
        self.delete(&named_by_url(input)?, receipt(input)?)?;
        Ok(nothing())
    }

    pub(super) fn change_visibility(&self, input: &Value) -> Result<Value, ServiceError> {
        let name = named_by_url(input)?;
        let receipt = receipt(input)?;
        let seconds = fault::number(input, "VisibilityTimeout", 0..=43_200)?
            .ok_or_else(|| ServiceError::missing("VisibilityTimeout"))?;
        let id = message_of_receipt(&name, receipt).ok_or_else(fault::invalid_receipt)?;
        let now = now_millis();
        let mut queues = self.lock();
        let queue = find(&mut queues, &name)?;
        let held = queue.as_of(now).store();
        let message = held.get(&id).ok_or_else(|| {
            fault::invalid_value("Message does not exist or is not available for visibility timeout change.")
        })?;
        if message.receipt() != Some(receipt) || !held.is_in_flight(&id) {
            return Err(fault::not_in_flight());
        }
        let visibility = Visibility { visible_millis: now + seconds * 1000, ..message.visibility.clone() };
        queue.commit(vec![Change::Hidden { id, visibility }])?;
        Ok(nothing())
    }
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
    Err(fault::invalid_value(message))
}

/// The trace header, and what a FIFO queue needs.
fn system_attributes(queue: &Queue, input: &Value) -> Result<BTreeMap<String, String>, ServiceError> {
    let mut attributes = BTreeMap::new();
    let trace = &input["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"];
    let by_content =
        queue.settings.attributes.get("ContentBasedDeduplication").is_some_and(|value| value == "true");
    let content = by_content.then(|| digest::of_body(input["MessageBody"].as_str().unwrap_or_default()));
    let deduplication = input["MessageDeduplicationId"].as_str().or(content.as_deref());
    for (name, value) in [
        ("AWSTraceHeader", trace.as_str()),
        ("MessageGroupId", input["MessageGroupId"].as_str()),
        ("MessageDeduplicationId", deduplication.filter(|_| queue.is_fifo())),
    ] {
        if let Some(value) = value {
            attributes.insert(name.to_owned(), value.to_owned());
        } else if queue.is_fifo() && name != "AWSTraceHeader" {
            return Err(fault::invalid_value(format!("The request must contain the parameter {name}.")));
        }
    }
    Ok(attributes)
}

/// A received message with the attributes that were asked for.
fn shown(message: &Message, input: &Value) -> Value {
    let mut output = json!({
        "MessageId": message.id,
        "ReceiptHandle": message.receipt(),
        "Body": message.body,
        "MD5OfBody": digest::of_body(&message.body),
    });
    let mut asked = strings(&input["AttributeNames"]);
    asked.extend(strings(&input["MessageSystemAttributeNames"]));
    let mut system = message.system_attributes();
    system.retain(|name, _| asked.contains(&"All") || asked.contains(&name.as_str()));
    if !system.is_empty() {
        output["Attributes"] = json!(system);
    }
    let asked = strings(&input["MessageAttributeNames"]);
    let mut attributes = message.attributes.clone();
    attributes.retain(|name, _| {
        asked.iter().any(|asked| match asked.strip_suffix(".*") {
            Some(prefix) => name.starts_with(prefix),
            None => *asked == "All" || asked == name,
        })
    });
    if let Some(md5) = digest::of_attributes(&attributes) {
        output["MessageAttributes"] = json!(attributes);
        output["MD5OfMessageAttributes"] = json!(md5);
    }
    output
}

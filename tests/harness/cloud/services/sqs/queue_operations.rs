//! Operations on queues and their attributes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::errors;
use super::queue_change::{QueueChange, QueueSettings};
use super::queues::Queues;
use super::queues::empty_response;
use super::queues::find_queue;
use super::queues::now_millis;
use super::queues::queue_name;
use super::stored_queue::StoredQueue;
use crate::cloud::services::error::ServiceError;

/// The default attributes of a queue.
const DEFAULTS: [(&str, &str); 5] = [
    ("DelaySeconds", "0"),
    ("MaximumMessageSize", "1048576"),
    ("MessageRetentionPeriod", "345600"),
    ("ReceiveMessageWaitTimeSeconds", "0"),
    ("VisibilityTimeout", "30"),
];

pub(super) fn create_queue(queues: &Queues, input: &Value) -> Result<Value, ServiceError> {
    let name = input["QueueName"].as_str().ok_or_else(|| ServiceError::missing("QueueName"))?;
    let stem = name.strip_suffix(".fifo").unwrap_or(name);
    let is_valid = !stem.is_empty()
        && name.len() <= 80
        && stem.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    if !is_valid {
        let message = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
        return Err(errors::invalid_value(message));
    }
    let requested = given_attributes(input);
    let mut locked = queues.lock();
    if let Some(queue) = locked.get(name) {
        let differs =
            requested.iter().any(|(name, value)| queue.settings.attributes.get(name) != Some(value));
        return if differs {
            Err(errors::queue_exists())
        } else {
            Ok(json!({ "QueueUrl": queues.url(name) }))
        };
    }
    let mut attributes: BTreeMap<String, String> =
        DEFAULTS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    attributes.extend(requested);
    let now = now_millis();
    let settings =
        QueueSettings { name: name.to_owned(), created_millis: now, modified_millis: now, attributes };
    let queue = StoredQueue::create(&queues.folder, settings)?;
    locked.insert(name.to_owned(), queue);
    Ok(json!({ "QueueUrl": queues.url(name) }))
}

pub(super) fn delete_queue(queues: &Queues, input: &Value) -> Result<Value, ServiceError> {
    let name = queue_name(input)?;
    queues.lock().remove(&name).ok_or_else(errors::no_such_queue)?.remove()?;
    Ok(empty_response())
}

pub(super) fn get_queue_url(queues: &Queues, input: &Value) -> Result<Value, ServiceError> {
    let name = input["QueueName"].as_str().ok_or_else(|| ServiceError::missing("QueueName"))?;
    find_queue(&mut queues.lock(), name)?;
    Ok(json!({ "QueueUrl": queues.url(name) }))
}

pub(super) fn list_queues(queues: &Queues, input: &Value) -> Value {
    let prefix = input["QueueNamePrefix"].as_str().unwrap_or_default();
    let locked = queues.lock();
    let names = locked.keys().filter(|name| name.starts_with(prefix));
    json!({ "QueueUrls": names.map(|name| queues.url(name)).collect::<Vec<_>>() })
}

pub(super) fn get_queue_attributes(queues: &Queues, input: &Value) -> Result<Value, ServiceError> {
    let name = queue_name(input)?;
    let requested: Vec<&str> = strings(&input["AttributeNames"]);
    let mut locked = queues.lock();
    let queue = find_queue(&mut locked, &name)?.advance_to(now_millis());
    let depth = queue.depth();
    let settings = &queue.settings;
    let mut attributes = settings.attributes.clone();
    for (name, value) in [
        ("ApproximateNumberOfMessages", depth.visible.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", depth.in_flight.to_string()),
        ("ApproximateNumberOfMessagesDelayed", depth.delayed.to_string()),
        ("CreatedTimestamp", (settings.created_millis / 1000).to_string()),
        ("LastModifiedTimestamp", (settings.modified_millis / 1000).to_string()),
        ("QueueArn", queues.arn(&name)),
    ] {
        attributes.insert(name.to_owned(), value);
    }
    if !requested.contains(&"All") {
        attributes.retain(|name, _| requested.contains(&name.as_str()));
    }
    Ok(json!({ "Attributes": attributes }))
}

pub(super) fn set_queue_attributes(queues: &Queues, input: &Value) -> Result<Value, ServiceError> {
    let name = queue_name(input)?;
    let mut locked = queues.lock();
    let queue = find_queue(&mut locked, &name)?;
    let mut settings = queue.settings.clone();
    for (name, value) in given_attributes(input) {
        // An empty policy removes the policy.
        if value.is_empty() {
            settings.attributes.remove(&name);
        } else {
            settings.attributes.insert(name, value);
        }
    }
    settings.modified_millis = now_millis();
    queue.commit(vec![QueueChange::Set(settings)])?;
    Ok(empty_response())
}

pub(super) fn purge_queue(queues: &Queues, input: &Value) -> Result<Value, ServiceError> {
    let name = queue_name(input)?;
    let mut locked = queues.lock();
    find_queue(&mut locked, &name)?.commit(vec![QueueChange::Purged])?;
    Ok(empty_response())
}

fn given_attributes(input: &Value) -> BTreeMap<String, String> {
    let given = input["Attributes"].as_object().into_iter().flatten();
    given
        .map(|(name, value)| (name.clone(), value.as_str().map_or(value.to_string(), str::to_owned)))
        .collect()
}

/// Returns the strings of a list, or none if there is no list.
pub(super) fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

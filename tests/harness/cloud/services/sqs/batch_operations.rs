//! The batch operations: up to ten entries, each of which succeeds or fails separately.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::queues::Queues;
use super::queues::find_queue;
use super::queues::queue_name;
use crate::cloud::services::error::ServiceError;

const MAX_ENTRIES: usize = 10;
const MAX_BYTES: usize = 1_048_576;

/// Runs the single operation for every entry.
pub(super) fn run_batch(
    queues: &Queues,
    input: &Value,
    call: impl Fn(&Value) -> Result<Value, ServiceError>,
) -> Result<Value, ServiceError> {
    find_queue(&mut queues.lock(), &queue_name(input)?)?;
    let entries = input["Entries"].as_array().map(Vec::as_slice).unwrap_or_default();
    check_entries(entries)?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        let mut single = entry.clone();
        single["QueueUrl"] = input["QueueUrl"].clone();
        match call(&single) {
            Ok(mut output) => {
                output["Id"] = entry["Id"].clone();
                successful.push(output);
            }
            Err(error) => failed.push(json!({
                "Id": entry["Id"], "Code": error.code(), "Message": error.message(), "SenderFault": true,
            })),
        }
    }
    Ok(json!({ "Successful": successful, "Failed": failed }))
}

fn check_entries(entries: &[Value]) -> Result<(), ServiceError> {
    let ids: BTreeSet<_> = entries.iter().filter_map(|entry| entry["Id"].as_str()).collect();
    let bytes: usize = entries.iter().filter_map(|entry| entry["MessageBody"].as_str()).map(str::len).sum();
    let error =
        |code: &str, message: &str| Err(ServiceError::new(&format!("com.amazonaws.sqs#{code}"), message));
    if entries.is_empty() {
        error("EmptyBatchRequest", "There should be at least one entry in the request.")
            .map_err(|error| error.with_query_code("AWS.SimpleQueueService.EmptyBatchRequest"))
    } else if entries.len() > MAX_ENTRIES {
        error("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10.")
            .map_err(|error| error.with_query_code("AWS.SimpleQueueService.TooManyEntriesInBatchRequest"))
    } else if ids.len() != entries.len() {
        error("BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id.")
            .map_err(|error| error.with_query_code("AWS.SimpleQueueService.BatchEntryIdsNotDistinct"))
    } else if bytes > MAX_BYTES {
        error("BatchRequestTooLong", "Batch requests cannot be longer than 1048576 bytes.")
            .map_err(|error| error.with_query_code("AWS.SimpleQueueService.BatchRequestTooLong"))
    } else {
        Ok(())
    }
}

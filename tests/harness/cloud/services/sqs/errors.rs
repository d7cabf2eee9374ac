//! The errors of SQS, each with its codes in the JSON protocol and the query protocol.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::cloud::services::error::ServiceError;

pub(super) fn no_such_queue() -> ServiceError {
    ServiceError::new("com.amazonaws.sqs#QueueDoesNotExist", "The specified queue does not exist.")
        .with_query_code("AWS.SimpleQueueService.NonExistentQueue")
}

pub(super) fn queue_exists() -> ServiceError {
    let message = "A queue already exists with the same name and a different value for an attribute";
    ServiceError::new("com.amazonaws.sqs#QueueNameExists", message).with_query_code("QueueAlreadyExists")
}

pub(super) fn invalid_receipt() -> ServiceError {
    let message = "The input receipt handle is invalid.";
    ServiceError::new("com.amazonaws.sqs#ReceiptHandleIsInvalid", message)
        .with_query_code("ReceiptHandleIsInvalid")
}

pub(super) fn not_in_flight() -> ServiceError {
    let message = "The message referred to is not in flight.";
    ServiceError::new("com.amazonaws.sqs#MessageNotInflight", message)
        .with_query_code("AWS.SimpleQueueService.MessageNotInflight")
}

pub(super) fn invalid_value(message: impl Into<String>) -> ServiceError {
    ServiceError::new("com.amazon.coral.service#InvalidParameterValueException", message)
        .with_query_code("InvalidParameterValue")
}

pub(super) fn no_such_resource() -> ServiceError {
    let message = "The resource that you specified for the SourceArn parameter doesn't exist.";
    ServiceError::new("com.amazonaws.sqs#ResourceNotFoundException", message)
        .with_query_code("ResourceNotFoundException")
}

/// Reads an optional number from the input and checks that SQS allows it.
pub(super) fn number(
    input: &Value,
    name: &str,
    allowed: RangeInclusive<u64>,
) -> Result<Option<u64>, ServiceError> {
    match &input[name] {
        Value::Null => Ok(None),
        value => match value.as_u64().filter(|number| allowed.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(invalid_value(format!(
                "Value {value} for parameter {name} is invalid. Reason: Must be between {} and {}, if provided.",
                allowed.start(),
                allowed.end()
            ))),
        },
    }
}

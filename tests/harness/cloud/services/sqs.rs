//! SQS: queues in memory. Each queue writes every change to its own file, so that a restart loses no message.

mod batch_operations;
mod deduplication;
mod errors;
mod journal;
mod message;
mod message_digest;
mod message_operations;
mod message_store;
mod queue;
mod queue_change;
mod queue_operations;
mod queues;
mod receive;
mod redrive;
mod stored_queue;
#[cfg(test)]
mod tests;
mod visibility_order;

use serde_json::Value;

use self::batch_operations::run_batch;
pub(crate) use self::message::Message;
pub(crate) use self::message_digest::md5_of_body;
use self::message_operations as messages;
pub(super) use self::message_operations::send_to_queue;
pub use self::queue::QueueDepth;
pub(crate) use self::queues::Queues;
pub(crate) use self::receive::{ReceiveOptions, delete_message, receive_messages};
use super::error::ServiceError;

/// Runs one operation of the SQS API.
pub(super) async fn call(queues: &Queues, operation: &str, input: Value) -> Result<Value, ServiceError> {
    match operation {
        "CreateQueue" => queue_operations::create_queue(queues, &input),
        "DeleteQueue" => queue_operations::delete_queue(queues, &input),
        "GetQueueUrl" => queue_operations::get_queue_url(queues, &input),
        "ListQueues" => Ok(queue_operations::list_queues(queues, &input)),
        "GetQueueAttributes" => queue_operations::get_queue_attributes(queues, &input),
        "SetQueueAttributes" => queue_operations::set_queue_attributes(queues, &input),
        "PurgeQueue" => queue_operations::purge_queue(queues, &input),
        "SendMessage" => messages::send_message(queues, &input),
        "SendMessageBatch" => run_batch(queues, &input, |entry| messages::send_message(queues, entry)),
        "ReceiveMessage" => messages::receive_message(queues, &input).await,
        "DeleteMessage" => messages::delete_message(queues, &input),
        "DeleteMessageBatch" => run_batch(queues, &input, |entry| messages::delete_message(queues, entry)),
        "ChangeMessageVisibility" => messages::change_visibility(queues, &input),
        "ChangeMessageVisibilityBatch" => {
            run_batch(queues, &input, |entry| messages::change_visibility(queues, entry))
        }
        "StartMessageMoveTask" => redrive::start_message_move_task(queues, &input),
        _ => Err(ServiceError::unknown_operation(operation)),
    }
}

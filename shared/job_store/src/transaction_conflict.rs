//! Retries of single writes that met a transaction on the same item.

use aws_sdk_dynamodb::{
    config::retry::{ClassifyRetry, RetryAction},
    error::ProvideErrorMetadata,
    operation::{delete_item::DeleteItemError, put_item::PutItemError, update_item::UpdateItemError},
};
use aws_smithy_runtime_api::client::{
    interceptors::context::{Error, InterceptorContext},
    orchestrator::OrchestratorError,
};

/// Lets the SDK repeat a write that DynamoDB rejected with `TransactionConflictException`, because a transaction on the
/// item was in progress. Nothing was written, and the transaction ends within milliseconds. The SDK itself does not repeat
/// it:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling>.
#[derive(Debug)]
pub(crate) struct TransactionConflictClassifier;

impl ClassifyRetry for TransactionConflictClassifier {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context.output_or_error().and_then(Result::err);
        match error.and_then(OrchestratorError::as_operation_error) {
            Some(error) if code(error) == Some("TransactionConflictException") => {
                RetryAction::transient_error()
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "transaction conflict"
    }
}

/// The code of the error of a write. Transactions that conflict are cancelled instead, with a reason for each item.
fn code(error: &Error) -> Option<&str> {
    (error.downcast_ref::<PutItemError>().map(ProvideErrorMetadata::code))
        .or_else(|| error.downcast_ref::<UpdateItemError>().map(ProvideErrorMetadata::code))
        .or_else(|| error.downcast_ref::<DeleteItemError>().map(ProvideErrorMetadata::code))
        .flatten()
}

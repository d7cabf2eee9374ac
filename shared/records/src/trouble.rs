//! What DynamoDB's errors mean to us.

use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use model::{Fault, FaultClass};

/// A refusal or silence of DynamoDB that was not expected by the caller.
pub(crate) fn refused<E, R>(what: &str, e: SdkError<E, R>) -> Fault
where
    E: std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let chain = DisplayErrorContext(e).to_string();
    Fault::new(FaultClass::StorageUnavailable, format!("the job table did not {what}; try again")).retry_after(5).because(chain)
}

//! What DynamoDB's errors mean to us.

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};
use model::{Fault, FaultClass};

/// A refusal or silence of DynamoDB that was not expected by the caller.
pub(crate) fn refused<E>(what: &str, e: SdkError<E, HttpResponse>) -> Fault
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let chain = match e.as_service_error() {
        // The whole error would show the answer, and with it whatever the service repeats of the request.
        Some(e) => format!("{}: {}", e.code().unwrap_or("unknown"), e.message().unwrap_or_default()),
        None if e.raw_response().is_some() => "an answer that cannot be read".to_owned(),
        None => DisplayErrorContext(e).to_string(),
    };
    Fault::new(FaultClass::StorageUnavailable, format!("the job table did not {what}; try again"))
        .retry_after(5)
        .because(chain)
}

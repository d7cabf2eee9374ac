//! What DynamoDB's errors mean to us.

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};
use model::{Error, ErrorClass};

/// What DynamoDB would refuse again however often it is sent: the request itself is at fault (developer guide, "Error
/// handling with DynamoDB": not OK to retry), or the item's collection is full. What an operator can mend without a
/// change of the request, such as `AccessDeniedException` or `ResourceNotFoundException`, is not among them: such work
/// waits in its queue for the operator.
const PERMANENT: [&str; 4] = [
    "ValidationException",
    "ValidationError",
    "SerializationException",
    "ItemCollectionSizeLimitExceededException",
];

/// A refusal or silence of DynamoDB that was not expected by the caller.
pub(crate) fn refused<E>(what: &str, e: SdkError<E, HttpResponse>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let chain = match e.as_service_error() {
        // The whole error would show the answer, and with it whatever the service repeats of the request.
        Some(e) => format!("{}: {}", e.code().unwrap_or("unknown"), e.message().unwrap_or_default()),
        None if e.raw_response().is_some() => "an answer that cannot be read".to_owned(),
        None => DisplayErrorContext(&e).to_string(),
    };
    if is_permanent(&e) {
        return Error::new(ErrorClass::StorageRejected, "the job table does not take the record")
            .with_source(chain);
    }
    Error::new(ErrorClass::StorageUnavailable, format!("the job table did not {what}; try again"))
        .retry_after(5)
        .with_source(chain)
}

/// Whether the same request would be refused again.
fn is_permanent<E: ProvideErrorMetadata>(e: &SdkError<E, HttpResponse>) -> bool {
    e.as_service_error().and_then(ProvideErrorMetadata::code).is_some_and(|code| PERMANENT.contains(&code))
}

//! Maps DynamoDB's errors to error classes.

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};
use model::{Error, ErrorClass};

/// Error codes of requests that DynamoDB rejects again however often they are sent: the request itself is wrong
/// (developer guide, "Error handling with DynamoDB": not OK to retry), or the item's collection is full. Errors that an
/// operator can fix without a change of the request, such as `AccessDeniedException` or `ResourceNotFoundException`, are
/// not in the list: such work stays in its queue until the operator has fixed them.
const PERMANENT_CODES: [&str; 5] = [
    "ValidationException",
    "ValidationError",
    "SerializationException",
    "ItemCollectionSizeLimitExceeded",
    "ItemCollectionSizeLimitExceededException",
];

/// The error of a request that DynamoDB rejected or did not answer. `action` completes "the job table did not …".
pub(crate) fn storage_error<E>(action: &str, e: SdkError<E, HttpResponse>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let cause = match e.as_service_error() {
        // The complete error would show the response, and with it whatever the service repeats of the request.
        Some(e) => format!("{}: {}", e.code().unwrap_or("unknown"), e.message().unwrap_or_default()),
        None if e.raw_response().is_some() => "a response that cannot be read".to_owned(),
        None => DisplayErrorContext(&e).to_string(),
    };
    if e.as_service_error().and_then(ProvideErrorMetadata::code).is_some_and(is_permanent_code) {
        return record_rejected().with_source(cause);
    }
    Error::new(ErrorClass::StorageUnavailable, format!("the job table did not {action}; try again"))
        .with_retry_after(5)
        .with_source(cause)
}

/// Whether DynamoDB would reject the same request again. `code` is that of an error or of the reason for which a
/// transaction was cancelled.
pub(crate) fn is_permanent_code(code: &str) -> bool {
    PERMANENT_CODES.contains(&code)
}

/// The error of a record that DynamoDB would reject again.
pub(crate) fn record_rejected() -> Error {
    Error::new(ErrorClass::StorageRejected, "the job table does not accept the record")
}

//! Maps S3's errors to error classes.

use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};
use model::{Error, ErrorClass};

/// Why a conditional write failed.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// An object with this key exists.
    AlreadyExists,
    /// Another request changed the key while it was written (`ConditionalRequestConflict`). The complete upload can be
    /// sent again, for a multipart upload under a new id.
    Conflict(Error),
    /// S3 received nothing of the body for too long (`RequestTimeout`).
    IdleBody(Error),
    /// The multipart upload does not exist any more, or S3 does not accept its parts. A retry of the same would not help.
    InvalidUpload(Error),
    /// Any other error.
    Other(Error),
}

impl From<Error> for WriteError {
    fn from(error: Error) -> Self {
        WriteError::Other(error)
    }
}

/// Why an upload, or a part of one, failed.
#[derive(Debug)]
pub enum UploadError {
    /// The multipart upload does not exist any more: it was completed, aborted, or it expired.
    NoSuchUpload,
    /// Another request changed the key meanwhile. The upload must begin again, a multipart upload under a new id.
    Conflict(Error),
    /// S3 received nothing of the body for too long. Where the bytes come from a download, its server is the cause.
    IdleBody(Error),
    /// Any other error.
    Other(Error),
}

impl From<Error> for UploadError {
    fn from(error: Error) -> Self {
        UploadError::Other(error)
    }
}

impl From<UploadError> for Error {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Conflict(error) | UploadError::IdleBody(error) | UploadError::Other(error) => error,
            UploadError::NoSuchUpload => Error::new(
                ErrorClass::StorageUnavailable,
                "the multipart upload does not exist in the bucket any more",
            ),
        }
    }
}

const NO_SUCH_UPLOAD_CODE: &str = "NoSuchUpload";

/// Error codes of a multipart upload that cannot be completed.
const INVALID_UPLOAD_CODES: [&str; 5] =
    [NO_SUCH_UPLOAD_CODE, "InvalidPart", "InvalidPartOrder", "EntityTooSmall", "BadDigest"];

/// The error code of a conditional write that met a concurrent request for its key, with HTTP status 409. The SDK does not
/// retry it. S3 lets a `PutObject` be sent again, and wants a new `CreateMultipartUpload` after it rejected a
/// `CompleteMultipartUpload`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html#conditional-error-response>.
const CONFLICT_CODE: &str = "ConditionalRequestConflict";

/// The error code with which S3 ends a request whose body pauses
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>). The SDK sends such a request again if it holds
/// the body, which it does not for a stream.
const IDLE_BODY_CODE: &str = "RequestTimeout";

/// The error of a conditional write. HTTP status 412 is the failed condition.
pub(crate) fn write_error<E>(e: SdkError<E, HttpResponse>) -> WriteError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    if e.raw_response().is_some_and(|response| response.status().as_u16() == 412) {
        return WriteError::AlreadyExists;
    }
    let code = e.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default();
    let variant = match code {
        CONFLICT_CODE => WriteError::Conflict,
        IDLE_BODY_CODE => WriteError::IdleBody,
        code if INVALID_UPLOAD_CODES.contains(&code) => WriteError::InvalidUpload,
        _ => WriteError::Other,
    };
    variant(storage_error("store the file", e))
}

/// The error of a part that S3 did not accept. `action` is that of [`storage_error`].
pub(crate) fn part_error<E>(action: &str, e: SdkError<E, HttpResponse>) -> UploadError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let code = e.as_service_error().and_then(ProvideErrorMetadata::code);
    match code.unwrap_or_default() {
        NO_SUCH_UPLOAD_CODE => UploadError::NoSuchUpload,
        IDLE_BODY_CODE => UploadError::IdleBody(storage_error(action, e)),
        _ => UploadError::Other(storage_error(action, e)),
    }
}

pub(crate) fn is_no_such_upload<E: ProvideErrorMetadata, R>(e: &SdkError<E, R>) -> bool {
    e.as_service_error().and_then(ProvideErrorMetadata::code) == Some(NO_SUCH_UPLOAD_CODE)
}

/// Error codes of requests that S3 rejects again however often they are sent (API reference, "Error responses"): the
/// object or its key is too long, or the request is invalid. `AccessDenied` and `NoSuchBucket` are not in the list,
/// because an operator can fix those.
const PERMANENT_CODES: [&str; 7] = [
    "EntityTooLarge",
    "InvalidArgument",
    "InvalidURI",
    "KeyTooLongError",
    "MalformedXML",
    "MaxMessageLengthExceeded",
    "MetadataTooLarge",
];

/// The error of a request that S3 rejected or did not answer. `action` completes "the bucket did not …".
pub(crate) fn storage_error<E>(action: &str, e: SdkError<E, HttpResponse>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let cause = match e.as_service_error() {
        // The complete error would show the response, and with it whatever S3 repeats of the request.
        Some(e) => format!("{}: {}", e.code().unwrap_or("unknown"), e.message().unwrap_or_default()),
        None if e.raw_response().is_some() => "a response that cannot be read".to_owned(),
        None => DisplayErrorContext(&e).to_string(),
    };
    let code = e.as_service_error().and_then(ProvideErrorMetadata::code);
    if code.is_some_and(|code| PERMANENT_CODES.contains(&code)) {
        return Error::new(ErrorClass::StorageRejected, format!("the bucket does not {action}"))
            .with_source(cause);
    }
    Error::new(ErrorClass::StorageUnavailable, format!("the bucket did not {action}; try again"))
        .with_retry_after(5)
        .with_source(cause)
}

/// The error of a response body that ended early.
pub(crate) fn incomplete_body() -> Error {
    Error::new(ErrorClass::StorageUnavailable, "the bucket returned only a part of the file")
}

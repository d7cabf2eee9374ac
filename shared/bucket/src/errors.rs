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

/// Why S3 did not accept a part.
#[derive(Debug)]
pub enum UploadPartError {
    /// The multipart upload does not exist any more: it was completed, aborted, or it expired.
    NoSuchUpload,
    /// Any other error.
    Other(Error),
}

impl From<Error> for UploadPartError {
    fn from(error: Error) -> Self {
        UploadPartError::Other(error)
    }
}

/// Error codes of a multipart upload that cannot be completed.
const INVALID_UPLOAD_CODES: [&str; 5] =
    ["NoSuchUpload", "InvalidPart", "InvalidPartOrder", "EntityTooSmall", "BadDigest"];

/// The error of a conditional write. HTTP status 412 is the failed condition.
pub(crate) fn write_error<E>(e: SdkError<E, HttpResponse>) -> WriteError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    if e.raw_response().is_some_and(|response| response.status().as_u16() == 412) {
        return WriteError::AlreadyExists;
    }
    let code = e.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default();
    let is_invalid_upload = INVALID_UPLOAD_CODES.contains(&code);
    let error = storage_error("store the file", e);
    if is_invalid_upload { WriteError::InvalidUpload(error) } else { WriteError::Other(error) }
}

/// The error of a part that S3 did not accept. `action` is that of [`storage_error`].
pub(crate) fn part_error<E>(action: &str, e: SdkError<E, HttpResponse>) -> UploadPartError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    if is_no_such_upload(&e) {
        UploadPartError::NoSuchUpload
    } else {
        UploadPartError::Other(storage_error(action, e))
    }
}

pub(crate) fn is_no_such_upload<E: ProvideErrorMetadata, R>(e: &SdkError<E, R>) -> bool {
    e.as_service_error().and_then(ProvideErrorMetadata::code) == Some("NoSuchUpload")
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

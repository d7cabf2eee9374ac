//! What S3's errors mean to us.

use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use model::{Error, ErrorClass};

/// Why a conditional write did not happen.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// There is an object at the key already.
    AlreadyThere,
    /// The upload is gone, or S3 does not accept what it has of it; trying the same again would not help.
    Worthless(Error),
    /// Anything else.
    Fault(Error),
}

impl From<Error> for WriteError {
    fn from(error: Error) -> Self {
        WriteError::Fault(error)
    }
}

/// Tells the failed condition from every other refusal.
pub(crate) fn unwritten<E>(e: SdkError<E, aws_sdk_s3::config::http::HttpResponse>) -> WriteError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    if e.raw_response().is_some_and(|answer| answer.status().as_u16() == 412) {
        return WriteError::AlreadyThere;
    }
    let code = e.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default();
    let worthless =
        ["NoSuchUpload", "InvalidPart", "InvalidPartOrder", "EntityTooSmall", "BadDigest"].contains(&code);
    let error = refused("store the file", e);
    if worthless { WriteError::Worthless(error) } else { WriteError::Fault(error) }
}

/// What S3 would refuse again however often it is sent (API reference, "Error responses"): the object is too long, its
/// key is, or the request is none. `AccessDenied` and `NoSuchBucket` are not among them: an operator mends those.
const PERMANENT: [&str; 7] = [
    "EntityTooLarge",
    "InvalidArgument",
    "InvalidURI",
    "KeyTooLongError",
    "MalformedXML",
    "MaxMessageLengthExceeded",
    "MetadataTooLarge",
];

/// A refusal or silence of S3 that was not expected.
pub(crate) fn refused<E>(what: &str, e: SdkError<E, aws_sdk_s3::config::http::HttpResponse>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let chain = match e.as_service_error() {
        // The whole error would show the answer, and with it whatever S3 repeats of the request.
        Some(e) => format!("{}: {}", e.code().unwrap_or("unknown"), e.message().unwrap_or_default()),
        None if e.raw_response().is_some() => "an answer that cannot be read".to_owned(),
        None => DisplayErrorContext(&e).to_string(),
    };
    if e.as_service_error().and_then(ProvideErrorMetadata::code).is_some_and(|code| PERMANENT.contains(&code))
    {
        return Error::new(ErrorClass::StorageRejected, format!("the bucket does not {what}"))
            .with_source(chain);
    }
    Error::new(ErrorClass::StorageUnavailable, format!("the bucket did not {what}; try again"))
        .retry_after(5)
        .with_source(chain)
}

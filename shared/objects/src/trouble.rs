//! What S3's errors mean to us.

use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use model::{Fault, FaultClass};

/// Why a conditional write did not happen.
#[derive(Debug)]
pub(crate) enum Unwritten {
    /// There is an object at the key already.
    AlreadyThere,
    /// Anything else.
    Fault(Fault),
}

impl From<Fault> for Unwritten {
    fn from(fault: Fault) -> Self {
        Unwritten::Fault(fault)
    }
}

/// Tells the failed condition from every other refusal.
pub(crate) fn unwritten<E>(e: SdkError<E, aws_sdk_s3::config::http::HttpResponse>) -> Unwritten
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    if e.raw_response().is_some_and(|answer| answer.status().as_u16() == 412) {
        return Unwritten::AlreadyThere;
    }
    Unwritten::Fault(refused("store the file", e))
}

/// A refusal or silence of S3 that was not expected.
pub(crate) fn refused<E>(what: &str, e: SdkError<E, aws_sdk_s3::config::http::HttpResponse>) -> Fault
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let chain = DisplayErrorContext(e).to_string();
    Fault::new(FaultClass::StorageUnavailable, format!("the bucket did not {what}; try again")).retry_after(5).because(chain)
}

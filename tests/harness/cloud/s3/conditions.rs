//! Conditional requests: `If-Match`, `If-None-Match` and the date conditions, for writes and reads.

use s3s::dto::{ETagCondition, Timestamp};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use super::object::{Version, timestamp};

/// The conditions of a write.
#[derive(Clone, Debug, Default)]
pub(super) struct WriteCondition {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
    /// How often the key had been deleted when the upload of the object began.
    pub(super) deletes_before: u64,
}

impl WriteCondition {
    /// Checks the condition. The caller holds the same lock for the write, so that only one of two writers succeeds.
    ///
    /// A delete that succeeds during the upload takes precedence over `If-None-Match`, also when it comes between
    /// `CreateMultipartUpload` and `CompleteMultipartUpload` (Amazon S3 User Guide, "Concurrent deletes during multipart
    /// uploads"). `deletes` is how often the key has been deleted.
    pub(super) fn check(&self, current: Option<&Version>, deletes: u64) -> S3Result<()> {
        match (&self.if_none_match, current) {
            (Some(ETagCondition::ETag(_)), _) => {
                return Err(s3_error!(NotImplemented, "If-None-Match of a write takes only *"));
            }
            (Some(ETagCondition::Any), Some(_)) => return Err(precondition_failed()),
            (Some(ETagCondition::Any), None) if deletes != self.deletes_before => return Err(conflict()),
            _ => {}
        }
        match (&self.if_match, current) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(s3_error!(NoSuchKey)),
            (Some(condition), Some(current)) if matches(condition, current) => Ok(()),
            _ => Err(precondition_failed()),
        }
    }
}

/// The conditions of a read.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadCondition {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
    pub(super) if_modified_since: Option<Timestamp>,
    pub(super) if_unmodified_since: Option<Timestamp>,
}

impl ReadCondition {
    /// Checks the conditions in the order of RFC 9110: an ETag condition overrides the corresponding date condition.
    pub(super) fn check(&self, version: &Version) -> S3Result<()> {
        // HTTP dates have whole seconds only.
        let modified = timestamp(version.modified_millis / 1000 * 1000);
        let unchanged = match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) => matches(condition, version),
            (None, Some(since)) => modified <= *since,
            (None, None) => true,
        };
        if !unchanged {
            return Err(precondition_failed());
        }
        let known = match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) => matches(condition, version),
            (None, Some(since)) => modified <= *since,
            (None, None) => false,
        };
        if known { Err(s3_error!(NotModified)) } else { Ok(()) }
    }
}

fn matches(condition: &ETagCondition, version: &Version) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => etag.value() == version.etag,
    }
}

fn precondition_failed() -> S3Error {
    s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
}

fn conflict() -> S3Error {
    let code = S3ErrorCode::Custom("ConditionalRequestConflict".into());
    let mut error =
        S3Error::with_message(code, "The conditional request cannot succeed due to a conflicting operation");
    error.set_status_code(http::StatusCode::CONFLICT);
    error
}

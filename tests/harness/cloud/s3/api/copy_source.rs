//! The source object of CopyObject and UploadPartCopy.

use std::fs::File;
use std::sync::Arc;

use s3s::dto::CopySource;
use s3s::{S3Result, s3_error};

use crate::cloud::s3::object::Version;
use crate::cloud::s3::store::Store;

/// Opens the object that a copy reads.
pub(super) fn open_copy_source(store: &Store, source: &CopySource) -> S3Result<(Arc<Version>, File)> {
    match source {
        CopySource::Bucket { bucket, key, version_id } => {
            store.open_object(bucket, key, version_id.as_deref())
        }
        _ => Err(s3_error!(NotImplemented, "Only buckets can be copied from")),
    }
}

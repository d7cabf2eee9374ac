//! The implemented S3 operations, behind the trait of `s3s`. All others return NotImplemented.

mod buckets;
mod copy_source;
mod multipart_completion;
mod multipart_lists;
mod multipart_uploads;
mod object_deletes;
mod object_lists;
mod object_reads;
mod object_writes;

use std::sync::Arc;

use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result};

use super::store::Store;

/// The S3 operations on a store.
pub(super) struct Api {
    store: Arc<Store>,
}

impl Api {
    pub(super) fn new(store: Arc<Store>) -> Self {
        Self { store }
    }
}

/// Implements each trait method by the function of the same name in one of the modules.
macro_rules! operations {
    ($($module:ident::$name:ident: $input:ident => $output:ident,)*) => {
        #[async_trait::async_trait]
        impl S3 for Api {
            $(async fn $name(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                Ok(S3Response::new($module::$name(&self.store, request).await?))
            })*
        }
    };
}

operations! {
    buckets::create_bucket: CreateBucketInput => CreateBucketOutput,
    buckets::head_bucket: HeadBucketInput => HeadBucketOutput,
    buckets::list_buckets: ListBucketsInput => ListBucketsOutput,
    buckets::delete_bucket: DeleteBucketInput => DeleteBucketOutput,
    buckets::get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput,
    buckets::put_bucket_versioning: PutBucketVersioningInput => PutBucketVersioningOutput,
    buckets::get_bucket_versioning: GetBucketVersioningInput => GetBucketVersioningOutput,
    buckets::put_bucket_lifecycle_configuration:
        PutBucketLifecycleConfigurationInput => PutBucketLifecycleConfigurationOutput,
    buckets::get_bucket_lifecycle_configuration:
        GetBucketLifecycleConfigurationInput => GetBucketLifecycleConfigurationOutput,
    object_lists::list_objects_v2: ListObjectsV2Input => ListObjectsV2Output,
    object_lists::list_object_versions: ListObjectVersionsInput => ListObjectVersionsOutput,
    object_writes::put_object: PutObjectInput => PutObjectOutput,
    object_writes::copy_object: CopyObjectInput => CopyObjectOutput,
    object_reads::get_object: GetObjectInput => GetObjectOutput,
    object_reads::head_object: HeadObjectInput => HeadObjectOutput,
    object_deletes::delete_object: DeleteObjectInput => DeleteObjectOutput,
    object_deletes::delete_objects: DeleteObjectsInput => DeleteObjectsOutput,
    object_writes::get_object_tagging: GetObjectTaggingInput => GetObjectTaggingOutput,
    object_writes::put_object_tagging: PutObjectTaggingInput => PutObjectTaggingOutput,
    multipart_uploads::create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput,
    multipart_uploads::upload_part: UploadPartInput => UploadPartOutput,
    multipart_uploads::upload_part_copy: UploadPartCopyInput => UploadPartCopyOutput,
    multipart_completion::complete_multipart_upload: CompleteMultipartUploadInput => CompleteMultipartUploadOutput,
    multipart_uploads::abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput,
    multipart_lists::list_parts: ListPartsInput => ListPartsOutput,
    multipart_lists::list_multipart_uploads: ListMultipartUploadsInput => ListMultipartUploadsOutput,
}

//! Operations on buckets and their settings.

use std::fs;

use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Result, s3_error};

use crate::cloud::s3::object::{now_millis, timestamp};
use crate::cloud::s3::store::{Bucket as StoredBucket, Store, Versioning};

pub(super) async fn create_bucket(
    store: &Store,
    request: S3Request<CreateBucketInput>,
) -> S3Result<CreateBucketOutput> {
    let name = request.input.bucket;
    let mut state = store.lock();
    // Only in us-east-1 does S3 accept a second creation by the owner.
    if state.buckets.contains_key(&name) && store.region != "us-east-1" {
        return Err(s3_error!(BucketAlreadyOwnedByYou, "The bucket already exists, and you own it."));
    }
    if !state.buckets.contains_key(&name) {
        let bucket = StoredBucket { created_millis: now_millis(), ..Default::default() };
        store.save_bucket(&name, &bucket)?;
        state.buckets.insert(name.clone(), bucket);
    }
    Ok(CreateBucketOutput { location: Some(format!("/{name}")) })
}

pub(super) async fn head_bucket(
    store: &Store,
    request: S3Request<HeadBucketInput>,
) -> S3Result<HeadBucketOutput> {
    store.lock().bucket(&request.input.bucket)?;
    Ok(HeadBucketOutput { bucket_region: Some(store.region.clone()), ..Default::default() })
}

pub(super) async fn list_buckets(
    store: &Store,
    _: S3Request<ListBucketsInput>,
) -> S3Result<ListBucketsOutput> {
    let state = store.lock();
    let buckets = state.buckets.iter().map(|(name, bucket)| Bucket {
        name: Some(name.clone()),
        creation_date: Some(timestamp(bucket.created_millis)),
        ..Default::default()
    });
    Ok(ListBucketsOutput { buckets: Some(buckets.collect()), ..Default::default() })
}

pub(super) async fn delete_bucket(
    store: &Store,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<DeleteBucketOutput> {
    let name = &request.input.bucket;
    let mut state = store.lock();
    let is_used = !state.bucket(name)?.objects.is_empty()
        || state.uploads.values().any(|upload| upload.bucket == *name);
    if is_used {
        return Err(s3_error!(BucketNotEmpty, "The bucket you tried to delete is not empty"));
    }
    fs::remove_dir_all(store.bucket_folder(name)).map_err(S3Error::internal_error)?;
    state.buckets.remove(name);
    Ok(DeleteBucketOutput::default())
}

pub(super) async fn get_bucket_location(
    store: &Store,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<GetBucketLocationOutput> {
    store.lock().bucket(&request.input.bucket)?;
    let region = Some(store.region.clone()).filter(|region| region != "us-east-1");
    Ok(GetBucketLocationOutput { location_constraint: region.map(BucketLocationConstraint::from) })
}

pub(super) async fn put_bucket_versioning(
    store: &Store,
    request: S3Request<PutBucketVersioningInput>,
) -> S3Result<PutBucketVersioningOutput> {
    let status = request.input.versioning_configuration.status;
    let versioning = match status.as_ref().map(BucketVersioningStatus::as_str) {
        Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
        Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
        _ => return Err(s3_error!(IllegalVersioningConfigurationException, "The status is not valid.")),
    };
    let mut state = store.lock();
    let bucket = state.bucket_mut(&request.input.bucket)?;
    bucket.versioning = versioning;
    store.save_bucket(&request.input.bucket, bucket)?;
    Ok(PutBucketVersioningOutput::default())
}

pub(super) async fn get_bucket_versioning(
    store: &Store,
    request: S3Request<GetBucketVersioningInput>,
) -> S3Result<GetBucketVersioningOutput> {
    let status = match store.lock().bucket(&request.input.bucket)?.versioning {
        Versioning::Never => None,
        Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
        Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
    };
    let status = status.map(BucketVersioningStatus::from_static);
    Ok(GetBucketVersioningOutput { status, ..Default::default() })
}

pub(super) async fn put_bucket_lifecycle_configuration(
    store: &Store,
    request: S3Request<PutBucketLifecycleConfigurationInput>,
) -> S3Result<PutBucketLifecycleConfigurationOutput> {
    let mut state = store.lock();
    state.bucket_mut(&request.input.bucket)?.lifecycle = request.input.lifecycle_configuration;
    Ok(PutBucketLifecycleConfigurationOutput::default())
}

pub(super) async fn get_bucket_lifecycle_configuration(
    store: &Store,
    request: S3Request<GetBucketLifecycleConfigurationInput>,
) -> S3Result<GetBucketLifecycleConfigurationOutput> {
    let state = store.lock();
    let lifecycle = state.bucket(&request.input.bucket)?.lifecycle.as_ref();
    let rules = lifecycle
        .ok_or_else(|| {
            s3_error!(NoSuchLifecycleConfiguration, "The lifecycle configuration does not exist.")
        })?
        .rules
        .clone();
    Ok(GetBucketLifecycleConfigurationOutput { rules: Some(rules), ..Default::default() })
}

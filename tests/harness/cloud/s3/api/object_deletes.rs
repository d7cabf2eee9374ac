//! DeleteObject and DeleteObjects: permanently, or by a delete marker in a bucket with versions.

use s3s::dto::*;
use s3s::{S3Request, S3Result};

use crate::cloud::s3::store::{State, Store, Versioning};

pub(super) async fn delete_object(
    store: &Store,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<DeleteObjectOutput> {
    let input = request.input;
    let deleted = delete(store, &mut store.lock(), &input.bucket, &input.key, input.version_id)?;
    Ok(DeleteObjectOutput {
        delete_marker: deleted.delete_marker,
        version_id: deleted.delete_marker_version_id.or(deleted.version_id),
        ..Default::default()
    })
}

pub(super) async fn delete_objects(
    store: &Store,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<DeleteObjectsOutput> {
    let input = request.input;
    let mut state = store.lock();
    let mut deleted = Vec::new();
    for object in input.delete.objects {
        deleted.push(delete(store, &mut state, &input.bucket, &object.key, object.version_id)?);
    }
    if input.delete.quiet == Some(true) {
        deleted.clear();
    }
    Ok(DeleteObjectsOutput { deleted: Some(deleted), ..Default::default() })
}

/// Deletes one object. Deleting an object that does not exist succeeds.
fn delete(
    store: &Store,
    state: &mut State,
    bucket_name: &str,
    key: &str,
    version_id: Option<String>,
) -> S3Result<DeletedObject> {
    state.bucket(bucket_name)?;
    if version_id.is_none() {
        state.add_delete(bucket_name, key);
    }
    let bucket = state.bucket_mut(bucket_name)?;
    let mut deleted = DeletedObject { key: Some(key.to_owned()), ..Default::default() };
    if version_id.is_none() && bucket.versioning != Versioning::Never {
        let mut marker = store.blank_version(bucket, key);
        marker.is_delete_marker = true;
        let marker = store.add_version(state, bucket_name, marker)?;
        deleted.delete_marker = Some(true);
        deleted.delete_marker_version_id = Some(marker.version_id.clone());
        return Ok(deleted);
    }
    let deleted_version_id = version_id.as_deref().unwrap_or("null");
    if let Some(versions) = bucket.objects.get_mut(key) {
        for version in versions.extract_if(.., |version| version.version_id == deleted_version_id) {
            store.remove_files(bucket_name, &version);
            deleted.delete_marker = version.is_delete_marker.then_some(true);
        }
        if versions.is_empty() {
            bucket.objects.remove(key);
        }
    }
    deleted.version_id = version_id;
    Ok(deleted)
}

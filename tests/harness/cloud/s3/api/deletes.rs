//! Deleting objects: for good, or by a marker where the bucket keeps versions.

use s3s::dto::*;
use s3s::{S3Request, S3Result};

use super::super::store::{State, Versioning};
use super::Api;

impl Api {
    pub(super) async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<DeleteObjectOutput> {
        let input = request.input;
        let deleted = self.delete(&mut self.store.lock(), &input.bucket, &input.key, input.version_id)?;
        Ok(DeleteObjectOutput {
            delete_marker: deleted.delete_marker,
            version_id: deleted.delete_marker_version_id.or(deleted.version_id),
            ..Default::default()
        })
    }

    pub(super) async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<DeleteObjectsOutput> {
        let input = request.input;
        let mut state = self.store.lock();
        let mut deleted = Vec::new();
        for object in input.delete.objects {
            deleted.push(self.delete(&mut state, &input.bucket, &object.key, object.version_id)?);
        }
        if input.delete.quiet == Some(true) {
            deleted.clear();
        }
        Ok(DeleteObjectsOutput { deleted: Some(deleted), ..Default::default() })
    }

    /// Deleting what is not there succeeds.
    fn delete(
        &self,
        state: &mut State,
        bucket_name: &str,
        key: &str,
        version_id: Option<String>,
    ) -> S3Result<DeletedObject> {
        let bucket = state.bucket_mut(bucket_name)?;
        let mut deleted = DeletedObject { key: Some(key.to_owned()), ..Default::default() };
        if version_id.is_none() && bucket.versioning != Versioning::Never {
            let mut marker = self.store.blank_version(bucket, key);
            marker.is_delete_marker = true;
            let marker = self.store.add_version(state, bucket_name, marker)?;
            deleted.delete_marker = Some(true);
            deleted.delete_marker_version_id = Some(marker.version_id.clone());
            return Ok(deleted);
        }
        let doomed = version_id.as_deref().unwrap_or("null");
        if let Some(versions) = bucket.objects.get_mut(key) {
            for version in versions.extract_if(.., |version| version.version_id == doomed) {
                self.store.remove_files(bucket_name, &version);
                deleted.delete_marker = version.is_delete_marker.then_some(true);
            }
            if versions.is_empty() {
                bucket.objects.remove(key);
            }
        }
        deleted.version_id = version_id;
        Ok(deleted)
    }
}

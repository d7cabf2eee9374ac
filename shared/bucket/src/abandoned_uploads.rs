//! Aborts multipart uploads that a stopped worker or a cancelled job left open.

use model::{Error, JobId, ProviderName};

use crate::{
    ObjectKey, errors::storage_error, multipart_upload::abort_multipart_upload, s3_bucket::S3Bucket,
};

/// Aborts every open upload of a key but `spared`.
pub(crate) async fn abort_abandoned_uploads(bucket: &S3Bucket, key: &ObjectKey, spared: Option<&str>) {
    let path = bucket.object_key(key);
    match list_open_uploads(bucket, &path).await {
        Ok(ids) => {
            for id in ids.into_iter().filter(|id| Some(id.as_str()) != spared) {
                abort_multipart_upload(bucket, &path, &id).await;
            }
        }
        Err(error) => error.log("abandoned uploads of a stopped worker not aborted"),
    }
}

/// Aborts every open upload of a job.
pub(crate) async fn abort_job_uploads(bucket: &S3Bucket, provider: &ProviderName, job: JobId) {
    let prefix = bucket.object_key(&ObjectKey::Prefix(provider.clone(), job));
    let list = bucket.client.list_multipart_uploads().bucket(&bucket.name).prefix(prefix).send().await;
    let uploads = match list {
        Ok(output) => output.uploads.unwrap_or_default(),
        Err(e) => {
            let error = storage_error("list open uploads", e);
            return error.log("open uploads of a cancelled job not aborted");
        }
    };
    for upload in uploads {
        if let (Some(path), Some(id)) = (upload.key, upload.upload_id) {
            abort_multipart_upload(bucket, &path, &id).await;
        }
    }
}

/// The ids of the open uploads of exactly this key. S3 lists by prefix only. A key has few, so one page holds them.
async fn list_open_uploads(bucket: &S3Bucket, path: &str) -> Result<Vec<String>, Error> {
    let list = bucket.client.list_multipart_uploads().bucket(&bucket.name).prefix(path);
    let output = list.send().await.map_err(|e| storage_error("list open uploads", e))?;
    let uploads = output.uploads.unwrap_or_default().into_iter();
    Ok(uploads.filter(|upload| upload.key() == Some(path)).filter_map(|upload| upload.upload_id).collect())
}

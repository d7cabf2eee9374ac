//! The operations of the bucket. Each is implemented in the module of its subject.
//!
//! Each is boxed: the futures of the SDK are large, and an unoptimised caller would hold room for each of them on its stack.

use std::ops::Range;

use bytes::Bytes;
use futures_util::Stream;
use model::{Checksum, ChecksumAlgorithm, Error, JobId, ProviderName};

use crate::{
    ObjectInfo, ObjectKey, PutOutcome, UploadError, UploadOutcome, UploadRequest, UploadedPart,
    abandoned_uploads, get_object,
    multipart_upload::{self, PartTarget},
    put_if_absent, replace_object,
    s3_bucket::S3Bucket,
    upload_stream,
};

/// The user's bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    s3: S3Bucket,
}

impl Bucket {
    /// A bucket by its name. `prefix` comes before every key (empty, or ending in `/`), and `algorithm` is that of the
    /// objects' checksums.
    pub fn new(
        aws: &aws_types::SdkConfig,
        bucket: impl Into<String>,
        prefix: impl Into<String>,
        algorithm: ChecksumAlgorithm,
    ) -> Self {
        Self { s3: S3Bucket::new(aws, bucket, prefix, algorithm) }
    }

    /// The complete S3 key of an object, with the prefix.
    pub fn object_key(&self, key: &ObjectKey) -> String {
        self.s3.object_key(key)
    }

    /// Reads the properties of an object. None if it does not exist.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn head_object(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, Error> {
        Box::pin(self.s3.head_object(key)).await
    }

    /// Reads the properties of an object that a conditional write found.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`], also when the object does not exist any more.
    pub async fn head_existing_object(&self, key: &ObjectKey) -> Result<ObjectInfo, Error> {
        Box::pin(put_if_absent::head_existing_object(&self.s3, key)).await
    }

    /// The checksum of an object: the stored one, or, where the store has none of the configured algorithm, one that is
    /// computed from its bytes.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn stored_or_computed_checksum(
        &self,
        key: &ObjectKey,
        existing: ObjectInfo,
    ) -> Result<Checksum, Error> {
        Box::pin(put_if_absent::stored_or_computed_checksum(&self.s3, key, existing)).await
    }

    /// Computes the checksum of an object from its bytes.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn compute_checksum(&self, key: &ObjectKey) -> Result<Checksum, Error> {
        Box::pin(self.s3.compute_checksum(key)).await
    }

    /// Reads a small object into memory by its complete S3 key. None if it does not exist.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn get_object(&self, path: &str) -> Result<Option<Bytes>, Error> {
        Box::pin(self.s3.get_object(path)).await
    }

    /// Reads a range of an object into memory.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`], also when S3 returns another range.
    pub async fn read_range(&self, key: &ObjectKey, range: Range<u64>) -> Result<Bytes, Error> {
        Box::pin(get_object::read_range(&self.s3, key, range)).await
    }

    /// Streams a range of an object: exactly its bytes, or an error. When the connection breaks, the rest of the range
    /// is requested again.
    ///
    /// # Errors
    /// The stream ends with [`model::ErrorClass::StorageUnavailable`].
    pub fn stream_range<'a>(
        &'a self,
        key: &'a ObjectKey,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'a {
        get_object::stream_range(&self.s3, key, range)
    }

    /// Deletes an object, if it exists.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn delete_object(&self, key: &ObjectKey) -> Result<(), Error> {
        Box::pin(self.s3.delete_object(key)).await
    }

    /// Stores bytes under a key, or compares them with the object that exists there.
    ///
    /// # Errors
    /// [`model::ErrorClass::ObjectConflict`] if another object exists there, or
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn put_if_absent(
        &self,
        key: &ObjectKey,
        content_type: &str,
        bytes: Bytes,
    ) -> Result<PutOutcome, Error> {
        Box::pin(put_if_absent::put_if_absent(&self.s3, key, content_type, bytes)).await
    }

    /// Stores bytes under a key that contains a fresh unique id. An object that exists there is this one, because the SDK
    /// repeats a put whose response was lost. It is not read, so the caller needs no permission but `s3:PutObject`.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn put_under_own_key(
        &self,
        key: &ObjectKey,
        content_type: &str,
        bytes: Bytes,
    ) -> Result<(), Error> {
        Box::pin(put_if_absent::put_under_own_key(&self.s3, key, content_type, bytes)).await
    }

    /// Stores bytes under a key in place of the object there, in one write. The bucket keeps the older version.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn replace_object(
        &self,
        key: &ObjectKey,
        content_type: &str,
        bytes: Bytes,
    ) -> Result<(), Error> {
        Box::pin(replace_object::replace_object(&self.s3, key, content_type, bytes)).await
    }

    /// Stores the bytes of a stream under a key, or compares them with the object that exists there, without an upload.
    /// `open` starts the stream, which may happen twice.
    ///
    /// # Errors
    /// Those of the stream, or as [`Bucket::put_if_absent`].
    pub async fn put_stream_if_absent<S>(
        &self,
        upload: UploadRequest<'_>,
        open: impl Fn() -> S,
    ) -> Result<PutOutcome, Error>
    where
        S: Stream<Item = Result<Bytes, Error>> + Send,
    {
        Box::pin(put_if_absent::put_stream_if_absent(&self.s3, upload, open)).await
    }

    /// Streams bytes into a new object.
    ///
    /// # Errors
    /// The error of the stream if it failed first; else [`UploadError::Conflict`] if the stream can be sent again, or
    /// [`model::ErrorClass::StorageUnavailable`]. Neither an object nor an open multipart upload remains, unless S3 does
    /// not accept the abort either.
    pub async fn upload_stream(
        &self,
        upload: UploadRequest<'_>,
        bytes: impl Stream<Item = Result<Bytes, Error>> + Send,
    ) -> Result<UploadOutcome, UploadError> {
        Box::pin(upload_stream::upload_stream(&self.s3, upload, bytes)).await
    }

    /// Creates a multipart upload and returns its id.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn create_multipart_upload(
        &self,
        key: &ObjectKey,
        content_type: &str,
    ) -> Result<String, Error> {
        Box::pin(multipart_upload::create_multipart_upload(&self.s3, key, content_type)).await
    }

    /// Streams exactly `length` bytes into a part of a multipart upload, without buffering them.
    ///
    /// # Errors
    /// The error of the stream if it failed first, else S3's.
    pub async fn upload_part(
        &self,
        target: PartTarget<'_>,
        length: u64,
        bytes: impl Stream<Item = Result<Bytes, Error>> + Send,
    ) -> Result<UploadedPart, UploadError> {
        Box::pin(multipart_upload::stream_part(&self.s3, target, length, bytes)).await
    }

    /// Completes a multipart upload whose parts, sorted by number, have all been uploaded.
    ///
    /// # Errors
    /// [`UploadError::NoSuchUpload`] when the upload does not exist any more and its object does not exist either, or
    /// when S3 does not accept its parts; [`UploadError::Conflict`] when another request changed the key meanwhile, so
    /// that only a new upload can store the object; else [`model::ErrorClass::StorageUnavailable`].
    pub async fn complete_multipart_upload(
        &self,
        key: &ObjectKey,
        id: &str,
        parts: &[UploadedPart],
    ) -> Result<UploadOutcome, UploadError> {
        Box::pin(multipart_upload::finish_multipart_upload(&self.s3, key, id, parts)).await
    }

    /// Aborts a multipart upload. A failure is only logged: the first error matters, and the bucket's lifecycle rule
    /// removes the upload later.
    pub async fn abort_multipart_upload(&self, key: &ObjectKey, id: &str) {
        Box::pin(multipart_upload::abort_multipart_upload(&self.s3, &self.s3.object_key(key), id)).await;
    }

    /// Aborts every open multipart upload of a key but `spared`, for a worker that takes over the landing of another
    /// one. Only the one worker that may write the key may call this, because an upload in progress fails.
    ///
    /// A failure is only logged: an open upload costs storage until the bucket's lifecycle rule removes it, and is no
    /// reason to stop the landing.
    pub async fn abort_abandoned_uploads(&self, key: &ObjectKey, spared: Option<&str>) {
        Box::pin(abandoned_uploads::abort_abandoned_uploads(&self.s3, key, spared)).await;
    }

    /// Aborts every open multipart upload of a cancelled job. A failure is only logged, as above.
    pub async fn abort_job_uploads(&self, provider: &ProviderName, job: JobId) {
        Box::pin(abandoned_uploads::abort_job_uploads(&self.s3, provider, job)).await;
    }
}

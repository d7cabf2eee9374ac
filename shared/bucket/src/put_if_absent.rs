//! Objects that must be there in the end, whoever wrote them: written if they are not, compared if they are.

use std::pin::pin;

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use model::{Checksum, ChecksumAlgorithm, Error, ErrorClass};

use crate::{
    Bucket, Key, ObjectInfo, Upload, UploadedObject,
    checksum::Running,
    errors::{WriteError, unwritten},
};

/// An object that is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutOutcome {
    /// Its checksum.
    pub checksum: Checksum,
    /// Whether this call wrote it.
    pub new: bool,
}

impl Bucket {
    /// Makes sure that these bytes lie at a key. S3 refuses what differs from our checksum, and an object that is
    /// there already is compared.
    ///
    /// # Errors
    /// [`ErrorClass::ObjectConflict`] if another object is there, or [`ErrorClass::StorageUnavailable`].
    pub async fn place(&self, key: &Key, content_type: &str, bytes: Bytes) -> Result<PutOutcome, Error> {
        let mut running = Running::new(self.algorithm);
        running.update(&bytes);
        let ours = running.finish();
        let put = self.client.put_object().bucket(&self.bucket).key(self.key(key)).content_type(content_type);
        let put = match self.algorithm {
            ChecksumAlgorithm::Crc64Nvme => put.checksum_crc64_nvme(&ours.value),
            ChecksumAlgorithm::Crc32 => put.checksum_crc32(&ours.value),
        };
        let put = put.if_none_match("*").body(ByteStream::from(bytes)).customize().disable_payload_signing();
        match put.send().await.map_err(unwritten) {
            Ok(_) => Ok(PutOutcome { checksum: ours, new: true }),
            Err(WriteError::AlreadyThere) => self.compare(key, self.there(key).await?, &running).await,
            Err(WriteError::Fault(error) | WriteError::Worthless(error)) => Err(error),
        }
    }

    /// Makes sure that the bytes of a stream lie at a key. `open` gives the stream anew each time: an object that
    /// is there already is compared with it, and nothing is sent.
    ///
    /// # Errors
    /// The stream's own, or as [`Bucket::place`].
    pub async fn place_stream<S>(&self, upload: Upload<'_>, open: impl Fn() -> S) -> Result<PutOutcome, Error>
    where
        S: Stream<Item = Result<Bytes, Error>> + Send,
    {
        let existing = match self.head(upload.key).await? {
            Some(existing) => existing,
            None => match self.upload(upload, open()).await? {
                UploadedObject::Stored { checksum, .. } => return Ok(PutOutcome { checksum, new: true }),
                UploadedObject::AlreadyThere => self.there(upload.key).await?,
            },
        };
        let mut running = Running::new(self.algorithm);
        let mut pieces = pin!(open());
        while let Some(piece) = pieces.try_next().await? {
            running.update(&piece);
        }
        self.compare(upload.key, existing, &running).await
    }

    /// Looks at an object that a conditional write found.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`], also when the object is gone by now.
    pub async fn there(&self, key: &Key) -> Result<ObjectInfo, Error> {
        let existing = self.head(key).await?;
        let gone = "an object was in the bucket a moment ago and is not now";
        existing.ok_or_else(|| Error::new(ErrorClass::StorageUnavailable, gone))
    }

    async fn compare(&self, key: &Key, existing: ObjectInfo, ours: &Running) -> Result<PutOutcome, Error> {
        let wanted = ours.finish();
        let bytes = existing.bytes;
        if self.checksum_of(key, existing).await? == wanted && bytes == ours.bytes() {
            return Ok(PutOutcome { checksum: wanted, new: false });
        }
        let message = format!("another object lies at {} already; it was not touched", self.key(key));
        Err(Error::new(ErrorClass::ObjectConflict, message))
    }
}

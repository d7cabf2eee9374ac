//! Objects that must be there in the end, whoever wrote them: written if they are not, compared if they are.

use std::pin::pin;

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use model::{Checksum, ChecksumAlgorithm, Fault, FaultClass};

use crate::{
    Existing, Key, Objects, Upload, Uploaded,
    checksum::Running,
    errors::{Unwritten, unwritten},
};

/// An object that is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its checksum.
    pub checksum: Checksum,
    /// Whether this call wrote it.
    pub new: bool,
}

impl Objects {
    /// Makes sure that these bytes lie at a key. S3 refuses what differs from our checksum, and an object that is
    /// there already is compared.
    ///
    /// # Errors
    /// [`FaultClass::ObjectConflict`] if another object is there, or [`FaultClass::StorageUnavailable`].
    pub async fn place(&self, key: &Key, content_type: &str, bytes: Bytes) -> Result<Placed, Fault> {
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
            Ok(_) => Ok(Placed { checksum: ours, new: true }),
            Err(Unwritten::AlreadyThere) => self.compare(key, self.there(key).await?, &running).await,
            Err(Unwritten::Fault(fault) | Unwritten::Worthless(fault)) => Err(fault),
        }
    }

    /// Makes sure that the bytes of a stream lie at a key. `open` gives the stream anew each time: an object that
    /// is there already is compared with it, and nothing is sent.
    ///
    /// # Errors
    /// The stream's own, or as [`Objects::place`].
    pub async fn place_stream<S>(&self, upload: Upload<'_>, open: impl Fn() -> S) -> Result<Placed, Fault>
    where
        S: Stream<Item = Result<Bytes, Fault>> + Send,
    {
        let existing = match self.head(upload.key).await? {
            Some(existing) => existing,
            None => match self.upload(upload, open()).await? {
                Uploaded::Stored { checksum, .. } => return Ok(Placed { checksum, new: true }),
                Uploaded::AlreadyThere => self.there(upload.key).await?,
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
    /// [`FaultClass::StorageUnavailable`], also when the object is gone by now.
    pub async fn there(&self, key: &Key) -> Result<Existing, Fault> {
        let existing = self.head(key).await?;
        let gone = "an object was in the bucket a moment ago and is not now";
        existing.ok_or_else(|| Fault::new(FaultClass::StorageUnavailable, gone))
    }

    async fn compare(&self, key: &Key, existing: Existing, ours: &Running) -> Result<Placed, Fault> {
        let wanted = ours.finish();
        let bytes = existing.bytes;
        if self.checksum_of(key, existing).await? == wanted && bytes == ours.bytes() {
            return Ok(Placed { checksum: wanted, new: false });
        }
        let message = format!("another object lies at {} already; it was not touched", self.key(key));
        Err(Fault::new(FaultClass::ObjectConflict, message))
    }
}

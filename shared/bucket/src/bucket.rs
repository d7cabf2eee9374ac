//! The bucket: looking at objects, reading parts of them, removing them, and small ones whole.

use aws_sdk_s3::{
    Client,
    config::{
        Builder, RequestChecksumCalculation, ResponseChecksumValidation, StalledStreamProtectionConfig,
    },
    types::ChecksumMode,
};
use bytes::Bytes;
use model::{Checksum, ChecksumAlgorithm, Error, ErrorClass};

use crate::{Key, checksum::Running, errors::refused};

/// The user's bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    pub(crate) client: Client,
    pub(crate) bucket: String,
    pub(crate) algorithm: ChecksumAlgorithm,
    prefix: String,
}

/// An object that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its length.
    pub bytes: u64,
    /// Its checksum, when the store keeps one of the configured algorithm over the whole object.
    pub checksum: Option<Checksum>,
}

impl Bucket {
    /// A bucket, the prefix of everything in it (empty, or ending in `/`), and the checksum that is asked for.
    pub fn new(
        aws: &aws_types::SdkConfig,
        bucket: impl Into<String>,
        prefix: impl Into<String>,
        algorithm: ChecksumAlgorithm,
    ) -> Self {
        let config = Builder::from(aws)
            // Landfall computes and compares checksums itself; the SDK's trailer would double the CPU.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            // The source sets the pace of an upload, and the download has its own guard against stalling.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            // A store at an address of its own has no bucket host names.
            .force_path_style(aws.endpoint_url().is_some())
            .build();
        Self { client: Client::from_conf(config), bucket: bucket.into(), prefix: prefix.into(), algorithm }
    }

    /// The whole S3 key of an object.
    pub fn key(&self, key: &Key) -> String {
        format!("{}{}", self.prefix, key.path())
    }

    /// Looks whether an object is there.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn head(&self, key: &Key) -> Result<Option<ObjectInfo>, Error> {
        let head = self.client.head_object().bucket(&self.bucket).key(self.key(key));
        let head = match head.checksum_mode(ChecksumMode::Enabled).send().await {
            Ok(head) => head,
            Err(e) if e.as_service_error().is_some_and(|e| e.is_not_found()) => return Ok(None),
            Err(e) => return Err(refused("answer", e)),
        };
        let value = match self.algorithm {
            ChecksumAlgorithm::Crc64Nvme => head.checksum_crc64_nvme(),
            ChecksumAlgorithm::Crc32 => head.checksum_crc32(),
        };
        // `value-7` would be a checksum of checksums.
        let whole = value.filter(|value| !value.contains('-'));
        Ok(Some(ObjectInfo {
            bytes: head.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0),
            checksum: whole.map(|value| Checksum { algorithm: self.algorithm, value: value.to_owned() }),
        }))
    }

    /// The checksum of an object that was looked at. Where the store kept none of the configured kind, the object
    /// itself must tell.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn checksum_of(&self, key: &Key, existing: ObjectInfo) -> Result<Checksum, Error> {
        match existing.checksum {
            Some(checksum) => Ok(checksum),
            None => self.checksum(key).await,
        }
    }

    /// Computes the checksum of an object that is there, by reading it.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn checksum(&self, key: &Key) -> Result<Checksum, Error> {
        let get = self.client.get_object().bucket(&self.bucket).key(self.key(key));
        let mut body = get.send().await.map_err(|e| refused("give the file back", e))?.body;
        let mut running = Running::new(self.algorithm);
        while let Some(piece) = body.try_next().await.map_err(|e| cut().with_source(e))? {
            running.update(&piece);
        }
        Ok(running.finish())
    }

    /// Reads a small object whole. `None` if it is not there.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn get(&self, path: &str) -> Result<Option<Bytes>, Error> {
        let get = self.client.get_object().bucket(&self.bucket).key(path);
        match get.send().await {
            Ok(answer) => {
                Ok(Some(answer.body.collect().await.map_err(|e| cut().with_source(e))?.into_bytes()))
            }
            Err(e) if e.as_service_error().is_some_and(|e| e.is_no_such_key()) => Ok(None),
            Err(e) => Err(refused("give the file back", e)),
        }
    }

    /// Removes an object. Removing one that is not there is no error.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn delete(&self, key: &Key) -> Result<(), Error> {
        let delete = self.client.delete_object().bucket(&self.bucket).key(self.key(key));
        delete.send().await.map(|_| ()).map_err(|e| refused("remove a broken file", e))
    }
}

pub(crate) fn cut() -> Error {
    Error::new(ErrorClass::StorageUnavailable, "the bucket gave a file back only in part")
}

//! The client of one S3 bucket: head, get and delete of single objects.

use aws_sdk_s3::{
    Client,
    config::{
        Builder, RequestChecksumCalculation, ResponseChecksumValidation, StalledStreamProtectionConfig,
    },
    operation::put_object::builders::PutObjectFluentBuilder,
    types::ChecksumMode,
};
use bytes::Bytes;
use model::{Checksum, ChecksumAlgorithm, Error};

use crate::{
    ObjectKey,
    checksum::RunningChecksum,
    errors::{incomplete_body, storage_error},
};

/// A bucket, the prefix of its keys, and the checksum algorithm of its objects.
#[derive(Debug, Clone)]
pub(crate) struct S3Bucket {
    pub(crate) client: Client,
    pub(crate) name: String,
    pub(crate) algorithm: ChecksumAlgorithm,
    prefix: String,
}

/// The properties of an existing object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// The length in bytes.
    pub bytes: u64,
    /// The checksum, when the store has one of the configured algorithm over the complete object.
    pub checksum: Option<Checksum>,
}

impl S3Bucket {
    pub(crate) fn new(
        aws: &aws_types::SdkConfig,
        name: impl Into<String>,
        prefix: impl Into<String>,
        algorithm: ChecksumAlgorithm,
    ) -> Self {
        let config = Builder::from(aws)
            // Landfall computes and compares checksums itself; the SDK's trailer would double the CPU time.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            // The source limits the rate of an upload, and the download has its own timeout for stalls.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            // A store with a custom endpoint has no host name for each bucket.
            .force_path_style(aws.endpoint_url().is_some())
            .build();
        Self { client: Client::from_conf(config), name: name.into(), prefix: prefix.into(), algorithm }
    }

    /// A put with the checksum that S3 compares the bytes with.
    pub(crate) fn put_with_checksum(&self, key: &ObjectKey, checksum: &Checksum) -> PutObjectFluentBuilder {
        let put = self.client.put_object().bucket(&self.name).key(self.object_key(key));
        match checksum.algorithm {
            ChecksumAlgorithm::Crc64Nvme => put.checksum_crc64_nvme(&checksum.value),
            ChecksumAlgorithm::Crc32 => put.checksum_crc32(&checksum.value),
        }
    }

    /// The same bucket through a client with other credentials.
    pub(crate) fn with_client(&self, client: Client) -> Self {
        Self { client, ..self.clone() }
    }

    /// The complete S3 key of an object, with the prefix.
    pub(crate) fn object_key(&self, key: &ObjectKey) -> String {
        format!("{}{}", self.prefix, key.path())
    }

    /// Reads the properties of an object. None if it does not exist.
    pub(crate) async fn head_object(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, Error> {
        let head = self.client.head_object().bucket(&self.name).key(self.object_key(key));
        let head = match head.checksum_mode(ChecksumMode::Enabled).send().await {
            Ok(head) => head,
            Err(e) if e.as_service_error().is_some_and(|e| e.is_not_found()) => return Ok(None),
            Err(e) => return Err(storage_error("answer", e)),
        };
        let value = match self.algorithm {
            ChecksumAlgorithm::Crc64Nvme => head.checksum_crc64_nvme(),
            ChecksumAlgorithm::Crc32 => head.checksum_crc32(),
        };
        // A value such as `value-7` is a composite checksum: the checksum of the checksums of 7 parts.
        let full_object = value.filter(|value| !value.contains('-'));
        Ok(Some(ObjectInfo {
            bytes: head.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0),
            checksum: full_object
                .map(|value| Checksum { algorithm: self.algorithm, value: value.to_owned() }),
        }))
    }

    /// Computes the checksum of an object from its bytes.
    pub(crate) async fn compute_checksum(&self, key: &ObjectKey) -> Result<Checksum, Error> {
        let get = self.client.get_object().bucket(&self.name).key(self.object_key(key));
        let mut body = get.send().await.map_err(|e| storage_error("return the file", e))?.body;
        let mut checksum = RunningChecksum::new(self.algorithm);
        while let Some(chunk) = body.try_next().await.map_err(|e| incomplete_body().with_source(e))? {
            checksum.update(&chunk);
        }
        Ok(checksum.finish())
    }

    /// Reads an object into memory by its complete S3 key. None if it does not exist.
    pub(crate) async fn get_object(&self, path: &str) -> Result<Option<Bytes>, Error> {
        let get = self.client.get_object().bucket(&self.name).key(path);
        match get.send().await {
            Ok(output) => {
                let body = output.body.collect().await.map_err(|e| incomplete_body().with_source(e))?;
                Ok(Some(body.into_bytes()))
            }
            Err(e) if e.as_service_error().is_some_and(|e| e.is_no_such_key()) => Ok(None),
            Err(e) => Err(storage_error("return the file", e)),
        }
    }

    /// Deletes an object, if it exists.
    pub(crate) async fn delete_object(&self, key: &ObjectKey) -> Result<(), Error> {
        let delete = self.client.delete_object().bucket(&self.name).key(self.object_key(key));
        delete.send().await.map(|_| ()).map_err(|e| storage_error("delete an invalid file", e))
    }
}

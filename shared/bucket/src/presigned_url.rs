//! Pre-signed URLs (the *links* of the API): each gives access to one file until it expires.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::{Client, presigning::PresigningConfig};
use bytes::Bytes;
use model::{ChecksumAlgorithm, Error, ErrorClass, StoredFile, percent_encode};
use time::OffsetDateTime;

use crate::{PresignCredentials, presign_credentials::UrlCredentials, s3_bucket::S3Bucket};

/// How long the credentials of a read must be valid.
const READ_TIME: Duration = Duration::from_secs(60);

/// Signs URLs of files in a bucket. It cannot write.
#[derive(Debug)]
pub struct Presigner {
    bucket: S3Bucket,
    credentials: PresignCredentials,
}

/// The file that a URL gives access to, and the headers of its response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresignRequest {
    /// The key of the object.
    pub key: String,
    /// The name of the file. Its last segment is the file name in `Content-Disposition`.
    pub name: String,
    /// The content type of the response.
    pub content_type: String,
}

impl From<StoredFile> for PresignRequest {
    fn from(file: StoredFile) -> Self {
        Self { key: file.key, name: file.name, content_type: file.content_type }
    }
}

/// A URL that gives access to a file without credentials.
pub struct PresignedUrl {
    /// The URL. It is a secret.
    pub url: String,
    /// When it expires.
    pub expires_at: OffsetDateTime,
}

impl std::fmt::Debug for PresignedUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PresignedUrl").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl Presigner {
    /// A signer of URLs of a bucket.
    pub fn new(
        aws: &aws_types::SdkConfig,
        bucket: impl Into<String>,
        credentials: PresignCredentials,
    ) -> Self {
        // It does not write, so the checksum algorithm and the prefix of new keys are not used.
        Self { bucket: S3Bucket::new(aws, bucket, "", ChecksumAlgorithm::Crc64Nvme), credentials }
    }

    /// Signs a URL of a file. It expires after `lasts` (at most 7 days), or with the credentials that sign it.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`], or [`ErrorClass::Misconfigured`] when the signing role cannot be assumed.
    pub async fn presign_get(
        &self,
        file: &PresignRequest,
        lasts: Duration,
        now: OffsetDateTime,
    ) -> Result<PresignedUrl, Error> {
        // The time of a signature is in whole seconds.
        let now = now.replace_nanosecond(0).unwrap_or(now);
        let (client, lifetime) = self.client_for(lasts, now).await?;
        let signing_error = |e: &dyn std::error::Error| {
            Error::new(ErrorClass::Internal, "a download link cannot be signed").with_source(e.to_string())
        };
        let config = PresigningConfig::builder().start_time(SystemTime::from(now)).expires_in(lifetime);
        let get = (client.get_object().bucket(&self.bucket.name).key(&file.key))
            .response_content_type(&file.content_type)
            .response_content_disposition(content_disposition(&file.name));
        let signed = get
            .presigned(config.build().map_err(|e| signing_error(&e))?)
            .await
            .map_err(|e| signing_error(&e))?;
        Ok(PresignedUrl { url: signed.uri().to_owned(), expires_at: now + lifetime })
    }

    /// Reads a small object, such as a manifest, into memory. None if it does not exist. The credentials are those that
    /// sign URLs: their role may read the files and list the bucket, so that S3 answers 404 and not 403 for an object that
    /// does not exist (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>), and the function itself
    /// needs neither right.
    ///
    /// # Errors
    /// As [`Presigner::presign_get`].
    pub async fn get_object(&self, path: &str, now: OffsetDateTime) -> Result<Option<Bytes>, Error> {
        let (client, _) = self.client_for(READ_TIME, now).await?;
        self.bucket.with_client(client).get_object(path).await
    }

    /// A client with the credentials that sign URLs, and how long a URL of them lasts at most.
    async fn client_for(&self, lasts: Duration, now: OffsetDateTime) -> Result<(Client, Duration), Error> {
        let UrlCredentials { credentials, lifetime } = self.credentials.for_url(lasts, now).await?;
        let client = match credentials {
            None => self.bucket.client.clone(),
            Some(credentials) => {
                let config = self.bucket.client.config().to_builder();
                Client::from_conf(config.credentials_provider(credentials).build())
            }
        };
        Ok((client, lifetime))
    }
}

/// A `Content-Disposition` header with the file name (RFC 6266): in ASCII for every client, and exactly (RFC 8187).
fn content_disposition(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or_default();
    let ascii: String = name
        .chars()
        .map(|c| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%') { c } else { '_' })
        .collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{}", percent_encode(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_given_in_ascii_and_exactly_and_cannot_inject_a_header() {
        let expected = "attachment; filename=\"b (2).png\"; filename*=UTF-8''b%20%282%29.png";
        assert_eq!(content_disposition("a/b (2).png"), expected);
        let odd = content_disposition("é\"; x=\"\r\n.png");
        assert_eq!(
            odd,
            "attachment; filename=\"__; x=___.png\"; filename*=UTF-8''%C3%A9%22%3B%20x%3D%22%0D%0A.png"
        );
    }
}

//! Links: URLs that give one file to whoever has them, for a while.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::{Client, presigning::PresigningConfig};
use bytes::Bytes;
use model::{ChecksumAlgorithm, Error, ErrorClass, StoredFile, percent_encoded};
use time::OffsetDateTime;

use crate::{Bucket, PresignCredentials};

/// The bucket, as far as whoever only hands out links sees it.
#[derive(Debug)]
pub struct Presigner {
    objects: Bucket,
    signer: PresignCredentials,
}

/// What a link gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadRequest {
    /// The object.
    pub key: String,
    /// The name whose last part its reader saves it under.
    pub name: String,
    /// What it is sent as.
    pub content_type: String,
}

impl From<StoredFile> for DownloadRequest {
    fn from(file: StoredFile) -> Self {
        Self { key: file.key, name: file.name, content_type: file.content_type }
    }
}

/// A URL that gives a file to whoever has it.
pub struct PresignedUrl {
    /// The URL, which is as good as a key.
    pub url: String,
    /// When it stops to work.
    pub expires_at: OffsetDateTime,
}

impl std::fmt::Debug for PresignedUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PresignedUrl").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl Presigner {
    /// Links into a bucket.
    pub fn new(aws: &aws_types::SdkConfig, bucket: impl Into<String>, signer: PresignCredentials) -> Self {
        // Nothing is written, so the kind of checksum and the prefix of new keys do not matter.
        Self { objects: Bucket::new(aws, bucket, "", ChecksumAlgorithm::Crc64Nvme), signer }
    }

    /// A link to a file. It lasts as long as was asked for (at most 7 days), or as long as the credentials that sign it.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`], or [`ErrorClass::Misconfigured`] when nobody may sign.
    pub async fn link(
        &self,
        file: &DownloadRequest,
        lasts: Duration,
        now: OffsetDateTime,
    ) -> Result<PresignedUrl, Error> {
        // A signature counts from a whole second.
        let now = now.replace_nanosecond(0).unwrap_or(now);
        let signing = self.signer.signing(lasts, now).await?;
        let client = match signing.credentials {
            None => self.objects.client.clone(),
            Some(credentials) => {
                let config = self.objects.client.config().to_builder();
                Client::from_conf(config.credentials_provider(credentials).build())
            }
        };
        let unsigned = |e: &dyn std::error::Error| {
            Error::new(ErrorClass::Internal, "a link cannot be signed").with_source(e.to_string())
        };
        let config = PresigningConfig::builder().start_time(SystemTime::from(now)).expires_in(signing.lasts);
        let get = (client.get_object().bucket(&self.objects.bucket).key(&file.key))
            .response_content_type(&file.content_type)
            .response_content_disposition(attachment(&file.name));
        let signed =
            get.presigned(config.build().map_err(|e| unsigned(&e))?).await.map_err(|e| unsigned(&e))?;
        Ok(PresignedUrl { url: signed.uri().to_owned(), expires_at: now + signing.lasts })
    }

    /// Reads a small object whole, such as a manifest. `None` if it is not there.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn read(&self, path: &str) -> Result<Option<Bytes>, Error> {
        self.objects.get(path).await
    }
}

/// A header that names a file (RFC 6266): once for everybody in ASCII, and once exactly (RFC 8187).
fn attachment(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or_default();
    let plain: String = name
        .chars()
        .map(|c| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%') { c } else { '_' })
        .collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", percent_encoded(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_in_ascii_and_exactly_and_ends_no_header() {
        let plain = "attachment; filename=\"b (2).png\"; filename*=UTF-8''b%20%282%29.png";
        assert_eq!(attachment("a/b (2).png"), plain);
        let odd = attachment("é\"; x=\"\r\n.png");
        assert_eq!(
            odd,
            "attachment; filename=\"__; x=___.png\"; filename*=UTF-8''%C3%A9%22%3B%20x%3D%22%0D%0A.png"
        );
    }
}

//! Landfall's secret in Secrets Manager: reads it with a cache, and changes it without losing concurrent changes.
//!
//! Secrets Manager has no conditional write, but it moves a staging label only away from the version that the request
//! names. So a new version is written with a label of our own, which nobody reads, and becomes the current one only if
//! the version that it is based on still is.

use std::sync::Arc;

use aws_sdk_secretsmanager::{Client, error::ProvideErrorMetadata};
use model::{Error, ErrorClass, Secret};
use serde_json::Value;

use crate::{
    secret_cache::SecretCache,
    secret_document::{NOTIFY_SIGNING_SECRETS, SecretDocument},
    secret_version::{SecretVersion, invalid_secret},
};

/// The staging label of the version that everybody reads.
const CURRENT_STAGE: &str = "AWSCURRENT";
/// The staging label of a version that is about to become the current one. It moves with the next change.
const PENDING_STAGE: &str = "LANDFALL_PENDING";
/// The longest value of a secret in bytes (Secrets Manager API reference, `PutSecretValue`).
const MAX_SECRET_BYTES: usize = 65_536;

/// A secret with a cache.
#[derive(Debug)]
pub struct SecretStore {
    client: Client,
    id: String,
    cache: SecretCache<Arc<SecretDocument>>,
}

impl SecretStore {
    /// The secret with this name or ARN.
    pub fn new(aws: &aws_types::SdkConfig, id: impl Into<String>) -> Self {
        Self { client: Client::new(aws), id: id.into(), cache: SecretCache::new() }
    }

    /// Reads the secret, at most five minutes old, or up to twelve hours while Secrets Manager does not answer.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`] when there is no such copy, or [`ErrorClass::Misconfigured`].
    pub async fn get(&self) -> Result<Arc<SecretDocument>, Error> {
        self.cache.get(|| self.fetch_document()).await
    }

    /// Reads the secret, at most a few seconds old. Used after a delivery matched no key, because the secret may have
    /// been rotated.
    ///
    /// # Errors
    /// As [`SecretStore::get`], but without the fallback to an old copy, which is known not to match. A delivery is
    /// then answered with 503 and not rejected for good, because it may be authentic. That is bounded: the provider
    /// retries it a few times, and Secrets Manager is requested once in a second at most.
    pub async fn get_fresh(&self) -> Result<Arc<SecretDocument>, Error> {
        self.cache.get_fresh(|| self.fetch_document()).await
    }

    /// Looks a value up in the secret with `find`. If it is not there, the secret is refreshed once, because the value
    /// may have been added just now.
    ///
    /// # Errors
    /// As [`SecretStore::get`].
    pub async fn find_value<T>(
        &self,
        find: impl Fn(&SecretDocument) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        match find(&*self.get().await?) {
            Some(found) => Ok(Some(found)),
            None => Ok(find(&*self.get_fresh().await?)),
        }
    }

    /// Reads the current version of the secret, as the base of a change. The cache is updated with it.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`] or [`ErrorClass::Misconfigured`].
    pub async fn fetch_current_version(&self) -> Result<SecretVersion, Error> {
        let version = self.fetch().await?;
        self.cache.put(Arc::new(version.document().clone())).await;
        Ok(version)
    }

    /// Sets fields of a provider's section. Returns false if the secret was changed since `read`; then nothing is
    /// changed.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`]; [`ErrorClass::Misconfigured`] when the secret is not the expected JSON, or it
    /// or its KMS key cannot be used; [`ErrorClass::StorageRejected`] when the secret is too long or has too many
    /// versions.
    pub async fn update_provider_section(
        &self,
        read: &SecretVersion,
        provider: &str,
        fields: &[(&str, Value)],
    ) -> Result<bool, Error> {
        self.replace(read, &read.with_provider_fields(provider, fields)?).await
    }

    /// Sets the secrets that sign callers' webhooks, newest first. Returns false if the secret was changed since `read`;
    /// then nothing is changed.
    ///
    /// # Errors
    /// As [`SecretStore::update_provider_section`].
    pub async fn update_notify_signing_secrets(
        &self,
        read: &SecretVersion,
        secrets: &[Secret],
    ) -> Result<bool, Error> {
        let secrets: Vec<&str> = secrets.iter().map(Secret::expose).collect();
        self.replace(read, &read.with_member(NOTIFY_SIGNING_SECRETS, &secrets.into())?).await
    }

    /// Adds what the secret lacks: each of these provider sections that is absent, and `signing_secret` if no secret signs
    /// callers' webhooks. Returns false if the secret was changed since `read`; then nothing is changed.
    ///
    /// # Errors
    /// As [`SecretStore::update_provider_section`].
    pub async fn add_missing_parts(
        &self,
        read: &SecretVersion,
        sections: &[(&str, Value)],
        signing_secret: &Secret,
    ) -> Result<bool, Error> {
        self.replace(read, &read.with_missing_parts(sections, signing_secret)?).await
    }

    /// Writes a new version and makes it the current one, if the current one is the version that was read.
    async fn replace(&self, read: &SecretVersion, text: &str) -> Result<bool, Error> {
        if text.len() > MAX_SECRET_BYTES {
            let message = format!(
                "the secret would have {} bytes; Secrets Manager stores {MAX_SECRET_BYTES}",
                text.len()
            );
            return Err(Error::new(ErrorClass::StorageRejected, message));
        }
        // The client creates a request token, the same for each of its attempts. It is the id of the new version.
        let put = self.client.put_secret_value().secret_id(&self.id).version_stages(PENDING_STAGE);
        let put = put.secret_string(text).send().await.map_err(|e| write_error(e.into_service_error()))?;
        let new_id = put.version_id.ok_or_else(invalid_secret)?;
        let move_stage =
            self.client.update_secret_version_stage().secret_id(&self.id).version_stage(CURRENT_STAGE);
        let move_stage = move_stage.remove_from_version_id(&read.id).move_to_version_id(&new_id);
        match move_stage.send().await {
            Ok(_) => {
                let version = SecretVersion::parse(new_id, text.to_owned())?;
                self.cache.put(Arc::new(version.document().clone())).await;
                Ok(true)
            }
            // The label is on another version, or the response was lost after it moved. The current version decides.
            Err(e) => match self.fetch_current_version().await?.id {
                id if id == new_id => Ok(true),
                id if id != read.id => Ok(false),
                _ => Err(write_error(e.into_service_error())),
            },
        }
    }

    async fn fetch_document(&self) -> Result<Arc<SecretDocument>, Error> {
        Ok(Arc::new(self.fetch().await?.document().clone()))
    }

    async fn fetch(&self) -> Result<SecretVersion, Error> {
        let output = self.client.get_secret_value().secret_id(&self.id).send().await.map_err(|e| {
            let e = e.into_service_error();
            let error =
                Error::new(read_error_class(e.code()), "Landfall's secret cannot be read").with_source(e);
            if error.is_retryable() { error.with_retry_after(5) } else { error }
        })?;
        let (id, text) = (output.version_id.unwrap_or_default(), output.secret_string.unwrap_or_default());
        SecretVersion::parse(id, text)
    }
}

/// The class of an error code of `GetSecretValue`: whether Secrets Manager is failing, or the secret cannot be used.
fn read_error_class(code: Option<&str>) -> ErrorClass {
    // `InvalidRequestException` is a secret that is marked for deletion, and `DecryptionFailure` a KMS key that is
    // disabled or denied. `InternalServiceError`, throttling, expired credentials and the others are temporary.
    match code {
        Some(
            "AccessDeniedException"
            | "ResourceNotFoundException"
            | "InvalidRequestException"
            | "DecryptionFailure",
        ) => ErrorClass::Misconfigured,
        _ => ErrorClass::StorageUnavailable,
    }
}

fn write_error<E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static>(e: E) -> Error {
    Error::new(write_error_class(e.code()), "Landfall's secret cannot be written").with_source(e)
}

/// The class of an error code of `PutSecretValue` or `UpdateSecretVersionStage`.
fn write_error_class(code: Option<&str>) -> ErrorClass {
    // <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html#API_PutSecretValue_Errors>
    match code {
        // A KMS key that is disabled or denied, a secret that is marked for deletion, and missing permissions: a
        // repetition fails until the operator acts.
        Some(
            "AccessDeniedException"
            | "ResourceNotFoundException"
            | "InvalidRequestException"
            | "EncryptionFailure"
            | "DecryptionFailure",
        ) => ErrorClass::Misconfigured,
        // A document of more than 65,536 bytes, and a secret with as many versions as the quota allows. Which of the
        // first two codes a long document has is not documented.
        Some("InvalidParameterException" | "ValidationException" | "LimitExceededException") => {
            ErrorClass::StorageRejected
        }
        _ => ErrorClass::StorageUnavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_can_never_succeed_is_not_retryable() {
        for (code, class) in [
            ("AccessDeniedException", ErrorClass::Misconfigured),
            ("ResourceNotFoundException", ErrorClass::Misconfigured),
            ("InvalidRequestException", ErrorClass::Misconfigured),
            ("EncryptionFailure", ErrorClass::Misconfigured),
            ("DecryptionFailure", ErrorClass::Misconfigured),
            ("InvalidParameterException", ErrorClass::StorageRejected),
            ("ValidationException", ErrorClass::StorageRejected),
            ("LimitExceededException", ErrorClass::StorageRejected),
        ] {
            assert_eq!(write_error_class(Some(code)), class, "{code}");
            assert!(!class.is_retryable(), "{code}");
        }
        for code in [Some("InternalServiceError"), Some("ThrottlingException"), None] {
            assert!(write_error_class(code).is_retryable(), "{code:?}");
        }
    }
}

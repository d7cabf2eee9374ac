//! Landfall's one secret in Secrets Manager: provider keys, signing secrets, callback keys.

use std::sync::Arc;

use aws_sdk_secretsmanager::{Client, error::ProvideErrorMetadata};
use model::{CallbackKeys, Error, ErrorClass, JobId, ProviderName, Redactor, Secret};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{SecretVersion, secret_cache::Cache};

/// The member that holds the secrets which sign callers' webhooks.
pub(crate) const NOTIFY_SIGNING_SECRETS: &str = "notify_signing_secrets";

/// Members that are no secrets: an identifier, which URLs may hold, too, and a setting.
const PUBLIC_MEMBERS: [&str; 2] = ["app_id", "auth_scheme"];

/// How the standard libraries mark a signing secret. Its key is what follows.
const SIGNING_SECRET_PREFIX: &str = "whsec_";

/// Reads the secret and keeps it for a while.
#[derive(Debug)]
pub struct Secrets {
    pub(crate) client: Client,
    pub(crate) id: String,
    pub(crate) cache: Cache<Arc<SecretDocument>>,
}

/// What the secret holds.
///
/// ```json
/// {"callback_key": "…", "previous_callback_keys": ["…"], "notify_signing_secrets": ["whsec_…"],
///  "providers": {"abyssale": {"api_key": "…", "signing_secrets": ["whsec_…"]}}}
/// ```
#[derive(Clone)]
pub struct SecretDocument(Value);

impl std::fmt::Debug for SecretDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretDocument(***)")
    }
}

impl SecretDocument {
    pub(crate) fn new(document: Value) -> Self {
        Self(document)
    }

    /// The keys that make and check callback tokens, newest first.
    pub fn callback_keys(&self) -> CallbackKeys {
        let newest = self.0.get("callback_key").and_then(Value::as_str);
        let older = self.0.get("previous_callback_keys").and_then(Value::as_array);
        let older = older.into_iter().flatten().filter_map(Value::as_str);
        CallbackKeys::new(newest.into_iter().chain(older).map(Secret::new))
    }

    /// The secrets that sign callers' webhooks, newest first.
    pub fn notify_signing_secrets(&self) -> Vec<Secret> {
        let secrets = self.0.get(NOTIFY_SIGNING_SECRETS).and_then(Value::as_array).into_iter().flatten();
        secrets.filter_map(Value::as_str).map(Secret::new).collect()
    }

    /// Redacts what must not be kept or shown of a provider's text: every secret that is held here, whoever it belongs to,
    /// but those of the provider's own section under `expected`; the tokens of the job; and the token of any callback URL.
    pub fn redactor(&self, provider: &ProviderName, job: Option<JobId>, expected: Option<&str>) -> Redactor {
        let mut redactor = Redactor::default();
        let mut document = self.0.clone();
        if let (Some(expected), Some(section)) =
            (expected, document.pointer_mut(&format!("/providers/{provider}")).and_then(Value::as_object_mut))
        {
            section.remove(expected);
        }
        hide_all(&document, &mut redactor);
        for token in job.iter().flat_map(|job| self.callback_keys().tokens(provider, job)) {
            redactor.hide(&token);
        }
        redactor.hide_callback_urls(provider.as_str());
        redactor
    }

    /// A provider's own section, `null` when there is none.
    pub fn provider(&self, name: &str) -> Value {
        self.0.get("providers").and_then(|providers| providers.get(name)).cloned().unwrap_or(Value::Null)
    }
}

/// Every text in the document is a secret, unless it is known to be none or is a time.
fn hide_all(value: &Value, redactor: &mut Redactor) {
    match value {
        Value::String(text) if OffsetDateTime::parse(text, &Rfc3339).is_ok() => {}
        Value::String(text) => {
            redactor.hide(&Secret::new(text));
            if let Some(key) = text.strip_prefix(SIGNING_SECRET_PREFIX) {
                redactor.hide(&Secret::new(key));
            }
        }
        Value::Array(values) => values.iter().for_each(|value| hide_all(value, redactor)),
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| !PUBLIC_MEMBERS.contains(&name.as_str()))
            .for_each(|(_, value)| hide_all(value, redactor)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Bytes that nobody can guess, from the operating system through the TLS library.
///
/// # Errors
/// [`ErrorClass::Internal`]: there are none.
pub fn random_bytes() -> Result<[u8; 32], Error> {
    let mut bytes = [0; 32];
    let random = rustls::crypto::ring::default_provider().secure_random;
    random.fill(&mut bytes).map_err(|_| Error::new(ErrorClass::Internal, "there is no randomness"))?;
    Ok(bytes)
}

impl Secrets {
    /// A reader of the secret with this name or ARN.
    pub fn new(aws: &aws_types::SdkConfig, id: impl Into<String>) -> Self {
        Self { client: Client::new(aws), id: id.into(), cache: Cache::new() }
    }

    /// The secret, at most five minutes old, or up to twelve hours while Secrets Manager does not answer.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`] when there is no such copy, or [`ErrorClass::Misconfigured`].
    pub async fn get(&self) -> Result<Arc<SecretDocument>, Error> {
        self.cache.get(|| self.document()).await
    }

    /// The secret, at most a few seconds old: after a delivery fitted no key, since a rotation may have happened.
    ///
    /// # Errors
    /// As [`Secrets::get`], but no old copy takes its place: whoever asks knows already that the old one does not do.
    /// A delivery is then answered with 503 and not refused for good, since nobody can tell whether it is authentic. That
    /// is bounded: the provider repeats it a few times, and Secrets Manager is asked once in a second at most.
    pub async fn refreshed(&self) -> Result<Arc<SecretDocument>, Error> {
        self.cache.fresh(|| self.document()).await
    }

    /// What is looked for in the secret, if it is there. Looks once more when it is not: it may just have been put there.
    ///
    /// # Errors
    /// As [`Secrets::get`].
    pub async fn find<T>(&self, find: impl Fn(&SecretDocument) -> Option<T>) -> Result<Option<T>, Error> {
        match find(&*self.get().await?) {
            Some(found) => Ok(Some(found)),
            None => Ok(find(&*self.refreshed().await?)),
        }
    }

    /// The secret as it is now, to be changed. What is kept is as new from then on.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`] or [`ErrorClass::Misconfigured`].
    pub async fn current(&self) -> Result<SecretVersion, Error> {
        let version = self.fetch().await?;
        self.cache.put(Arc::new(version.document().clone())).await;
        Ok(version)
    }

    async fn document(&self) -> Result<Arc<SecretDocument>, Error> {
        Ok(Arc::new(self.fetch().await?.document().clone()))
    }

    async fn fetch(&self) -> Result<SecretVersion, Error> {
        let answer = self.client.get_secret_value().secret_id(&self.id).send().await.map_err(|e| {
            let e = e.into_service_error();
            let error = Error::new(class(e.code()), "Landfall's secret cannot be read").with_source(e);
            if error.retryable() { error.retry_after(5) } else { error }
        })?;
        let (id, text) = (answer.version_id.unwrap_or_default(), answer.secret_string.unwrap_or_default());
        SecretVersion::read(id, text)
    }
}

/// Whether Secrets Manager is in trouble, or has answered that the secret cannot be used.
pub(crate) fn class(code: Option<&str>) -> ErrorClass {
    // GetSecretValue's errors: `InvalidRequestException` is a secret that is marked for deletion, and
    // `DecryptionFailure` a KMS key that is disabled or denied. `InternalServiceError`, throttling, expired credentials
    // and the rest pass.
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

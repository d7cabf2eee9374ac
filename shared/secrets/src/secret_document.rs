//! The content of Landfall's secret: provider keys, signing secrets, callback keys.

use model::{CallbackKeys, JobId, ProviderName, Redactor, Secret};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// The member that holds the secrets which sign callers' webhooks.
pub(crate) const NOTIFY_SIGNING_SECRETS: &str = "notify_signing_secrets";

/// Members that are not secret: an identifier, which URLs may contain, and a setting.
const PUBLIC_MEMBERS: [&str; 2] = ["app_id", "auth_scheme"];

/// The prefix of a signing secret in Standard Webhooks. The key follows it.
const SIGNING_SECRET_PREFIX: &str = "whsec_";

/// The content of the secret.
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

    /// The keys that sign and verify callback tokens, newest first.
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

    /// Whether no secret to sign callers' webhooks has been stored yet. A value that is there but cannot be used, such as a
    /// text in place of a list, is the operator's and not missing.
    pub fn lacks_notify_signing_secrets(&self) -> bool {
        match self.0.get(NOTIFY_SIGNING_SECRETS) {
            None | Some(Value::Null) => true,
            Some(Value::Array(secrets)) => secrets.is_empty(),
            Some(_) => false,
        }
    }

    /// A redactor of the text of a provider. It removes every secret of this document, except the provider's own under
    /// `expected`; the callback tokens of the job; and the token of any callback URL.
    pub fn redactor(&self, provider: &ProviderName, job: Option<JobId>, expected: Option<&str>) -> Redactor {
        let mut redactor = Redactor::default();
        let mut document = self.0.clone();
        if let (Some(expected), Some(section)) =
            (expected, document.pointer_mut(&format!("/providers/{provider}")).and_then(Value::as_object_mut))
        {
            section.remove(expected);
        }
        hide_secrets(&document, &mut redactor);
        for token in job.iter().flat_map(|job| self.callback_keys().all_tokens(provider, job)) {
            redactor.add_secret(&token);
        }
        redactor.add_callback_urls(provider.as_str());
        redactor
    }

    /// The section of a provider, `null` when there is none.
    pub fn provider_section(&self, name: &str) -> Value {
        self.0.get("providers").and_then(|providers| providers.get(name)).cloned().unwrap_or(Value::Null)
    }
}

/// Adds every string of the document to the redactor, except public members and timestamps.
fn hide_secrets(value: &Value, redactor: &mut Redactor) {
    match value {
        Value::String(text) if OffsetDateTime::parse(text, &Rfc3339).is_ok() => {}
        Value::String(text) => {
            redactor.add_secret(&Secret::new(text));
            if let Some(key) = text.strip_prefix(SIGNING_SECRET_PREFIX) {
                redactor.add_secret(&Secret::new(key));
            }
        }
        Value::Array(values) => values.iter().for_each(|value| hide_secrets(value, redactor)),
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| !PUBLIC_MEMBERS.contains(&name.as_str()))
            .for_each(|(_, value)| hide_secrets(value, redactor)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

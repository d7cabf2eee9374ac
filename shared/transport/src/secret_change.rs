//! Changing Landfall's secret without losing what somebody else changes at the same time.
//!
//! Secrets Manager has no conditional write, but it moves a stage only away from the version that it is named. So a
//! new version is written under a stage of our own, where nobody reads it, and becomes the current one only if the
//! version that it was made from still is.

use std::{collections::BTreeMap, sync::Arc};

use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use model::{Error, ErrorClass, Secret};
use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};

use crate::{
    Secrets,
    secrets::{NOTIFY_SIGNING_SECRETS, SecretDocument},
};

/// The stage of a version that everybody reads.
const CURRENT: &str = "AWSCURRENT";
/// The stage of a version that is about to become the current one. It moves on with the next change.
const PENDING: &str = "LANDFALL_PENDING";

/// An object whose values are kept as they were written, down to the digits of a number.
type Verbatim = BTreeMap<String, Box<RawValue>>;

/// The secret as it was read, to be changed or not. Without `Debug` of what it holds.
pub struct SecretVersion {
    id: String,
    text: String,
    document: SecretDocument,
}

impl std::fmt::Debug for SecretVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretVersion").field("id", &self.id).finish_non_exhaustive()
    }
}

impl SecretVersion {
    /// Reads a version's text.
    pub(crate) fn read(id: String, text: String) -> Result<Self, Error> {
        let document = SecretDocument::new(parsed(&text)?);
        Ok(Self { id, text, document })
    }

    /// What it holds.
    pub fn document(&self) -> &SecretDocument {
        &self.document
    }

    /// The secret's text with some fields of a provider's section set anew and everything else as it was.
    fn with(&self, provider: &str, fields: &[(&str, Value)]) -> Result<String, Error> {
        let mut document: Verbatim = parsed(&self.text)?;
        let mut providers: Verbatim = member(&document, "providers")?;
        let mut section: Verbatim = member(&providers, provider)?;
        for (name, value) in fields {
            section.insert((*name).to_owned(), verbatim(value)?);
        }
        providers.insert(provider.to_owned(), verbatim(&section)?);
        document.insert("providers".to_owned(), verbatim(&providers)?);
        serde_json::to_string(&document).map_err(|_| unusable())
    }

    /// The secret's text with a member of its own set anew and everything else as it was.
    fn with_member(&self, name: &str, value: &Value) -> Result<String, Error> {
        let mut document: Verbatim = parsed(&self.text)?;
        document.insert(name.to_owned(), verbatim(value)?);
        serde_json::to_string(&document).map_err(|_| unusable())
    }
}

impl Secrets {
    /// Sets fields of a provider's section. Returns whether it did: not if the secret was changed since `read`.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`]; [`ErrorClass::Misconfigured`] when the secret is not what it should be, or
    /// may not be written.
    pub async fn change(
        &self,
        read: &SecretVersion,
        provider: &str,
        fields: &[(&str, Value)],
    ) -> Result<bool, Error> {
        self.replace(read, &read.with(provider, fields)?).await
    }

    /// Sets the secrets that sign callers' webhooks, newest first. Returns whether it did: not if the secret was
    /// changed since `read`.
    ///
    /// # Errors
    /// As [`Secrets::change`].
    pub async fn change_notify_signing_secrets(
        &self,
        read: &SecretVersion,
        secrets: &[Secret],
    ) -> Result<bool, Error> {
        let secrets: Vec<&str> = secrets.iter().map(Secret::expose).collect();
        self.replace(read, &read.with_member(NOTIFY_SIGNING_SECRETS, &secrets.into())?).await
    }

    /// Makes a text the current version, unless the current one is no longer the one that was read.
    async fn replace(&self, read: &SecretVersion, text: &str) -> Result<bool, Error> {
        // The client makes a request token, the same for each of its attempts; it is the new version's id.
        let put = self.client.put_secret_value().secret_id(&self.id).version_stages(PENDING);
        let put = put.secret_string(text).send().await.map_err(|e| unwritable(e.into_service_error()))?;
        let made = put.version_id.ok_or_else(unusable)?;
        let step = self.client.update_secret_version_stage().secret_id(&self.id).version_stage(CURRENT);
        match step.remove_from_version_id(&read.id).move_to_version_id(&made).send().await {
            Ok(_) => {
                let written = SecretVersion::read(made, text.to_owned())?;
                self.cache.put(Arc::new(written.document)).await;
                Ok(true)
            }
            // Refused since the stage is elsewhere, or lost after it was moved: what is current now tells.
            Err(e) => match self.current().await?.id {
                id if id == made => Ok(true),
                id if id != read.id => Ok(false),
                _ => Err(unwritable(e.into_service_error())),
            },
        }
    }
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    // The parser's own error could quote the secret, so it is dropped.
    serde_json::from_str(text).map_err(|_| unusable())
}

/// A member that is an object; absent and null are an empty one.
fn member(object: &Verbatim, name: &str) -> Result<Verbatim, Error> {
    let value = object.get(name).map_or("null", |value| value.get());
    Ok(parsed::<Option<Verbatim>>(value)?.unwrap_or_default())
}

fn verbatim(value: &impl serde::Serialize) -> Result<Box<RawValue>, Error> {
    serde_json::value::to_raw_value(value).map_err(|_| unusable())
}

fn unusable() -> Error {
    Error::new(ErrorClass::Misconfigured, "Landfall's secret is not the JSON it should be")
}

fn unwritable<E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static>(e: E) -> Error {
    let class = match e.code() {
        Some("AccessDeniedException" | "ResourceNotFoundException") => ErrorClass::Misconfigured,
        _ => ErrorClass::StorageUnavailable,
    };
    Error::new(class, "Landfall's secret cannot be written").with_source(e)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changed(text: &str) -> Result<String, Error> {
        let read =
            SecretVersion { id: "1".into(), text: text.into(), document: SecretDocument::new(Value::Null) };
        read.with("abyssale", &[("signing_secrets", json!(["new"]))])
    }

    #[test]
    fn everything_else_stays_to_the_digit() {
        let text = r#"{"callback_key":"k","more":[1.10, 1e400, 123456789012345678901234567890],"providers":{"abyssale":{"api_key":"\u0041","signing_secrets":["old"],"x":{"b":1,"a":2}},"other":{"y": null}}}"#;
        let expected = r#"{"callback_key":"k","more":[1.10, 1e400, 123456789012345678901234567890],"providers":{"abyssale":{"api_key":"\u0041","signing_secrets":["new"],"x":{"b":1,"a":2}},"other":{"y": null}}}"#;
        assert_eq!(changed(text).expect("JSON"), expected);
    }

    #[test]
    fn a_section_that_is_not_there_is_made() {
        for text in [r#"{}"#, r#"{"providers":null}"#, r#"{"providers":{"abyssale":null}}"#] {
            let expected = r#"{"providers":{"abyssale":{"signing_secrets":["new"]}}}"#;
            assert_eq!(changed(text).expect("JSON"), expected);
        }
    }

    #[test]
    fn a_member_of_its_own_is_set_beside_the_others() {
        let read = |text: &str| SecretVersion::read("1".into(), text.into());
        let made = read(r#"{"callback_key":"k","more":1.10}"#)
            .and_then(|read| read.with_member("m", &json!(["new"])));
        assert_eq!(made.expect("JSON"), r#"{"callback_key":"k","m":["new"],"more":1.10}"#);
    }

    #[test]
    fn what_is_no_such_secret_is_not_written_over() {
        for text in ["", "[]", r#"{"providers":[]}"#, r#"{"providers":{"abyssale":"key"}}"#] {
            assert_eq!(changed(text).expect_err("refused").class, ErrorClass::Misconfigured);
        }
    }
}

//! A version of Landfall's secret, and new texts that change only a part of it.

use std::collections::BTreeMap;

use model::{Error, ErrorClass, Secret};
use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};

use crate::secret_document::{NOTIFY_SIGNING_SECRETS, SecretDocument};

/// A JSON object whose values keep their exact text, down to the digits of a number.
type RawObject = BTreeMap<String, Box<RawValue>>;

/// A version of the secret that was read, as the base of a change. Its `Debug` shows no content.
pub struct SecretVersion {
    pub(crate) id: String,
    text: String,
    document: SecretDocument,
}

impl std::fmt::Debug for SecretVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretVersion").field("id", &self.id).finish_non_exhaustive()
    }
}

impl SecretVersion {
    /// Parses the text of a version.
    pub(crate) fn parse(id: String, text: String) -> Result<Self, Error> {
        let document = SecretDocument::new(parse_json(&text)?);
        Ok(Self { id, text, document })
    }

    /// The content of the version.
    pub fn document(&self) -> &SecretDocument {
        &self.document
    }

    /// The text of the secret with some fields of a provider's section replaced and everything else unchanged.
    pub(crate) fn with_provider_fields(
        &self,
        provider: &str,
        fields: &[(&str, Value)],
    ) -> Result<String, Error> {
        let mut document: RawObject = parse_json(&self.text)?;
        let mut providers: RawObject = object_member(&document, "providers")?;
        let mut section: RawObject = object_member(&providers, provider)?;
        for (name, value) in fields {
            section.insert((*name).to_owned(), to_raw_json(value)?);
        }
        providers.insert(provider.to_owned(), to_raw_json(&section)?);
        document.insert("providers".to_owned(), to_raw_json(&providers)?);
        serde_json::to_string(&document).map_err(|_| invalid_secret())
    }

    /// The text of the secret with a top-level member replaced and everything else unchanged.
    pub(crate) fn with_member(&self, name: &str, value: &Value) -> Result<String, Error> {
        let mut document: RawObject = parse_json(&self.text)?;
        document.insert(name.to_owned(), to_raw_json(value)?);
        serde_json::to_string(&document).map_err(|_| invalid_secret())
    }

    /// The text of the secret with the parts that it lacks and everything else unchanged: the sections of providers, and
    /// the first secret that signs callers' webhooks.
    pub(crate) fn with_missing_parts(
        &self,
        sections: &[(&str, Value)],
        signing_secret: &Secret,
    ) -> Result<String, Error> {
        let mut document: RawObject = parse_json(&self.text)?;
        let mut providers: RawObject = object_member(&document, "providers")?;
        for (name, section) in sections {
            if self.document.provider_section(name).is_null() {
                providers.insert((*name).to_owned(), to_raw_json(section)?);
            }
        }
        document.insert("providers".to_owned(), to_raw_json(&providers)?);
        if self.document.lacks_notify_signing_secrets() {
            document.insert(NOTIFY_SIGNING_SECRETS.to_owned(), to_raw_json(&[signing_secret.expose()])?);
        }
        serde_json::to_string(&document).map_err(|_| invalid_secret())
    }
}

fn parse_json<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    // The parser's error is dropped, because it could quote the secret.
    serde_json::from_str(text).map_err(|_| invalid_secret())
}

/// A member that is an object. If it is absent or null, the object is empty.
fn object_member(object: &RawObject, name: &str) -> Result<RawObject, Error> {
    let value = object.get(name).map_or("null", |value| value.get());
    Ok(parse_json::<Option<RawObject>>(value)?.unwrap_or_default())
}

fn to_raw_json(value: &impl serde::Serialize) -> Result<Box<RawValue>, Error> {
    serde_json::value::to_raw_value(value).map_err(|_| invalid_secret())
}

pub(crate) fn invalid_secret() -> Error {
    Error::new(ErrorClass::Misconfigured, "Landfall's secret is not the expected JSON object")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change_signing_secrets(text: &str) -> Result<String, Error> {
        let read =
            SecretVersion { id: "1".into(), text: text.into(), document: SecretDocument::new(Value::Null) };
        read.with_provider_fields("abyssale", &[("signing_secrets", json!(["new"]))])
    }

    #[test]
    fn everything_else_is_unchanged_to_the_digit() {
        let text = r#"{"callback_key":"k","more":[1.10, 1e400, 123456789012345678901234567890],"providers":{"abyssale":{"api_key":"\u0041","signing_secrets":["old"],"x":{"b":1,"a":2}},"other":{"y": null}}}"#;
        let expected = r#"{"callback_key":"k","more":[1.10, 1e400, 123456789012345678901234567890],"providers":{"abyssale":{"api_key":"\u0041","signing_secrets":["new"],"x":{"b":1,"a":2}},"other":{"y": null}}}"#;
        assert_eq!(change_signing_secrets(text).expect("JSON"), expected);
    }

    #[test]
    fn a_missing_section_is_created() {
        for text in [r#"{}"#, r#"{"providers":null}"#, r#"{"providers":{"abyssale":null}}"#] {
            let expected = r#"{"providers":{"abyssale":{"signing_secrets":["new"]}}}"#;
            assert_eq!(change_signing_secrets(text).expect("JSON"), expected);
        }
    }

    #[test]
    fn a_top_level_member_is_set_beside_the_others() {
        let read = |text: &str| SecretVersion::parse("1".into(), text.into());
        let changed = read(r#"{"callback_key":"k","more":1.10}"#)
            .and_then(|version| version.with_member("m", &json!(["new"])));
        assert_eq!(changed.expect("JSON"), r#"{"callback_key":"k","m":["new"],"more":1.10}"#);
    }

    #[test]
    fn missing_parts_are_added_and_parts_that_are_there_stay() {
        let sections = [("abyssale", json!({ "api_key": "" })), ("ai_studios", json!({ "app_id": "" }))];
        let complete = |text: &str| {
            let version = SecretVersion::parse("1".into(), text.into()).expect("JSON");
            version.with_missing_parts(&sections, &Secret::new("whsec_new")).expect("JSON")
        };
        let expected = r#"{"notify_signing_secrets":["whsec_new"],"providers":{"abyssale":{"api_key":""},"ai_studios":{"app_id":""}}}"#;
        for text in [
            "{}",
            r#"{"providers":null,"notify_signing_secrets":null}"#,
            r#"{"providers":{"ai_studios":null},"notify_signing_secrets":[]}"#,
        ] {
            assert_eq!(complete(text), expected);
        }
        let older = r#"{"callback_key":"k","n":1.10,"notify_signing_secrets":["mine"],"providers":{"abyssale":{"api_key": "\u0041"}}}"#;
        let expected = r#"{"callback_key":"k","n":1.10,"notify_signing_secrets":["mine"],"providers":{"abyssale":{"api_key": "\u0041"},"ai_studios":{"app_id":""}}}"#;
        assert_eq!(complete(older), expected);
        let unusable = r#"{"notify_signing_secrets":"mine","providers":{"abyssale":{},"ai_studios":{}}}"#;
        assert_eq!(complete(unusable), unusable);
    }

    #[test]
    fn an_unexpected_document_is_not_overwritten() {
        for text in ["", "[]", r#"{"providers":[]}"#, r#"{"providers":{"abyssale":"key"}}"#] {
            assert_eq!(change_signing_secrets(text).expect_err("rejected").class, ErrorClass::Misconfigured);
        }
    }
}

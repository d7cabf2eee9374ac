//! What every provider owes to the rest of Landfall, whoever it is.

use bytes::Bytes;
use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::{ALL, Access, Authenticity, Credentials, Delivery, find};

#[test]
fn names_are_unique_and_safe_in_paths_keys_and_variables() {
    for provider in ALL {
        let name = provider.name();
        assert!(
            !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
            "{name}"
        );
        assert_eq!(ALL.iter().filter(|other| other.name() == name).count(), 1, "{name}");
        assert_eq!(find(name).map(|found| found.name()), Some(name));
    }
    assert!(find("").is_none() && find("ABYSSALE").is_none());
}

#[test]
fn addresses_are_https_and_hosts_are_names() {
    for provider in ALL {
        let url = url::Url::parse(provider.default_api_url()).expect("a URL");
        assert!(url.scheme() == "https" && !provider.default_api_url().ends_with('/'));
        for host in provider.download_hosts() {
            let name = host.strip_prefix("*.").unwrap_or(host);
            assert!(
                matches!(url::Host::parse(name), Ok(url::Host::Domain(_))) && !name.contains('*'),
                "{host}"
            );
        }
    }
}

#[test]
fn requests_that_make_no_sense_are_refused_with_a_field() {
    for provider in ALL {
        for (kind, fields) in
            [("no-such-kind", json!({})), ("export", json!({})), ("export", json!({ "surprise": 1 }))]
        {
            let fields: Map<String, Value> = fields.as_object().cloned().unwrap_or_default();
            let fault = provider.read_order(kind, fields).expect_err("refused");
            assert!(!fault.violations.is_empty(), "{}: {kind}", provider.name());
        }
    }
}

#[test]
fn without_keys_nothing_is_taken_as_signed() {
    let (headers, body) = (HeaderMap::new(), Bytes::from_static(b"{}"));
    for provider in ALL {
        let delivery = Delivery { headers: &headers, body: &body };
        let verdict = provider.authenticate(&delivery, &Credentials::default(), OffsetDateTime::UNIX_EPOCH);
        assert_ne!(verdict, Authenticity::Signed, "{}", provider.name());
    }
}

#[test]
fn a_check_of_something_unknown_is_refused_with_a_field() {
    let access = Access { api_url: "https://api.example", credentials: &Credentials::default() };
    for provider in ALL {
        let fields = Map::from_iter([("surprise".to_owned(), json!(1))]);
        let fault = provider.checks(&access, fields).err().expect("refused");
        assert!(
            fault.violations.iter().any(|violation| violation.field == "surprise"),
            "{}",
            provider.name()
        );
    }
}

#[cfg(feature = "sim")]
#[test]
fn checks_have_names_of_their_own() {
    for provider in ALL {
        let credentials = Credentials::new(provider.simulator(1, 1).credentials());
        let access = Access { api_url: "https://api.example", credentials: &credentials };
        let checks = provider.checks(&access, Map::new()).expect("checks");
        // These are Landfall's own.
        let mut names = vec!["table", "callback_url", "door", "secret", "callback_key", "signing"];
        for (name, _) in checks {
            assert!(!names.contains(&name), "{}: {name}", provider.name());
            names.push(name);
        }
    }
}

#[cfg(feature = "sim")]
#[test]
fn a_simulators_demonstration_is_a_good_request() {
    for provider in ALL {
        let shown = provider.simulator(1, 1).demonstration();
        let mut fields = shown.as_object().cloned().expect("an object");
        assert_eq!(fields.remove("provider"), Some(json!(provider.name())));
        fields.remove("metadata");
        let kind = fields.remove("kind").expect("a kind");
        let order = provider.read_order(kind.as_str().expect("text"), fields).expect("a good request");
        assert!(order.expected.is_none_or(|expected| expected > 0));
    }
}

proptest! {
    #[test]
    fn no_delivery_makes_a_provider_panic(body in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,100}") {
        for provider in ALL {
            let _ = provider.read_delivery(&body);
            let _ = provider.read_delivery(json!({ "event_type": text, "data": { "export_id": text } }).to_string().as_bytes());
        }
    }

    #[test]
    fn no_header_makes_a_provider_panic(value in "[ -~]{0,200}") {
        for provider in ALL {
            let mut headers = HeaderMap::new();
            for name in ["x-abyssale-signature", "x-abyssale-delivery-id"] {
                headers.insert(name, value.parse().expect("printable"));
            }
            let credentials = Credentials::new(json!({ "signing_secrets": ["secret"] }));
            let delivery = Delivery { headers: &headers, body: &Bytes::new() };
            prop_assert_ne!(provider.authenticate(&delivery, &credentials, OffsetDateTime::UNIX_EPOCH), Authenticity::Signed);
            let _ = provider.delivery_id(&headers);
        }
    }
}

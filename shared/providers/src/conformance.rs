//! Conformance tests that every provider has to pass.

use bytes::Bytes;
use http::HeaderMap;
use model::{ErrorClass, JobEvent, MAX_PROVIDER_JOB_ID_BYTES};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::{ALL, ApiAccess, Authenticity, Credentials, Delivery, find_provider};

#[test]
fn provider_names_are_unique_and_valid_in_paths_keys_and_variables() {
    for provider in ALL {
        let name = provider.name();
        assert!(
            !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
            "{name}"
        );
        assert_eq!(ALL.iter().filter(|other| other.name() == name).count(), 1, "{name}");
        assert_eq!(find_provider(name).map(|found| found.name()), Some(name));
    }
    assert!(find_provider("").is_none() && find_provider("ABYSSALE").is_none());
}

#[test]
fn api_urls_are_https_and_download_hosts_are_host_names() {
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
fn invalid_requests_are_rejected_with_the_field() {
    for provider in ALL {
        for (kind, fields) in
            [("no-such-kind", json!({})), ("export", json!({})), ("export", json!({ "surprise": 1 }))]
        {
            let fields: Map<String, Value> = fields.as_object().cloned().unwrap_or_default();
            let error = provider.parse_order(kind, fields).expect_err("an invalid request");
            assert!(!error.violations.is_empty(), "{}: {kind}", provider.name());
        }
    }
}

#[test]
fn no_delivery_is_signed_when_no_signing_secret_is_configured() {
    let (headers, body) = (HeaderMap::new(), Bytes::from_static(b"{}"));
    for provider in ALL {
        let delivery = Delivery { headers: &headers, body: &body };
        let authenticity =
            provider.authenticate(&delivery, &Credentials::default(), OffsetDateTime::UNIX_EPOCH);
        assert_ne!(authenticity, Authenticity::Signed, "{}", provider.name());
    }
}

#[test]
fn the_empty_section_of_a_provider_names_the_keys_and_sets_none() {
    for provider in ALL {
        let section = provider.empty_secret_section();
        let fields = section.as_object().expect("an object");
        assert!(!fields.is_empty(), "{}", provider.name());
        for (name, value) in fields {
            assert!(*value == json!("") || *value == json!([]), "{}.{name}", provider.name());
        }
        let credentials = Credentials::new(section.clone());
        let access = ApiAccess { api_url: "https://api.example", credentials: &credentials };
        let error = provider.health_checks(&access, Map::new()).err().expect("keys are missing");
        assert_eq!(error.class, ErrorClass::ProviderCredentials, "{}", provider.name());
    }
}

#[test]
fn a_health_check_with_an_unknown_field_is_rejected_with_the_field() {
    let access = ApiAccess { api_url: "https://api.example", credentials: &Credentials::default() };
    for provider in ALL {
        let fields = Map::from_iter([("surprise".to_owned(), json!(1))]);
        let error = provider.health_checks(&access, fields).err().expect("an invalid request");
        assert!(
            error.violations.iter().any(|violation| violation.field == "surprise"),
            "{}",
            provider.name()
        );
    }
}

/// Texts of lengths around all limits, up to a megabyte, and JSON with deep nesting or very large numbers.
fn any_value() -> impl Strategy<Value = Value> {
    let length = prop::sample::select(vec![0, 1, 199, 201, 1024, 1025, 2100, 8192, 90_000, 1_000_000_usize]);
    let text =
        (length, "[aé/?:. ]").prop_map(|(length, part)| json!(format!("https://h/{}", part.repeat(length))));
    let number =
        prop_oneof![Just(1e300), Just(1e-300), Just(-1e300), any::<f64>()].prop_map(|number| json!(number));
    let deep = (0..120_usize).prop_map(|depth| (0..depth).fold(json!(1), |inner, _| json!([inner])));
    prop_oneof![4 => text, 1 => number, 1 => deep, 1 => Just(Value::Null), 1 => Just(json!({ "url": "https://h/a", "type": "png" }))]
}

/// An object with the field names of deliveries and any values.
fn any_delivery() -> impl Strategy<Value = Value> {
    let names = [
        "event_type",
        "export_id",
        "archive_url",
        "id",
        "file",
        "url",
        "filename",
        "type",
        "format",
        "template",
        "name",
        "reason",
        "template_format_name",
        "generation_request_id",
        "progress",
        "backendTaskId",
        "downloadUrl",
        "credit",
        "state",
        "version",
        "data",
    ];
    let field = (prop::sample::select(names.to_vec()), any_value());
    let object = prop::collection::vec(field, 0..8).prop_map(|fields| {
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>()
    });
    let object = object.boxed();
    let banner = (object.clone(), object.clone()).prop_map(|(mut banner, file)| {
        banner.insert("file".into(), Value::Object(file));
        Value::Object(banner)
    });
    let lists = (prop::collection::vec(banner, 0..4), prop::collection::vec(object.clone(), 0..4));
    (object, prop::option::of(lists)).prop_map(|(mut body, lists)| {
        if let Some((banners, errors)) = lists {
            body.insert("banners".into(), json!(banners));
            body.insert("errors".into(), json!(errors));
        }
        Value::Object(body)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_report_of_a_delivery_can_be_stored_and_its_urls_requested(body in any_delivery()) {
        let body = body.to_string();
        for provider in ALL {
            let report = match provider.read_delivery(body.as_bytes()) {
                Ok(report) => report,
                Err(malformed) => {
                    prop_assert!(malformed.0.len() < 300, "{}", malformed);
                    continue;
                }
            };
            prop_assert!(report.event_name.len() <= 200);
            prop_assert!(report.provider_job_id.is_none_or(|provider_job_id| provider_job_id.as_str().len() <= MAX_PROVIDER_JOB_ID_BYTES));
            prop_assert!(report.provider_state.is_none_or(|notes| Value::Object(notes).to_string().len() <= 4096));
            let Some(JobEvent::FilesReady { sources, .. }) = report.event else { continue };
            for source in sources {
                prop_assert!(source.url.len() <= 8192);
                prop_assert!(source.name.is_none_or(|name| name.len() <= 1024));
                for value in source.details.values() {
                    prop_assert!(value.is_string() || value.is_number() || value.is_boolean());
                    prop_assert!(value.as_f64().is_none_or(|number| number.abs() < 1e125));
                    prop_assert!(value.to_string().len() < 1100);
                }
            }
        }
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

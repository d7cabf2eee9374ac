//! The request schemas and the code that validates requests agree.

use std::collections::BTreeSet;

use jsonschema::Validator;
use providers::{OrderSchema, Provider};
use serde_json::{Map, Value, json};
use submit::Command;

use crate::{document::document, request_schemas::fields_of_other_variants};

/// Values of every type, at and beyond the limits of any field.
fn values() -> Vec<Value> {
    let id = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
    let job = "0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a";
    let texts = [
        "",
        " ",
        "x",
        "a b",
        "a/b",
        "..",
        "a_b",
        "é",
        "line\nfeed",
        "x\n",
        "png",
        "PNG",
        "pdf",
        "avif",
        "gif",
        "mp4",
        "html5",
        "auto",
        "static",
        "animated",
        "printer",
        "printer_multipage",
        "4k",
        "1080",
        "720",
        "480",
        "240",
        id,
        job,
        "0A1B2C3D-4E5F-4A6B-8C7D-9E0F1A2B3C4D",
        "0a1b2c3d4e5f4a6b8c7d9e0f1a2b3c4d",
        "0192D2C0-7B1A-7C3E-8F4A-5B6C7D8E9F0A",
    ];
    let texts = texts.map(Value::from).into_iter().chain([64, 65, 128, 129].map(|n| "x".repeat(n).into()));
    let numbers = [-1, 0, 1, 2, 3, 9, 10, 30, 31, 100, 101, 480, 720, 1080, 1081].map(Value::from);
    let others = [
        json!(null),
        json!(true),
        json!(false),
        json!(1.5),
        json!(2.0),
        json!(100.0),
        json!(1080.0),
        json!(1e300),
        json!([]),
        json!({}),
        json!(["x"]),
        json!(["x", "x"]),
        json!(["x", "y"]),
        json!([""]),
        json!([7]),
        json!([null]),
        json!([id]),
        json!([id, id]),
        json!([id, job]),
        json!([[]]),
        json!({ "headline": {} }),
        json!({ "headline": "text" }),
        json!({ "headline": 7 }),
        json!({ "headline": null }),
        json!({ "page_1": {} }),
        json!({ "page_0": {} }),
        json!({ "page_12": { "headline": "text" } }),
        json!({ "page_1": 7 }),
        json!({ "page_1": { "headline": [] } }),
        json!({ "page_": {} }),
    ];
    texts.chain(numbers).chain(others).collect()
}

/// The example with one field changed, for every field and value, also within options, and with every field of the
/// other variants of its kind.
fn requests(provider: &dyn Provider, order: &OrderSchema) -> Vec<Map<String, Value>> {
    let example = order.example.as_object().cloned().expect("an object");
    let mut requests = vec![example.clone()];
    let mut with = |name: &str, value: Value| {
        let mut request = example.clone();
        request.insert(name.to_owned(), value);
        requests.push(request);
    };
    for (name, schema) in &order.fields {
        values().into_iter().for_each(|value| with(name, value));
        for key in schema["properties"].as_object().into_iter().flat_map(Map::keys) {
            values().into_iter().for_each(|value| with(name, json!({ key: value })));
        }
        with(name, json!({ "stranger": 1 }));
    }
    for name in fields_of_other_variants(provider, order) {
        values().into_iter().for_each(|value| with(name, value));
    }
    with("stranger", json!(1));
    for required in order.required {
        let mut request = example.clone();
        request.remove(*required);
        requests.push(request);
    }
    requests
}

fn validate_requests(provider: &dyn Provider, order: &OrderSchema, schema: &Validator) -> BTreeSet<bool> {
    let is_valid = |request: Map<String, Value>| {
        let accepted = provider.parse_order(order.kind, request.clone());
        let mut described = json!({ "provider": provider.name(), "kind": order.kind });
        described.as_object_mut().expect("an object").extend(request);
        let valid = schema.is_valid(&described);
        assert_eq!(
            valid,
            accepted.is_ok(),
            "the schema says {valid}, but the code says {accepted:?}: {described}"
        );
        valid
    };
    requests(provider, order).into_iter().map(is_valid).collect()
}

/// The schema of a complete request.
fn submit_request() -> Validator {
    let mut schema = document();
    schema["$ref"] = json!("#/components/schemas/SubmitRequest");
    jsonschema::validator_for(&schema).expect("a schema")
}

/// Values of `notify`: none, everything allowed, and each field with every value.
fn notify_values() -> Vec<Value> {
    let texts = [
        "aZ09+/==",
        "a===",
        "https://example.com",
        "https://example.com/a/b?key=1",
        "https://user@example.com/",
        "https://example.com/a#b",
        "http://example.com/",
        "http://127.0.0.1:8080/",
        "http://127.0.0.10:8080/",
        "http://localhost/?a",
        "https://",
        "ftp://example.com/",
    ];
    let lengths = [1024, 1025, 2048, 2049].map(|length| "a".repeat(length));
    let values: Vec<Value> =
        values().into_iter().chain(texts.map(Value::from)).chain(lengths.map(Value::from)).collect();
    let document = document();
    let fields = document["components"]["schemas"]["Notify"]["properties"].as_object().expect("fields");
    let mut notify_values = vec![json!(null), json!({}), json!("x"), json!([]), json!({ "stranger": 1 })];
    for name in fields.keys() {
        notify_values.extend(values.iter().map(|value| json!({ name: value })));
    }
    notify_values
}

#[test]
fn a_notify_object_is_accepted_if_and_only_if_its_schema_allows_it() {
    let schema = submit_request();
    let mut results = BTreeSet::new();
    for notify in notify_values() {
        let id = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
        let request =
            json!({ "provider": "abyssale", "kind": "export", "banner_ids": [id], "notify": notify });
        let valid = schema.is_valid(&request);
        let accepted =
            Command::read_invocation("submit", request.as_object().cloned().expect("an object"), None);
        assert_eq!(
            valid,
            accepted.is_ok(),
            "the schema says {valid}, but the code says {accepted:?}: {notify}"
        );
        results.insert(valid);
    }
    assert_eq!(results.len(), 2, "some requests are accepted and some are not");
}

#[test]
fn a_request_is_accepted_if_and_only_if_its_schema_allows_it() {
    let schema = submit_request();
    for provider in providers::ALL {
        for order in provider.order_schemas() {
            let results = validate_requests(*provider, &order, &schema);
            assert_eq!(
                results.len(),
                2,
                "{} {}: some requests are accepted and some are not",
                provider.name(),
                order.kind
            );
        }
    }
}

//! The submit API described as OpenAPI 3.1: generated from the response types and from the schemas beside the code
//! that validates requests, and compared with the committed document.
//!
//! `UPDATE_OPENAPI=1 cargo test --test openapi` regenerates `functions/submit/openapi.json`.

mod document;
mod error_responses;
mod operations;
mod parameters;
mod request_schemas;
mod response_schemas;
mod schema_agreement;
mod success_responses;

use std::{fs, path::Path};

use serde_json::Value;

#[test]
#[expect(clippy::disallowed_methods, reason = "a switch for the developer who runs the test")]
fn the_committed_description_matches_the_types() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions/submit/openapi.json");
    let document = document::document();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(&file, format!("{document:#}\n")).expect("written");
    }
    let committed: Value = serde_json::from_slice(&fs::read(&file).expect("a file")).expect("JSON");
    let advice = "UPDATE_OPENAPI=1 cargo test --test openapi regenerates it";
    assert!(committed == document, "functions/submit/openapi.json is out of date: {advice}");
}

#[test]
fn every_reference_resolves_and_every_schema_is_referenced() {
    let document = document::document();
    let mut references = vec![];
    collect_references(&document, &mut references);
    for reference in &references {
        let pointer = reference.strip_prefix('#').expect("a reference within the document");
        assert!(document.pointer(pointer).is_some(), "{reference} does not resolve");
    }
    for name in document["components"]["schemas"].as_object().expect("schemas").keys() {
        let reference = format!("#/components/schemas/{name}");
        assert!(references.contains(&reference), "no reference to the schema {name}");
    }
}

/// API Gateway serves only the routes that the template names.
#[test]
fn the_template_has_every_operation() {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let template = fs::read_to_string(template).expect("text");
    let squeezed: Vec<&str> = template.split_whitespace().collect();
    let squeezed = squeezed.join(" ");
    let document = document::document();
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        // Only the last variable of a path may match several segments.
        let path = path.replace("{name}", "{name+}");
        for method in methods.as_object().expect("methods").keys().filter(|name| *name != "parameters") {
            let route = format!("ApiId: !Ref SubmitApi Method: {} Path: {path} ", method.to_uppercase());
            assert!(squeezed.contains(&route), "template.yaml lacks {method} {path}");
            operations += 1;
        }
    }
    assert_eq!(
        squeezed.matches("ApiId: !Ref SubmitApi").count(),
        operations,
        "template.yaml has more routes"
    );
}

fn collect_references(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect_references(member, references));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_references(value, references)),
        _ => {}
    }
}

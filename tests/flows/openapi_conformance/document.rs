//! The description of the submit API, as it is served.

use std::{collections::BTreeMap, sync::LazyLock};

use jsonschema::Validator;
use serde_json::{Value, json};

/// The description as it is served.
pub(super) static DESCRIPTION: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../functions/submit/openapi.json")).expect("JSON")
});

/// A validator for each schema of a response body, by its reference.
static BODIES: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| {
    let mut strict = DESCRIPTION.clone();
    let schemas = strict["components"]["schemas"].as_object_mut().expect("schemas");
    schemas.values_mut().for_each(forbid_additional_properties);
    let content = |response: &Value| response["content"].as_object().cloned().unwrap_or_default();
    let mut bodies = BTreeMap::new();
    for response in
        DESCRIPTION["paths"].as_object().expect("paths").values().flat_map(operations).flat_map(responses)
    {
        for schema in content(response).values().map(|media| &media["schema"]) {
            bodies.entry(schema.to_string()).or_insert_with(|| validator(&strict, schema));
        }
    }
    let requests = json!({ "$ref": "#/components/schemas/SubmitRequest" });
    bodies.insert(requests.to_string(), validator(&strict, &requests));
    bodies
});

/// The description allows readers to expect additional fields; these tests do not.
fn forbid_additional_properties(schema: &mut Value) {
    if schema["type"] == "object" && schema.get("properties").is_some() {
        schema["additionalProperties"] = json!(false);
    }
}

fn validator(description: &Value, schema: &Value) -> Validator {
    let mut complete_schema = schema.clone();
    complete_schema["components"] = description["components"].clone();
    jsonschema::options().should_validate_formats(true).build(&complete_schema).expect("a schema")
}

fn operations(path: &Value) -> impl Iterator<Item = &Value> {
    path.as_object()
        .into_iter()
        .flat_map(|path| path.values())
        .filter(|operation| operation["responses"].is_object())
}

fn responses(operation: &Value) -> impl Iterator<Item = &Value> {
    operation["responses"]
        .as_object()
        .into_iter()
        .flat_map(|responses| responses.values())
        .map(resolve_reference)
}

/// Resolves a reference.
pub(super) fn resolve_reference(value: &Value) -> &Value {
    match value["$ref"].as_str() {
        Some(reference) => DESCRIPTION.pointer(&reference[1..]).expect("a component of the description"),
        None => value,
    }
}

/// The path template that matches a path. A file name may contain slashes.
pub(super) fn find_path_template(path: &str) -> Option<(&'static str, &'static Value)> {
    let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let fits = |template: &str| {
        let template: Vec<&str> = template.split('/').collect();
        let last_takes_more = template.len() == 5 && segments.len() > 5;
        (template.len() == segments.len() || last_takes_more)
            && template
                .iter()
                .zip(&segments)
                .all(|(named, segment)| named == segment || named.starts_with('{') && !segment.is_empty())
    };
    let mut paths = DESCRIPTION["paths"].as_object().expect("paths").iter();
    paths.find(|(template, _)| fits(template)).map(|(template, path)| (template.as_str(), path))
}

/// The errors of a body against a schema of the description.
pub(super) fn schema_errors(schema: &Value, body: &Value) -> Vec<String> {
    let validator = BODIES.get(&schema.to_string()).expect("a described body");
    validator
        .iter_errors(body)
        .map(|error| format!("at {:?}: {error}", error.instance_path().as_str()))
        .collect()
}

//! Error responses: each error class with its status, in the words of its type.

use std::collections::BTreeMap;

use model::ErrorClass;
use runtime::Problem;
use serde_json::{Map, Value, json};

use crate::{
    response_schemas::{class_meaning, reference},
    success_responses::header,
};

/// The statuses with which API Gateway itself responds, and why.
const GATEWAY: [(u16, &str); 4] = [
    (403, "API Gateway: the caller is not authorized."),
    (429, "API Gateway: the rate limit is exceeded."),
    (500, "API Gateway: the function failed."),
    (503, "API Gateway: the function did not respond in time. The operation may have succeeded."),
];

/// The error responses of an operation with these classes, by status: references to responses that operations share.
pub(crate) fn responses(classes: &[ErrorClass], shared: &mut Map<String, Value>) -> Map<String, Value> {
    let mut by_status: BTreeMap<u16, Vec<ErrorClass>> = GATEWAY.map(|(status, _)| (status, vec![])).into();
    for class in classes {
        by_status.entry(class.http_status()).or_default().push(*class);
    }
    let mut reference = |(status, classes): (u16, Vec<ErrorClass>)| {
        let name = response_name(status, &classes);
        let reference = json!({ "$ref": format!("#/components/responses/{name}") });
        shared.entry(name).or_insert_with(|| response_object(status, &classes));
        (status.to_string(), reference)
    };
    by_status.into_iter().map(&mut reference).collect()
}

/// The name of a response: its error classes, or API Gateway.
fn response_name(status: u16, classes: &[ErrorClass]) -> String {
    match classes {
        [] => format!("Gateway{status}"),
        classes => classes.iter().map(|class| class.name()).collect::<Vec<_>>().join("-"),
    }
}

fn response_object(status: u16, classes: &[ErrorClass]) -> Value {
    let meanings = classes.iter().map(|class| format!("- `{}`: {}", class.name(), class_meaning(*class)));
    let gateway = GATEWAY.iter().find(|(of, _)| *of == status).map(|(_, why)| format!("- {why}"));
    let description: Vec<String> = meanings.chain(gateway.clone()).collect();
    let mut content = Map::new();
    if !classes.is_empty() {
        content.insert(
            "application/problem+json".to_owned(),
            json!({ "schema": problem_schema(status, classes) }),
        );
    }
    if gateway.is_some() {
        content.insert("application/json".to_owned(), json!({ "schema": reference("GatewayMessage") }));
    }
    let mut headers = Map::new();
    if classes.iter().any(|class| class.is_retryable()) {
        headers.insert("Retry-After".to_owned(), header("Retry-After"));
    }
    json!({ "description": description.join("\n"), "headers": headers, "content": content })
}

/// The schema of a problem of one of these classes.
fn problem_schema(status: u16, classes: &[ErrorClass]) -> Value {
    let urns: Vec<String> = classes.iter().map(|class| Problem::urn(*class)).collect();
    let restriction = json!({ "properties": { "status": { "const": status }, "type": { "enum": urns } } });
    json!({ "allOf": [reference("Problem"), restriction] })
}

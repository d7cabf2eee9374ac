//! Every response of the submit API in any story matches the OpenAPI description.

mod document;
mod self_check;

use http::{Method, Response};
use serde_json::{Value, json};

use document::{find_path_template, resolve_reference, schema_errors};

/// Checks a response against the description: status, headers, content type and body. `target` is the path with its
/// query.
pub(crate) fn assert_response_described(method: &Method, target: &str, answer: &Response<Value>) {
    let mismatches = response_mismatches(method, target, answer);
    let status = answer.status();
    assert!(
        mismatches.is_empty(),
        "{method} {target} is answered {status}: {mismatches:#?}\n{:#}",
        answer.body()
    );
}

/// Checks that an accepted request is one that the description allows.
pub(crate) fn assert_request_described(request: &Value, answer: &Response<Value>) {
    if answer.status().is_success() {
        let mismatches = schema_errors(&json!({ "$ref": "#/components/schemas/SubmitRequest" }), request);
        assert!(
            mismatches.is_empty(),
            "an accepted request does not match the description: {mismatches:#?}\n{request:#}"
        );
    }
}

/// The differences between a response and its description.
fn response_mismatches(method: &Method, target: &str, answer: &Response<Value>) -> Vec<String> {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let Some((template, described)) = find_path_template(path) else {
        return problem_mismatches(404, "not-found", answer);
    };
    let Some(operation) = described.get(method.as_str().to_ascii_lowercase()) else {
        let mut mismatches = problem_mismatches(405, "method-not-allowed", answer);
        let methods = described.as_object().expect("operations").keys().filter(|name| *name != "parameters");
        let mut allowed: Vec<String> = methods.map(|name| name.to_uppercase()).collect();
        allowed.sort();
        if header(answer, "allow") != Some(&allowed.join(", ")) {
            mismatches.push(format!("{template} takes {allowed:?}, not {:?}", header(answer, "allow")));
        }
        return mismatches;
    };
    let status = answer.status().as_u16();
    let response = resolve_reference(&operation["responses"][status.to_string()]);
    if response.is_null() {
        return vec![format!("{template} does not describe the status {status}")];
    }
    let mut mismatches = header_mismatches(&response["headers"], answer);
    let content_type = header(answer, "content-type").unwrap_or_default();
    match &response["content"][content_type] {
        Value::Null => mismatches.push(format!("{template} does not describe {content_type:?} for {status}")),
        media => mismatches.extend(schema_errors(&media["schema"], answer.body())),
    }
    mismatches
}

fn header_mismatches(described: &Value, answer: &Response<Value>) -> Vec<String> {
    let mut mismatches = vec![];
    for (name, described) in described.as_object().into_iter().flatten() {
        let described = resolve_reference(described);
        match header(answer, name) {
            Some(value) if !header_conforms(&described["schema"], value) => {
                mismatches.push(format!("the header {name} is {value:?}"));
            }
            None if described["required"] == true => mismatches.push(format!("there is no header {name}")),
            _ => {}
        }
    }
    let retry_after = header(answer, "retry-after").map(|seconds| json!(seconds.parse::<u64>().ok()));
    if retry_after.as_ref() != answer.body().get("retry_after") {
        mismatches.push(format!("the header Retry-After is {retry_after:?}, which differs from the body"));
    }
    mismatches
}

fn header_conforms(schema: &Value, value: &str) -> bool {
    let number = || json!(value.parse::<u64>().ok());
    jsonschema::is_valid(schema, &if schema["type"] == "integer" { number() } else { json!(value) })
}

/// Paths and methods outside the description are answered with this problem. The response to HEAD has no body to
/// check.
fn problem_mismatches(status: u16, kind: &str, answer: &Response<Value>) -> Vec<String> {
    let urn = format!("urn:landfall:problem:{kind}");
    let fits = answer.status() == status && (answer.body().is_null() || answer.body()["type"] == urn);
    if fits { vec![] } else { vec![format!("an undescribed request must be answered {status} {kind}")] }
}

fn header<'a>(answer: &'a Response<Value>, name: &str) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}

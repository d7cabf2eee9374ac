//! Every response of the submit API in any story matches the OpenAPI description.

mod document;

use http::{Method, Response};
use serde_json::{Value, json};

use document::{find_path_template, resolve_reference, schema_errors};

/// Checks a response against the description: status, headers, content type and body. `target` is the path with its
/// query.
pub(crate) fn assert_response_described(method: &Method, target: &str, answer: &Response<Value>) {
    let wrong = response_mismatches(method, target, answer);
    let status = answer.status();
    assert!(wrong.is_empty(), "{method} {target} is answered {status}: {wrong:#?}\n{:#}", answer.body());
}

/// Checks that an accepted request is one that the description allows.
pub(crate) fn assert_request_described(request: &Value, answer: &Response<Value>) {
    if answer.status().is_success() {
        let wrong = schema_errors(&json!({ "$ref": "#/components/schemas/SubmitRequest" }), request);
        assert!(
            wrong.is_empty(),
            "an accepted request does not match the description: {wrong:#?}\n{request:#}"
        );
    }
}

/// The differences between a response and its description.
fn response_mismatches(method: &Method, target: &str, answer: &Response<Value>) -> Vec<String> {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let Some((template, described)) = find_path_template(path) else {
        return problem(404, "not-found", answer);
    };
    let Some(operation) = described.get(method.as_str().to_ascii_lowercase()) else {
        let mut wrong = problem(405, "method-not-allowed", answer);
        let methods = described.as_object().expect("operations").keys().filter(|name| *name != "parameters");
        let mut allowed: Vec<String> = methods.map(|name| name.to_uppercase()).collect();
        allowed.sort();
        if header(answer, "allow") != Some(&allowed.join(", ")) {
            wrong.push(format!("{template} takes {allowed:?}, not {:?}", header(answer, "allow")));
        }
        return wrong;
    };
    let status = answer.status().as_u16();
    let response = resolve_reference(&operation["responses"][status.to_string()]);
    if response.is_null() {
        return vec![format!("{template} does not describe the status {status}")];
    }
    let mut wrong = header_mismatches(&response["headers"], answer);
    let content_type = header(answer, "content-type").unwrap_or_default();
    match &response["content"][content_type] {
        Value::Null => wrong.push(format!("{template} does not describe {content_type:?} for {status}")),
        media => wrong.extend(schema_errors(&media["schema"], answer.body())),
    }
    wrong
}

fn header_mismatches(described: &Value, answer: &Response<Value>) -> Vec<String> {
    let mut wrong = vec![];
    for (name, described) in described.as_object().into_iter().flatten() {
        let described = resolve_reference(described);
        match header(answer, name) {
            Some(value) if !header_conforms(&described["schema"], value) => {
                wrong.push(format!("the header {name} is {value:?}"));
            }
            None if described["required"] == true => wrong.push(format!("there is no header {name}")),
            _ => {}
        }
    }
    let retry_after = header(answer, "retry-after").map(|seconds| json!(seconds.parse::<u64>().ok()));
    if retry_after.as_ref() != answer.body().get("retry_after") {
        wrong.push(format!("the header Retry-After is {retry_after:?}, which differs from the body"));
    }
    wrong
}

fn header_conforms(schema: &Value, value: &str) -> bool {
    let number = || json!(value.parse::<u64>().ok());
    jsonschema::is_valid(schema, &if schema["type"] == "integer" { number() } else { json!(value) })
}

/// Paths and methods outside the description are answered with this problem. The response to HEAD has no body to
/// check.
fn problem(status: u16, kind: &str, answer: &Response<Value>) -> Vec<String> {
    let urn = format!("urn:landfall:problem:{kind}");
    let fits = answer.status() == status && (answer.body().is_null() || answer.body()["type"] == urn);
    if fits { vec![] } else { vec![format!("an undescribed request must be answered {status} {kind}")] }
}

fn header<'a>(answer: &'a Response<Value>, name: &str) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::{document::DESCRIPTION, *};
    use crate::world::World;

    const JOB: &str = "/jobs/0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a";

    fn problem() -> Value {
        json!({
            "type": "urn:landfall:problem:not-found", "title": "Not found", "status": 404,
            "detail": "there is no such job",
        })
    }

    fn is_described(method: Method, path: &str, content_type: &str, status: u16, body: Value) -> bool {
        let answer = Response::builder().status(status).header("content-type", content_type);
        let answer = answer.header("cache-control", "no-store").body(body).expect("an answer");
        response_mismatches(&method, path, &answer).is_empty()
    }

    /// A description that allows everything would verify nothing.
    #[test]
    fn a_response_that_the_description_does_not_allow_is_detected() {
        let media = "application/problem+json";
        assert!(is_described(Method::GET, JOB, media, 404, problem()));
        let mut with_unknown_field = problem();
        with_unknown_field["stranger"] = json!(1);
        let mut other = problem();
        other["type"] = json!("urn:landfall:problem:job-conflict");
        let mut without_detail = problem();
        without_detail.as_object_mut().expect("an object").remove("detail");
        assert!(!is_described(Method::GET, JOB, "application/json", 404, problem()), "another content type");
        assert!(!is_described(Method::GET, JOB, media, 409, problem()), "another status");
        assert!(!is_described(Method::GET, "/jobs", media, 404, problem()), "another path");
        assert!(
            !is_described(Method::GET, &format!("{JOB}/files/a/b.png"), media, 200, problem()),
            "the description has a redirect for another path"
        );
        for (body, what) in
            [(with_unknown_field, "a field more"), (other, "another class"), (without_detail, "a field less")]
        {
            assert!(!is_described(Method::GET, JOB, media, 404, body), "{what}");
        }
        assert!(!is_described(
            Method::GET,
            "/jobs",
            "application/json",
            200,
            json!({ "jobs": [{}], "next_cursor": null })
        ));
        assert!(is_described(
            Method::GET,
            "/jobs?limit=1",
            "application/json",
            200,
            json!({ "jobs": [], "next_cursor": null })
        ));
    }

    #[tokio::test]
    async fn the_committed_description_is_served() {
        let world = World::start().await;
        let call = async |method, path| world.call_api(method, path, &[], &Value::Null).await;
        assert_eq!(*call(Method::GET, "/openapi.json").await.body(), *DESCRIPTION);
        assert_eq!(call(Method::GET, "/openapi.json?version=2").await.status(), 400);
        assert_eq!(call(Method::POST, "/openapi.json").await.status(), 405);
    }
}

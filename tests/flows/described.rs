//! Whatever the submit API answers in any story is what its description says.

use std::{collections::BTreeMap, sync::LazyLock};

use http::{Method, Response};
use jsonschema::Validator;
use serde_json::{Value, json};

/// The description as it is served.
static DESCRIPTION: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../functions/submit/openapi.json")).expect("JSON")
});

/// A validator for each schema of an answer's body, by its place in the description.
static BODIES: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| {
    let mut strict = DESCRIPTION.clone();
    let schemas = strict["components"]["schemas"].as_object_mut().expect("schemas");
    schemas.values_mut().for_each(close);
    let content = |response: &Value| response["content"].as_object().cloned().unwrap_or_default();
    let mut bodies = BTreeMap::new();
    for response in
        DESCRIPTION["paths"].as_object().expect("paths").values().flat_map(operations).flat_map(answers)
    {
        for schema in content(response).values().map(|media| &media["schema"]) {
            bodies.entry(schema.to_string()).or_insert_with(|| validator(&strict, schema));
        }
    }
    let requests = json!({ "$ref": "#/components/schemas/SubmitRequest" });
    bodies.insert(requests.to_string(), validator(&strict, &requests));
    bodies
});

/// The description lets readers expect more fields than it names; here nothing else may be there.
fn close(schema: &mut Value) {
    if schema["type"] == "object" && schema.get("properties").is_some() {
        schema["additionalProperties"] = json!(false);
    }
}

fn validator(description: &Value, schema: &Value) -> Validator {
    let mut whole = schema.clone();
    whole["components"] = description["components"].clone();
    jsonschema::options().should_validate_formats(true).build(&whole).expect("a schema")
}

fn operations(path: &Value) -> impl Iterator<Item = &Value> {
    path.as_object()
        .into_iter()
        .flat_map(|path| path.values())
        .filter(|operation| operation["responses"].is_object())
}

fn answers(operation: &Value) -> impl Iterator<Item = &Value> {
    operation["responses"].as_object().into_iter().flat_map(|answers| answers.values()).map(followed)
}

/// What a reference leads to.
fn followed(value: &Value) -> &Value {
    match value["$ref"].as_str() {
        Some(reference) => DESCRIPTION.pointer(&reference[1..]).expect("a described thing"),
        None => value,
    }
}

/// The template of a path. A file's name may have slashes.
fn template(path: &str) -> Option<(&'static str, &'static Value)> {
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

/// Checks an answer against the description: status, headers, content type and body. `target` is the path with its query.
pub(crate) fn fits(method: &Method, target: &str, answer: &Response<Value>) {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let status = answer.status().as_u16();
    let about = format!("{method} {target} is answered {status} with {:#}", answer.body());
    let Some((template, described)) = template(path) else {
        return problem(404, "not-found", answer, &about);
    };
    let Some(operation) = described.get(method.as_str().to_ascii_lowercase()) else {
        let known = described.as_object().expect("operations").keys().map(|name| name.to_uppercase());
        let mut allowed: Vec<String> = known.filter(|name| name != "PARAMETERS").collect();
        allowed.sort();
        assert_eq!(answer.headers()["allow"], allowed.join(", "), "{about}");
        return problem(405, "method-not-allowed", answer, &about);
    };
    let response = &operation["responses"][status.to_string()];
    assert!(response.is_object(), "{template} does not describe this status: {about}");
    let response = followed(response);
    let content_type = header(answer, "content-type").unwrap_or_default();
    let media = &response["content"][content_type];
    assert!(media.is_object(), "{template} does not describe {content_type:?}: {about}");
    conforms(&media["schema"], answer.body(), &about);
    for (name, header_) in response["headers"].as_object().into_iter().flatten() {
        let described = followed(header_);
        match header(answer, name) {
            Some(value) => header_fits(name, &described["schema"], value, &about),
            None => assert_ne!(described["required"], true, "no header {name}: {about}"),
        }
    }
    let retry_after = header(answer, "retry-after").map(|seconds| json!(seconds.parse::<u64>().ok()));
    assert_eq!(retry_after.as_ref(), answer.body().get("retry_after"), "{about}");
}

/// Checks that a request which was taken is one that the description allows.
pub(crate) fn takes(request: &Value, answer: &Response<Value>) {
    if answer.status().is_success() {
        let schema = json!({ "$ref": "#/components/schemas/SubmitRequest" });
        conforms(&schema, request, &format!("a request that was taken: {request:#}"));
    }
}

fn conforms(schema: &Value, body: &Value, about: &str) {
    let validator = BODIES.get(&schema.to_string()).expect("a described body");
    let wrong: Vec<String> =
        validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "not as described: {wrong:#?}\n{about}");
}

fn header_fits(name: &str, schema: &Value, value: &str, about: &str) {
    let value = match schema["type"] == "integer" {
        true => json!(value.parse::<u64>().ok()),
        false => json!(value),
    };
    assert!(jsonschema::is_valid(schema, &value), "the header {name} is {value}: {about}");
}

fn problem(status: u16, kind: &str, answer: &Response<Value>, about: &str) {
    assert_eq!(answer.status(), status, "{about}");
    if !answer.body().is_null() {
        assert_eq!(answer.body()["type"], format!("urn:landfall:problem:{kind}"), "{about}");
    }
}

fn header<'a>(answer: &'a Response<Value>, name: &str) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}

/// A description that allows everything would check nothing.
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    const JOB: &str = "/jobs/0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a";

    fn problem() -> Value {
        json!({
            "type": "urn:landfall:problem:not-found", "title": "Not found", "status": 404,
            "detail": "there is no such job",
        })
    }

    fn fit(method: Method, path: &str, content_type: &str, status: u16, body: Value) -> bool {
        let answer = Response::builder().status(status).header("content-type", content_type);
        let answer = answer.header("cache-control", "no-store").body(body).expect("an answer");
        catch_unwind(|| fits(&method, path, &answer)).is_ok()
    }

    #[test]
    fn an_answer_that_is_not_described_is_found_out() {
        let media = "application/problem+json";
        assert!(fit(Method::GET, JOB, media, 404, problem()));
        let mut stranger = problem();
        stranger["stranger"] = json!(1);
        let mut other = problem();
        other["type"] = json!("urn:landfall:problem:job-conflict");
        let mut silent = problem();
        silent.as_object_mut().expect("an object").remove("detail");
        assert!(!fit(Method::GET, JOB, "application/json", 404, problem()), "another content type");
        assert!(!fit(Method::GET, JOB, media, 409, problem()), "another status");
        assert!(!fit(Method::GET, "/jobs", media, 404, problem()), "another path");
        assert!(
            !fit(Method::GET, &format!("{JOB}/files/a/b.png"), media, 200, problem()),
            "a redirect was described"
        );
        for (body, what) in [(stranger, "a field more"), (other, "another class"), (silent, "a field less")] {
            assert!(!fit(Method::GET, JOB, media, 404, body), "{what}");
        }
        assert!(!fit(
            Method::GET,
            "/jobs",
            "application/json",
            200,
            json!({ "jobs": [{}], "next_cursor": null })
        ));
        assert!(fit(
            Method::GET,
            "/jobs?limit=1",
            "application/json",
            200,
            json!({ "jobs": [], "next_cursor": null })
        ));
    }
}

//! The access logs of the two APIs in `template.yaml`: every API has one, and none has anything secret.

use serde_json::{Map, Value};

use crate::template::{resource, resources, setting, template};

/// The variables of API Gateway that an access log may have. No other: a path of the receiver contains a callback token, an
/// integration error may quote the path, and a query or an `Authorization` header of the jobs API has a signature.
const HARMLESS: [&str; 7] = [
    "$context.requestTime",
    "$context.identity.sourceIp",
    // The principal that signed the request (API Gateway Developer Guide, "Customize HTTP API access logs"). It is no
    // credential.
    "$context.identity.userArn",
    "$context.routeKey",
    "$context.status",
    "$context.responseLatency",
    "$context.requestId",
];

/// Returns the names of the APIs.
fn apis(template: &str) -> Vec<&str> {
    let is_api = |name: &&str| resource(template, name).contains("Type: AWS::Serverless::HttpApi");
    resources(template).into_iter().filter(is_api).collect()
}

/// Returns the values of an access log's line.
fn variables(api: &str) -> Vec<String> {
    let format = setting(api, "Format").trim_matches('\'');
    let fields: Map<String, Value> =
        serde_json::from_str(format).unwrap_or_else(|e| panic!("no JSON: {e}: {format}"));
    fields.values().map(|value| value.as_str().expect("a variable").to_owned()).collect()
}

#[test]
fn every_api_has_an_access_log_that_is_retained_as_the_other_logs() {
    let template = template();
    assert_eq!(apis(&template), ["SubmitApi", "WebhookApi"]);
    for api in apis(&template) {
        let text = resource(&template, api);
        let destination = setting(&text, "DestinationArn");
        let group = destination.strip_prefix("!GetAtt ").and_then(|name| name.strip_suffix(".Arn"));
        let group = resource(&template, group.unwrap_or_else(|| panic!("{api}: {destination}")));
        assert_eq!(setting(&group, "RetentionInDays"), "!Ref LogRetentionDays", "{api}");
    }
}

#[test]
fn access_logs_contain_neither_paths_nor_queries_nor_credentials() {
    let template = template();
    for api in apis(&template) {
        let variables = variables(&resource(&template, api));
        for variable in &variables {
            assert!(HARMLESS.contains(&variable.as_str()), "{api}: {variable}");
        }
        for required in ["$context.routeKey", "$context.status"] {
            assert!(variables.iter().any(|variable| variable == required), "{api}: {required}");
        }
    }
}

#[test]
fn the_access_log_of_the_jobs_api_names_the_caller() {
    let variables = variables(&resource(&template(), "SubmitApi"));
    assert!(variables.iter().any(|variable| variable == "$context.identity.userArn"), "{variables:?}");
}

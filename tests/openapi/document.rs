//! The OpenAPI document.

use serde_json::{Map, Value, json};

use crate::{operations, request_schemas, response_schemas, success_responses};

const DESCRIPTION: &str = "\
Submits export and generation jobs to creative providers, shows their status, and links their files.

Every failure is problem JSON (RFC 9457). A path that is not described is answered 404, and a method that is not \
described 405 with `Allow`. Unknown fields and parameters are rejected, and a `null` in a request is the same as absent.

On AWS, requests are signed with Signature Version 4 for the service `execute-api`. API Gateway itself responds to \
requests that are not authorized, exceed its rate limit, or take longer than 30 seconds. Locally the API accepts any \
request.";

/// The description as JSON.
pub(crate) fn document() -> Value {
    let mut schemas = response_schemas::response_schemas();
    schemas.extend(request_schemas::schemas());
    let mut failures = Map::new();
    let paths = operations::paths(&mut failures);
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Landfall",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Lands rendered creatives in your S3 bucket",
            "description": DESCRIPTION,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "Where this document is served" }],
        "security": [{ "iam": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": failures,
            "headers": success_responses::headers(),
            "securitySchemes": {
                "iam": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                    "description": "AWS Signature Version 4 of a caller with the permission `execute-api:Invoke`.",
                },
            },
        },
    })
}

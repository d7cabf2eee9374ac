//! Parameters of paths, queries and headers.

use model::JobStatus;
use serde_json::{Value, json};

/// The path parameter `job_id`.
pub(crate) fn job_id() -> Value {
    json!({
        "name": "job_id", "in": "path", "required": true,
        "description": "The job's id.",
        "schema": {
            "type": "string", "format": "uuid",
            "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$",
        },
    })
}

/// The path parameter `name`.
pub(crate) fn file_name() -> Value {
    json!({
        "name": "name", "in": "path", "required": true,
        "description": "The file's name, as the job or its manifest lists it, percent-encoded. A `/` in it need not \
                        be encoded.",
        "schema": { "type": "string", "minLength": 1 },
    })
}

/// The lifetime of a link.
pub(crate) fn expires_in() -> Value {
    query(
        "expires_in",
        "The lifetime of the link, in seconds.",
        json!({ "type": "integer", "minimum": 60, "maximum": 604_800, "default": 900 }),
    )
}

/// The header `Idempotency-Key`.
pub(crate) fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header",
        "description": "The same key and request give the same job for 15 days, however often and concurrently they are sent. \
                        Printable ASCII.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$" },
    })
}

/// The query parameters of the job list.
pub(crate) fn listing() -> Vec<Value> {
    let text = || json!({ "type": "string", "minLength": 1 });
    let day = || json!({ "type": "string", "format": "date" });
    let names: Vec<&str> = providers::ALL.iter().map(|provider| provider.name()).collect();
    let mut statuses = query(
        "status",
        "Only jobs with one of these statuses.",
        json!({ "type": "array", "minItems": 1, "items": { "enum": JobStatus::ALL.map(JobStatus::as_str) } }),
    );
    (statuses["style"], statuses["explode"]) = (json!("form"), json!(false));
    vec![
        query(
            "from",
            "The first day, in UTC. The default is six days before `to`, and at most 30 days before it \
                       are allowed.",
            day(),
        ),
        query("to", "The last day, in UTC. The default is today.", day()),
        statuses,
        query("provider", "Only jobs of this provider.", json!({ "type": "string", "enum": names })),
        query("kind", "Only jobs of this kind.", text()),
        metadata(),
        query(
            "limit",
            "The maximum number of jobs in a page.",
            json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 50 }),
        ),
        query("cursor", "The `next_cursor` of an earlier page of the same query.", text()),
    ]
}

/// The parameters `metadata.NAME`, whose names the caller chooses.
fn metadata() -> Value {
    let mut metadata = query(
        "metadata",
        "Only jobs whose metadata have these values. Each is a separate parameter, `metadata.NAME=VALUE`.",
        json!({
            "type": "object", "maxProperties": 10,
            "patternProperties": { r"^metadata\..+$": { "type": "string" } },
            "additionalProperties": false,
            "examples": [{ "metadata.campaign": "spring" }],
        }),
    );
    (metadata["style"], metadata["explode"]) = (json!("form"), json!(true));
    metadata
}

fn query(name: &str, description: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": schema })
}

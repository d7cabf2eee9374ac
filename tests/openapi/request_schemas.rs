//! Schemas of requests. The schemas of orders are in `providers`, beside the code that validates them.

use std::collections::BTreeSet;

use providers::{OrderSchema, Provider};
use serde_json::{Map, Value, json};

use crate::response_schemas::reference;

/// The schemas of every request, by name.
pub(crate) fn schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    let mut orders = vec![];
    for provider in providers::ALL {
        for order in provider.order_schemas() {
            let name = pascal_case(&[provider.name(), order.kind, order.variant]);
            orders.push(reference(&name));
            let mut schema = submission_schema(provider.name(), &order);
            // Clients that are generated from a schema send the fields of other variants as null, which is the same
            // as absent.
            for field in fields_of_other_variants(*provider, &order) {
                let description = "Only for another variant of this kind.";
                schema["properties"][field] = json!({ "type": "null", "description": description });
            }
            schemas.insert(name, schema);
        }
    }
    let description = "One of these requests.";
    schemas.insert("SubmitRequest".to_owned(), json!({ "description": description, "oneOf": orders }));
    schemas.extend([
        ("Notify".to_owned(), notify_schema()),
        ("RetryRequest".to_owned(), retry_schema()),
        ("CancelRequest".to_owned(), closed_object("An empty object.", json!({}))),
        ("ReplayRequest".to_owned(), replay_schema()),
    ]);
    schemas
}

/// The fields of other variants of the same kind that this variant lacks.
pub(crate) fn fields_of_other_variants(
    provider: &dyn Provider,
    order: &OrderSchema,
) -> BTreeSet<&'static str> {
    let variants = provider.order_schemas().into_iter().filter(|other| other.kind == order.kind);
    let names = variants.flat_map(|variant| variant.fields.into_iter().map(|(name, _)| name));
    names.filter(|name| order.fields.iter().all(|(own, _)| own != name)).collect()
}

/// An order with the fields that all orders share.
fn submission_schema(provider: &str, order: &OrderSchema) -> Value {
    let mut fields = json!({
        "provider": { "type": "string", "const": provider },
        "kind": { "type": "string", "const": order.kind },
        "metadata": { "description": "Any JSON of at most 4 KiB, returned unchanged." },
        "unpack": {
            "type": ["boolean", "null"],
            "description": "Whether the archive is unpacked. The default is the setting of the deployment.",
        },
        "notify": reference("Notify"),
    });
    let mut example = json!({ "provider": provider, "kind": order.kind });
    for (name, schema) in &order.fields {
        fields[*name] = schema.clone();
    }
    for (name, value) in order.example.as_object().into_iter().flatten() {
        example[name] = value.clone();
    }
    let mut schema = closed_object(order.description, fields);
    schema["required"] = [["provider", "kind"].as_slice(), order.required].concat().into();
    schema["examples"] = json!([example]);
    schema
}

/// The notification targets of a job.
fn notify_schema() -> Value {
    let host = r"https://[^/?#@\s]+|http://(127\.0\.0\.1|localhost)(:[0-9]+)?";
    let mut notify = closed_object(
        "The targets that are notified when the job ends.",
        json!({
            "task_token": {
                "type": ["string", "null"], "minLength": 1, "maxLength": 2048,
                "pattern": r"^[^\s\x00-\x1f\x7f-\x9f]+$",
                "description": "The task token of a Step Functions state that waits for the job.",
            },
            "callback_id": {
                "type": ["string", "null"], "maxLength": 1024, "pattern": "^[A-Za-z0-9+/]+={0,2}$",
                "description": "The callback id of a Lambda durable function that waits for the job.",
            },
            "webhook_url": {
                "type": ["string", "null"], "format": "uri", "maxLength": 2048,
                "pattern": format!("^({host})([/?][^#]*)?$"),
                "description": "The URL that receives a webhook in the format of Standard Webhooks. Plain http is \
                                allowed for this machine only. A setting of the deployment can restrict the hosts.",
            },
            "partial_is_success": {
                "type": ["boolean", "null"], "default": false,
                "description": "Whether a `partial` job counts as a success for waiting workflows.",
            },
        }),
    );
    notify["type"] = json!(["object", "null"]);
    notify
}

fn retry_schema() -> Value {
    let resubmit = json!({
        "type": ["boolean", "null"],
        "default": false,
        "description": "Whether the work is submitted to the provider again, as a new job.",
    });
    closed_object("Options of the retry.", json!({ "resubmit": resubmit }))
}

fn replay_schema() -> Value {
    let delivery = json!({
        "type": ["string", "null"],
        "description": "The `id` of one of the job's `deliveries`. The default is the newest one.",
    });
    closed_object("Options of the replay.", json!({ "delivery_id": delivery }))
}

/// An object with these fields and no others.
fn closed_object(description: &str, properties: Value) -> Value {
    json!({
        "type": "object", "description": description, "properties": properties, "additionalProperties": false,
    })
}

/// `multipage_pdf` as `MultipagePdf`.
fn pascal_case(words: &[&str]) -> String {
    let words = words.iter().flat_map(|words| words.split('_'));
    let capital = |word: &str| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_uppercase() + rest,
        None => String::new(),
    };
    words.map(capital).collect()
}

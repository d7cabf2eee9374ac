//! Published events match the schemas in the repository.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

static JOB: LazyLock<Validator> =
    LazyLock::new(|| schema(include_str!("../../../shared/notifications/schemas/job-event.json")));
static PROVIDER: LazyLock<Validator> =
    LazyLock::new(|| schema(include_str!("../../../shared/notifications/schemas/provider-event.json")));

fn schema(text: &str) -> Validator {
    let schema: Value = serde_json::from_str(text).expect("JSON");
    jsonschema::validator_for(&schema).expect("a schema")
}

/// Validates an event against the schema of its detail type.
pub(super) fn assert_matches_schema(event: &Value) {
    let schema = if event["detail-type"] == "Provider Event" { &*PROVIDER } else { &*JOB };
    let wrong: Vec<String> = schema.iter_errors(event).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:#?} in {event:#}");
}

/// A schema that accepts everything would verify nothing.
#[test]
fn the_schema_rejects_an_invalid_job_event() {
    let id = "0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a";
    let event = json!({
        "source": "landfall", "detail-type": "Job Submitted",
        "detail": {
            "id": format!("{id}:1"), "job_id": id, "sequence": 1, "provider": "abyssale", "kind": "export",
            "status": "submitted", "provider_job_id": "t", "created_at": "2026-03-04T05:06:07.890Z",
            "updated_at": "2026-03-04T05:06:07.890Z", "progress": null, "completed_by": null,
            "metadata": null, "manifest": null,
            "files_total": 0, "error": null,
        },
    });
    assert!(JOB.is_valid(&event));
    for (pointer, wrong) in [
        ("/source", json!("somebody")),
        ("/detail-type", json!("Job Stored")),
        ("/detail/status", json!("waiting")),
        ("/detail/id", json!("1")),
        ("/detail/provider_job_id", json!(null)),
        ("/detail/sequence", json!(-1)),
        ("/detail/completed_by", json!("magic")),
        ("/detail/updated_at", json!("yesterday")),
        ("/detail/error", json!("no object")),
    ] {
        let mut changed = event.clone();
        *changed.pointer_mut(pointer).expect("a field") = wrong;
        assert!(!JOB.is_valid(&changed), "{pointer}");
    }
}

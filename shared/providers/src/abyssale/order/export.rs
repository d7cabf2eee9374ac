//! Validates orders of an export: of banners by their ids, or of the banners of a finished job (contract 2.1).

use std::collections::HashSet;

use model::{Error, ErrorClass, Job, JobId, JobStatus, Violation};
use serde_json::{Value, json};
use uuid::Uuid;

use super::field_validators::Request;
use crate::{Order, RequestFields};

/// Reads an order with either `banner_ids` or `of_job`.
pub(super) fn read_export(fields: &mut RequestFields) -> (Request, Option<u64>) {
    let mut request = Request::new();
    if let Some(job) = fields.take("of_job") {
        if fields.take("banner_ids").is_some() {
            fields.add_violation("of_job", "expected either banner_ids or of_job");
        }
        match job.as_str().and_then(|id| id.parse::<JobId>().ok()) {
            Some(id) => _ = request.insert("of_job".into(), id.to_string().into()),
            None => fields.add_violation("of_job", "expected the id of a job"),
        }
        return (request, None);
    }
    let ids = read_banner_ids(fields);
    let expected = ids.len() as u64;
    request.insert("banner_ids".into(), ids.into());
    (request, Some(expected))
}

/// Reads the ids of banners. An empty list is rejected, since the provider's behaviour is unknown (contract 2.1).
fn read_banner_ids(fields: &mut RequestFields) -> Vec<String> {
    let expected = "expected a list of at least one banner id";
    let list = match fields.take("banner_ids") {
        Some(Value::Array(list)) if !list.is_empty() => list,
        _ => {
            fields.add_violation("banner_ids", expected);
            return vec![];
        }
    };
    let mut seen = HashSet::new();
    let mut ids = Vec::with_capacity(list.len());
    for (index, value) in list.into_iter().enumerate() {
        let field = format!("banner_ids[{index}]");
        match value {
            Value::String(id) if id.len() == 36 && Uuid::try_parse(&id).is_ok() => {
                if !seen.insert(id.to_ascii_lowercase()) {
                    fields.add_violation(field, "expected each id once, this one is a duplicate");
                }
                ids.push(id);
            }
            _ => fields.add_violation(field, "expected a UUID of 36 characters"),
        }
    }
    ids
}

/// Completes the order of an export with the banners of the job that it names.
pub(crate) fn complete_order(mut order: Order, job: &Job) -> Result<Order, Error> {
    let invalid = |message: String| {
        let violations = vec![Violation::new("of_job", message.clone())];
        Err(Error::new(ErrorClass::InvalidRequest, format!("of_job: {message}")).with_violations(violations))
    };
    if !matches!(job.status, JobStatus::Stored | JobStatus::Partial) {
        return invalid(format!("expected a job that is stored or partial; it is {}", job.status));
    }
    let mut seen = HashSet::new();
    let ids = job.sources.iter().filter_map(|source| source.details.get("banner_id")?.as_str());
    let ids: Vec<&str> = ids.filter(|id| seen.insert(*id)).collect();
    if ids.is_empty() {
        return invalid(
            "the ids of its banners are unknown; use banner_ids, which its manifest lists".into(),
        );
    }
    order.expected_files = Some(ids.len() as u64);
    order.request["banner_ids"] = json!(ids);
    Ok(order)
}

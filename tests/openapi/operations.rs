//! The operations of the API, by path.

use ErrorClass::{
    IdempotencyMismatch, Internal, InvalidRequest, JobConflict, Misconfigured, NotFound, PayloadTooLarge,
    ProviderConflict, ProviderCredentials, ProviderPlan, ProviderQuota, ProviderRefusedRequest,
    ProviderThrottled, ProviderUnavailable, SourceChanged, SourceGone, SourceInvalid, SourceRefused,
    SourceTooLarge, SourceUnavailable, StorageUnavailable, UnsupportedMediaType, WebhookSecretMissing,
};
use model::ErrorClass;
use serde_json::{Map, Value, json};

use crate::{error_responses, parameters, response_schemas::reference, success_responses};

/// Errors of every operation.
const ANY: &[ErrorClass] = &[InvalidRequest, Misconfigured, Internal, StorageUnavailable];
/// Errors of operations with a body.
const BODY: &[ErrorClass] = &[PayloadTooLarge, UnsupportedMediaType];
/// Errors of operations that submit work to a provider.
const PROVIDER: &[ErrorClass] = &[
    ProviderPlan,
    ProviderConflict,
    ProviderRefusedRequest,
    ProviderCredentials,
    ProviderThrottled,
    ProviderQuota,
    ProviderUnavailable,
];
/// Errors of the files that a request names by their URLs.
const SOURCE: &[ErrorClass] =
    &[SourceChanged, SourceGone, SourceInvalid, SourceRefused, SourceTooLarge, SourceUnavailable];

/// Responses that operations share, by name.
type Shared = Map<String, Value>;

/// All paths with their operations.
pub(crate) fn paths(shared: &mut Shared) -> Value {
    let job = || json!([parameters::job_id()]);
    let file = || json!([parameters::job_id(), parameters::file_name()]);
    json!({
        "/jobs": { "post": submit(shared), "get": list(shared) },
        "/jobs/{job_id}": { "parameters": job(), "get": show(shared) },
        "/jobs/{job_id}/files/{name}": { "parameters": file(), "get": link(shared, "getFile", "Link a file of a job") },
        "/jobs/{job_id}/archive": { "parameters": job(), "get": link(shared, "getArchive", "Link a job's archive") },
        "/jobs/{job_id}/manifest": { "parameters": job(), "get": link(shared, "getManifest", "Link a job's manifest") },
        "/jobs/{job_id}/retry": { "parameters": job(), "post": retry(shared) },
        "/jobs/{job_id}/cancel": { "parameters": job(), "post": cancel(shared) },
        "/jobs/{job_id}/replay": { "parameters": job(), "post": replay(shared) },
        "/openapi.json": { "get": describe(shared) },
    })
}

fn submit(shared: &mut Shared) -> Value {
    let description = "Responds when the provider has accepted the work, or earlier with a job that is `waiting` \
                       because of the provider's rate limit. A provider that does not respond may have accepted the \
                       work: that job is `unknown`.";
    let mut operation = operation("submitJob", "Submit a job", description);
    operation["parameters"] = json!([parameters::idempotency_key()]);
    operation["requestBody"] = body("SubmitRequest", true);
    let classes = [ANY, BODY, &[IdempotencyMismatch, WebhookSecretMissing], PROVIDER, SOURCE].concat();
    with_responses(
        shared,
        operation,
        [
            (200, success_responses::job_response("The work is finished, or was finished before.")),
            (201, success_responses::job_response("The provider created the requested resource.")),
            (202, success_responses::job_response("The work continues.")),
        ],
        &classes,
    )
}

fn list(shared: &mut Shared) -> Value {
    let description = "Newest first. A page may hold fewer jobs than `limit`. More jobs follow if it has a \
                       `next_cursor`.";
    let mut operation = operation("listJobs", "List jobs", description);
    operation["parameters"] = parameters::listing().into();
    with_responses(
        shared,
        operation,
        [(200, success_responses::json_response("A page of jobs.", "JobList"))],
        ANY,
    )
}

fn show(shared: &mut Shared) -> Value {
    let operation =
        operation("getJob", "Show a job", "Shows a job and the deliveries that the provider sent for it.");
    let classes = [ANY, &[NotFound]].concat();
    with_responses(shared, operation, [(200, success_responses::json_response("The job.", "Job"))], &classes)
}

fn link(shared: &mut Shared, id: &str, summary: &str) -> Value {
    let description = "Redirects to a presigned URL of the file. Anyone with the URL can download it.";
    let mut operation = operation(id, summary, description);
    operation["parameters"] = json!([parameters::expires_in()]);
    with_responses(
        shared,
        operation,
        [(302, success_responses::redirect_response())],
        &[ANY, &[NotFound]].concat(),
    )
}

fn retry(shared: &mut Shared) -> Value {
    let description = "Lands the missing files of a job again, or polls the provider for them. With `resubmit` the \
                       work is submitted again as one new job, however often the request is repeated.";
    let mut operation = operation("retryJob", "Retry a job", description);
    operation["requestBody"] = body("RetryRequest", false);
    let classes = [ANY, BODY, &[NotFound, JobConflict, WebhookSecretMissing], PROVIDER, SOURCE].concat();
    with_responses(
        shared,
        operation,
        [(202, success_responses::job_response("The retried job, or the new one."))],
        &classes,
    )
}

fn cancel(shared: &mut Shared) -> Value {
    let description = "Stops landing the job's files. The provider may continue the work.";
    let mut operation = operation("cancelJob", "Cancel a job", description);
    operation["requestBody"] = body("CancelRequest", false);
    let classes = [ANY, BODY, &[NotFound, JobConflict]].concat();
    with_responses(
        shared,
        operation,
        [(200, success_responses::json_response("The cancelled job.", "Job"))],
        &classes,
    )
}

fn replay(shared: &mut Shared) -> Value {
    let description = "Processes a delivery of the provider again, unchanged.";
    let mut operation = operation("replayDelivery", "Replay a delivery", description);
    operation["requestBody"] = body("ReplayRequest", false);
    let classes = [ANY, BODY, &[NotFound, JobConflict]].concat();
    with_responses(
        shared,
        operation,
        [(202, success_responses::job_response("The job of the delivery."))],
        &classes,
    )
}

fn describe(shared: &mut Shared) -> Value {
    let operation = operation("getDescription", "Describe the API", "Returns this document.");
    with_responses(shared, operation, [(200, success_responses::document_response())], &[InvalidRequest])
}

fn operation(id: &str, summary: &str, description: &str) -> Value {
    json!({ "operationId": id, "summary": summary, "description": description })
}

fn body(schema: &str, required: bool) -> Value {
    json!({ "required": required, "content": { "application/json": { "schema": reference(schema) } } })
}

/// An operation with its responses.
fn with_responses<const N: usize>(
    shared: &mut Shared,
    mut operation: Value,
    good: [(u16, Value); N],
    bad: &[ErrorClass],
) -> Value {
    let good = good.into_iter().map(|(status, response)| (status.to_string(), response));
    let responses: Map<String, Value> = good.chain(error_responses::responses(bad, shared)).collect();
    operation["responses"] = responses.into();
    operation
}

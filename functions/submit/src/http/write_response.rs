//! Writes the response of a command as an HTTP response: its status code, its `Location` header and its body.

use model::{Job, JobView};
use runtime::ApiGatewayResponse;
use serde_json::Value;

use crate::command_response::CommandResponse;

pub(crate) fn write_response(response: CommandResponse) -> ApiGatewayResponse {
    let status = match &response {
        CommandResponse::Submitted(job) => submit_status(job),
        CommandResponse::Accepted(_) => 202,
        CommandResponse::Job(_) | CommandResponse::JobWithDeliveries(..) | CommandResponse::Jobs(_) => 200,
        CommandResponse::Link(_) => 302,
    };
    let location = match &response {
        CommandResponse::Submitted(job) | CommandResponse::Accepted(job) => Some(JobView::job_path(job.id)),
        CommandResponse::Link(link) => Some(link.url.clone()),
        CommandResponse::Job(_) | CommandResponse::JobWithDeliveries(..) | CommandResponse::Jobs(_) => None,
    };
    let reply = ApiGatewayResponse::json(status, &response.into_json());
    match location {
        Some(location) => reply.with_header("location", &location),
        None => reply,
    }
}

/// 202 while the work continues. For completed synchronous work 201 if the provider created a resource, else 200.
fn submit_status(job: &Job) -> u16 {
    let provider = providers::find_provider(job.provider.as_str());
    if !provider.is_some_and(|provider| provider.is_synchronous(&job.kind)) {
        return 202;
    }
    let created = job.result.as_ref().and_then(|result| result.get("created")).and_then(Value::as_bool);
    match (job.status.is_final(), created) {
        (false, _) => 202,
        (true, Some(true)) => 201,
        (true, _) => 200,
    }
}

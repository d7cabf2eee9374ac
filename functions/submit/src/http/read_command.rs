//! Reads the command from an HTTP request: from its route, query string, headers and JSON body.

use bytes::Bytes;
use http::{Method, header};
use model::{Error, ErrorClass, JobId, Violation};
use serde_json::{Map, Value};

use crate::{
    command::Command,
    http::router::{Route, decode_file_name},
    jobs::{
        download_link::{LinkRequest, LinkTarget, read_lifetime},
        errors::job_not_found,
        list_query::ListQuery,
    },
    parse_command_fields::CommandFields,
    query_string::parse_query_string,
    submission::submit_request::SubmitRequest,
};

/// The size limit of a request body, in bytes.
const MAX_BODY_BYTES: usize = 128 * 1024;

/// Reads the command of a request. `None` stands for the OpenAPI document.
pub(crate) fn read_command(
    route: Route<'_>,
    request: &http::Request<Bytes>,
) -> Result<Option<Command>, Error> {
    let query = request.uri().query().unwrap_or_default();
    if route == Route::Jobs && request.method() == Method::GET {
        return ListQuery::parse(query).map(Command::List).map(Some);
    }
    let mut query = parse_query_string(query)?;
    let mut body = CommandFields(Map::new());
    let command = match route {
        Route::OpenApi => None,
        Route::Jobs => Some(read_submit(request)?),
        Route::Job(id) => Some(Command::Get(parse_job_id(id)?)),
        Route::File(id, name) => {
            let target = LinkTarget::File(decode_file_name(name));
            Some(read_link(parse_job_id(id)?, target, &mut query)?)
        }
        Route::Archive(id) => Some(read_link(parse_job_id(id)?, LinkTarget::Archive, &mut query)?),
        Route::Manifest(id) => Some(read_link(parse_job_id(id)?, LinkTarget::Manifest, &mut query)?),
        Route::Retry(id) => {
            body = read_optional_body(request)?;
            Some(Command::read_retry(parse_job_id(id)?, &mut body)?)
        }
        Route::Cancel(id) => {
            body = read_optional_body(request)?;
            Some(Command::Cancel(parse_job_id(id)?))
        }
        Route::Replay(id) => {
            body = read_optional_body(request)?;
            Some(Command::read_replay(parse_job_id(id)?, &mut body)?)
        }
    };
    body.finish()?;
    match query.keys().next() {
        Some(unknown) => Err(Error::invalid(unknown, "unknown field")),
        None => Ok(command),
    }
}

fn parse_job_id(id: &str) -> Result<JobId, Error> {
    id.parse().map_err(|_| job_not_found())
}

fn read_link(job: JobId, target: LinkTarget, query: &mut Map<String, Value>) -> Result<Command, Error> {
    let lifetime = read_lifetime(query.remove("expires_in").as_ref())?;
    Ok(Command::Link(LinkRequest { job, target, lifetime }))
}

fn read_submit(request: &http::Request<Bytes>) -> Result<Command, Error> {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("\u{0}"));
    Ok(Command::Submit(SubmitRequest::read(read_body(request)?, header("idempotency-key"))?.into()))
}

/// Reads the fields of a body that may be empty.
fn read_optional_body(request: &http::Request<Bytes>) -> Result<CommandFields, Error> {
    match request.body().is_empty() {
        true => Ok(CommandFields(Map::new())),
        false => read_body(request).map(CommandFields),
    }
}

/// Reads the fields of a JSON body.
fn read_body(request: &http::Request<Bytes>) -> Result<Map<String, Value>, Error> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(is_json) {
        let error = Error::new(ErrorClass::UnsupportedMediaType, "expected Content-Type: application/json");
        return Err(error.with_violations(vec![Violation::new("content-type", "expected application/json")]));
    }
    if request.body().len() > MAX_BODY_BYTES {
        let error = Error::new(
            ErrorClass::PayloadTooLarge,
            format!("expected a body of at most {MAX_BODY_BYTES} bytes"),
        );
        return Err(error.with_violations(vec![Violation::new("body", "expected at most 131072 bytes")]));
    }
    let body: Value = serde_json::from_slice(request.body())
        .map_err(|e| Error::invalid("body", format!("expected JSON: {e}")))?;
    match body {
        Value::Object(fields) => Ok(fields),
        _ => Err(Error::invalid("body", "expected a JSON object")),
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.starts_with("application/") && essence.ends_with("+json")
}

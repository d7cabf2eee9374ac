//! The submit API over HTTP: which path and method is which command, and how it is answered.

pub(crate) mod router;

use bytes::Bytes;
use http::{Method, header};
use model::{Error, ErrorClass, Job, JobId, JobView, Violation};
use runtime::HttpReply;
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use crate::{
    App, Command,
    command::Remaining,
    http::router::{Route, file_name, parameters},
    jobs::{
        download_link::{LinkRequest, LinkTarget, lasts},
        list_query::ListQuery,
    },
    response::CommandResponse,
    submission::request::Request,
};

/// This API, described as OpenAPI. A test makes it from the types, and compares.
const OPENAPI: &str = include_str!("../../openapi.json");

/// The largest body of a request, in bytes.
const MAX_BODY_BYTES: usize = 128 * 1024;

/// API Gateway answers for us after 30 seconds, and then nobody learns the job's id.
const TIMEOUT: Duration = Duration::seconds(27);

/// Answers a request; every failure is an answer too.
pub(crate) async fn answer(app: &App, request: &http::Request<Bytes>, deadline: OffsetDateTime) -> HttpReply {
    let deadline = deadline.min(OffsetDateTime::now_utc() + TIMEOUT);
    let Some(route) = Route::of(request.uri().path()) else {
        return HttpReply::error(&Error::new(ErrorClass::NotFound, "there is nothing at this path"));
    };
    if !route.takes(request.method()) {
        let message = format!("expected {} here", route.allowed());
        return HttpReply::error(&Error::new(ErrorClass::MethodNotAllowed, message))
            .header("allow", route.allowed());
    }
    let answered = match read(route, request) {
        Ok(None) => return HttpReply::json_text(200, OPENAPI),
        Ok(Some(command)) => app.carry_out(command, deadline).await,
        Err(error) => Err(error),
    };
    match answered {
        Ok(answer) => reply(answer),
        Err(error) => HttpReply::error(&error),
    }
}

fn reply(answer: CommandResponse) -> HttpReply {
    let status = match &answer {
        CommandResponse::Made(job) => status(job),
        CommandResponse::GoesOn(_) => 202,
        CommandResponse::Job(_) | CommandResponse::Whole(..) | CommandResponse::Jobs(_) => 200,
        CommandResponse::Link(_) => 302,
    };
    let location = match &answer {
        CommandResponse::Made(job) | CommandResponse::GoesOn(job) => Some(JobView::path(job.id)),
        CommandResponse::Link(link) => Some(link.url.clone()),
        CommandResponse::Job(_) | CommandResponse::Whole(..) | CommandResponse::Jobs(_) => None,
    };
    let reply = HttpReply::json(status, &answer.into_json());
    match location {
        Some(location) => reply.header("location", &location),
        None => reply,
    }
}

/// 202, since the work goes on; of work that is done at once, 201 when the provider made a thing, and 200.
fn status(job: &Job) -> u16 {
    let provider = providers::find(job.provider.as_str());
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

/// What a request asks for; nothing but the description of the API, if that is all.
fn read(route: Route<'_>, request: &http::Request<Bytes>) -> Result<Option<Command>, Error> {
    let id =
        |id: &str| id.parse::<JobId>().map_err(|_| Error::new(ErrorClass::NotFound, "there is no such job"));
    if route == Route::Jobs && request.method() == Method::GET {
        return ListQuery::of_query(request.uri().query().unwrap_or_default()).map(Command::List).map(Some);
    }
    let mut query = parameters(request.uri().query().unwrap_or_default())?;
    let mut body = Remaining(Map::new());
    let command = match route {
        Route::Description => None,
        Route::Jobs => Some(submit(request)?),
        Route::Job(job) => Some(Command::Get(id(job)?)),
        Route::File(job, name) => Some(link(id(job)?, LinkTarget::File(file_name(name)), &mut query)?),
        Route::Archive(job) => Some(link(id(job)?, LinkTarget::Archive, &mut query)?),
        Route::Manifest(job) => Some(link(id(job)?, LinkTarget::Manifest, &mut query)?),
        Route::Retry(job) => {
            body = optional(request)?;
            Some(Command::retry(id(job)?, &mut body)?)
        }
        Route::Cancel(job) => {
            body = optional(request)?;
            Some(Command::Cancel(id(job)?))
        }
        Route::Replay(job) => {
            body = optional(request)?;
            Some(Command::replay(id(job)?, &mut body)?)
        }
    };
    body.finish()?;
    match query.keys().next() {
        Some(unknown) => Err(Error::invalid(unknown, "unknown field")),
        None => Ok(command),
    }
}

fn link(job: JobId, linked: LinkTarget, query: &mut Map<String, Value>) -> Result<Command, Error> {
    Ok(Command::Link(LinkRequest { job, linked, lasts: lasts(query.remove("expires_in").as_ref())? }))
}

fn submit(request: &http::Request<Bytes>) -> Result<Command, Error> {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("\u{0}"));
    Ok(Command::Submit(Request::read(fields(request)?, header("idempotency-key"))?.into()))
}

/// The fields of a body that need not be there.
fn optional(request: &http::Request<Bytes>) -> Result<Remaining, Error> {
    match request.body().is_empty() {
        true => Ok(Remaining(Map::new())),
        false => fields(request).map(Remaining),
    }
}

/// The fields of a body.
fn fields(request: &http::Request<Bytes>) -> Result<Map<String, Value>, Error> {
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

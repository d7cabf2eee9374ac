//! The submit API over HTTP: which path and method is which command, and how it is answered.

use bytes::Bytes;
use http::{Method, header};
use lambda::HttpReply;
use model::{Fault, FaultClass, Job, JobView, Violation};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::{App, Command, request::Request, shown};

/// The largest body of a request, in bytes.
const LARGEST_BODY: usize = 128 * 1024;

/// API Gateway answers for us after 30 seconds, and then nobody learns the job's id.
const PATIENCE: Duration = Duration::seconds(27);

/// Answers a request; every failure is an answer too.
pub(crate) async fn answer(app: &App, request: &http::Request<Bytes>, deadline: OffsetDateTime) -> HttpReply {
    let deadline = deadline.min(OffsetDateTime::now_utc() + PATIENCE);
    let answered = match read(request) {
        Ok(command) => carried_out(app, command, deadline).await,
        Err(fault) => Err(fault),
    };
    answered.unwrap_or_else(|fault| {
        let reply = HttpReply::fault(&fault);
        if fault.class == FaultClass::MethodNotAllowed {
            reply.header("allow", allowed(request.uri().path()))
        } else {
            reply
        }
    })
}

async fn carried_out(app: &App, command: Command, deadline: OffsetDateTime) -> Result<HttpReply, Fault> {
    let submitting = matches!(command, Command::Submit(_));
    let job: Job = app.carry_out(command, deadline).await?;
    Ok(match submitting {
        true => shown(status(&job), &job).header("location", &JobView::path(job.id)),
        false => shown(200, &job),
    })
}

/// 202, since the work goes on; of work that is done at once, 201 when the provider made a thing, and 200.
fn status(job: &Job) -> u16 {
    let provider = providers::find(job.provider.as_str());
    if !provider.is_some_and(|provider| provider.is_done_at_once(&job.kind)) {
        return 202;
    }
    let created = job.result.as_ref().and_then(|result| result.get("created")).and_then(Value::as_bool);
    match (job.status.is_final(), created) {
        (false, _) => 202,
        (true, Some(true)) => 201,
        (true, _) => 200,
    }
}

fn read(request: &http::Request<Bytes>) -> Result<Command, Fault> {
    let path = request.uri().path();
    match (request.method(), path.trim_end_matches('/').strip_prefix("/jobs")) {
        (&Method::POST, Some("")) => submit(request),
        (&Method::GET, Some(rest)) if rest.starts_with('/') => match rest[1..].parse() {
            Ok(id) => Ok(Command::Get(id)),
            Err(_) => Err(Fault::new(FaultClass::NotFound, "there is no such job")),
        },
        (_, Some(rest)) if rest.is_empty() || !rest[1..].contains('/') && rest.starts_with('/') => {
            Err(Fault::new(FaultClass::MethodNotAllowed, format!("expected {} here", allowed(path))))
        }
        _ => Err(Fault::new(FaultClass::NotFound, "there is nothing at this path")),
    }
}

fn allowed(path: &str) -> &'static str {
    if path.trim_end_matches('/') == "/jobs" { "POST" } else { "GET" }
}

fn submit(request: &http::Request<Bytes>) -> Result<Command, Fault> {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("\u{0}"));
    if !header(header::CONTENT_TYPE.as_str()).is_some_and(is_json) {
        let fault = Fault::new(FaultClass::UnsupportedMediaType, "expected Content-Type: application/json");
        return Err(fault.with_violations(vec![Violation::new("content-type", "expected application/json")]));
    }
    if request.body().len() > LARGEST_BODY {
        let fault = Fault::new(
            FaultClass::PayloadTooLarge,
            format!("expected a body of at most {LARGEST_BODY} bytes"),
        );
        return Err(fault.with_violations(vec![Violation::new("body", "expected at most 131072 bytes")]));
    }
    let body: Value = serde_json::from_slice(request.body())
        .map_err(|e| Fault::invalid("body", format!("expected JSON: {e}")))?;
    let Value::Object(fields) = body else { return Err(Fault::invalid("body", "expected a JSON object")) };
    Ok(Command::Submit(Request::read(fields, header("idempotency-key"))?.into()))
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.starts_with("application/") && essence.ends_with("+json")
}

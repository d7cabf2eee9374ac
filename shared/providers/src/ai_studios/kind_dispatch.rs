//! Maps each kind of work to its submission, its poll and its place in the limits. Its fields and its schema are in
//! `order`.

use model::{Error, ErrorClass, Job};
use serde_json::Value;
use time::OffsetDateTime;

use super::{
    document_submission::DocumentSubmission, order::Kind, poll::ProjectPoll, submit::ProjectSubmission,
    wire_request::Tracking,
};
use crate::{ApiAccess, PollStatus, Query, SubmitContext, SubmitProtocol};

/// Starts the submission of a job's next request.
///
/// # Errors
/// [`ErrorClass::ProviderCredentials`] or [`ErrorClass::Misconfigured`] for invalid settings.
pub(super) fn submit(
    context: &SubmitContext<'_>,
    now: OffsetDateTime,
) -> Result<Box<dyn SubmitProtocol>, Error> {
    let kind = Kind::parse(context.kind)
        .ok_or_else(|| Error::new(ErrorClass::Internal, "the order has no kind of AI Studios"))?;
    match kind {
        // Once the project is made, its export needs no documents.
        Kind::DocsToVideo if context.provider_job_id.is_none() => {
            Ok(Box::new(DocumentSubmission::new(context, now)?))
        }
        Kind::Export
        | Kind::CreateProject
        | Kind::EditProject
        | Kind::SimpleVideo
        | Kind::CustomVideo
        | Kind::ScriptsToVideo
        | Kind::TopicToVideo
        | Kind::UrlToVideo
        | Kind::DocsToVideo => Ok(Box::new(ProjectSubmission::new(kind, context, now)?)),
    }
}

/// Starts a poll of a job. None when the provider cannot be polled for it.
///
/// # Errors
/// As [`submit`].
pub(super) fn poll(
    access: &ApiAccess<'_>,
    job: &Job,
    now: OffsetDateTime,
) -> Result<Option<Box<dyn Query<PollStatus>>>, Error> {
    let Some(kind) = Kind::parse(&job.kind) else { return Ok(None) };
    match kind {
        Kind::Export
        | Kind::CreateProject
        | Kind::EditProject
        | Kind::SimpleVideo
        | Kind::CustomVideo
        | Kind::ScriptsToVideo
        | Kind::TopicToVideo
        | Kind::UrlToVideo
        | Kind::DocsToVideo => {
            let poll = ProjectPoll::new(access, job, now)?;
            Ok(poll.map(|poll| Box::new(poll) as Box<dyn Query<PollStatus>>))
        }
    }
}

/// Returns the project that a job locks. It has one export at a time (contract 2, E5): the progress is that of the
/// project, and does not distinguish exports. Any number of jobs may track a project. One that the provider makes has
/// no id before its first request is accepted, and nobody else knows it then.
pub(super) fn exclusive_resource(job: &Job) -> Option<String> {
    let kind = Kind::parse(&job.kind)?;
    match kind {
        Kind::Export if Tracking::of(&job.request) == Tracking::Only => None,
        Kind::Export | Kind::EditProject => {
            job.request.get("project_id").and_then(Value::as_str).map(str::to_owned)
        }
        Kind::ScriptsToVideo | Kind::TopicToVideo | Kind::UrlToVideo | Kind::DocsToVideo => {
            job.provider_job_id.as_ref().map(|id| id.as_str().to_owned())
        }
        Kind::CreateProject | Kind::SimpleVideo | Kind::CustomVideo => None,
    }
}

/// Whether a job counts for the limit of concurrent jobs: everything that renders does.
pub(super) fn is_concurrency_limited(job: &Job) -> bool {
    match Kind::parse(&job.kind) {
        Some(Kind::Export) => Tracking::of(&job.request) != Tracking::Only,
        Some(
            Kind::CreateProject
            | Kind::EditProject
            | Kind::SimpleVideo
            | Kind::CustomVideo
            | Kind::ScriptsToVideo
            | Kind::TopicToVideo
            | Kind::UrlToVideo
            | Kind::DocsToVideo,
        ) => true,
        None => false,
    }
}

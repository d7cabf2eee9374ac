//! Maps each kind of work to its submission, its poll and its place in the limits. Its fields and its schema are in
//! `order`.

use std::time::Duration;

use model::{Error, ErrorClass, Job};
use serde_json::Value;
use time::OffsetDateTime;

use super::{
    document_submission::DocumentSubmission,
    dubbing::{DubbingPoll, DubbingSubmission},
    generated_asset::GeneratedAssetSubmission,
    order::{GeneratedAsset, Kind},
    poll::ProjectPoll,
    submit::ProjectSubmission,
    wire_request::Tracking,
};
use crate::{ApiAccess, PollStatus, Query, SubmitContext, SubmitProtocol};

/// The time that is left to the provider to make an asset. An invocation of the submit function ends after 60 seconds, of
/// which the token, the reservation and the record of the result take some.
const MAX_ASSET_TIME: Duration = Duration::from_secs(45);

/// What the provider makes, which decides how it is requested and followed.
enum Work {
    /// The video of a project.
    Project,
    /// A folder of dubbed videos.
    Dubbing,
    /// A file, or a text, within one request.
    Generated(GeneratedAsset),
}

impl Work {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Export
            | Kind::CreateProject
            | Kind::EditProject
            | Kind::SimpleVideo
            | Kind::CustomVideo
            | Kind::ScriptsToVideo
            | Kind::TopicToVideo
            | Kind::UrlToVideo
            | Kind::DocsToVideo => Work::Project,
            Kind::Dubbing => Work::Dubbing,
            Kind::Generated(asset) => Work::Generated(asset),
        }
    }
}

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
    match Work::of(kind) {
        // Once the project is made, its export needs no documents.
        Work::Project if kind == Kind::DocsToVideo && context.provider_job_id.is_none() => {
            Ok(Box::new(DocumentSubmission::new(context, now)?))
        }
        Work::Project => Ok(Box::new(ProjectSubmission::new(kind, context, now)?)),
        Work::Dubbing => Ok(Box::new(DubbingSubmission::new(context, now)?)),
        Work::Generated(asset) => Ok(Box::new(GeneratedAssetSubmission::new(context, asset)?)),
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
    match Work::of(kind) {
        Work::Project => {
            let poll = ProjectPoll::new(access, job, now)?;
            Ok(poll.map(|poll| Box::new(poll) as Box<dyn Query<PollStatus>>))
        }
        Work::Dubbing => {
            let poll = DubbingPoll::new(access, job, now)?;
            Ok(poll.map(|poll| Box::new(poll) as Box<dyn Query<PollStatus>>))
        }
        // Only the response to the request names an asset.
        Work::Generated(_) => Ok(None),
    }
}

/// Whether a kind of work is finished when the provider responds (contract 7).
pub(super) fn is_synchronous(kind: &str) -> bool {
    matches!(Kind::parse(kind), Some(Kind::Generated(_)))
}

/// How long the response to a submission may take, if that is longer than a caller's request. The provider makes an asset
/// before it responds, and does not say how long that takes. A result whose response is not awaited is lost, and paid for.
pub(super) fn long_response_time(kind: &str) -> Option<Duration> {
    is_synchronous(kind).then_some(MAX_ASSET_TIME)
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
        Kind::CreateProject | Kind::SimpleVideo | Kind::CustomVideo | Kind::Dubbing | Kind::Generated(_) => {
            None
        }
    }
}

/// Whether a job counts for the limit of concurrent jobs: everything that renders does.
pub(super) fn is_concurrency_limited(job: &Job) -> bool {
    match Kind::parse(&job.kind) {
        Some(Kind::Export) => Tracking::of(&job.request) != Tracking::Only,
        Some(kind) => match Work::of(kind) {
            Work::Project | Work::Dubbing => true,
            // Nothing of it remains at the provider after the response.
            Work::Generated(_) => false,
        },
        None => false,
    }
}

//! The commands of callers, and how a direct invocation spells them.

use model::{Error, JobId};
use serde_json::{Map, Value};

use crate::{
    jobs::{
        download_link::{LinkRequest, LinkTarget, read_lifetime},
        list_query::ListQuery,
    },
    parse_command_fields::CommandFields,
    submission::submit_request::SubmitRequest,
};

/// A command, from HTTP or from a direct invocation.
#[derive(Debug)]
pub enum Command {
    /// Submit a job.
    Submit(Box<SubmitRequest>),
    /// Show a job.
    Get(JobId),
    /// List jobs.
    List(ListQuery),
    /// Create a presigned URL of a file of a job.
    Link(LinkRequest),
    /// Land the files of a job again, or poll the provider again.
    Retry(JobId),
    /// Submit the request of a job again, as a new job.
    Resubmit(JobId),
    /// Cancel a job.
    Cancel(JobId),
    /// Queue a logged delivery again.
    Replay {
        /// The job.
        job: JobId,
        /// The id of the delivery. `None` is the newest one.
        delivery: Option<String>,
    },
}

impl Command {
    /// Reads a direct invocation: `{"command": "submit", …}`, `{"command": "get", "job_id": "…"}` and so on.
    ///
    /// A submission without an idempotency key takes the request id of its invocation as its key. Lambda may run an
    /// asynchronous event several times under one request id, and the key makes all of them one job.
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] naming the field.
    pub fn read_invocation(
        name: &str,
        fields: Map<String, Value>,
        request_id: Option<String>,
    ) -> Result<Self, Error> {
        let mut fields = CommandFields(fields);
        let command = match name {
            "submit" => {
                let key = fields.take_string("idempotency_key")?.or(request_id);
                return Ok(Command::Submit(SubmitRequest::read(fields.0, key.as_deref())?.into()));
            }
            "list" => return ListQuery::read_fields(fields.0).map(Command::List),
            "get" => Command::Get(fields.take_job_id()?),
            "link" => Command::Link(read_link_request(&mut fields)?),
            "retry" => Command::read_retry(fields.take_job_id()?, &mut fields)?,
            "cancel" => Command::Cancel(fields.take_job_id()?),
            "replay" => Command::read_replay(fields.take_job_id()?, &mut fields)?,
            _ => {
                return Err(Error::invalid(
                    "command",
                    "expected \"submit\", \"get\", \"list\", \"link\", \"retry\", \"cancel\", \"replay\", \
                     \"signing_secret\", \"webhook_secret\", \"complete_secret\", \"read_credits\", \
                     \"failed_invocations\", \"subscription\" or \"check\"",
                ));
            }
        };
        fields.finish()?;
        Ok(command)
    }

    /// Reads the fields of a retry.
    pub(crate) fn read_retry(job: JobId, fields: &mut CommandFields) -> Result<Self, Error> {
        let resubmit = fields.take_bool("resubmit")?.unwrap_or(false);
        Ok(if resubmit { Command::Resubmit(job) } else { Command::Retry(job) })
    }

    /// Reads the fields of a replay.
    pub(crate) fn read_replay(job: JobId, fields: &mut CommandFields) -> Result<Self, Error> {
        Ok(Command::Replay { job, delivery: fields.take_string("delivery_id")? })
    }
}

fn read_link_request(fields: &mut CommandFields) -> Result<LinkRequest, Error> {
    let (job, file) = (fields.take_job_id()?, fields.take_string("file")?);
    let archive = fields.take_bool("archive")?.unwrap_or(false);
    let manifest = fields.take_bool("manifest")?.unwrap_or(false);
    let target = match (file, archive, manifest) {
        (Some(name), false, false) => LinkTarget::File(name),
        (None, true, false) => LinkTarget::Archive,
        (None, false, true) => LinkTarget::Manifest,
        _ => {
            return Err(Error::invalid(
                "file",
                "expected the name of a file, or \"archive\": true or \"manifest\": true instead",
            ));
        }
    };
    let lifetime = read_lifetime(fields.take("expires_in").as_ref())?;
    Ok(LinkRequest { job, target, lifetime })
}

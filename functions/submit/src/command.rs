//! What the function can be told to do.

use model::{Error, JobId};
use serde_json::{Map, Value};

use crate::{
    jobs::{
        download_link::{LinkRequest, LinkTarget, lasts},
        list_query::ListQuery,
    },
    submission::request::Request,
};

/// A command, whichever way it came.
#[derive(Debug)]
pub enum Command {
    /// Make a job.
    Submit(Box<Request>),
    /// Show a job.
    Get(JobId),
    /// Show jobs.
    List(ListQuery),
    /// Make a link to a file of a job.
    Link(LinkRequest),
    /// Try a job again.
    Retry {
        /// Which.
        job: JobId,
        /// Whether the provider shall be asked for the work again, as a new job.
        resubmit: bool,
    },
    /// Cancel a job.
    Cancel(JobId),
    /// Let a delivery happen again.
    Replay {
        /// Of which job.
        job: JobId,
        /// Which; the newest, if none is named.
        delivery: Option<String>,
    },
}

impl Command {
    /// Reads a direct invocation: `{"command": "submit", …}`, `{"command": "get", "job_id": "…"}` and so on.
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] naming the field.
    pub fn direct(name: &str, fields: Map<String, Value>) -> Result<Self, Error> {
        let mut fields = Remaining(fields);
        let command = match name {
            "submit" => {
                let key = fields.text("idempotency_key")?;
                return Ok(Command::Submit(Request::read(fields.0, key.as_deref())?.into()));
            }
            "list" => return ListQuery::read(fields.0).map(Command::List),
            "get" => Command::Get(fields.job()?),
            "link" => Command::Link(fields.link()?),
            "retry" => Command::retry(fields.job()?, &mut fields)?,
            "cancel" => Command::Cancel(fields.job()?),
            "replay" => Command::replay(fields.job()?, &mut fields)?,
            _ => {
                return Err(Error::invalid(
                    "command",
                    "expected \"submit\", \"get\", \"list\", \"link\", \"retry\", \"cancel\", \"replay\", \
                     \"signing_secret\", \"webhook_secret\" or \"check\"",
                ));
            }
        };
        fields.finish()?;
        Ok(command)
    }

    /// Takes what a retry may say.
    pub(crate) fn retry(job: JobId, fields: &mut Remaining) -> Result<Self, Error> {
        Ok(Command::Retry { job, resubmit: fields.flag("resubmit")?.unwrap_or(false) })
    }

    /// Takes what a replay may say.
    pub(crate) fn replay(job: JobId, fields: &mut Remaining) -> Result<Self, Error> {
        Ok(Command::Replay { job, delivery: fields.text("delivery_id")? })
    }
}

/// The fields that nobody has read yet.
pub(crate) struct Remaining(pub(crate) Map<String, Value>);

impl Remaining {
    /// `null` is the same as absent.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    fn job(&mut self) -> Result<JobId, Error> {
        let id = self.take("job_id");
        let id = id.as_ref().and_then(Value::as_str).and_then(|id| id.parse().ok());
        id.ok_or_else(|| Error::invalid("job_id", "expected the id of a job"))
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::invalid(name, "expected a text")),
        }
    }

    fn flag(&mut self, name: &str) -> Result<Option<bool>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(Error::invalid(name, "expected true or false")),
        }
    }

    fn link(&mut self) -> Result<LinkRequest, Error> {
        let (job, file) = (self.job()?, self.text("file")?);
        let archive = self.flag("archive")?.unwrap_or(false);
        let manifest = self.flag("manifest")?.unwrap_or(false);
        let linked = match (file, archive, manifest) {
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
        let lasts = lasts(self.take("expires_in").as_ref())?;
        Ok(LinkRequest { job, linked, lasts })
    }

    /// Refuses what is left.
    pub(crate) fn finish(self) -> Result<(), Error> {
        match self.0.keys().next() {
            Some(unknown) => Err(Error::invalid(unknown, "unknown field")),
            None => Ok(()),
        }
    }
}

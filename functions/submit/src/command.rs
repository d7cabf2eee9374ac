//! What the function can be told to do.

use model::{Fault, JobId};
use serde_json::{Map, Value};

use crate::request::Request;

/// A command, whichever way it came.
#[derive(Debug)]
pub enum Command {
    /// Make a job.
    Submit(Box<Request>),
    /// Show a job.
    Get(JobId),
}

impl Command {
    /// Reads a direct invocation: `{"command": "submit", …}` or `{"command": "get", "job_id": "…"}`.
    ///
    /// # Errors
    /// [`model::FaultClass::InvalidRequest`] naming the field.
    pub fn direct(name: &str, mut fields: Map<String, Value>) -> Result<Self, Fault> {
        match name {
            "submit" => {
                let key = match fields.remove("idempotency_key") {
                    None | Some(Value::Null) => None,
                    Some(Value::String(key)) => Some(key),
                    Some(_) => return Err(Fault::invalid("idempotency_key", "expected a text")),
                };
                Ok(Command::Submit(Request::read(fields, key.as_deref())?.into()))
            }
            "get" => {
                let id = fields.remove("job_id");
                if let Some(unknown) = fields.keys().next() {
                    return Err(Fault::invalid(unknown, "unknown field"));
                }
                let id = id.as_ref().and_then(Value::as_str).and_then(|id| id.parse().ok());
                id.map(Command::Get).ok_or_else(|| Fault::invalid("job_id", "expected the id of a job"))
            }
            _ => Err(Fault::invalid(
                "command",
                "expected \"submit\", \"get\", \"signing_secret\", \"webhook_secret\" or \"check\"",
            )),
        }
    }
}

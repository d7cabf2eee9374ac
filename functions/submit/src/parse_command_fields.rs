//! Reads the JSON fields of a command one by one, and rejects the ones that no command knows.

use model::{Error, JobId};
use serde_json::{Map, Value};

/// The fields that are not read yet.
pub(crate) struct CommandFields(pub(crate) Map<String, Value>);

impl CommandFields {
    /// Takes a field. `null` is the same as absent.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    pub(crate) fn take_job_id(&mut self) -> Result<JobId, Error> {
        let id = self.take("job_id");
        let id = id.as_ref().and_then(Value::as_str).and_then(|id| id.parse().ok());
        id.ok_or_else(|| Error::invalid("job_id", "expected the id of a job"))
    }

    pub(crate) fn take_string(&mut self, name: &str) -> Result<Option<String>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::invalid(name, "expected a string")),
        }
    }

    pub(crate) fn take_bool(&mut self, name: &str) -> Result<Option<bool>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(Error::invalid(name, "expected true or false")),
        }
    }

    /// Rejects the first field that is left.
    pub(crate) fn finish(self) -> Result<(), Error> {
        match self.0.keys().next() {
            Some(unknown) => Err(Error::invalid(unknown, "unknown field")),
            None => Ok(()),
        }
    }
}

//! The command that runs a sweep.

use model::Error;
use serde_json::{Map, Value};
use time::Duration;

/// The longest lookahead: a week.
const MAX_LOOKAHEAD_SECONDS: u64 = 7 * 24 * 3600;

/// The parameters of a sweep.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SweepCommand {
    /// Jobs that become due within this time are checked, too.
    pub(crate) lookahead: Duration,
}

impl SweepCommand {
    /// Reads `{"command": "sweep"}` with an optional lookahead in seconds: `"ahead_seconds": 3600`.
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] naming the field.
    pub(crate) fn read(command: &str, mut fields: Map<String, Value>) -> Result<Self, Error> {
        if command != "sweep" {
            return Err(Error::invalid("command", "expected \"sweep\""));
        }
        let seconds = match fields.remove("ahead_seconds") {
            None | Some(Value::Null) => 0,
            Some(value) => value
                .as_u64()
                .filter(|seconds| *seconds <= MAX_LOOKAHEAD_SECONDS)
                .ok_or_else(|| Error::invalid("ahead_seconds", "expected seconds from 0 to 604800"))?,
        };
        match fields.keys().next() {
            Some(unknown) => Err(Error::invalid(unknown, "unknown field")),
            None => Ok(Self { lookahead: Duration::seconds(seconds.cast_signed()) }),
        }
    }
}

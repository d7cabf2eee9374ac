//! Use case: submit a job.

use std::{fs, io};

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{client::Function, failure::Failure, job::Job, output::Output};

/// What names the key among the fields.
const KEY: &str = "idempotency_key";

/// A request that was read, with the key that makes a repetition recognisable.
#[derive(Debug, PartialEq)]
pub(crate) struct Request {
    fields: Map<String, Value>,
    /// Whether nobody but this program knows the key.
    key_is_ours: bool,
}

impl Request {
    /// Reads a request: JSON itself, the name of a file that holds it, or `-` for standard input. What its fields mean is
    /// for Landfall to judge.
    ///
    /// # Errors
    /// It cannot be read, or is no JSON object, or has another key than the command line.
    pub(super) fn read(source: &str, key: Option<String>) -> Result<Self, Failure> {
        let unreadable =
            |e: io::Error| Failure::usage(format!("the request cannot be read from {source}: {e}"));
        let text = match source {
            "-" => io::read_to_string(io::stdin()).map_err(unreadable)?,
            json if json.trim_start().starts_with('{') => json.to_owned(),
            path => fs::read_to_string(path).map_err(unreadable)?,
        };
        Self::of_json(&text, key)
    }

    fn of_json(text: &str, key: Option<String>) -> Result<Self, Failure> {
        let json = serde_json::from_str(text)
            .map_err(|e| Failure::usage(format!("the request is no JSON object: {e}")))?;
        let Value::Object(mut fields) = json else {
            return Err(Failure::usage("the request is JSON, but no object"));
        };
        if fields.contains_key("command") {
            return Err(Failure::usage("the request has a field command, which is not for a request to say"));
        }
        let written = fields.remove(KEY).filter(|key| !key.is_null());
        let given = match (written, key.map(Value::from)) {
            (Some(written), Some(key)) if written != key => {
                return Err(Failure::usage("the request and --idempotency-key name different keys"));
            }
            (written, key) => key.or(written),
        };
        let key_is_ours = given.is_none();
        fields.insert(KEY.to_owned(), given.unwrap_or_else(|| Uuid::new_v4().to_string().into()));
        Ok(Self { fields, key_is_ours })
    }
}

/// Submits a request. It always has a key: the call may be repeated on its way, and no repetition may bill twice. A key
/// that only this program knows is told first, for this program may be ended before there is an answer.
///
/// # Errors
/// Why there is no job. If there may be one all the same, with the key that asks for the same again.
pub(super) async fn submit(function: &Function, output: &Output, request: Request) -> Result<Job, Failure> {
    let key = request.fields[KEY].as_str().unwrap_or_default().to_owned();
    let ours = request.key_is_ours.then_some(key);
    if let Some(key) = &ours {
        output.hint(&format!("idempotency key {key}"));
    }
    let answer = function.call("submit", request.fields).await;
    let job = answer.and_then(|answer| Job::read(answer).map_err(|failure| failure.unsure(true)));
    job.map_err(|failure| match failure.unsure {
        true => Failure { idempotency_key: ours, ..failure },
        false => failure,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    fn read(text: &str, key: Option<&str>) -> Result<Request, String> {
        Request::of_json(text, key.map(str::to_owned)).map_err(|failure| failure.message)
    }

    #[test]
    fn a_request_without_a_key_gets_one_of_its_own() {
        let (one, other) = (read(r#"{"kind":"export"}"#, None), read(r#"{"kind":"export"}"#, None));
        let (one, other) = (one.expect("a request"), other.expect("a request"));
        assert!(one.key_is_ours && one.fields[KEY].as_str().is_some_and(|key| key.len() == 36));
        assert_ne!(one.fields[KEY], other.fields[KEY]);
    }

    #[test]
    fn a_key_may_stand_in_the_request_or_on_the_command_line() {
        for (text, key) in [
            (r#"{"idempotency_key":"spring"}"#, None),
            (r#"{"idempotency_key":null}"#, Some("spring")),
            ("{}", Some("spring")),
            (r#"{"idempotency_key":"spring"}"#, Some("spring")),
        ] {
            let request = read(text, key).expect("a request");
            assert_eq!((&request.fields[KEY], request.key_is_ours), (&"spring".into(), false), "{text}");
        }
    }

    #[test]
    fn what_is_no_request_is_told_before_anybody_is_asked() {
        for (text, key, named) in [
            ("", None, "no JSON object"),
            ("[1]", None, "no object"),
            (r#"{"command":"get"}"#, None, "command"),
            (r#"{"idempotency_key":"spring"}"#, Some("summer"), "different keys"),
        ] {
            let message = read(text, key).expect_err("a refusal");
            assert!(message.contains(named), "{text}: {message}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let failure = Request::read("/nowhere/request.json", None).expect_err("a refusal");
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.contains("/nowhere/request.json"), "{}", failure.message);
    }
}

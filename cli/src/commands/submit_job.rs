//! The command `submit`: submits a job.

use std::{fs, io};

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{client::SubmitFunction, error::CliError, job::Job, output::Output};

/// The field with the idempotency key.
const KEY: &str = "idempotency_key";

/// A submission with its idempotency key.
#[derive(Debug, PartialEq)]
pub(crate) struct SubmitRequest {
    fields: Map<String, Value>,
    /// Whether this program generated the key, so that only it knows the key.
    has_generated_key: bool,
}

impl SubmitRequest {
    /// Loads a request: JSON, the name of a file that contains it, or `-` for standard input. Landfall validates its
    /// fields.
    ///
    /// # Errors
    /// It cannot be read, is not a JSON object, or has a key that differs from `--idempotency-key`.
    pub(super) fn load(source: &str, key: Option<String>) -> Result<Self, CliError> {
        let unreadable =
            |e: io::Error| CliError::usage(format!("the request cannot be read from {source}: {e}"));
        let text = match source {
            "-" => io::read_to_string(io::stdin()).map_err(unreadable)?,
            json if json.trim_start().starts_with('{') => json.to_owned(),
            path => fs::read_to_string(path).map_err(unreadable)?,
        };
        Self::parse(&text, key)
    }

    fn parse(text: &str, key: Option<String>) -> Result<Self, CliError> {
        let json = serde_json::from_str(text)
            .map_err(|e| CliError::usage(format!("the request is not valid JSON: {e}")))?;
        let Value::Object(mut fields) = json else {
            return Err(CliError::usage("the request is not a JSON object"));
        };
        if fields.contains_key("command") {
            return Err(CliError::usage("the request must not have the field command"));
        }
        let key_in_request = fields.remove(KEY).filter(|key| !key.is_null());
        let given_key = match (key_in_request, key.map(Value::from)) {
            (Some(in_request), Some(key)) if in_request != key => {
                return Err(CliError::usage("the request and --idempotency-key have different keys"));
            }
            (in_request, key) => key.or(in_request),
        };
        let has_generated_key = given_key.is_none();
        fields.insert(KEY.to_owned(), given_key.unwrap_or_else(|| Uuid::new_v4().to_string().into()));
        Ok(Self { fields, has_generated_key })
    }
}

/// Submits a request. It always has an idempotency key: the invocation may be retried, and a retry must not bill twice. A
/// generated key is printed before the request is sent, because the process may be terminated before a response arrives.
///
/// # Errors
/// Why no job was created. If a job may exist all the same, the error contains the generated key.
pub(super) async fn submit_job(
    function: &SubmitFunction,
    output: &Output,
    request: SubmitRequest,
) -> Result<Job, CliError> {
    let key = request.fields[KEY].as_str().unwrap_or_default().to_owned();
    let generated_key = request.has_generated_key.then_some(key);
    if let Some(key) = &generated_key {
        output.print_hint(&format!("idempotency key {key}"));
    }
    let response = function.invoke("submit", request.fields).await;
    let job = response
        .and_then(|response| Job::from_response(response).map_err(|error| error.with_outcome_unknown(true)));
    job.map_err(|error| match error.outcome_unknown {
        true => CliError { idempotency_key: generated_key, ..error },
        false => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit_status::ExitStatus;

    fn parse(text: &str, key: Option<&str>) -> Result<SubmitRequest, String> {
        SubmitRequest::parse(text, key.map(str::to_owned)).map_err(|error| error.message)
    }

    #[test]
    fn a_request_without_a_key_gets_a_generated_one() {
        let (one, other) = (parse(r#"{"kind":"export"}"#, None), parse(r#"{"kind":"export"}"#, None));
        let (one, other) = (one.expect("a request"), other.expect("a request"));
        assert!(one.has_generated_key && one.fields[KEY].as_str().is_some_and(|key| key.len() == 36));
        assert_ne!(one.fields[KEY], other.fields[KEY]);
    }

    #[test]
    fn the_key_comes_from_the_request_or_the_command_line() {
        for (text, key) in [
            (r#"{"idempotency_key":"spring"}"#, None),
            (r#"{"idempotency_key":null}"#, Some("spring")),
            ("{}", Some("spring")),
            (r#"{"idempotency_key":"spring"}"#, Some("spring")),
        ] {
            let request = parse(text, key).expect("a request");
            assert_eq!(
                (&request.fields[KEY], request.has_generated_key),
                (&"spring".into(), false),
                "{text}"
            );
        }
    }

    #[test]
    fn a_malformed_request_is_rejected_before_anything_is_sent() {
        for (text, key, expected) in [
            ("", None, "not valid JSON"),
            ("[1]", None, "not a JSON object"),
            (r#"{"command":"get"}"#, None, "command"),
            (r#"{"idempotency_key":"spring"}"#, Some("summer"), "different keys"),
        ] {
            let message = parse(text, key).expect_err("an error");
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    #[test]
    fn the_error_names_a_missing_request_file() {
        let error = SubmitRequest::load("/nowhere/request.json", None).expect_err("an error");
        assert_eq!(error.exit_status, ExitStatus::Usage);
        assert!(error.message.contains("/nowhere/request.json"), "{}", error.message);
    }
}

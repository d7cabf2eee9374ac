//! The record that Lambda sends of an asynchronous invocation that failed: what an operator may see of it, and the command
//! that runs it again.
//!
//! AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations". Fields that an operator only reads may
//! be absent: AWS shows the record of a function error, and none of an event that was too old.

use model::{Error, ErrorClass};
use runtime::EventSource;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{command::Command, operator::operator_command::OperatorCommand};

/// The longest text of a request that is shown, in characters.
const MAX_SHOWN_CHARS: usize = 100;

/// A record. Its payload may hold task tokens and the URL of a caller's webhook, so it has no `Debug`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvocationRecord {
    #[serde(default)]
    timestamp: Value,
    #[serde(default)]
    request_context: RequestContext,
    request_payload: Value,
    #[serde(default)]
    response_payload: Value,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RequestContext {
    request_id: Option<String>,
    condition: Value,
    approximate_invoke_count: Value,
}

impl InvocationRecord {
    /// Parses a message of the queue.
    ///
    /// # Errors
    /// [`ErrorClass::InvalidRequest`]: Lambda did not send it.
    pub(crate) fn parse(body: &str) -> Result<Self, Error> {
        // The error of the parser is left out: it may repeat the payload.
        serde_json::from_str(body).map_err(|_| {
            Error::new(ErrorClass::InvalidRequest, "the message is not the record of an invocation")
        })
    }

    /// The request id of the invocation, which all its attempts had.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_context.request_id.as_deref()
    }

    /// What an operator may see of the invocation that is named `id`: the command without its parameters, and the error.
    pub(crate) fn to_view(&self, id: &str) -> Value {
        let shown = |name: &str| {
            let text = self.request_payload.get(name).and_then(Value::as_str);
            text.map(|text| text.chars().take(MAX_SHOWN_CHARS).collect::<String>())
        };
        json!({
            "request_id": id,
            "failed_at": self.timestamp,
            "condition": self.request_context.condition,
            "attempts": self.request_context.approximate_invoke_count,
            "command": shown("command"),
            "provider": shown("provider"),
            "kind": shown("kind"),
            "job_id": shown("job_id"),
            "error": {
                "type": self.response_payload["errorType"],
                "message": self.response_payload["errorMessage"].as_str().map(|text| self.redact(text)),
            },
        })
    }

    /// Replaces the strings of `notify` in an error message: task tokens, callback ids and URLs are secrets.
    fn redact(&self, message: &str) -> String {
        let notify = self.request_payload.get("notify").and_then(Value::as_object);
        let secrets = notify.into_iter().flat_map(Map::values).filter_map(Value::as_str);
        secrets
            .filter(|secret| !secret.is_empty())
            .fold(message.to_owned(), |text, secret| text.replace(secret, "***"))
    }

    /// The command of the invocation. A submission without an idempotency key has the request id as its key, as it had at
    /// every attempt, so it finds the job that one of them may have created.
    ///
    /// # Errors
    /// [`ErrorClass::InvalidRequest`]: it is no command of a caller, or a submission with neither a key nor a request id.
    pub(crate) fn into_command(self) -> Result<Command, Error> {
        let rejected = |reason: &str| Err(Error::new(ErrorClass::InvalidRequest, reason));
        match EventSource::parse(self.request_payload)? {
            EventSource::Direct(name, _) if OperatorCommand::is_operator_command(&name) => rejected(
                "a command of an operator is not redriven; run it again, then discard the invocation",
            ),
            EventSource::Direct(name, fields) => {
                match Command::read_invocation(&name, fields, self.request_context.request_id)? {
                    Command::Submit(request) if request.idempotency_key.is_none() => rejected(
                        "the submission has no idempotency key and its record no request id; it may be billed twice",
                    ),
                    command => Ok(command),
                }
            }
            EventSource::Http(_) | EventSource::Sqs(_) => {
                rejected("only a direct invocation can be redriven, and this is the event of another service")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(payload: Value, error_message: &str) -> InvocationRecord {
        let record = json!({
            "version": "1.0",
            "timestamp": "2026-11-14T18:16:05.568Z",
            "requestContext": {
                "requestId": "e4b46cbf-b738-4880-8880-a18cdf61200e",
                "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:submit:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3,
            },
            "requestPayload": payload,
            "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
            "responsePayload": { "errorType": "Permanent.InvalidRequest", "errorMessage": error_message },
        });
        InvocationRecord::parse(&record.to_string()).expect("a record")
    }

    #[test]
    fn the_view_shows_command_and_error_and_no_secret_of_notify() {
        let notify = json!({ "webhook_url": "https://example.com/?key=k3y", "task_token": "t0ken" });
        let payload =
            json!({ "command": "submit", "provider": "abyssale", "kind": "export", "notify": notify });
        let view = record(payload, "https://example.com/?key=k3y is refused, t0ken too").to_view("1");
        let error = json!({ "type": "Permanent.InvalidRequest", "message": "*** is refused, *** too" });
        assert_eq!(
            (&view["command"], &view["attempts"], &view["error"]),
            (&json!("submit"), &json!(3), &error)
        );
        assert!(!view.to_string().contains("k3y") && !view.to_string().contains("t0ken"), "{view}");
    }

    #[test]
    fn an_event_that_no_attempt_ran_has_no_error() {
        let record = json!({
            "requestContext": { "requestId": "1", "condition": "EventAgeExceeded" },
            "requestPayload": { "command": "cancel" },
        });
        let view = InvocationRecord::parse(&record.to_string()).expect("a record").to_view("1");
        assert_eq!(view["condition"], "EventAgeExceeded");
        assert_eq!(view["error"], json!({ "type": null, "message": null }));
    }

    #[test]
    fn a_submission_without_key_and_request_id_is_not_redriven() {
        let mut record = json!({ "requestPayload": {
            "command": "submit", "provider": "abyssale", "kind": "export", "banner_ids": ["77aa10c2-5b3d-4e6f-9a81-2c4d6e8f0a1b"],
        }});
        let into_command = |record: &Value| {
            InvocationRecord::parse(&record.to_string()).and_then(InvocationRecord::into_command)
        };
        let error = into_command(&record).expect_err("an error");
        assert!(error.message.contains("billed twice"), "{}", error.message);
        record["requestPayload"]["idempotency_key"] = json!("spring-1");
        assert!(into_command(&record).is_ok());
    }

    #[test]
    fn only_commands_of_callers_are_redriven() {
        for (payload, reason) in [
            (json!({ "command": "signing_secret", "provider": "abyssale", "action": "rotate" }), "operator"),
            (json!({ "Records": [] }), "another service"),
            (json!({ "command": "sing" }), "expected"),
            (json!([]), "JSON object"),
        ] {
            let error = record(payload, "").into_command().expect_err("an error");
            assert!(error.message.contains(reason), "{}", error.message);
        }
    }
}

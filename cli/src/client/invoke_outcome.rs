//! Classifies Lambda's response to an invocation.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

use super::http_client::HttpError;
use crate::{error::CliError, exit_status::ExitStatus};

/// The outcome of one invocation.
#[derive(Debug, PartialEq)]
pub(super) enum InvokeOutcome {
    /// The function executed the command.
    Response(Value),
    /// The command failed, and an automatic retry is useless.
    Rejected(CliError),
    /// The credentials have expired; new ones may succeed.
    CredentialsExpired(CliError),
    /// Lambda failed: the function was not invoked, or its result is unknown.
    Transient(CliError),
}

/// Classifies a missing response. A broken connection is retried; a response timeout is not, because a retry could take as
/// long again.
pub(super) fn classify_http_error(error: &HttpError) -> InvokeOutcome {
    let cli_error = CliError::unreachable("the function", error).with_outcome_unknown(true);
    match error {
        HttpError::Connection(_) => InvokeOutcome::Transient(cli_error),
        HttpError::Timeout(_) => InvokeOutcome::Rejected(cli_error),
    }
}

/// Classifies a response of Lambda's Invoke.
pub(super) fn classify_response(response: &Response<Bytes>) -> InvokeOutcome {
    let body: Value = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if response.status().is_success() {
        return match (header("x-amz-function-error"), body.is_null()) {
            (None, false) => InvokeOutcome::Response(body),
            (None, true) => {
                let error = CliError::unexpected_response("the function's response is not JSON");
                InvokeOutcome::Rejected(error.with_outcome_unknown(true))
            }
            (Some(_), _) => {
                let error = CliError::from_function(
                    text("errorType").unwrap_or("Unhandled"),
                    text("errorMessage").unwrap_or("the function failed and gave no reason"),
                );
                // A retryable error may occur after the command has taken effect.
                let outcome_unknown = error.exit_status == ExitStatus::Retryable;
                InvokeOutcome::Rejected(error.with_outcome_unknown(outcome_unknown))
            }
        };
    }
    // Some services send the type as `ResourceNotFoundException:http://…`.
    let error_type = header("x-amzn-errortype").or_else(|| text("__type")).unwrap_or_default();
    let error_type = error_type.split(':').next().unwrap_or_default();
    let message = text("message").or_else(|| text("Message")).unwrap_or("AWS gave no reason");
    classify_lambda_error(response.status(), error_type, message)
}

fn classify_lambda_error(status: StatusCode, error_type: &str, message: &str) -> InvokeOutcome {
    let error =
        |class: &str, exit_status| CliError::new(class, format!("AWS Lambda: {message}"), exit_status);
    match (status.as_u16(), error_type) {
        (404, _) => {
            let hint = "set the name of the submit function with --function or LANDFALL_FUNCTION";
            let message = format!("{message}; {hint}");
            InvokeOutcome::Rejected(CliError::new("NoSuchFunction", message, ExitStatus::Rejected))
        }
        (_, "ExpiredTokenException" | "RequestExpired") => {
            InvokeOutcome::CredentialsExpired(error("CredentialsExpired", ExitStatus::Rejected))
        }
        (401 | 403, _) => InvokeOutcome::Rejected(error("AccessDenied", ExitStatus::Rejected)),
        (429, _) => InvokeOutcome::Transient(error("LambdaThrottled", ExitStatus::Retryable)),
        (500.., _) => {
            let error = error("LambdaUnavailable", ExitStatus::Retryable);
            InvokeOutcome::Transient(error.with_outcome_unknown(true))
        }
        _ => InvokeOutcome::Rejected(error("LambdaRefused", ExitStatus::Rejected)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classify(status: u16, headers: &[(&str, &str)], body: &str) -> InvokeOutcome {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        classify_response(&response.body(Bytes::from(body.to_owned())).expect("a response"))
    }

    #[test]
    fn a_json_response_without_an_error_is_the_result() {
        assert_eq!(
            classify(200, &[], r#"{"ok":true}"#),
            InvokeOutcome::Response(serde_json::json!({ "ok": true }))
        );
    }

    #[test]
    fn an_error_of_the_function_keeps_its_class_and_is_not_retried() {
        let body = r#"{"errorType":"Retryable.ProviderThrottled","errorMessage":"later"}"#;
        let expected =
            CliError::new("ProviderThrottled", "later", ExitStatus::Retryable).with_outcome_unknown(true);
        assert_eq!(
            classify(200, &[("x-amz-function-error", "Unhandled")], body),
            InvokeOutcome::Rejected(expected)
        );
    }

    #[test]
    fn lambda_throttles_and_server_errors_are_retried_and_client_errors_are_not() {
        for (status, error_type, class, is_retried) in [
            (404, "ResourceNotFoundException", "NoSuchFunction", false),
            (403, "AccessDeniedException", "AccessDenied", false),
            (403, "UnrecognizedClientException", "AccessDenied", false),
            (403, "ExpiredTokenException:http://internal/", "CredentialsExpired", true),
            (429, "TooManyRequestsException", "LambdaThrottled", true),
            (500, "ServiceException", "LambdaUnavailable", true),
            (502, "", "LambdaUnavailable", true),
            (413, "RequestTooLargeException", "LambdaRefused", false),
        ] {
            let outcome = classify(status, &[("x-amzn-errortype", error_type)], r#"{"Message":"why"}"#);
            let (error, retried) = match outcome {
                InvokeOutcome::Rejected(error) => (error, false),
                InvokeOutcome::CredentialsExpired(error) | InvokeOutcome::Transient(error) => (error, true),
                InvokeOutcome::Response(response) => panic!("{error_type}: {response}"),
            };
            assert_eq!((error.class.as_str(), retried), (class, is_retried), "{error_type}");
            assert!(error.message.contains("why"), "{error_type}: {}", error.message);
        }
    }

    #[test]
    fn a_broken_connection_is_retried_and_a_response_timeout_is_not() {
        let broken = classify_http_error(&HttpError::Connection("connect timeout".into()));
        assert!(
            matches!(broken, InvokeOutcome::Transient(error) if error.exit_status == ExitStatus::Retryable)
        );
        let timeout = classify_http_error(&HttpError::Timeout(std::time::Duration::from_secs(90)));
        assert!(matches!(timeout, InvokeOutcome::Rejected(error) if error.message.contains("timeout")));
    }

    #[test]
    fn an_error_says_whether_the_command_may_have_been_executed() {
        let function_error = [("x-amz-function-error", "Unhandled")];
        for (status, headers, body, expected) in [
            (
                200,
                &function_error[..],
                r#"{"errorType":"Permanent.InvalidRequest","errorMessage":"no"}"#,
                false,
            ),
            (200, &function_error, r#"{"errorType":"Sandbox.Timedout","errorMessage":"slow"}"#, true),
            (200, &[], "<html>", true),
            (429, &[], "{}", false),
            (403, &[], "{}", false),
            (502, &[], "{}", true),
        ] {
            match classify(status, headers, body) {
                InvokeOutcome::Rejected(error) | InvokeOutcome::Transient(error) => {
                    assert_eq!(error.outcome_unknown, expected, "{status} {body}");
                }
                outcome => panic!("{outcome:?}"),
            }
        }
    }

    #[test]
    fn a_response_that_is_not_json_is_rejected() {
        assert!(matches!(classify(200, &[], "<html>"), InvokeOutcome::Rejected(_)));
    }
}

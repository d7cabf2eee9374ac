//! What Lambda's answer to an invocation means.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

use super::http::NoAnswer;
use crate::{exit::Exit, failure::Failure};

/// An answer, judged.
#[derive(Debug, PartialEq)]
pub(super) enum Judged {
    /// The function carried the command out.
    Answer(Value),
    /// It did not, and asking again by ourselves makes no sense.
    Refusal(Failure),
    /// The credentials are over; fresh ones may do.
    Expired(Failure),
    /// Lambda is in trouble; the function has not been asked, or has not said how it ended.
    Trouble(Failure),
}

/// Judges that there is no answer. A connection is quickly made anew; after a long silence nobody wants another.
pub(super) fn unanswered(why: &NoAnswer) -> Judged {
    let failure = Failure::unreachable("the function", why).unsure(true);
    match why {
        NoAnswer::Connection(_) => Judged::Trouble(failure),
        NoAnswer::Silence(_) => Judged::Refusal(failure),
    }
}

/// Judges an answer of Lambda's Invoke.
pub(super) fn judge(answer: &Response<Bytes>) -> Judged {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if answer.status().is_success() {
        return match (header("x-amz-function-error"), body.is_null()) {
            (None, false) => Judged::Answer(body),
            (None, true) => {
                Judged::Refusal(Failure::not_understood("the function's answer is no JSON").unsure(true))
            }
            (Some(_), _) => {
                let failure = Failure::of_function(
                    text("errorType").unwrap_or("Unhandled"),
                    text("errorMessage").unwrap_or("the function failed and did not say why"),
                );
                // It may have failed after the deed.
                let unsure = failure.exit == Exit::Retry;
                Judged::Refusal(failure.unsure(unsure))
            }
        };
    }
    // The type is `ResourceNotFoundException:http://…` with some services.
    let kind = header("x-amzn-errortype").or_else(|| text("__type")).unwrap_or_default();
    let kind = kind.split(':').next().unwrap_or_default();
    let said = text("message").or_else(|| text("Message")).unwrap_or("AWS gave no reason");
    refused(answer.status(), kind, said)
}

fn refused(status: StatusCode, kind: &str, said: &str) -> Judged {
    let failure = |class: &str, exit| Failure::new(class, format!("AWS Lambda: {said}"), exit);
    match (status.as_u16(), kind) {
        (404, _) => {
            let hint = "name Landfall's submit function with --function or LANDFALL_FUNCTION";
            Judged::Refusal(Failure::new("NoSuchFunction", format!("{said}; {hint}"), Exit::Refused))
        }
        (_, "ExpiredTokenException" | "RequestExpired") => {
            Judged::Expired(failure("CredentialsExpired", Exit::Refused))
        }
        (401 | 403, _) => Judged::Refusal(failure("AccessDenied", Exit::Refused)),
        (429, _) => Judged::Trouble(failure("LambdaThrottled", Exit::Retry)),
        (500.., _) => Judged::Trouble(failure("LambdaUnavailable", Exit::Retry).unsure(true)),
        _ => Judged::Refusal(failure("LambdaRefused", Exit::Refused)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, headers: &[(&str, &str)], body: &str) -> Judged {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        judge(&answer.body(Bytes::from(body.to_owned())).expect("an answer"))
    }

    #[test]
    fn an_answer_is_what_the_function_said() {
        assert_eq!(answered(200, &[], r#"{"ok":true}"#), Judged::Answer(serde_json::json!({ "ok": true })));
    }

    #[test]
    fn a_failure_of_the_function_keeps_its_class_and_is_not_asked_for_again() {
        let body = r#"{"errorType":"Retryable.ProviderThrottled","errorMessage":"later"}"#;
        let expected = Failure::new("ProviderThrottled", "later", Exit::Retry).unsure(true);
        assert_eq!(answered(200, &[("x-amz-function-error", "Unhandled")], body), Judged::Refusal(expected));
    }

    #[test]
    fn what_lambda_itself_answers_tells_whether_to_ask_again() {
        for (status, kind, class, again) in [
            (404, "ResourceNotFoundException", "NoSuchFunction", false),
            (403, "AccessDeniedException", "AccessDenied", false),
            (403, "UnrecognizedClientException", "AccessDenied", false),
            (403, "ExpiredTokenException:http://internal/", "CredentialsExpired", true),
            (429, "TooManyRequestsException", "LambdaThrottled", true),
            (500, "ServiceException", "LambdaUnavailable", true),
            (502, "", "LambdaUnavailable", true),
            (413, "RequestTooLargeException", "LambdaRefused", false),
        ] {
            let judged = answered(status, &[("x-amzn-errortype", kind)], r#"{"Message":"why"}"#);
            let (failure, asks) = match judged {
                Judged::Refusal(failure) => (failure, false),
                Judged::Expired(failure) | Judged::Trouble(failure) => (failure, true),
                Judged::Answer(answer) => panic!("{kind}: {answer}"),
            };
            assert_eq!((failure.class.as_str(), asks), (class, again), "{kind}");
            assert!(failure.message.contains("why"), "{kind}: {}", failure.message);
        }
    }

    #[test]
    fn a_connection_that_failed_is_tried_again_and_a_silent_function_is_not() {
        let broken = unanswered(&NoAnswer::Connection("connect timeout".into()));
        assert!(matches!(broken, Judged::Trouble(failure) if failure.exit == Exit::Retry));
        let silent = unanswered(&NoAnswer::Silence(std::time::Duration::from_secs(90)));
        assert!(matches!(silent, Judged::Refusal(failure) if failure.message.contains("timeout")));
    }

    #[test]
    fn whether_a_command_may_have_been_carried_out_is_kept() {
        let function = [("x-amz-function-error", "Unhandled")];
        for (status, headers, body, expected) in [
            (200, &function[..], r#"{"errorType":"Permanent.InvalidRequest","errorMessage":"no"}"#, false),
            (200, &function, r#"{"errorType":"Sandbox.Timedout","errorMessage":"slow"}"#, true),
            (200, &[], "<html>", true),
            (429, &[], "{}", false),
            (403, &[], "{}", false),
            (502, &[], "{}", true),
        ] {
            match answered(status, headers, body) {
                Judged::Refusal(failure) | Judged::Trouble(failure) => {
                    assert_eq!(failure.unsure, expected, "{status} {body}");
                }
                judged => panic!("{judged:?}"),
            }
        }
    }

    #[test]
    fn an_answer_that_is_no_json_is_not_taken_for_one() {
        assert!(matches!(answered(200, &[], "<html>"), Judged::Refusal(_)));
    }
}

//! The outcome of a call that notifies a waiting workflow, by the error code of Step Functions or Lambda.
//!
//! Sources: the API references of `SendTaskSuccess`, `SendTaskFailure` and `SendTaskHeartbeat` of Step Functions
//! (<https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html>), its common errors
//! (<https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html>), and of
//! `SendDurableExecutionCallbackSuccess` of Lambda
//! (<https://docs.aws.amazon.com/lambda/latest/api/API_SendDurableExecutionCallbackSuccess.html>).

use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::result::SdkError;

/// The wait has ended or never existed: "The task token has either expired or the task associated with the token has
/// already been closed", the same of a callback, "The provided token is not valid", and "The resource specified in the
/// request does not exist", where the callback is the only resource.
const EXPIRED_CODES: [&str; 5] = [
    "TaskTimedOut",
    "TaskDoesNotExist",
    "InvalidToken",
    "CallbackTimeoutException",
    "ResourceNotFoundException",
];

/// The request has no valid form, so the same request is rejected again: "The provided JSON output data is not valid", "The
/// input fails to satisfy the constraints", "One of the parameters in the request is not valid".
const INVALID_CODES: [&str; 3] = ["InvalidOutput", "ValidationException", "InvalidParameterValueException"];

/// The permissions or the key of this workflow do not allow the call until somebody changes them. Step Functions writes
/// `Kms`, Lambda `KMS`.
const DENIED_CODES: [&str; 7] = [
    "AccessDeniedException",
    "KmsAccessDeniedException",
    "KmsInvalidStateException",
    "KMSAccessDeniedException",
    "KMSInvalidStateException",
    "KMSDisabledException",
    "KMSNotFoundException",
];

/// The outcome of one call, with the error code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CallOutcome {
    Succeeded,
    /// Nobody waits any more.
    Expired(String),
    /// The same call will never succeed.
    Invalid(String),
    /// Only this workflow cannot be notified, until an operator acts.
    Denied(String),
    /// The service cannot be reached or is throttled, so calls for other workflows would fail, too.
    Failed(String),
}

impl CallOutcome {
    /// The outcome of a response. Only the error code is kept, because the rest of an error may repeat the token.
    pub(crate) fn of_response<O, E: ProvideErrorMetadata, R>(response: Result<O, SdkError<E, R>>) -> Self {
        let Err(error) = response else { return Self::Succeeded };
        match error.as_service_error().and_then(ProvideErrorMetadata::code) {
            Some(code) => Self::of_code(code),
            None => Self::Failed("no response".to_owned()),
        }
    }

    /// The outcome of a call that a service answered with this error code.
    fn of_code(code: &str) -> Self {
        let outcome = match code {
            _ if EXPIRED_CODES.contains(&code) => Self::Expired,
            _ if INVALID_CODES.contains(&code) => Self::Invalid,
            _ if DENIED_CODES.contains(&code) => Self::Denied,
            _ => Self::Failed,
        };
        outcome(code.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_code_of_the_two_services_has_its_outcome() {
        type Outcome = fn(String) -> CallOutcome;
        let outcomes: [(Outcome, &[&str]); 4] = [
            (CallOutcome::Expired, &["TaskTimedOut", "InvalidToken", "CallbackTimeoutException"]),
            (
                CallOutcome::Invalid,
                &["InvalidOutput", "ValidationException", "InvalidParameterValueException"],
            ),
            (
                CallOutcome::Denied,
                &["KmsAccessDeniedException", "KMSDisabledException", "AccessDeniedException"],
            ),
            (
                CallOutcome::Failed,
                &[
                    "KmsThrottlingException",
                    "ThrottlingException",
                    "TooManyRequestsException",
                    "ServiceException",
                ],
            ),
        ];
        for (outcome, codes) in outcomes {
            for code in codes {
                assert_eq!(CallOutcome::of_code(code), outcome((*code).to_owned()));
            }
        }
    }
}

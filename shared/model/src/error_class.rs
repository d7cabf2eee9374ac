//! What kinds of failure there are, and what each means to a caller, to a queue and to a log.
//!
//! The four tables below stand side by side and have no wildcard, so that a new class must be placed in each.

use serde::{Deserialize, Serialize};

/// A kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ErrorClass {
    /// The request breaks a rule; the violations name the fields.
    InvalidRequest,
    /// The body is not of a content type that the operation reads.
    UnsupportedMediaType,
    /// The body is larger than the operation takes.
    PayloadTooLarge,
    /// The caller did not prove that it may do this.
    Unauthorized,
    /// There is nothing at this path or under this id.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The idempotency key was used before, with another request.
    IdempotencyMismatch,
    /// Where the job stands, this cannot be done with it.
    JobConflict,
    /// The provider judged the request and refused it.
    ProviderRefusedRequest,
    /// The job names a caller's webhook, and there is no secret to sign it with: the operator has to make one.
    WebhookSecretMissing,
    /// What the provider is asked for does not fit the state that it is in.
    ProviderConflict,
    /// The provider does not accept the configured API key.
    ProviderCredentials,
    /// The provider's plan does not include this.
    ProviderPlan,
    /// The provider's credits are spent, or its gateway limit holds on.
    ProviderQuota,
    /// The provider asks to come back later, and did no work.
    ProviderThrottled,
    /// The provider could not be reached, so it did no work.
    ProviderUnavailable,
    /// The provider may or may not have taken the work.
    ProviderOutcomeUnknown,
    /// S3, DynamoDB, SQS or Secrets Manager refused or did not answer.
    StorageUnavailable,
    /// The download server is in trouble, or the transfer broke.
    SourceUnavailable,
    /// The download URL expired, or the file is gone.
    SourceGone,
    /// The file behind the download URL changed while it was fetched, twice.
    SourceChanged,
    /// The download guard refused the address.
    SourceRefused,
    /// The file is larger than the configured limit.
    SourceTooLarge,
    /// What was downloaded is not a whole ZIP archive.
    ArchiveInvalid,
    /// The archive holds fewer files than were asked for.
    ArchiveIncomplete,
    /// Fewer files came than were asked for.
    FilesMissing,
    /// The provider did the work and failed at it.
    ProviderFailed,
    /// Nothing was heard of the work for as long as anybody waits.
    ProviderSilent,
    /// What was downloaded is not the file that it should be.
    SourceInvalid,
    /// The archive cannot be unpacked safely, or is beyond a configured limit.
    ArchiveRefused,
    /// Another object lies where a file of the job belongs.
    ObjectConflict,
    /// Another worker is bringing this job's files in.
    LandingBusy,
    /// Nobody attempts to bring this job's files in any more.
    LandingStalled,
    /// S3, DynamoDB, SQS or EventBridge does not take what it was sent, and would not take it again.
    StorageRejected,
    /// The deployment lacks a setting or a key.
    Misconfigured,
    /// A mistake in Landfall.
    Internal,
}

/// How loudly a failure is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Someone should look.
    Error,
    /// Worth counting.
    Warn,
    /// Ordinary.
    Info,
}

impl ErrorClass {
    /// Whether the same call may succeed later, without anybody changing anything.
    pub fn retryable(self) -> bool {
        use ErrorClass::*;
        match self {
            ProviderThrottled | ProviderUnavailable | StorageUnavailable | SourceUnavailable
            | LandingBusy => true,
            InvalidRequest
            | UnsupportedMediaType
            | PayloadTooLarge
            | Unauthorized
            | NotFound
            | MethodNotAllowed
            | IdempotencyMismatch
            | JobConflict
            | WebhookSecretMissing
            | ProviderRefusedRequest
            | ProviderConflict
            | ProviderCredentials
            | ProviderPlan
            | ProviderQuota
            | ProviderOutcomeUnknown
            | SourceGone
            | SourceChanged
            | SourceRefused
            | SourceTooLarge
            | ArchiveInvalid
            | ArchiveIncomplete
            | FilesMissing
            | ProviderFailed
            | ProviderSilent
            | SourceInvalid
            | ArchiveRefused
            | ObjectConflict
            | LandingStalled
            | StorageRejected
            | Misconfigured
            | Internal => false,
        }
    }

    /// The HTTP status of the answer.
    pub fn http_status(self) -> u16 {
        use ErrorClass::*;
        match self {
            InvalidRequest => 400,
            Unauthorized => 401,
            ProviderPlan => 403,
            NotFound => 404,
            MethodNotAllowed => 405,
            // A caller can cause `WebhookSecretMissing` on any new deployment: neither a 5xx, which sets off alarms, nor
            // worth a retry, since it lasts until the operator acts.
            IdempotencyMismatch | JobConflict | WebhookSecretMissing | ProviderConflict | ObjectConflict
            | LandingBusy => 409,
            PayloadTooLarge => 413,
            UnsupportedMediaType => 415,
            ProviderRefusedRequest
            | SourceGone
            | SourceChanged
            | SourceRefused
            | SourceTooLarge
            | ArchiveInvalid
            | ArchiveIncomplete
            | FilesMissing
            | ProviderFailed
            | SourceInvalid
            | ArchiveRefused => 422,
            // The caller's request is fine, and so is Landfall: what it depends on refused the operator's key.
            ProviderCredentials => 424,
            ProviderQuota | ProviderThrottled => 429,
            LandingStalled | StorageRejected | Misconfigured | Internal => 500,
            ProviderSilent => 504,
            ProviderOutcomeUnknown | ProviderUnavailable | StorageUnavailable | SourceUnavailable => 503,
        }
    }

    /// The name of the class, as it stands in error types, problem types, on jobs and in metrics.
    pub fn name(self) -> &'static str {
        use ErrorClass::*;
        match self {
            InvalidRequest => "InvalidRequest",
            UnsupportedMediaType => "UnsupportedMediaType",
            PayloadTooLarge => "PayloadTooLarge",
            Unauthorized => "Unauthorized",
            NotFound => "NotFound",
            MethodNotAllowed => "MethodNotAllowed",
            IdempotencyMismatch => "IdempotencyMismatch",
            JobConflict => "JobConflict",
            WebhookSecretMissing => "WebhookSecretMissing",
            ProviderRefusedRequest => "ProviderRefusedRequest",
            ProviderConflict => "ProviderConflict",
            ProviderCredentials => "ProviderCredentials",
            ProviderPlan => "ProviderPlan",
            ProviderQuota => "ProviderQuota",
            ProviderThrottled => "ProviderThrottled",
            ProviderUnavailable => "ProviderUnavailable",
            ProviderOutcomeUnknown => "ProviderOutcomeUnknown",
            StorageUnavailable => "StorageUnavailable",
            SourceUnavailable => "SourceUnavailable",
            SourceGone => "SourceGone",
            SourceChanged => "SourceChanged",
            SourceRefused => "SourceRefused",
            SourceTooLarge => "SourceTooLarge",
            ArchiveInvalid => "ArchiveInvalid",
            ArchiveIncomplete => "ArchiveIncomplete",
            FilesMissing => "FilesMissing",
            ProviderFailed => "ProviderFailed",
            ProviderSilent => "ProviderSilent",
            SourceInvalid => "SourceInvalid",
            ArchiveRefused => "ArchiveRefused",
            ObjectConflict => "ObjectConflict",
            LandingBusy => "LandingBusy",
            LandingStalled => "LandingStalled",
            StorageRejected => "StorageRejected",
            Misconfigured => "Misconfigured",
            Internal => "Internal",
        }
    }

    /// How loudly it is logged.
    pub fn level(self) -> Level {
        use ErrorClass::*;
        match self {
            ProviderCredentials | ObjectConflict | LandingStalled | StorageRejected | Misconfigured
            | Internal | SourceRefused => Level::Error,
            ProviderPlan
            | ProviderQuota
            | ProviderThrottled
            | ProviderUnavailable
            | ProviderOutcomeUnknown
            | StorageUnavailable
            | SourceUnavailable
            | SourceGone
            | SourceChanged
            | SourceTooLarge
            | ArchiveInvalid
            | ArchiveIncomplete
            | FilesMissing
            | ProviderFailed
            | ProviderSilent
            | SourceInvalid
            | ArchiveRefused
            | WebhookSecretMissing
            | Unauthorized => Level::Warn,
            InvalidRequest
            | UnsupportedMediaType
            | PayloadTooLarge
            | NotFound
            | MethodNotAllowed
            | IdempotencyMismatch
            | JobConflict
            | ProviderRefusedRequest
            | ProviderConflict
            | LandingBusy => Level::Info,
        }
    }

    /// The error type of a direct invoke, which `Retry` and `Catch` of Step Functions match:
    /// `Retryable.<Class>` or `Permanent.<Class>`.
    pub fn error_type(self) -> String {
        let worth = if self.retryable() { "Retryable" } else { "Permanent" };
        format!("{worth}.{}", self.name())
    }
}

//! The classes of errors, and what each means for a caller, for a queue and for the log.
//!
//! The four tables below have no wildcard, so a new class has to be added to each of them.

use serde::{Deserialize, Serialize};

/// The class of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ErrorClass {
    /// The request breaks a rule; the violations name the fields.
    InvalidRequest,
    /// The operation does not support the content type of the body.
    UnsupportedMediaType,
    /// The body is larger than the operation accepts.
    PayloadTooLarge,
    /// The request is not authenticated, or the caller lacks the permission.
    Unauthorized,
    /// Nothing exists at this path or with this id.
    NotFound,
    /// The path exists, but not with this method.
    MethodNotAllowed,
    /// The idempotency key was used before with a different request.
    IdempotencyMismatch,
    /// The operation is not possible in the current status of the job.
    JobConflict,
    /// The provider rejected the request.
    ProviderRefusedRequest,
    /// The job names a caller's webhook, and the stored secrets cannot sign it. The operator has to correct them.
    WebhookSecretMissing,
    /// The request conflicts with the current state at the provider.
    ProviderConflict,
    /// The provider does not accept the configured credentials.
    ProviderCredentials,
    /// The provider's plan does not include this operation.
    ProviderPlan,
    /// The provider's credits are used up.
    ProviderQuota,
    /// The provider throttled the request and did no work.
    ProviderThrottled,
    /// The provider could not be reached, so it did no work.
    ProviderUnavailable,
    /// The provider may or may not have accepted the work.
    ProviderOutcomeUnknown,
    /// S3, DynamoDB, SQS or Secrets Manager did not respond or returned an error.
    StorageUnavailable,
    /// The download server returned an error, or the transfer was interrupted.
    SourceUnavailable,
    /// The download URL expired, or the file no longer exists.
    SourceGone,
    /// The file at the download URL had another length at each attempt to download the whole of it.
    SourceChanged,
    /// The SSRF guard blocked the address of the download URL.
    SourceRefused,
    /// The file is larger than the configured limit, or too large for a server that sends it only whole.
    SourceTooLarge,
    /// The downloaded file is not a complete ZIP archive.
    ArchiveInvalid,
    /// The archive holds fewer files than were requested.
    ArchiveIncomplete,
    /// Fewer files were delivered than were requested.
    FilesMissing,
    /// The provider accepted the work and failed.
    ProviderFailed,
    /// The provider reported nothing before the timeout.
    ProviderSilent,
    /// The downloaded file is not the expected file.
    SourceInvalid,
    /// The archive cannot be unpacked safely, or exceeds a configured limit.
    ArchiveRefused,
    /// Another object exists at the key of one of the job's files.
    ObjectConflict,
    /// Another worker is landing this job.
    LandingBusy,
    /// The landing of this job is not attempted any more.
    LandingStalled,
    /// S3, DynamoDB, SQS or EventBridge rejected a request, and a retry would be rejected too.
    StorageRejected,
    /// The deployment lacks a setting or a key.
    Misconfigured,
    /// A bug in Landfall.
    Internal,
}

/// The log level of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// An operator has to act.
    Error,
    /// Worth counting.
    Warn,
    /// Expected in normal operation.
    Info,
}

impl ErrorClass {
    /// Whether a retry of the same call may succeed without any change.
    pub fn is_retryable(self) -> bool {
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

    /// Returns the HTTP status of the response.
    pub fn http_status(self) -> u16 {
        use ErrorClass::*;
        match self {
            InvalidRequest => 400,
            Unauthorized => 401,
            ProviderPlan => 403,
            NotFound => 404,
            MethodNotAllowed => 405,
            // A caller can cause `WebhookSecretMissing` with any job. So it is no 5xx, which would set off
            // alarms, and not retryable, since it lasts until the operator acts.
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
            // The caller's request is valid: the provider, a dependency, rejected the operator's key.
            ProviderCredentials => 424,
            ProviderQuota | ProviderThrottled => 429,
            LandingStalled | StorageRejected | Misconfigured | Internal => 500,
            ProviderSilent => 504,
            ProviderOutcomeUnknown | ProviderUnavailable | StorageUnavailable | SourceUnavailable => 503,
        }
    }

    /// Returns the name of the class in error types, problem types, jobs and metrics.
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

    /// Returns the log level.
    pub fn log_level(self) -> LogLevel {
        use ErrorClass::*;
        match self {
            ProviderCredentials | ObjectConflict | LandingStalled | StorageRejected | Misconfigured
            | Internal | SourceRefused => LogLevel::Error,
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
            | Unauthorized => LogLevel::Warn,
            InvalidRequest
            | UnsupportedMediaType
            | PayloadTooLarge
            | NotFound
            | MethodNotAllowed
            | IdempotencyMismatch
            | JobConflict
            | ProviderRefusedRequest
            | ProviderConflict
            | LandingBusy => LogLevel::Info,
        }
    }

    /// Returns the error type of a direct invoke, which `Retry` and `Catch` of Step Functions match:
    /// `Retryable.<Class>` or `Permanent.<Class>`.
    pub fn error_type(self) -> String {
        let prefix = if self.is_retryable() { "Retryable" } else { "Permanent" };
        format!("{prefix}.{}", self.name())
    }
}

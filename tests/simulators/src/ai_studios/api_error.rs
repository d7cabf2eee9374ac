//! Errors of the API, with their status and code (contract 9.2, 9.3).

use http::StatusCode;

use crate::ai_studios::settings::invented::Codes;

/// The kind of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorKind {
    Invalid,
    Auth,
    Quota,
    Forbidden,
    Missing,
    Conflict,
    Throttled,
    Internal,
}

/// An error before it is written in an envelope.
#[derive(Debug, Clone)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) kind: ErrorKind,
    pub(super) message: String,
}

impl ErrorKind {
    fn status(self) -> StatusCode {
        match self {
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Auth => StatusCode::UNAUTHORIZED,
            Self::Quota => StatusCode::PAYMENT_REQUIRED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Missing => StatusCode::NOT_FOUND,
            Self::Conflict => StatusCode::CONFLICT,
            Self::Throttled => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns the kind that matches a status that a test chose.
    pub(super) fn from_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Auth,
            402 => Self::Quota,
            403 => Self::Forbidden,
            404 | 410 => Self::Missing,
            409 => Self::Conflict,
            429 => Self::Throttled,
            500.. => Self::Internal,
            _ => Self::Invalid,
        }
    }

    pub(super) fn code(self, codes: &Codes) -> u32 {
        match self {
            Self::Invalid => codes.invalid,
            Self::Auth => codes.auth,
            Self::Quota => codes.quota,
            Self::Forbidden => codes.forbidden,
            Self::Missing => codes.missing,
            Self::Conflict => codes.conflict,
            Self::Throttled => codes.throttled,
            Self::Internal => codes.internal,
        }
    }
}

impl ApiError {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { status: kind.status(), kind, message: message.into() }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    pub(super) fn project_not_found() -> Self {
        Self::new(ErrorKind::Missing, "project does not exist")
    }

    pub(super) fn route_not_found() -> Self {
        Self::new(ErrorKind::Missing, "there is nothing at this address")
    }
}

//! Which operation a request means (contract 1.1, 5.3 and 6.7).

use http::{Method, Request, StatusCode};
use uuid::Uuid;

use super::limit::Class;
use super::refusal::Refusal;

/// An operation of the API or of the subscription service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Ready,
    Auth,
    Export,
    Banner(Uuid),
    SigningSecret,
    RotateSecret,
    RevokeSecret,
    Subscribe,
    Subscription(Uuid),
    Unsubscribe(Uuid),
}

impl Route {
    /// Finds the operation. A path id that is no UUID makes the route not match (contract 1.1).
    pub(super) fn find<B>(request: &Request<B>, double_slash_refused: bool) -> Result<Self, Refusal> {
        let path = request.uri().path();
        let path = if double_slash_refused { path.to_owned() } else { path.replace("//", "/") };
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        // The trim above must not hide a leading double slash.
        if path.starts_with("//") {
            return Err(Refusal::endpoint_not_found());
        }
        let (route, method) = match segments.as_slice() {
            ["ready"] => (Self::Ready, Method::GET),
            ["auth"] => (Self::Auth, Method::POST),
            ["async", "banners", "export"] => (Self::Export, Method::POST),
            ["banners", id] => (Self::Banner(uuid(id)?), Method::GET),
            ["signing-secret"] => (Self::SigningSecret, Method::GET),
            ["signing-secret", "rotate"] => (Self::RotateSecret, Method::POST),
            ["signing-secret", "revoke"] => (Self::RevokeSecret, Method::POST),
            ["subscribe"] => (Self::Subscribe, Method::POST),
            ["webhook", id] => (Self::Subscription(uuid(id)?), Method::GET),
            ["unsubscribe", id] => (Self::Unsubscribe(uuid(id)?), Method::DELETE),
            _ => return Err(Refusal::endpoint_not_found()),
        };
        if request.method() == method { Ok(route) } else { Err(method_not_allowed()) }
    }

    /// The windows it counts against. The subscription service declares none.
    pub(super) fn class(self) -> Option<Class> {
        match self {
            Self::Auth => Some(Class::Auth),
            Self::Export => Some(Class::Export),
            Self::Banner(_) => Some(Class::Read),
            Self::SigningSecret | Self::RotateSecret | Self::RevokeSecret => Some(Class::SigningSecret),
            Self::Ready | Self::Subscribe | Self::Subscription(_) | Self::Unsubscribe(_) => None,
        }
    }

    /// Whether its answers describe the windows. Rotate and revoke declare no such headers (contract 1.5).
    pub(super) fn shows_quota(self) -> bool {
        match self {
            Self::Auth | Self::Export | Self::Banner(_) | Self::SigningSecret => true,
            Self::Ready
            | Self::RotateSecret
            | Self::RevokeSecret
            | Self::Subscribe
            | Self::Subscription(_)
            | Self::Unsubscribe(_) => false,
        }
    }
}

fn uuid(segment: &str) -> Result<Uuid, Refusal> {
    as_uuid(segment).ok_or_else(Refusal::endpoint_not_found)
}

/// An id as the API takes it: the form with hyphens, 36 characters long.
pub(super) fn as_uuid(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

fn method_not_allowed() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This method is not allowed here.")
}

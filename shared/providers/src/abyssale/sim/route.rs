//! Which operation a request means (contract 1.1, 5.3 and 6.7).

use http::{Method, Request, StatusCode};
use uuid::Uuid;

use super::generation::body::Operation;
use super::limit::Class;
use super::refusal::Refusal;

/// An operation of the API or of the subscription service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    Ready,
    Auth,
    Export,
    Banner(Uuid),
    Generate(Uuid, Operation),
    Poll(Uuid),
    Designs,
    Design(Uuid),
    /// A format by its name or uid.
    DesignFormat(Uuid, String),
    RenameDesign(Uuid),
    MoveDesign(Uuid),
    DeleteDesign(Uuid),
    DynamicImage(Uuid),
    Fonts,
    Credits,
    Projects,
    CreateProject,
    Templates,
    TemplateCategories,
    UseTemplate(Uuid),
    Duplication(Uuid),
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
        // The trim below must not hide a leading double slash.
        if path.starts_with("//") {
            return Err(Refusal::endpoint_not_found());
        }
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let found = Self::of(&segments)?;
        let method = request.method();
        let route = found.into_iter().find(|(wanted, _)| wanted == method);
        route.map(|(_, route)| route).ok_or_else(method_not_allowed)
    }

    /// The operations of a path, each with its method.
    fn of(segments: &[&str]) -> Result<Vec<(Method, Self)>, Refusal> {
        let one = |method, route| Ok(vec![(method, route)]);
        match segments {
            ["ready"] => one(Method::GET, Self::Ready),
            ["auth"] => one(Method::POST, Self::Auth),
            ["async", "banners", "export"] => one(Method::POST, Self::Export),
            ["async", "banner-builder", id, "generate"] => {
                one(Method::POST, Self::Generate(uuid(id)?, Operation::Formats))
            }
            ["async", "banner-builder", id, "generate-multipage-pdf"] => {
                one(Method::POST, Self::Generate(uuid(id)?, Operation::Pages))
            }
            ["banner-builder", id, "generate"] => {
                one(Method::POST, Self::Generate(uuid(id)?, Operation::Render))
            }
            ["generation-request", id] => one(Method::GET, Self::Poll(uuid(id)?)),
            ["banners", id] => one(Method::GET, Self::Banner(uuid(id)?)),
            ["fonts"] => one(Method::GET, Self::Fonts),
            ["credits"] => one(Method::GET, Self::Credits),
            ["projects"] => Ok(vec![(Method::GET, Self::Projects), (Method::POST, Self::CreateProject)]),
            ["workspace-templates"] => one(Method::GET, Self::Templates),
            ["workspace-template-categories"] => one(Method::GET, Self::TemplateCategories),
            ["workspace-templates", id, "use"] => one(Method::POST, Self::UseTemplate(uuid(id)?)),
            ["design-duplication-requests", id] => one(Method::GET, Self::Duplication(uuid(id)?)),
            ["designs", rest @ ..] => Self::of_designs(rest),
            ["signing-secret"] => one(Method::GET, Self::SigningSecret),
            ["signing-secret", "rotate"] => one(Method::POST, Self::RotateSecret),
            ["signing-secret", "revoke"] => one(Method::POST, Self::RevokeSecret),
            ["subscribe"] => one(Method::POST, Self::Subscribe),
            ["webhook", id] => one(Method::GET, Self::Subscription(uuid(id)?)),
            ["unsubscribe", id] => one(Method::DELETE, Self::Unsubscribe(uuid(id)?)),
            _ => Err(Refusal::endpoint_not_found()),
        }
    }

    fn of_designs(segments: &[&str]) -> Result<Vec<(Method, Self)>, Refusal> {
        let one = |method, route| Ok(vec![(method, route)]);
        match segments {
            [] => one(Method::GET, Self::Designs),
            [id] => {
                let id = uuid(id)?;
                Ok(vec![(Method::GET, Self::Design(id)), (Method::DELETE, Self::DeleteDesign(id))])
            }
            [id, "formats", specifier] => one(Method::GET, Self::DesignFormat(uuid(id)?, decoded(specifier))),
            [id, "name"] => one(Method::PUT, Self::RenameDesign(uuid(id)?)),
            [id, "project"] => one(Method::PUT, Self::MoveDesign(uuid(id)?)),
            [id, "dynamic-image-url"] => one(Method::POST, Self::DynamicImage(uuid(id)?)),
            _ => Err(Refusal::endpoint_not_found()),
        }
    }

    /// The windows it counts against. The subscription service declares none, and of the generations only the
    /// gateway's ceiling counts (contract 1.5).
    pub(super) fn class(&self) -> Option<Class> {
        match self {
            Self::Auth => Some(Class::Auth),
            Self::Export => Some(Class::Export),
            Self::Poll(_) => Some(Class::Poll),
            Self::Banner(_)
            | Self::Designs
            | Self::Design(_)
            | Self::DesignFormat(..)
            | Self::Fonts
            | Self::Credits
            | Self::Projects
            | Self::Templates
            | Self::TemplateCategories
            | Self::Duplication(_) => Some(Class::Read),
            Self::RenameDesign(_)
            | Self::MoveDesign(_)
            | Self::DeleteDesign(_)
            | Self::DynamicImage(_)
            | Self::CreateProject
            | Self::UseTemplate(_) => Some(Class::Write),
            Self::SigningSecret | Self::RotateSecret | Self::RevokeSecret => Some(Class::SigningSecret),
            Self::Ready
            | Self::Generate(..)
            | Self::Subscribe
            | Self::Subscription(_)
            | Self::Unsubscribe(_) => None,
        }
    }

    /// Whether its answers describe the windows. Rotate and revoke declare no such headers (contract 1.5).
    pub(super) fn shows_quota(&self) -> bool {
        self.class().is_some() && !matches!(self, Self::RotateSecret | Self::RevokeSecret)
    }
}

fn uuid(segment: &str) -> Result<Uuid, Refusal> {
    as_uuid(segment).ok_or_else(Refusal::endpoint_not_found)
}

/// An id as the API takes it: the form with hyphens, 36 characters long.
pub(super) fn as_uuid(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

/// A path segment without its percent signs. A plus is a plus there.
fn decoded(segment: &str) -> String {
    let query = format!("x={}", segment.replace('+', "%2B"));
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn method_not_allowed() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This method is not allowed here.")
}

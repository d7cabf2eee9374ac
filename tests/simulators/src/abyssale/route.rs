//! Maps a request to its operation (contract 1.1, 5.3 and 6.7).

use http::{Method, Request, StatusCode};
use uuid::Uuid;

use crate::abyssale::api_error::ApiError;
use crate::abyssale::generation::operation::GenerationOperation;
use crate::abyssale::rate_limit::Tier;
use crate::abyssale::uuid_format::parse_uuid;

/// An operation of the API or of the subscription service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    Ready,
    Auth,
    Export,
    Banner(Uuid),
    Generate(Uuid, GenerationOperation),
    Poll(Uuid),
    Design(DesignCall),
    Workspace(WorkspaceCall),
    Secret(SecretCall),
    Hook(HookCall),
}

/// An operation on designs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DesignCall {
    List,
    Show(Uuid),
    /// A format by its name or uid.
    Format(Uuid, String),
    Rename(Uuid),
    Move(Uuid),
    Delete(Uuid),
    DynamicImage(Uuid),
}

/// An operation on the other objects of the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WorkspaceCall {
    Fonts,
    Credits,
    Projects,
    CreateProject,
    Templates,
    TemplateCategories,
    UseTemplate(Uuid),
    Duplication(Uuid),
}

/// An operation on the signing secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SecretCall {
    Show,
    Rotate,
    Revoke,
}

/// An operation of the subscription service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HookCall {
    Subscribe,
    Show(Uuid),
    Remove(Uuid),
}

impl Route {
    /// Finds the operation. A path id that is not a UUID matches no route (contract 1.1).
    pub(super) fn find<B>(request: &Request<B>, double_slash_refused: bool) -> Result<Self, ApiError> {
        let path = request.uri().path();
        let path = if double_slash_refused { path.to_owned() } else { path.replace("//", "/") };
        // The trim below must not hide a leading double slash.
        if path.starts_with("//") {
            return Err(ApiError::endpoint_not_found());
        }
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let operations = match segments.as_slice() {
            ["designs", rest @ ..] => design_operations(rest)?,
            other => operations_of_path(other)?,
        };
        let mut operations = operations.into_iter();
        let called = operations.find(|(method, _)| method == request.method());
        called.map(|(_, route)| route).ok_or_else(method_not_allowed)
    }

    /// Returns the tier that counts the route (contract 13.1-13.3). The subscription service declares none, and
    /// generations count only against the gateway's limit (contract 1.5).
    pub(super) fn tier(&self) -> Option<Tier> {
        match self {
            Self::Ready | Self::Generate(..) | Self::Hook(_) => None,
            Self::Auth => Some(Tier::Validation),
            Self::Export => Some(Tier::Write),
            Self::Poll(_) => Some(Tier::Polling),
            Self::Banner(_) | Self::Secret(SecretCall::Show) => Some(Tier::Read),
            Self::Secret(SecretCall::Rotate | SecretCall::Revoke) => Some(Tier::Write),
            Self::Design(call) => Some(match call {
                DesignCall::List | DesignCall::Show(_) | DesignCall::Format(..) => Tier::Read,
                DesignCall::Rename(_)
                | DesignCall::Move(_)
                | DesignCall::Delete(_)
                | DesignCall::DynamicImage(_) => Tier::Write,
            }),
            Self::Workspace(call) => Some(match call {
                WorkspaceCall::CreateProject | WorkspaceCall::UseTemplate(_) => Tier::Write,
                WorkspaceCall::Fonts
                | WorkspaceCall::Credits
                | WorkspaceCall::Projects
                | WorkspaceCall::Templates
                | WorkspaceCall::TemplateCategories
                | WorkspaceCall::Duplication(_) => Tier::Read,
            }),
        }
    }

    /// Whether its responses carry the rate-limit headers. Rotate and revoke declare none (contract 1.5).
    pub(super) fn shows_rate_limit(&self) -> bool {
        self.tier().is_some() && !matches!(self, Self::Secret(SecretCall::Rotate | SecretCall::Revoke))
    }
}

/// The operations of a path, each with its method.
type Operations = Vec<(Method, Route)>;

fn operations_of_path(segments: &[&str]) -> Result<Operations, ApiError> {
    let (get, post) = (|route| vec![(Method::GET, route)], |route| vec![(Method::POST, route)]);
    let generate = |id, operation| Ok(post(Route::Generate(path_uuid(id)?, operation)));
    Ok(match segments {
        ["ready"] => get(Route::Ready),
        ["auth"] => post(Route::Auth),
        ["async", "banners", "export"] => post(Route::Export),
        ["async", "banner-builder", id, "generate"] => generate(id, GenerationOperation::Formats)?,
        ["async", "banner-builder", id, "generate-multipage-pdf"] => {
            generate(id, GenerationOperation::Pages)?
        }
        ["banner-builder", id, "generate"] => generate(id, GenerationOperation::Render)?,
        ["generation-request", id] => get(Route::Poll(path_uuid(id)?)),
        ["banners", id] => get(Route::Banner(path_uuid(id)?)),
        ["fonts"] => get(Route::Workspace(WorkspaceCall::Fonts)),
        ["credits"] => get(Route::Workspace(WorkspaceCall::Credits)),
        ["projects"] => vec![
            (Method::GET, Route::Workspace(WorkspaceCall::Projects)),
            (Method::POST, Route::Workspace(WorkspaceCall::CreateProject)),
        ],
        ["workspace-templates"] => get(Route::Workspace(WorkspaceCall::Templates)),
        ["workspace-template-categories"] => get(Route::Workspace(WorkspaceCall::TemplateCategories)),
        ["workspace-templates", id, "use"] => {
            post(Route::Workspace(WorkspaceCall::UseTemplate(path_uuid(id)?)))
        }
        ["design-duplication-requests", id] => {
            get(Route::Workspace(WorkspaceCall::Duplication(path_uuid(id)?)))
        }
        ["signing-secret"] => get(Route::Secret(SecretCall::Show)),
        ["signing-secret", "rotate"] => post(Route::Secret(SecretCall::Rotate)),
        ["signing-secret", "revoke"] => post(Route::Secret(SecretCall::Revoke)),
        ["subscribe"] => post(Route::Hook(HookCall::Subscribe)),
        ["webhook", id] => get(Route::Hook(HookCall::Show(path_uuid(id)?))),
        ["unsubscribe", id] => vec![(Method::DELETE, Route::Hook(HookCall::Remove(path_uuid(id)?)))],
        _ => return Err(ApiError::endpoint_not_found()),
    })
}

/// Returns the operations below `/designs`.
fn design_operations(segments: &[&str]) -> Result<Operations, ApiError> {
    let one = |method, call| Ok(vec![(method, Route::Design(call))]);
    match segments {
        [] => one(Method::GET, DesignCall::List),
        [id] => {
            let id = path_uuid(id)?;
            Ok(vec![
                (Method::GET, Route::Design(DesignCall::Show(id))),
                (Method::DELETE, Route::Design(DesignCall::Delete(id))),
            ])
        }
        [id, "formats", specifier] => {
            one(Method::GET, DesignCall::Format(path_uuid(id)?, percent_decode(specifier)))
        }
        [id, "name"] => one(Method::PUT, DesignCall::Rename(path_uuid(id)?)),
        [id, "project"] => one(Method::PUT, DesignCall::Move(path_uuid(id)?)),
        [id, "dynamic-image-url"] => one(Method::POST, DesignCall::DynamicImage(path_uuid(id)?)),
        _ => Err(ApiError::endpoint_not_found()),
    }
}

fn path_uuid(segment: &str) -> Result<Uuid, ApiError> {
    parse_uuid(segment).ok_or_else(ApiError::endpoint_not_found)
}

/// Percent-decodes a path segment. A plus sign stays a plus sign in a path.
fn percent_decode(segment: &str) -> String {
    let query = format!("x={}", segment.replace('+', "%2B"));
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn method_not_allowed() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This method is not allowed here.")
}

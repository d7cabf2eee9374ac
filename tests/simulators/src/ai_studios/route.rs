//! Maps a request to its operation (contract 9.1).

use http::{Method, Request};

use crate::ai_studios::api_error::ApiError;

/// The prefix of every path of the API.
const PATH_PREFIX: [&str; 3] = ["api", "odin", "v3"];

/// An operation of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    IssueToken,
    CheckToken,
    Export,
    Progress(String),
    ShowProject(String),
    ListProjects,
    DeleteProjects,
    CreateProject,
    EditProject(String),
    ProjectFromFile,
    ModifyProject,
    Workspaces,
    ChromaKeyVideo,
    CustomAvatarVideo,
    Automate(AutomationTool),
    UploadDocuments,
    /// The project id is in the query when it is not in the path.
    Creation(Option<String>),
    Dub,
    DubbingFolder,
}

/// An automation tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AutomationTool {
    Scripts,
    Topic,
    Url,
    Documents,
}

impl Route {
    /// Finds the operation. Literal paths take precedence over `{key}` (contract 2).
    pub(super) fn find<B>(request: &Request<B>) -> Result<Self, ApiError> {
        let segments: Vec<&str> = request.uri().path().trim_start_matches('/').split('/').collect();
        let Some(rest) = segments.strip_prefix(PATH_PREFIX.as_slice()) else {
            return Err(ApiError::route_not_found());
        };
        let post = request.method() == Method::POST;
        let get = request.method() == Method::GET;
        let delete = request.method() == Method::DELETE;
        Ok(match rest {
            ["auth", "token"] if post => Self::IssueToken,
            ["auth"] if get => Self::CheckToken,
            ["editor", "project", "export"] if post => Self::Export,
            ["editor", "project", "pptpdf"] if post => Self::ProjectFromFile,
            ["editor", "project", "modify"] if post => Self::ModifyProject,
            ["editor", "project"] if get => Self::ListProjects,
            ["editor", "project"] if delete => Self::DeleteProjects,
            ["editor", "project"] if post => Self::CreateProject,
            ["editor", "project", id] if get => Self::ShowProject((*id).to_owned()),
            ["editor", "project", key] if post => Self::EditProject((*key).to_owned()),
            ["editor", "progress", id] if get => Self::Progress((*id).to_owned()),
            ["dropdown", "workspaces"] if get => Self::Workspaces,
            ["simple", "video"] if post => Self::ChromaKeyVideo,
            ["simple", "custom"] if post => Self::CustomAvatarVideo,
            ["automation", rest @ ..] => Self::find_automation(rest, get, post)?,
            _ => return Err(ApiError::route_not_found()),
        })
    }

    fn find_automation(rest: &[&str], get: bool, post: bool) -> Result<Self, ApiError> {
        Ok(match rest {
            ["scripts_to_video"] if post => Self::Automate(AutomationTool::Scripts),
            ["topic_to_video"] if post => Self::Automate(AutomationTool::Topic),
            ["url_to_video"] if post => Self::Automate(AutomationTool::Url),
            ["docs-to-video"] if post => Self::Automate(AutomationTool::Documents),
            ["docs-to-video", "upload-files"] if post => Self::UploadDocuments,
            ["progress"] | ["progress", ""] if get => Self::Creation(None),
            ["progress", id] if get => Self::Creation(Some((*id).to_owned())),
            ["translatevideos"] if post => Self::Dub,
            ["translatevideos"] if get => Self::DubbingFolder,
            _ => return Err(ApiError::route_not_found()),
        })
    }
}

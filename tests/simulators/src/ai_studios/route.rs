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
    ProjectFromTemplate(String),
    ModifyTemplate,
    Workspaces,
    Templates,
    ChromaKeyVideo,
    CustomAvatarVideo,
    Speak,
    Generate(GeneratorTool),
    CreateAvatar(AvatarTool),
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

/// A tool that generates something at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GeneratorTool {
    Text,
    Image,
    Video,
    Voice,
}

/// A tool that makes an avatar or a voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AvatarTool {
    Custom,
    Dream,
    Voice,
}

impl Route {
    /// Finds the operation. Literal paths take precedence over `{key}` (contract 2).
    pub(super) fn find<B>(request: &Request<B>) -> Result<Self, ApiError> {
        let segments: Vec<&str> = request.uri().path().trim_start_matches('/').split('/').collect();
        let rest = segments.strip_prefix(PATH_PREFIX.as_slice()).unwrap_or_default();
        let found = match *request.method() {
            Method::POST => Self::find_post(rest),
            Method::GET => Self::find_get(rest),
            Method::DELETE => (rest == ["editor", "project"]).then_some(Self::DeleteProjects),
            _ => None,
        };
        found.ok_or_else(ApiError::route_not_found)
    }

    fn find_get(rest: &[&str]) -> Option<Self> {
        Some(match rest {
            ["auth"] => Self::CheckToken,
            ["editor", "project"] => Self::ListProjects,
            ["editor", "project", id] => Self::ShowProject((*id).to_owned()),
            ["editor", "progress", id] => Self::Progress((*id).to_owned()),
            ["dropdown", "workspaces"] => Self::Workspaces,
            ["dropdown", "templates_business"] => Self::Templates,
            ["automation", "progress"] | ["automation", "progress", ""] => Self::Creation(None),
            ["automation", "progress", id] => Self::Creation(Some((*id).to_owned())),
            ["automation", "translatevideos"] => Self::DubbingFolder,
            _ => return None,
        })
    }

    fn find_post(rest: &[&str]) -> Option<Self> {
        Some(match rest {
            ["auth", "token"] => Self::IssueToken,
            ["editor", "project"] => Self::CreateProject,
            ["editor", "project", "export"] => Self::Export,
            ["editor", "project", "pptpdf"] => Self::ProjectFromFile,
            ["editor", "project", "modify"] => Self::ModifyProject,
            ["editor", "project", key] => Self::EditProject((*key).to_owned()),
            ["editor", "template", "modify"] => Self::ModifyTemplate,
            ["editor", "template", id] => Self::ProjectFromTemplate((*id).to_owned()),
            ["simple", "video"] => Self::ChromaKeyVideo,
            ["simple", "custom"] => Self::CustomAvatarVideo,
            ["simple", "audio"] => Self::Speak,
            ["tools", "text-generator"] => Self::Generate(GeneratorTool::Text),
            ["tools", "image-generator"] => Self::Generate(GeneratorTool::Image),
            ["tools", "video-generator"] => Self::Generate(GeneratorTool::Video),
            ["tools", "voice-generator"] => Self::Generate(GeneratorTool::Voice),
            ["avatars", "customavatar"] => Self::CreateAvatar(AvatarTool::Custom),
            ["avatars", "dreamavatar"] => Self::CreateAvatar(AvatarTool::Dream),
            ["avatars", "voiceclone"] => Self::CreateAvatar(AvatarTool::Voice),
            ["automation", "scripts_to_video"] => Self::Automate(AutomationTool::Scripts),
            ["automation", "topic_to_video"] => Self::Automate(AutomationTool::Topic),
            ["automation", "url_to_video"] => Self::Automate(AutomationTool::Url),
            ["automation", "docs-to-video"] => Self::Automate(AutomationTool::Documents),
            ["automation", "docs-to-video", "upload-files"] => Self::UploadDocuments,
            ["automation", "translatevideos"] => Self::Dub,
            _ => return None,
        })
    }

    /// Returns the path of a call that makes something, as the vendor writes it.
    pub(super) fn creation_path(&self) -> Option<&'static str> {
        Some(match self {
            Self::CreateProject => "/editor/project",
            Self::EditProject(_) => "/editor/project/{key}",
            Self::ProjectFromFile => "/editor/project/pptpdf",
            Self::ModifyProject => "/editor/project/modify",
            Self::ProjectFromTemplate(_) => "/editor/template/{templateId}",
            Self::ModifyTemplate => "/editor/template/modify",
            Self::ChromaKeyVideo => "/simple/video",
            Self::CustomAvatarVideo => "/simple/custom",
            Self::Speak => "/simple/audio",
            Self::Generate(GeneratorTool::Text) => "/tools/text-generator",
            Self::Generate(GeneratorTool::Image) => "/tools/image-generator",
            Self::Generate(GeneratorTool::Video) => "/tools/video-generator",
            Self::Generate(GeneratorTool::Voice) => "/tools/voice-generator",
            Self::CreateAvatar(AvatarTool::Custom) => "/avatars/customavatar",
            Self::CreateAvatar(AvatarTool::Dream) => "/avatars/dreamavatar",
            Self::CreateAvatar(AvatarTool::Voice) => "/avatars/voiceclone",
            Self::Automate(AutomationTool::Scripts) => "/automation/scripts_to_video",
            Self::Automate(AutomationTool::Topic) => "/automation/topic_to_video",
            Self::Automate(AutomationTool::Url) => "/automation/url_to_video",
            Self::Automate(AutomationTool::Documents) => "/automation/docs-to-video",
            Self::UploadDocuments => "/automation/docs-to-video/upload-files",
            Self::Dub => "/automation/translatevideos",
            _ => return None,
        })
    }

    /// Whether the answer names the finished work, which takes its time.
    pub(super) fn is_synchronous(&self) -> bool {
        matches!(self, Self::Speak | Self::Generate(_))
    }
}

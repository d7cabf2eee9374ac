//! The kinds of work (contract 2 and 7).

use super::generated_asset::GeneratedAsset;

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The video of an existing project.
    Export,
    /// A new project from scenes, and its video.
    CreateProject,
    /// Changes to a project, and its video.
    EditProject,
    /// A text that an avatar of the provider speaks.
    SimpleVideo,
    /// A text that an avatar of the account speaks.
    CustomVideo,
    /// A project that the provider makes of scripts, and its video.
    ScriptsToVideo,
    /// A project that the provider makes of a topic, and its video.
    TopicToVideo,
    /// A project that the provider makes of a web page, and its video.
    UrlToVideo,
    /// A project that the provider makes of documents, and its video.
    DocsToVideo,
    /// A video in other languages.
    Dubbing,
    /// What the provider makes within one request.
    Generated(GeneratedAsset),
}

impl Kind {
    /// Every kind, in the order of the documents.
    pub(crate) const ALL: [Kind; 15] = [
        Kind::Export,
        Kind::CreateProject,
        Kind::EditProject,
        Kind::SimpleVideo,
        Kind::CustomVideo,
        Kind::ScriptsToVideo,
        Kind::TopicToVideo,
        Kind::UrlToVideo,
        Kind::DocsToVideo,
        Kind::Dubbing,
        Kind::Generated(GeneratedAsset::Image),
        Kind::Generated(GeneratedAsset::Video),
        Kind::Generated(GeneratedAsset::Voice),
        Kind::Generated(GeneratedAsset::Audio),
        Kind::Generated(GeneratedAsset::Text),
    ];

    /// Returns the name in requests and on jobs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Export => "export",
            Kind::CreateProject => "create_project",
            Kind::EditProject => "edit_project",
            Kind::SimpleVideo => "simple_video",
            Kind::CustomVideo => "custom_video",
            Kind::ScriptsToVideo => "scripts_to_video",
            Kind::TopicToVideo => "topic_to_video",
            Kind::UrlToVideo => "url_to_video",
            Kind::DocsToVideo => "docs_to_video",
            Kind::Dubbing => "dubbing",
            Kind::Generated(asset) => asset.kind_name(),
        }
    }

    /// Parses a name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

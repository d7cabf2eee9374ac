//! Settings of the calls that make a project: directly, from a template or a file, and by automation (contract 7).

use serde::{Deserialize, Serialize};

use crate::acceptance_policy::AcceptancePolicy;

/// How a call makes a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Creation {
    pub(crate) scenes: SceneCheck,
    /// The project that an edit returns. The page says both "the requested project" and "a new video".
    pub(crate) edit_returns: EditedProject,
    /// The `taskId` of a custom avatar's video.
    pub(crate) task_id: TaskIdForm,
    pub(crate) template_fields: TemplateFields,
    /// A file whose name has no extension, as one of the vendor's samples sends it.
    pub(crate) unnamed_file: AcceptancePolicy,
    /// How long a PDF or PPT is converted.
    pub(crate) conversion_seconds: f64,
}

/// How the scenes of a new project are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SceneCheck {
    /// Each is an object. The vendor's own samples lack fields of the table.
    Lenient,
    /// Each has the fields that the table requires.
    Strict,
}

/// The project that an edit returns and exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EditedProject {
    Same,
    /// A copy, with an id of its own.
    New,
}

/// What `taskId` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TaskIdForm {
    /// The export's `backendTaskId`.
    Same,
    /// An id that nothing else shows.
    Other,
    Absent,
}

/// The names of the avatar and its clothes when a project is made from a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TemplateFields {
    /// Those of the table and those of the samples.
    Both,
    /// `aiName` and `clothId`.
    Table,
    /// `model` and `clothes`.
    Sample,
}

/// How automation tools make projects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Automation {
    pub(crate) creation_seconds: f64,
    /// Creation stops permanently at 50 %.
    pub(crate) stalls: bool,
    /// Creation fails there.
    pub(crate) fails_at_percent: Option<f64>,
    /// Whether the state and the progress reach their ends together.
    pub(crate) finish: FinishOrder,
    /// How long after the POST its progress is 404.
    pub(crate) missing_seconds: f64,
    /// An export before creation, or a file's conversion, has ended.
    pub(crate) early_export: AcceptancePolicy,
    /// `useGenerativeHighQuality` and `style` without `media: generative`, for which alone they are valid.
    pub(crate) unfit_options: AcceptancePolicy,
    /// How long an uploaded document can be used; `None` is forever.
    pub(crate) upload_seconds: Option<f64>,
    /// The cost of making a project, without its export.
    pub(crate) credit: u32,
}

/// When the state is `finish` and when the progress is 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FinishOrder {
    Together,
    /// The state is `finish` from 90 % on.
    StateFirst,
    /// The progress is 100 when creation is at 90 %.
    ProgressFirst,
}

impl Default for Creation {
    fn default() -> Self {
        Self {
            scenes: SceneCheck::Lenient,
            edit_returns: EditedProject::Same,
            task_id: TaskIdForm::Same,
            template_fields: TemplateFields::Both,
            unnamed_file: AcceptancePolicy::Refuse,
            conversion_seconds: 0.0,
        }
    }
}

impl Default for Automation {
    fn default() -> Self {
        Self {
            creation_seconds: 40.0,
            stalls: false,
            fails_at_percent: None,
            finish: FinishOrder::Together,
            missing_seconds: 0.0,
            early_export: AcceptancePolicy::Refuse,
            unfit_options: AcceptancePolicy::Accept,
            upload_seconds: None,
            credit: 0,
        }
    }
}

//! Formats the progress of an export as JSON.

use serde_json::{Value, json};

use crate::ai_studios::export_run::{ExportPhase, ProgressStatus};
use crate::ai_studios::settings::Settings;
use crate::ai_studios::settings::invented::States;
use crate::ai_studios::settings::progress::{ErrorField, NumberForm};

/// The reason of a failed export. The vendor documents none.
pub(super) const FAILURE_MESSAGE: &str = "rendering failed";

/// Returns all fields but the URL.
pub(super) fn progress_fields(status: ProgressStatus, settings: &Settings) -> Value {
    let mut fields = json!({"progress": format_progress(status.progress, settings.progress.number)});
    if settings.progress.state {
        fields["state"] = phase_word(status.phase, &settings.invented.states).into();
    }
    if status.phase == ExportPhase::Failed {
        match settings.progress.error {
            ErrorField::None => {}
            ErrorField::Object => {
                fields["error"] = json!({"code": settings.invented.codes.internal, "msg": FAILURE_MESSAGE});
            }
            ErrorField::Text => fields["error"] = FAILURE_MESSAGE.into(),
        }
    }
    fields
}

/// Formats progress. 100 has no decimals, as in the vendor's documents.
pub(super) fn format_progress(progress: f64, form: NumberForm) -> Value {
    match form {
        NumberForm::Float if progress.fract() == 0.0 => json!(whole_percent(progress)),
        NumberForm::Float => json!(progress),
        NumberForm::Integer => json!(whole_percent(progress)),
        NumberForm::Text => json!(format!("{progress:.2}")),
        NumberForm::Percent => json!(format!("{}%", whole_percent(progress))),
    }
}

/// Returns progress without its decimals.
pub(super) fn whole_percent(progress: f64) -> u8 {
    progress as u8
}

/// Returns the word for a phase.
pub(super) fn phase_word(phase: ExportPhase, states: &States) -> &str {
    match phase {
        ExportPhase::Waiting => &states.waiting,
        ExportPhase::Exporting => &states.exporting,
        ExportPhase::Exported => &states.exported,
        ExportPhase::Failed => &states.error,
    }
}

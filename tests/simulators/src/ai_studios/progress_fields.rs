//! Formats the progress of an export as JSON.

use serde_json::{Value, json};

use crate::ai_studios::export_run::{Phase, Standing};
use crate::ai_studios::settings::Knobs;
use crate::ai_studios::settings::invented::States;
use crate::ai_studios::settings::progress::{ErrorField, NumberForm};

/// Why an export failed, in words of ours.
pub(super) const FAILURE: &str = "rendering failed";

/// Everything but the URL.
pub(super) fn fields(standing: Standing, knobs: &Knobs) -> Value {
    let mut fields = json!({"progress": number(standing.progress, knobs.progress.number)});
    if knobs.progress.state {
        fields["state"] = word(standing.phase, &knobs.invented.states).into();
    }
    if standing.phase == Phase::Failed {
        match knobs.progress.error {
            ErrorField::None => {}
            ErrorField::Object => {
                fields["error"] = json!({"code": knobs.invented.codes.internal, "msg": FAILURE});
            }
            ErrorField::Text => fields["error"] = FAILURE.into(),
        }
    }
    fields
}

/// Progress in one of its forms. 100 has no decimals, as in the documents.
pub(super) fn number(progress: f64, form: NumberForm) -> Value {
    match form {
        NumberForm::Float if progress.fract() == 0.0 => json!(whole(progress)),
        NumberForm::Float => json!(progress),
        NumberForm::Integer => json!(whole(progress)),
        NumberForm::Text => json!(format!("{progress:.2}")),
        NumberForm::Percent => json!(format!("{}%", whole(progress))),
    }
}

/// Progress without its decimals.
pub(super) fn whole(progress: f64) -> u8 {
    progress as u8
}

/// The word for a phase.
pub(super) fn word(phase: Phase, states: &States) -> &str {
    match phase {
        Phase::Waiting => &states.waiting,
        Phase::Exporting => &states.exporting,
        Phase::Exported => &states.exported,
        Phase::Failed => &states.error,
    }
}

//! `GET /editor/progress/{id}` (contract 3 and 9.4).

use serde_json::{Value, json};

use crate::ai_studios::address;
use crate::ai_studios::dubbing_operations;
use crate::ai_studios::export_operations;
use crate::ai_studios::knobs::Knobs;
use crate::ai_studios::knobs::invented::States;
use crate::ai_studios::knobs::progress::{EarlyUrl, ErrorField, NumberForm, Unexported};
use crate::ai_studios::knobs_for;
use crate::ai_studios::refusal::Refusal;
use crate::ai_studios::run::{Phase, Standing};
use crate::ai_studios::state::AiStudiosSimulator;
use crate::clock::Moment;

/// Why an export failed, in words of ours.
pub(super) const FAILURE: &str = "rendering failed";

pub(super) fn progress(simulator: &mut AiStudiosSimulator, id: &str, at: Moment) -> Result<Value, Refusal> {
    let place = match export_operations::own_project(simulator, id, at) {
        Err(_) if simulator.state.knobs.dubbing.ids_are_projects => {
            return dubbing_operations::dubbed_progress(simulator, id, at);
        }
        place => place?,
    };
    let knobs = knobs_for::knobs_for(simulator, place);
    let project = simulator.state.projects.at_mut(place);
    let Some(shown) = project.shown(at.now) else {
        return match knobs.progress.unexported {
            Unexported::Zero => Ok(json!({"progress": 0})),
            Unexported::Missing => Err(Refusal::no_project()),
        };
    };
    let run = &mut project.runs[shown];
    let missing = crate::ai_studios::knobs::seconds(run.timeline.missing_seconds);
    if at.now < run.accepted + missing {
        return Err(Refusal::no_project());
    }
    let standing = run.polled(at.now);
    let url_is_due = run.timeline.url_in_progress && run.shows_url(at.now);
    if standing.phase == Phase::Exported {
        run.polls_at_hundred += 1;
    }
    let task = run.task.clone();
    let mut fields = fields(standing, &knobs);
    match (url_is_due, knobs.progress.early_url) {
        (true, _) => fields["downloadUrl"] = address::download_url(simulator, place, &task, at).into(),
        (false, EarlyUrl::Absent) => {}
        (false, EarlyUrl::Null) => fields["downloadUrl"] = Value::Null,
        (false, EarlyUrl::Empty) => fields["downloadUrl"] = "".into(),
    }
    Ok(fields)
}

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

//! `GET /editor/progress/{id}` (contract 3 and 9.4).

use serde_json::{Value, json};

use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::download_url;
use crate::ai_studios::dubbing_operations;
use crate::ai_studios::export_operations;
use crate::ai_studios::export_run::ExportPhase;
use crate::ai_studios::progress_fields::progress_fields;
use crate::ai_studios::project_settings;
use crate::ai_studios::settings::progress::{EarlyUrl, Unexported};
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

pub(super) fn show_progress(
    simulator: &mut AiStudiosSimulator,
    id: &str,
    at: Moment,
) -> Result<Value, ApiError> {
    let index = match export_operations::find_own_project(simulator, id, at) {
        Err(_) if simulator.state.settings.dubbing.ids_are_projects => {
            return dubbing_operations::show_dubbed_progress(simulator, id, at);
        }
        index => index?,
    };
    let settings = project_settings::settings_for_project(simulator, index);
    let project = simulator.state.projects.at_mut(index);
    let Some(shown) = project.shown_export(at.now) else {
        return match settings.progress.unexported {
            Unexported::Zero => Ok(json!({"progress": 0})),
            Unexported::Missing => Err(ApiError::project_not_found()),
        };
    };
    let run = &mut project.runs[shown];
    let missing = crate::ai_studios::settings::seconds(run.timeline.missing_seconds);
    if at.now < run.accepted + missing {
        return Err(ApiError::project_not_found());
    }
    let status = run.polled_status(at.now);
    let url_is_due = run.timeline.url_in_progress && run.may_show_url(at.now);
    if status.phase == ExportPhase::Exported {
        run.polls_at_hundred += 1;
    }
    let task = run.task.clone();
    let mut fields = progress_fields(status, &settings);
    match (url_is_due, settings.progress.early_url) {
        (true, _) => fields["downloadUrl"] = download_url::download_url(simulator, index, &task, at).into(),
        (false, EarlyUrl::Absent) => {}
        (false, EarlyUrl::Null) => fields["downloadUrl"] = Value::Null,
        (false, EarlyUrl::Empty) => fields["downloadUrl"] = "".into(),
    }
    Ok(fields)
}

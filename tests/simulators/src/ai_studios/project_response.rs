//! Projects in the API (contract 5.1 to 5.3).

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::download_url;
use crate::ai_studios::export_operations;
use crate::ai_studios::export_run::ExportPhase;
use crate::ai_studios::progress_fields::{phase_word, whole_percent};
use crate::ai_studios::project::Project;
use crate::ai_studios::project_settings;
use crate::ai_studios::settings::Settings;
use crate::ai_studios::settings::export::PreviousUrl;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

const MEBIBYTE: usize = 1 << 20;

/// The fields of the export that get-project shows.
struct ShownExport {
    phase: ExportPhase,
    progress: f64,
    task: String,
    /// The export whose URL is shown.
    url_of: Option<String>,
    updated: OffsetDateTime,
}

/// `GET /editor/project/{id}`.
pub(super) fn show_project(
    simulator: &mut AiStudiosSimulator,
    id: &str,
    at: Moment,
) -> Result<Value, ApiError> {
    let index = export_operations::find_own_project(simulator, id, at)?;
    let settings = project_settings::settings_for_project(simulator, index);
    let project = simulator.state.projects.at(index);
    let shown = find_shown_export(project, &settings, at);
    let mut view = unexported_project(simulator, project, &settings);
    if let Some(shown) = shown {
        view["state"] = phase_word(shown.phase, &settings.invented.states).into();
        view["backendTaskId"] = shown.task.into();
        view["exportType"] = "video".into();
        view["progress"] = whole_percent(shown.progress).into();
        view["creditSubstracted"] = (shown.phase == ExportPhase::Exported).into();
        view["updatedAt"] = format_date(shown.updated);
        if let Some(task) = shown.url_of {
            view["download_url"] = download_url::download_url(simulator, index, &task, at).into();
        }
    }
    Ok(if settings.envelope.project_wrapped { json!({"project": view}) } else { view })
}

/// Returns the representation of a project that was never exported.
fn unexported_project(simulator: &AiStudiosSimulator, project: &Project, settings: &Settings) -> Value {
    let mut scenes = project.scenes.clone();
    if let (Some(scenes), true) = (scenes.as_array_mut(), settings.export.scenes_megabytes > 0) {
        let filler = "scene ".repeat(MEBIBYTE / 6);
        let of_one = |number| json!({"sceneIdx": number, "filler": filler});
        scenes.extend((0..settings.export.scenes_megabytes).map(of_one));
    }
    json!({
        "_id": project.id,
        "name": project.name,
        "orientation": project.orientation,
        "scenes": scenes,
        "userId": simulator.account.user_id,
        "templateId": null,
        "thumbnailUrl": null,
        "baseInfoId": format!("{:024x}", u128::from_str_radix(&project.id, 16).unwrap_or_default() + 1),
        "dictionary": {},
        "progress": 0,
        "creditSubstracted": false,
        "createdAt": format_date(project.created),
        "updatedAt": format_date(project.updated),
    })
}

/// `GET /editor/project`: only exported projects (contract 5.2).
pub(super) fn list_projects(simulator: &mut AiStudiosSimulator, at: Moment) -> Vec<Value> {
    let ids: Vec<String> =
        simulator.state.projects.existing(at.now).map(|project| project.id.clone()).collect();
    let indexes = ids.iter().filter_map(|id| export_operations::find_own_project(simulator, id, at).ok());
    indexes.collect::<Vec<_>>().into_iter().filter_map(|index| list_entry(simulator, index, at)).collect()
}

fn list_entry(simulator: &mut AiStudiosSimulator, index: usize, at: Moment) -> Option<Value> {
    let settings = project_settings::settings_for_project(simulator, index);
    let project = simulator.state.projects.at(index);
    let shown =
        find_shown_export(project, &settings, at).filter(|shown| shown.phase == ExportPhase::Exported)?;
    let (id, name) = (project.id.clone(), project.name.clone());
    let url = download_url::download_url(simulator, index, &shown.url_of?, at);
    let state = &settings.invented.states.exported;
    Some(json!({"id": id, "name": name, "state": state, "download_url": url}))
}

/// Returns the export that get-project shows, if any.
fn find_shown_export(project: &Project, settings: &Settings, at: Moment) -> Option<ShownExport> {
    let (shown, current) = (project.shown_export(at.now)?, project.current_export(at.now)?);
    let run = &project.runs[shown];
    let status = run.polled_status(at.now);
    let own = run.may_show_url(at.now) && run.timeline.url_in_project;
    let previous = || {
        let earlier = project.runs[..shown].iter().rev().find(|earlier| earlier.is_exported(at.now))?;
        let kept = match settings.export.previous_url {
            PreviousUrl::UntilFirstTick => status.progress == 0.0,
            PreviousUrl::Cleared => false,
            PreviousUrl::Kept => status.phase != ExportPhase::Exported,
        };
        kept.then(|| earlier.task.clone())
    };
    let shows_new_task = shown != current && project.runs[current].timeline.stale_shows_new_task;
    Some(ShownExport {
        phase: status.phase,
        progress: status.progress,
        task: project.runs[if shows_new_task { current } else { shown }].task.clone(),
        url_of: if own { Some(run.task.clone()) } else { previous() },
        // While it runs, each tick updates the project.
        updated: run.ends_at().filter(|end| *end <= at.now).unwrap_or_else(|| at.now.max(run.accepted)),
    })
}

/// Formats a date as text, or null if it cannot be formatted.
fn format_date(at: OffsetDateTime) -> Value {
    let at = at.replace_millisecond(at.millisecond()).unwrap_or(at);
    at.format(&Rfc3339).map_or(Value::Null, Value::from)
}

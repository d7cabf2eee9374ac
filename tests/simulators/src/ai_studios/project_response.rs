//! Projects in the API (contract 5.1 to 5.3).

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::download_url;
use crate::ai_studios::export_operations;
use crate::ai_studios::export_run::ExportPhase;
use crate::ai_studios::progress_fields::{whole, word};
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
    let place = export_operations::find_own_project(simulator, id, at)?;
    let settings = project_settings::settings_for_project(simulator, place);
    let project = simulator.state.projects.at(place);
    let shown = shown(project, &settings, at);
    let mut view = resting(simulator, project, &settings);
    if let Some(shown) = shown {
        view["state"] = word(shown.phase, &settings.invented.states).into();
        view["backendTaskId"] = shown.task.into();
        view["exportType"] = "video".into();
        view["progress"] = whole(shown.progress).into();
        view["creditSubstracted"] = (shown.phase == ExportPhase::Exported).into();
        view["updatedAt"] = date(shown.updated);
        if let Some(task) = shown.url_of {
            view["download_url"] = download_url::download_url(simulator, place, &task, at).into();
        }
    }
    Ok(if settings.envelope.project_wrapped { json!({"project": view}) } else { view })
}

/// Returns the representation of a project that was never exported.
fn resting(simulator: &AiStudiosSimulator, project: &Project, settings: &Settings) -> Value {
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
        "createdAt": date(project.created),
        "updatedAt": date(project.updated),
    })
}

/// `GET /editor/project`: only exported projects (contract 5.2).
pub(super) fn list_projects(simulator: &mut AiStudiosSimulator, at: Moment) -> Vec<Value> {
    let ids: Vec<String> =
        simulator.state.projects.present(at.now).map(|project| project.id.clone()).collect();
    let places = ids.iter().filter_map(|id| export_operations::find_own_project(simulator, id, at).ok());
    places.collect::<Vec<_>>().into_iter().filter_map(|place| listed(simulator, place, at)).collect()
}

fn listed(simulator: &mut AiStudiosSimulator, place: usize, at: Moment) -> Option<Value> {
    let settings = project_settings::settings_for_project(simulator, place);
    let project = simulator.state.projects.at(place);
    let shown = shown(project, &settings, at).filter(|shown| shown.phase == ExportPhase::Exported)?;
    let (id, name) = (project.id.clone(), project.name.clone());
    let url = download_url::download_url(simulator, place, &shown.url_of?, at);
    let state = &settings.invented.states.exported;
    Some(json!({"id": id, "name": name, "state": state, "download_url": url}))
}

/// Returns the export that get-project shows, if any.
fn shown(project: &Project, settings: &Settings, at: Moment) -> Option<ShownExport> {
    let (shown, current) = (project.shown(at.now)?, project.current(at.now)?);
    let run = &project.runs[shown];
    let status_at = run.polled(at.now);
    let own = run.shows_url(at.now) && run.timeline.url_in_project;
    let previous = || {
        let earlier = project.runs[..shown].iter().rev().find(|earlier| earlier.is_exported(at.now))?;
        let kept = match settings.export.previous_url {
            PreviousUrl::UntilFirstTick => status_at.progress == 0.0,
            PreviousUrl::Cleared => false,
            PreviousUrl::Kept => status_at.phase != ExportPhase::Exported,
        };
        kept.then(|| earlier.task.clone())
    };
    let of_current = shown != current && project.runs[current].timeline.stale_shows_new_task;
    Some(ShownExport {
        phase: status_at.phase,
        progress: status_at.progress,
        task: project.runs[if of_current { current } else { shown }].task.clone(),
        url_of: if own { Some(run.task.clone()) } else { previous() },
        // While it runs, each tick updates the project.
        updated: run.ends().filter(|end| *end <= at.now).unwrap_or_else(|| at.now.max(run.accepted)),
    })
}

/// Formats a date as text, or null if it cannot be formatted.
fn date(at: OffsetDateTime) -> Value {
    let at = at.replace_millisecond(at.millisecond()).unwrap_or(at);
    at.format(&Rfc3339).map_or(Value::Null, Value::from)
}

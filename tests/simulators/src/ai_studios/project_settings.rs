//! The settings that apply to a project or to a task.

use crate::ai_studios::settings::Settings;
use crate::ai_studios::state::AiStudiosSimulator;

/// Returns the settings that apply to a project: those of the account, overridden by the project's own.
pub(super) fn settings_for_project(simulator: &AiStudiosSimulator, index: usize) -> Settings {
    let own = &simulator.state.projects.at(index).settings;
    // The overrides were valid when they were set. If a later change to the account makes them invalid, the
    // account's settings win.
    simulator.state.settings.with_changes(own).unwrap_or_else(|_| simulator.state.settings.clone())
}

/// Returns the settings of the project that a task belongs to.
pub(super) fn settings_for_task(simulator: &AiStudiosSimulator, task: Option<&str>) -> Settings {
    let project_settings = || {
        let (project, _) = simulator.state.projects.find_by_task(task?)?;
        Some(
            simulator
                .state
                .settings
                .with_changes(&project.settings)
                .unwrap_or_else(|_| simulator.state.settings.clone()),
        )
    };
    project_settings().unwrap_or_else(|| simulator.state.settings.clone())
}

//! KNOBSFOR

use crate::ai_studios::settings::Knobs;
use crate::ai_studios::state::AiStudiosSimulator;

/// Returns the settings that apply to a project: those of the account, overridden by the project's own.
pub(super) fn knobs_for(simulator: &AiStudiosSimulator, place: usize) -> Knobs {
    let own = &simulator.state.projects.at(place).knobs;
    // The overrides were valid when they were set. If a later change to the account makes them invalid, the
    // account's settings win.
    simulator.state.knobs.changed(own).unwrap_or_else(|_| simulator.state.knobs.clone())
}

/// The knobs of the project that a task belongs to.
pub(super) fn knobs_of_task(simulator: &AiStudiosSimulator, task: Option<&str>) -> Knobs {
    let of_project = || {
        let (project, _) = simulator.state.projects.of_task(task?)?;
        Some(simulator.state.knobs.changed(&project.knobs).unwrap_or_else(|_| simulator.state.knobs.clone()))
    };
    of_project().unwrap_or_else(|| simulator.state.knobs.clone())
}

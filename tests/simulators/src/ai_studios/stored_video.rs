//! STORED

use crate::ai_studios::dubbing_operations;
use crate::ai_studios::knobs::Knobs;
use crate::ai_studios::knobs_for;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::clock::Moment;

/// Where a redirect leads that goes nowhere else.
pub(super) const MOVED: &str = "moved";

/// A video that lies at the origin.
pub(super) struct Stored {
    /// What tells it from others: its export's `backendTaskId`.
    pub(super) note: String,
    /// The project's place, unless it was dubbed.
    pub(super) place: Option<usize>,
    pub(super) knobs: Knobs,
}

/// What lies at a path: the latest video of a project, the video of a task, or a dubbed one.
pub(super) fn stored(simulator: &AiStudiosSimulator, path: &str, at: Moment) -> Option<Stored> {
    let (folder, file) = path.trim_start_matches('/').split_once('/')?;
    let name = file.strip_suffix(".mp4")?;
    let projects = &simulator.state.projects;
    let by_id = || {
        let place = projects.place(name, at.now)?;
        Some((place, projects.at(place).latest_video(at.now)?))
    };
    let by_task = || {
        let (project, run) = projects.of_task(name).filter(|(_, run)| run.is_exported(at.now))?;
        Some((projects.place(&project.id, at.now)?, run))
    };
    let stored = if let Some((place, run)) = by_id().or_else(by_task) {
        Stored { note: run.task.clone(), place: Some(place), knobs: knobs_for::knobs_for(simulator, place) }
    } else if dubbing_operations::dubbed_is_ready(simulator, name, at) {
        Stored { note: name.to_owned(), place: None, knobs: simulator.state.knobs.clone() }
    } else {
        return None;
    };
    (folder == MOVED || folder == stored.knobs.invented.media_folder).then_some(stored)
}

//! Which files an unpacking has started, and the error that ends it.

use std::sync::Mutex;

use model::Error;

use crate::landing::transfer::{LandingProgress, landing_stopped};

/// The state that all files of an unpacking share.
#[derive(Debug)]
pub(super) struct UnpackState<'a> {
    progress: &'a LandingProgress,
    files: Mutex<StartedFiles>,
}

#[derive(Debug, Default)]
struct StartedFiles {
    started: Vec<usize>,
    error: Option<Error>,
}

impl<'a> UnpackState<'a> {
    pub(super) fn new(progress: &'a LandingProgress) -> Self {
        Self { progress, files: Mutex::default() }
    }

    /// Fails if the landing is stopped or an error has ended the unpacking.
    pub(super) fn ensure_running(&self) -> Result<(), Error> {
        let ended = self.files.lock().is_ok_and(|files| files.error.is_some());
        if ended || self.progress.is_stopped() {
            return Err(landing_stopped());
        }
        Ok(())
    }

    /// Records that the file with this index starts, unless the unpacking has ended.
    pub(super) fn start_file(&self, index: usize) -> Result<(), Error> {
        self.ensure_running()?;
        if let Ok(mut files) = self.files.lock() {
            files.started.push(index);
        }
        Ok(())
    }

    /// Ends the unpacking: no other file starts. Only the first error is kept.
    pub(super) fn fail(&self, error: Error) {
        if let Ok(mut files) = self.files.lock() {
            files.error.get_or_insert(error);
        }
    }

    /// Takes the files that have started and the error that ended the unpacking.
    pub(super) fn take(&self) -> (Vec<usize>, Option<Error>) {
        let files = self.files.lock().map(|mut files| std::mem::take(&mut *files)).unwrap_or_default();
        (files.started, files.error)
    }
}

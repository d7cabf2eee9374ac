//! The progress of a download, shown as a progress line.

use std::{
    cell::{Cell, RefCell},
    time::Instant,
};

use crate::output::{ProgressLine, format_bytes, progress_bar};

/// The progress of all files together.
#[derive(Debug)]
pub(super) struct DownloadProgress {
    line: RefCell<ProgressLine>,
    started_at: Instant,
    total_files: usize,
    completed_files: Cell<usize>,
    total_bytes: u64,
    /// The bytes on the disk, those of earlier runs included.
    completed_bytes: Cell<u64>,
    /// The bytes that this run has received.
    received_bytes: Cell<u64>,
}

impl DownloadProgress {
    /// Starts with these totals.
    pub(super) fn new(line: ProgressLine, total_files: usize, total_bytes: u64) -> Self {
        Self {
            line: line.into(),
            started_at: Instant::now(),
            total_files,
            completed_files: Cell::new(0),
            total_bytes,
            completed_bytes: Cell::new(0),
            received_bytes: Cell::new(0),
        }
    }

    /// Counts a complete file.
    pub(super) fn add_completed_file(&self) {
        self.completed_files.set(self.completed_files.get() + 1);
    }

    /// Clears the progress line, so that other lines can be printed.
    pub(super) fn clear_line(&self) {
        self.line.borrow_mut().clear();
    }

    /// Counts bytes that were received.
    pub(super) fn add_received_bytes(&self, bytes: u64) {
        self.received_bytes.set(self.received_bytes.get() + bytes);
        self.add_completed_bytes(bytes);
    }

    /// Counts bytes that are on the disk.
    pub(super) fn add_completed_bytes(&self, bytes: u64) {
        self.completed_bytes.set(self.completed_bytes.get() + bytes);
        self.line.borrow_mut().draw(|| {
            let (completed, total) = (self.completed_bytes.get() as f64, self.total_bytes as f64);
            let seconds = self.started_at.elapsed().as_secs_f64().max(0.001);
            let rate = format_bytes(self.received_bytes.get() as f64 / seconds);
            let (files, total_files) = (self.completed_files.get(), self.total_files);
            let bar = progress_bar(completed / total.max(1.0));
            let (completed, total) = (format_bytes(completed), format_bytes(total));
            format!("{bar} {completed} of {total}, {files}/{total_files} files, {rate}/s")
        });
    }

    /// Subtracts bytes that were discarded.
    pub(super) fn subtract_discarded_bytes(&self, bytes: u64) {
        self.completed_bytes.set(self.completed_bytes.get().saturating_sub(bytes));
    }
}

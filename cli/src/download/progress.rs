//! How far a download is, as a person sees it.

use std::{
    cell::{Cell, RefCell},
    time::Instant,
};

use crate::output::{Meter, bar, size};

/// How far all files together are.
#[derive(Debug)]
pub(super) struct Progress {
    meter: RefCell<Meter>,
    begun: Instant,
    files: usize,
    files_done: Cell<usize>,
    total: u64,
    done: Cell<u64>,
    fetched: Cell<u64>,
}

impl Progress {
    /// For so many files of so many bytes.
    pub(super) fn new(meter: Meter, files: usize, total: u64) -> Self {
        let (files_done, done, fetched) = (Cell::new(0), Cell::new(0), Cell::new(0));
        Self { meter: meter.into(), begun: Instant::now(), files, files_done, total, done, fetched }
    }

    /// Counts a file that is whole.
    pub(super) fn file_done(&self) {
        self.files_done.set(self.files_done.get() + 1);
    }

    /// Makes room for other lines.
    pub(super) fn pause(&self) {
        self.meter.borrow_mut().clear();
    }

    /// Counts bytes that came over the wire.
    pub(super) fn fetched(&self, bytes: u64) {
        self.fetched.set(self.fetched.get() + bytes);
        self.came(bytes);
    }

    /// Counts bytes that are there.
    pub(super) fn came(&self, bytes: u64) {
        self.done.set(self.done.get() + bytes);
        self.meter.borrow_mut().draw(|| {
            let (done, total) = (self.done.get() as f64, self.total as f64);
            let rate = self.fetched.get() as f64 / self.begun.elapsed().as_secs_f64().max(0.001);
            let (files, all) = (self.files_done.get(), self.files);
            let share = bar(done / total.max(1.0));
            format!("{share} {} of {}, {files}/{all} files, {}/s", size(done), size(total), size(rate))
        });
    }

    /// Counts bytes that were thrown away.
    pub(super) fn lost(&self, bytes: u64) {
        self.done.set(self.done.get().saturating_sub(bytes));
    }
}

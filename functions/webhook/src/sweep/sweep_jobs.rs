//! Runs a sweep: lists the jobs that are due and checks them concurrently, as many as the time allows.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};
use job_store::JobStore;
use model::{Error, JobId};
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use tracing::Instrument;

use super::{
    check_due_job::{JobCheck, SweepPass},
    oldest_active_job::report_oldest_active_job,
    sweep_command::SweepCommand,
};
use crate::{
    clients::WorkerClients, notifications::job_notifier::UnreachableTargets,
    polling::poll_outcome::CheckOutcome,
};

/// Jobs that are checked at once. The rate limit of a provider holds independently of this number.
const CONCURRENCY: usize = 4;
/// Jobs of one partition of the index that are listed at once.
const PAGE: i32 = 25;
/// The time reserved at the end for the job that was started last.
const RESERVE: Duration = Duration::seconds(25);

/// The result of a sweep.
#[derive(Debug, Default, Serialize)]
pub(crate) struct SweepReport {
    checked: u64,
    changed: u64,
    /// Whether jobs that are due are left for the next sweep.
    incomplete: bool,
}

impl SweepReport {
    fn add(&mut self, outcomes: &[CheckOutcome]) {
        let count = |of: CheckOutcome| outcomes.iter().filter(|outcome| **outcome == of).count() as u64;
        let changed = count(CheckOutcome::StatusChanged);
        self.checked += changed + count(CheckOutcome::Unchanged);
        self.changed += changed;
        // A job that cannot be checked must not block the others, neither in this sweep nor in the next.
        self.incomplete |= count(CheckOutcome::Failed) + count(CheckOutcome::OutOfTime) > 0;
    }
}

/// One sweep.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sweep<'a> {
    job_store: &'a JobStore,
    max_duration: std::time::Duration,
    job_check: JobCheck<'a>,
}

impl<'a> Sweep<'a> {
    pub(crate) fn new(clients: &'a WorkerClients) -> Self {
        Self {
            job_store: &clients.job_store,
            max_duration: clients.config.sweep.max_duration,
            job_check: JobCheck::new(clients),
        }
    }

    /// Checks the jobs that are due.
    pub(crate) async fn run(
        &self,
        command: SweepCommand,
        deadline: OffsetDateTime,
    ) -> Result<SweepReport, Error> {
        let now = OffsetDateTime::now_utc();
        let latest_start = (deadline - RESERVE).min(now + self.max_duration).max(now);
        let (mut report, mut seen) = (SweepReport::default(), HashSet::new());
        let unreachable = UnreachableTargets::default();
        loop {
            let due_until = OffsetDateTime::now_utc() + command.lookahead;
            let due: Vec<JobId> = self.job_store.list_due_jobs(due_until, PAGE).await?;
            // A job that was checked already is listed again if the index lags or the lookahead reaches its next
            // check.
            let new: Vec<JobId> = due.into_iter().filter(|id| seen.insert(*id)).collect();
            if new.is_empty() {
                break;
            }
            let pass = SweepPass { due_until, latest_start, unreachable: &unreachable };
            let checks = stream::iter(new)
                .map(|id| self.job_check.check_or_postpone(id, pass).instrument(runtime::work_item_span()));
            let outcomes: Vec<CheckOutcome> = checks.buffer_unordered(CONCURRENCY).collect().await;
            report.add(&outcomes);
            if OffsetDateTime::now_utc() >= latest_start || outcomes.contains(&CheckOutcome::OutOfTime) {
                report.incomplete = true;
                break;
            }
        }
        let SweepReport { checked, changed, incomplete } = report;
        tracing::info!(metric = "JobsSwept", count = checked, changed, incomplete, "sweep finished");
        report_oldest_active_job(self.job_store).await;
        Ok(report)
    }
}

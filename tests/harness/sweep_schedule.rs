//! The schedule of `template.yaml`: runs the sweep every so often, for as long as it is held.

use std::time::Duration;

use serde_json::json;
use tokio::{task::JoinHandle, time::MissedTickBehavior};

use crate::Function;

/// A running schedule. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct SweepSchedule(JoinHandle<()>);

impl SweepSchedule {
    /// Invokes the worker with the template's own input, first after one interval.
    pub(crate) fn start(every: Duration, worker: Function) -> Self {
        Self(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                if let Err(failed) = worker(json!({ "command": "sweep" })).await {
                    tracing::warn!(?failed, "a sweep failed; the next one makes up for it");
                }
            }
        }))
    }
}

impl Drop for SweepSchedule {
    fn drop(&mut self) {
        self.0.abort();
    }
}

//! The schedule of `template.yaml`, which runs the sweep at an interval.

use std::time::Duration;

use serde_json::json;
use tokio::{task::JoinHandle, time::MissedTickBehavior};

use crate::Function;

/// A running schedule. Dropping it stops the schedule.
#[derive(Debug)]
pub(crate) struct SweepSchedule(JoinHandle<()>);

impl SweepSchedule {
    /// Invokes the worker with the input that the template sets, for the first time after one interval.
    pub(crate) fn start(interval: Duration, worker: Function) -> Self {
        Self(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(interval);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                if let Err(error) = worker(json!({ "command": "sweep" })).await {
                    tracing::warn!(?error, "sweep failed; the next sweep covers the same jobs");
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

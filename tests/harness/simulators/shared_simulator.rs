//! A simulator that its three endpoints and the delivery scheduler share.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use simulators::{Endpoint, Outcome, Outgoing, Reply, Simulator};
use time::OffsetDateTime;
use tokio::sync::Notify;

/// The simulator and the bell that tells the pump to look at it again.
pub(super) struct SharedSimulator {
    simulator: Mutex<Box<dyn Simulator>>,
    pub(super) changed: Notify,
}

impl SharedSimulator {
    pub(super) fn new(simulator: Box<dyn Simulator>) -> Self {
        Self { simulator: Mutex::new(simulator), changed: Notify::new() }
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut dyn Simulator) -> T) -> T {
        let done = self.look(work);
        self.changed.notify_one();
        done
    }

    /// Works on the simulator without waking the pump.
    fn look<T>(&self, work: impl FnOnce(&mut dyn Simulator) -> T) -> T {
        // A panic in one test's closure must not hide behind the poison of the next caller.
        let mut simulator = self.simulator.lock().unwrap_or_else(PoisonError::into_inner);
        work(simulator.as_mut())
    }

    pub(super) fn handle(&self, endpoint: Endpoint, request: http::Request<Bytes>) -> Reply {
        self.with(|simulator| simulator.handle(endpoint, request, OffsetDateTime::now_utc()))
    }

    /// What is due now, and when to look again.
    pub(super) fn take_due(&self) -> (Vec<Outgoing>, Option<OffsetDateTime>) {
        self.look(|simulator| (simulator.take_due(OffsetDateTime::now_utc()), simulator.next_due()))
    }

    pub(super) fn delivered(&self, delivery: u64, outcome: Outcome) {
        self.with(|simulator| simulator.delivered(delivery, outcome, OffsetDateTime::now_utc()));
    }
}

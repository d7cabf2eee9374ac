//! A simulator that its three endpoints and the delivery scheduler share.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use simulators::{DeliveryOutcome, Endpoint, OutgoingDelivery, Reply, Simulator};
use time::OffsetDateTime;
use tokio::sync::Notify;

/// The simulator, and the notification that makes the delivery scheduler check it again.
pub(super) struct SharedSimulator {
    simulator: Mutex<Box<dyn Simulator>>,
    pub(super) changed: Notify,
}

impl SharedSimulator {
    pub(super) fn new(simulator: Box<dyn Simulator>) -> Self {
        Self { simulator: Mutex::new(simulator), changed: Notify::new() }
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut dyn Simulator) -> T) -> T {
        let result = self.with_unnotified(work);
        self.changed.notify_one();
        result
    }

    /// Runs `work` on the simulator without notifying the delivery scheduler.
    fn with_unnotified<T>(&self, work: impl FnOnce(&mut dyn Simulator) -> T) -> T {
        // A panic in a test's closure poisons the lock. The next caller must not panic as well, which would hide the cause.
        let mut simulator = self.simulator.lock().unwrap_or_else(PoisonError::into_inner);
        work(simulator.as_mut())
    }

    pub(super) fn handle(&self, endpoint: Endpoint, request: http::Request<Bytes>) -> Reply {
        self.with(|simulator| simulator.handle(endpoint, request, OffsetDateTime::now_utc()))
    }

    /// Takes the deliveries that are due now, and returns when the next one is due.
    pub(super) fn take_due(&self) -> (Vec<OutgoingDelivery>, Option<OffsetDateTime>) {
        self.with_unnotified(|simulator| {
            (simulator.take_due(OffsetDateTime::now_utc()), simulator.next_due())
        })
    }

    /// Reports the outcome of a delivery to the simulator.
    pub(super) fn record_outcome(&self, delivery: u64, outcome: DeliveryOutcome) {
        self.with(|simulator| simulator.record_outcome(delivery, outcome, OffsetDateTime::now_utc()));
    }
}

//! Sends the deliveries that are due, and sleeps until the next one is due or the simulator changes.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::send_delivery::send_delivery;
use super::shared_simulator::SharedSimulator;

/// Runs until the task is aborted, which aborts the deliveries in flight too.
pub(super) async fn run(shared: Arc<SharedSimulator>) {
    let mut in_flight = JoinSet::new();
    loop {
        let (due, next) = shared.take_due();
        for outgoing in due {
            let shared = Arc::clone(&shared);
            in_flight.spawn(async move {
                let delivery = outgoing.delivery;
                let outcome = send_delivery(outgoing).await;
                shared.record_outcome(delivery, outcome);
            });
        }
        tokio::select! {
            () = shared.changed.notified() => {}
            () = sleep_until(next) => {}
            Some(_) = in_flight.join_next() => {}
        }
    }
}

async fn sleep_until(due: Option<OffsetDateTime>) {
    match due {
        // The timer may fire early by less than a millisecond.
        Some(due) => sleep(time_until(due) + Duration::from_millis(1)).await,
        None => pending().await,
    }
}

fn time_until(due: OffsetDateTime) -> Duration {
    Duration::try_from(due - OffsetDateTime::now_utc()).unwrap_or(Duration::ZERO)
}

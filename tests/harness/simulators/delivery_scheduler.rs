//! Sends the deliveries that are due, and sleeps until the next one is or something changes.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::send_delivery::send_delivery;
use super::shared_simulator::SharedSimulator;

/// Runs until the task is aborted, which ends the deliveries in flight too.
pub(super) async fn run(shared: Arc<SharedSimulator>) {
    let mut in_flight = JoinSet::new();
    loop {
        let (due, next) = shared.take_due();
        for outgoing in due {
            let shared = Arc::clone(&shared);
            in_flight.spawn(async move {
                let delivery = outgoing.delivery;
                let outcome = send_delivery(outgoing).await;
                shared.delivered(delivery, outcome);
            });
        }
        tokio::select! {
            () = shared.changed.notified() => {}
            () = until(next) => {}
            Some(_) = in_flight.join_next() => {}
        }
    }
}

async fn until(due: Option<OffsetDateTime>) {
    match due {
        // The extra millisecond makes up for a timer that is finer than it is exact.
        Some(due) => sleep(wait(due) + Duration::from_millis(1)).await,
        None => pending().await,
    }
}

fn wait(due: OffsetDateTime) -> Duration {
    Duration::try_from(due - OffsetDateTime::now_utc()).unwrap_or(Duration::ZERO)
}

//! Reads one batch of items, within the rate limit of the provider and within a short time.

use model::{Error, ErrorClass, Job};
use providers::{ItemStatus, Provider};
use time::{Duration, OffsetDateTime};

use super::item_reads::ItemReads;
use crate::polling::poll_request::{PollOutcome, Poller};

/// How long one read waits for the rate limiter. No invocation waits longer: another one continues.
const MAX_RATE_LIMIT_WAIT: Duration = Duration::seconds(2);
/// Consecutive reads without an answer that end the batch.
const MAX_FAILURES: u32 = 3;

/// Why a batch ended.
#[derive(Debug)]
pub(super) enum BatchEnd {
    /// Every item is read.
    Finished,
    /// The time of the batch is over.
    OutOfTime,
    /// The rate limiter has no time for another read before this one.
    RateLimited(OffsetDateTime),
    /// The provider does not answer, for this reason. It may ask for a delay.
    Unanswered(Error, Duration),
}

/// Reads items until the time `until`.
pub(super) async fn read_batch(
    poller: &Poller<'_>,
    provider: &dyn Provider,
    job: &Job,
    reads: &mut ItemReads,
    until: OffsetDateTime,
) -> Result<BatchEnd, Error> {
    let mut failures = 0;
    loop {
        let Some(item) = reads.next().map(str::to_owned) else { return Ok(BatchEnd::Finished) };
        let now = OffsetDateTime::now_utc();
        if now >= until {
            return Ok(BatchEnd::OutOfTime);
        }
        let latest = until.min(now + MAX_RATE_LIMIT_WAIT);
        match Box::pin(poller.read_item(provider, job, &item, latest)).await? {
            PollOutcome::Answered(ItemStatus::Found(sources)) => reads.record_found(sources),
            PollOutcome::Answered(ItemStatus::Missing(missing)) => reads.record_missing(missing.reason),
            PollOutcome::NotSupported => return Ok(BatchEnd::Finished),
            PollOutcome::OutOfTime => return Ok(BatchEnd::OutOfTime),
            PollOutcome::RateLimited(at) => return Ok(BatchEnd::RateLimited(at)),
            PollOutcome::Unanswered(error, wait) => {
                // Only such an error may concern this item alone.
                if error.class != ErrorClass::ProviderUnavailable {
                    return Ok(BatchEnd::Unanswered(error, wait));
                }
                reads.record_unanswered(&error);
                failures += 1;
                if failures >= MAX_FAILURES {
                    return Ok(BatchEnd::Unanswered(error, wait));
                }
                continue;
            }
        }
        failures = 0;
    }
}

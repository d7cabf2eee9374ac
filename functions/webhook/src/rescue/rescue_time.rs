//! When a job is rescued.

use model::Job;
use providers::Provider;
use time::OffsetDateTime;

use super::item_reads::find_conclusion;
use crate::config::SweepConfig;

/// When the items of an unfinished job are read. None when the provider cannot be asked for them, when that is
/// disabled, or when they were read without result. A job that an operator retried is rescued at once.
pub(crate) fn rescue_time(
    provider: &dyn Provider,
    job: &Job,
    config: &SweepConfig,
) -> Option<OffsetDateTime> {
    let is_retried = job.retries.restarts > 0;
    if (config.rescue_after.is_zero() && !is_retried)
        || find_conclusion(job).is_some()
        || provider.items(job).is_empty()
    {
        return None;
    }
    let after = if is_retried { std::time::Duration::ZERO } else { config.rescue_after };
    Some(job.created_at + after.min(config.callback_timeout))
}

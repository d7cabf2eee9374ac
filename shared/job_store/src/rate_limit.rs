//! The rate limiter of a provider, shared by all invocations.
//!
//! One item per provider holds the time at which the next request is free at the ceiling (`free_at`, the generic cell rate
//! algorithm as a virtual clock), and for each window of each tier how many requests are reserved in its latest buckets. A
//! reservation is one conditional write of both, so no two reservations are closer together than the interval, and no
//! window holds more than its budget. The writes of concurrent reservations add to the same numbers, so each of them holds
//! whatever the order, except the first of a bucket and the first after idle time.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::update_item::{UpdateItemError, UpdateItemOutput, builders::UpdateItemFluentBuilder},
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use model::{Error, ErrorClass, ProviderName, RateTier};
use time::OffsetDateTime;

use crate::{
    errors::storage_error,
    item_attributes::{Item, ItemReader, ItemWriter, number_value, unreadable},
    rate_expression::UpdateParts,
    rate_plan::{FREE_AT, LimiterState, Plan, tier_paused_until},
    table::Table,
};

/// The attribute with the microsecond of the Unix epoch until which all requests of the provider pause.
const PAUSED_UNTIL: &str = "paused_until";

/// How often a reservation is tried that others were faster to take. Each failure is the success of another invocation,
/// except at the two ends of the requested period.
const MAX_ATTEMPTS: u32 = 16;

/// The outcome of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// The request may be sent at this time.
    Granted(OffsetDateTime),
    /// Nothing is reserved. This is the next free time: it is after the latest acceptable one, or the tier of the request
    /// pauses or has used up a budget until then.
    RetryAt(OffsetDateTime),
}

/// What a request counts against.
#[derive(Debug, Clone, Copy)]
pub struct RateLimit<'a> {
    /// The provider.
    pub provider: &'a ProviderName,
    /// The time between two requests of any tier; zero without a ceiling.
    pub interval: Duration,
    /// The tier of the request, if it has one.
    pub tier: Option<&'a RateTier>,
}

/// Which requests pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseScope {
    /// Those of the tier. Those without a tier pause apart from the tiers.
    Tier,
    /// All requests of the provider.
    Provider,
}

/// The budget of a tier, as a provider reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportedQuota {
    /// The budget in requests.
    pub limit: u32,
    /// How many of them are left.
    pub remaining: u32,
    /// When requests are free again.
    pub reset: OffsetDateTime,
}

/// The item of a provider's rate limiter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RateLimiter<'a> {
    pub(crate) table: &'a Table,
    pub(crate) limit: RateLimit<'a>,
}

impl RateLimiter<'_> {
    /// Reserves the first free time between `from` and `latest`.
    pub(crate) async fn reserve(
        self,
        from: OffsetDateTime,
        latest: OffsetDateTime,
    ) -> Result<Reservation, Error> {
        let (first, last) = (microseconds(from), microseconds(latest));
        let mut item = self.get_item().await?.unwrap_or_default();
        for attempt in 0..MAX_ATTEMPTS {
            let state = LimiterState::read(&item, self.limit.tier)?;
            let grant = match state.plan(first, last) {
                Plan::Grant(grant) => grant,
                Plan::RetryAt(at) => return timestamp(at).map(Reservation::RetryAt),
            };
            let parts = UpdateParts::reservation(&state, &grant, self.interval());
            match send_update(parts.apply(self.update())).await? {
                UpdateOutcome::Updated(item) => {
                    return timestamp(read_number(&item, FREE_AT)? - self.interval())
                        .map(Reservation::Granted);
                }
                UpdateOutcome::ConditionFailed(found) => item = self.found_or_read(found).await?,
            }
            // The first retries follow at once: the item shows what changed.
            tokio::time::sleep(Duration::from_millis(u64::from(attempt / 2))).await;
        }
        let message = "too many concurrent requests; try again";
        Err(Error::new(ErrorClass::StorageUnavailable, message).with_retry_after(1))
    }

    /// Returns an unused reservation: its time if it is the last one, and its part of the tier's budgets while their
    /// buckets are the current ones.
    pub(crate) async fn release(self, reserved: OffsetDateTime) -> Result<(), Error> {
        let state = LimiterState::read(&Item::new(), self.limit.tier)?;
        let reserved = microseconds(reserved);
        let last = UpdateParts::release(&state, reserved, Some(self.interval()));
        if let UpdateOutcome::Updated(_) = send_update(last.apply(self.update())).await? {
            return Ok(());
        }
        match state.windows.is_empty() {
            true => Ok(()),
            false => {
                let counted = UpdateParts::release(&state, reserved, None);
                send_update(counted.apply(self.update())).await.map(|_| ())
            }
        }
    }

    /// Lets no request of the scope through before `until`. A longer pause stays.
    pub(crate) async fn pause_until(self, until: OffsetDateTime, scope: PauseScope) -> Result<(), Error> {
        let attributes = match scope {
            PauseScope::Tier => vec![tier_paused_until(self.limit.tier)],
            PauseScope::Provider => vec![PAUSED_UNTIL.to_owned(), FREE_AT.to_owned()],
        };
        for attribute in attributes {
            let update = (self.update())
                .update_expression("SET #attribute = :until")
                .condition_expression("attribute_not_exists(#attribute) OR #attribute < :until")
                .expression_attribute_names("#attribute", attribute)
                .expression_attribute_values(":until", number_value(microseconds(until)));
            send_update(update).await?;
        }
        Ok(())
    }

    /// Until when the last pause that concerns the tier lasts or lasted, if there was one.
    pub(crate) async fn read_pause(self) -> Result<Option<OffsetDateTime>, Error> {
        let Some(item) = self.get_item().await? else { return Ok(None) };
        let until = |name: &str| ItemReader(&item).maybe_number::<i64>(name);
        let latest = until(PAUSED_UNTIL).max(until(&tier_paused_until(self.limit.tier)));
        latest.map(timestamp).transpose()
    }

    /// Counts the requests of others, if the provider reports that less is left than Landfall reserved. Returns how many
    /// are left by that report if it is new.
    pub(crate) async fn adopt_quota(
        self,
        quota: ReportedQuota,
        now: OffsetDateTime,
    ) -> Result<Option<u32>, Error> {
        let Some(item) = self.get_item().await? else { return Ok(None) };
        let state = LimiterState::read(&item, self.limit.tier)?;
        let (now, reset) = (microseconds(now), microseconds(quota.reset));
        // The report names its window only by the budget. A budget that is not ours is that of the shortest window that
        // lasts until the reset.
        let lasts = |seconds: u32| now.saturating_add(i64::from(seconds) * 1_000_000 + 1_000_000) >= reset;
        let windows = || state.windows.iter();
        let window = windows().find(|state| state.window.requests == quota.limit);
        let window = window.or_else(|| {
            windows().filter(|state| lasts(state.window.seconds)).min_by_key(|state| state.window.seconds)
        });
        let Some(window) = window.filter(|window| window.remaining_at(now) > quota.remaining) else {
            return Ok(None);
        };
        let foreign = window.own_remaining_at(now).saturating_sub(quota.remaining);
        let longest = now.saturating_add(i64::from(window.window.seconds) * 1_000_000);
        let update = (self.update())
            .update_expression("SET #foreign = :foreign, #until = :until")
            .expression_attribute_names("#foreign", &window.names.foreign)
            .expression_attribute_names("#until", &window.names.foreign_until)
            .expression_attribute_values(":foreign", number_value(foreign))
            .expression_attribute_values(":until", number_value(reset.min(longest)));
        send_update(update).await.map(|_| Some(quota.remaining))
    }

    fn interval(self) -> i64 {
        i64::try_from(self.limit.interval.as_micros()).unwrap_or(i64::MAX)
    }

    fn update(self) -> UpdateItemFluentBuilder {
        (self.table.update_item(self.key()))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    async fn get_item(self) -> Result<Option<Item>, Error> {
        self.table.get_item(self.key()).await
    }

    /// The item that a failed update returned. Not every server that implements DynamoDB's protocol returns it; then the
    /// item is read.
    async fn found_or_read(self, found: Option<Item>) -> Result<Item, Error> {
        match found {
            Some(item) => Ok(item),
            None => self.get_item().await.map(Option::unwrap_or_default),
        }
    }

    fn key(self) -> ItemWriter {
        ItemWriter::key(format!("RATE#{}", self.limit.provider), "RATE")
    }
}

enum UpdateOutcome {
    /// The new values of the updated attributes.
    Updated(Item),
    /// The item for which the condition did not hold, if the server returned it.
    ConditionFailed(Option<Item>),
}

async fn send_update(update: UpdateItemFluentBuilder) -> Result<UpdateOutcome, Error> {
    let result: Result<UpdateItemOutput, SdkError<UpdateItemError, _>> = update.send().await;
    match result {
        Ok(output) => Ok(UpdateOutcome::Updated(output.attributes.unwrap_or_else(HashMap::new))),
        Err(e) => match e.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Ok(UpdateOutcome::ConditionFailed(failed.item().cloned()))
            }
            _ => Err(storage_error("accept a reservation", e)),
        },
    }
}

fn read_number(item: &Item, name: &str) -> Result<i64, Error> {
    ItemReader(item).maybe_number(name).ok_or_else(|| unreadable(name))
}

fn microseconds(time: OffsetDateTime) -> i64 {
    // Fits until the year 9999.
    i64::try_from(time.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX)
}

fn timestamp(microseconds: i64) -> Result<OffsetDateTime, Error> {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(microseconds) * 1_000);
    time.map_err(|e| unreadable(FREE_AT).with_source(e))
}

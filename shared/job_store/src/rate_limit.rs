//! The rate limiter of a provider, shared by all invocations.
//!
//! The generic cell rate algorithm as a virtual clock: one item per provider holds the time at which the next request
//! is free (`free_at`). A reservation moves that time on by the interval between two requests, in one conditional
//! write, so no two reservations are closer together than the interval.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::update_item::{UpdateItemError, UpdateItemOutput, builders::UpdateItemFluentBuilder},
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use model::{Error, ErrorClass, ProviderName};
use time::OffsetDateTime;

use crate::{
    errors::storage_error,
    item_attributes::{Item, ItemReader, ItemWriter, number_value, unreadable},
    table::Table,
};

/// The attribute with the microsecond of the Unix epoch at which the next request is free.
const FREE_AT: &str = "free_at";
/// The attribute with the microsecond of the Unix epoch until which the provider asked for a pause.
const PAUSED_UNTIL: &str = "paused_until";

/// How often a reservation is tried that others were faster to take. Each failure is the success of another invocation,
/// except at the two ends of the requested period.
const MAX_ATTEMPTS: u32 = 16;

/// The outcome of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// The request may be sent at this time.
    Granted(OffsetDateTime),
    /// Nothing is reserved, because the next free time, which this is, is after the latest acceptable one.
    RetryAt(OffsetDateTime),
}

/// The item of a provider's rate limiter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RateLimiter<'a> {
    pub(crate) table: &'a Table,
    pub(crate) provider: &'a ProviderName,
}

impl RateLimiter<'_> {
    /// Reserves the first free time between `from` and `latest`.
    pub(crate) async fn reserve(
        self,
        interval: Duration,
        from: OffsetDateTime,
        latest: OffsetDateTime,
    ) -> Result<Reservation, Error> {
        let interval = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX);
        let (first, last) = (microseconds(from), microseconds(latest));
        for attempt in 0..MAX_ATTEMPTS {
            // One of the two applies, unless the item changes in between.
            for update in [self.update_if_idle(interval, first), self.update_if_busy(interval, first, last)] {
                match send_update(update).await? {
                    UpdateOutcome::Updated(item) => {
                        return timestamp(read_number(&item, FREE_AT)? - interval).map(Reservation::Granted);
                    }
                    UpdateOutcome::ConditionFailed(item) => {
                        let free_at = self.read_free_at(item).await?;
                        if free_at > last {
                            return timestamp(free_at).map(Reservation::RetryAt);
                        }
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(u64::from(attempt))).await;
        }
        let message = "too many concurrent requests; try again";
        Err(Error::new(ErrorClass::StorageUnavailable, message).with_retry_after(1))
    }

    /// Reserves `first` if the next request is free by then. Time that was not used is not saved up.
    fn update_if_idle(self, interval: i64, first: i64) -> UpdateItemFluentBuilder {
        (self.update())
            .update_expression("SET free_at = :after")
            .condition_expression("attribute_not_exists(free_at) OR free_at <= :first")
            .expression_attribute_values(":after", number_value(first.saturating_add(interval)))
            .expression_attribute_values(":first", number_value(first))
    }

    /// Reserves the time after the last reservation if that is between `first` and `last`.
    fn update_if_busy(self, interval: i64, first: i64, last: i64) -> UpdateItemFluentBuilder {
        (self.update())
            .update_expression("ADD free_at :interval")
            .condition_expression("free_at BETWEEN :first AND :last")
            .expression_attribute_values(":interval", number_value(interval))
            .expression_attribute_values(":first", number_value(first))
            .expression_attribute_values(":last", number_value(last))
    }

    /// Returns an unused reservation, if it is the last one.
    pub(crate) async fn release(self, interval: Duration, reserved: OffsetDateTime) -> Result<(), Error> {
        let reserved = microseconds(reserved);
        let interval = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX);
        let update = (self.update())
            .update_expression("SET free_at = :reserved")
            .condition_expression("free_at = :after")
            .expression_attribute_values(":reserved", number_value(reserved))
            .expression_attribute_values(":after", number_value(reserved.saturating_add(interval)));
        send_update(update).await.map(|_| ())
    }

    /// Lets no request through before `until`. A longer pause stays.
    pub(crate) async fn pause_until(self, until: OffsetDateTime) -> Result<(), Error> {
        for attribute in [PAUSED_UNTIL, FREE_AT] {
            let update = (self.update())
                .update_expression("SET #attribute = :until")
                .condition_expression("attribute_not_exists(#attribute) OR #attribute < :until")
                .expression_attribute_names("#attribute", attribute)
                .expression_attribute_values(":until", number_value(microseconds(until)));
            send_update(update).await?;
        }
        Ok(())
    }

    /// Until when the last pause lasts or lasted, if there was one.
    pub(crate) async fn read_pause(self) -> Result<Option<OffsetDateTime>, Error> {
        let Some(item) = self.get_item().await? else { return Ok(None) };
        ItemReader(&item).maybe_number(PAUSED_UNTIL).map(timestamp).transpose()
    }

    fn update(self) -> UpdateItemFluentBuilder {
        (self.table.update_item(self.key()))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    async fn get_item(self) -> Result<Option<Item>, Error> {
        self.table.get_item(self.key()).await
    }

    /// The time at which the next request is free, from the item that a failed update returned. Not every server that
    /// implements DynamoDB's protocol returns it; then the item is read.
    async fn read_free_at(self, returned: Option<Item>) -> Result<i64, Error> {
        let item = match returned {
            Some(item) => Some(item),
            None => self.get_item().await?,
        };
        item.map_or(Ok(0), |item| read_number(&item, FREE_AT))
    }

    fn key(self) -> ItemWriter {
        ItemWriter::key(format!("RATE#{}", self.provider), "RATE")
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

//! Whose turn it is at a provider: one line that all invocations stand in, so that together they keep its pace.
//!
//! The generic cell rate algorithm in its form of a virtual clock: one item per provider holds the moment at which
//! the next turn is free. Whoever takes a turn moves that moment on by the interval between two requests, in one
//! conditional write, so no two turns are closer together than that.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::update_item::{UpdateItemError, UpdateItemOutput, builders::UpdateItemFluentBuilder},
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use model::{Error, ErrorClass, ProviderName};
use time::OffsetDateTime;

use crate::{
    JobStore,
    errors::refused,
    item::{Item, Reader, Writer, unreadable},
};

/// Microseconds of the Unix epoch at which the next turn is free.
const FREE_AT: &str = "free_at";
/// Microseconds of the Unix epoch until which the provider asked us to hold back.
const HELD_UNTIL: &str = "paused_until";

/// How often a turn is tried for that others were faster to take. Each failure is somebody else's success, save at
/// the two edges of the span that is asked for.
const MAX_ATTEMPTS: u32 = 16;

/// What came of asking for a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// It is ours, at this moment.
    At(OffsetDateTime),
    /// The line is longer than the caller would wait, and nothing was taken: the next turn is free at this moment.
    NotBefore(OffsetDateTime),
}

impl JobStore {
    /// Takes the first turn at a provider that is free between `from` and `latest`, where turns are `interval`
    /// apart. There are no bursts: what was not used is not saved up.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn reserve(
        &self,
        provider: &ProviderName,
        interval: Duration,
        from: OffsetDateTime,
        latest: OffsetDateTime,
    ) -> Result<Reservation, Error> {
        let interval = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX);
        let (first, last) = (microseconds(from), microseconds(latest));
        for attempt in 0..MAX_ATTEMPTS {
            // One of the two applies, unless the line changes in between.
            let idle = self.line_is_idle(provider, interval, first);
            for update in [idle, self.line_is_long(provider, interval, first, last)] {
                match written(update).await? {
                    Written::Yes(item) => {
                        return moment(read(&item, FREE_AT)? - interval).map(Reservation::At);
                    }
                    Written::No(item) => {
                        let free_at = self.free_at(provider, item).await?;
                        if free_at > last {
                            return moment(free_at).map(Reservation::NotBefore);
                        }
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(u64::from(attempt))).await;
        }
        Err(Error::new(ErrorClass::StorageUnavailable, "too many requests at once; try again").retry_after(1))
    }

    /// Nobody stands in line: the turn is the first moment asked for, and the time that was not used is gone.
    fn line_is_idle(&self, provider: &ProviderName, interval: i64, first: i64) -> UpdateItemFluentBuilder {
        (self.line(provider))
            .update_expression("SET free_at = :after")
            .condition_expression("attribute_not_exists(free_at) OR free_at <= :first")
            .expression_attribute_values(":after", number(first.saturating_add(interval)))
            .expression_attribute_values(":first", number(first))
    }

    /// Others stand in line: the turn is behind theirs.
    fn line_is_long(
        &self,
        provider: &ProviderName,
        interval: i64,
        first: i64,
        last: i64,
    ) -> UpdateItemFluentBuilder {
        (self.line(provider))
            .update_expression("ADD free_at :interval")
            .condition_expression("free_at BETWEEN :first AND :last")
            .expression_attribute_values(":interval", number(interval))
            .expression_attribute_values(":first", number(first))
            .expression_attribute_values(":last", number(last))
    }

    /// Gives a turn back that was not used, if nobody stands behind it.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn release_reservation(
        &self,
        provider: &ProviderName,
        interval: Duration,
        turn: OffsetDateTime,
    ) -> Result<(), Error> {
        let turn = microseconds(turn);
        let interval = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX);
        let update = (self.line(provider))
            .update_expression("SET free_at = :turn")
            .condition_expression("free_at = :after")
            .expression_attribute_values(":turn", number(turn))
            .expression_attribute_values(":after", number(turn.saturating_add(interval)));
        written(update).await.map(|_| ())
    }

    /// Lets nobody have a turn before `until`, since the provider asked for it. Whoever has one already is told
    /// by [`JobStore::paused_until`]. An earlier, longer hold stays.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn pause_until(&self, provider: &ProviderName, until: OffsetDateTime) -> Result<(), Error> {
        for attribute in [HELD_UNTIL, FREE_AT] {
            let update = (self.line(provider))
                .update_expression("SET #attribute = :until")
                .condition_expression("attribute_not_exists(#attribute) OR #attribute < :until")
                .expression_attribute_names("#attribute", attribute)
                .expression_attribute_values(":until", number(microseconds(until)));
            written(update).await?;
        }
        Ok(())
    }

    /// Until when the provider asked us to hold back, if it ever did.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn paused_until(&self, provider: &ProviderName) -> Result<Option<OffsetDateTime>, Error> {
        let Some(item) = self.line_item(provider).await? else { return Ok(None) };
        Reader(&item).maybe_number(HELD_UNTIL).map(moment).transpose()
    }

    fn line(&self, provider: &ProviderName) -> UpdateItemFluentBuilder {
        (self.client.update_item().table_name(&self.table).set_key(Some(line_key(provider).done())))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    async fn line_item(&self, provider: &ProviderName) -> Result<Option<Item>, Error> {
        self.read(line_key(provider)).await
    }

    /// When the next turn is free, from what a failed write found. Not every server that speaks DynamoDB's
    /// protocol tells it.
    async fn free_at(&self, provider: &ProviderName, found: Option<Item>) -> Result<i64, Error> {
        let item = match found {
            Some(item) => Some(item),
            None => self.line_item(provider).await?,
        };
        item.map_or(Ok(0), |item| read(&item, FREE_AT))
    }
}

fn line_key(provider: &ProviderName) -> Writer {
    Writer::key(format!("RATE#{provider}"), "RATE")
}

enum Written {
    /// With the new values of what was written.
    Yes(Item),
    /// The condition did not hold, for this item.
    No(Option<Item>),
}

async fn written(update: UpdateItemFluentBuilder) -> Result<Written, Error> {
    let told: Result<UpdateItemOutput, SdkError<UpdateItemError, _>> = update.send().await;
    match told {
        Ok(output) => Ok(Written::Yes(output.attributes.unwrap_or_else(HashMap::new))),
        Err(e) => match e.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Ok(Written::No(failed.item().cloned()))
            }
            _ => Err(refused("give a turn", e)),
        },
    }
}

fn read(item: &Item, name: &str) -> Result<i64, Error> {
    Reader(item).maybe_number(name).ok_or_else(|| unreadable(name))
}

fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn microseconds(time: OffsetDateTime) -> i64 {
    // Fits until the year 9999.
    i64::try_from(time.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX)
}

fn moment(microseconds: i64) -> Result<OffsetDateTime, Error> {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(microseconds) * 1_000);
    moment.map_err(|e| unreadable(FREE_AT).with_source(e))
}

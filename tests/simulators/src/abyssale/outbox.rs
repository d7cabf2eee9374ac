//! The scheduled deliveries and the log of their attempts (contract 6.1).

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::abyssale::settings::Settings;
use crate::abyssale::webhook_delivery::{Delivery, DeliveryState, DeliveryTarget};
use crate::delivery_attempt::{AttemptKind, DeliveryAttempt};
use crate::delivery_schedule::{DeliverySchedule, ScheduledSend};
use crate::simulator::DeliveryOutcome;

/// All deliveries, the scheduled attempts and the attempts in flight.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    deliveries: Vec<Delivery>,
    schedule: DeliverySchedule,
}

impl Outbox {
    /// Returns an empty outbox that does not reuse the numbers of attempts in flight.
    pub(super) fn cleared(&self) -> Self {
        Self { schedule: self.schedule.cleared(), ..Self::default() }
    }

    /// Returns the number of the next delivery.
    pub(super) fn next_number(&self) -> u64 {
        self.deliveries.len() as u64 + 1
    }

    pub(super) fn add(&mut self, delivery: Delivery) {
        self.deliveries.push(delivery);
    }

    /// Schedules an attempt. Only a scheduled one is retried when it fails.
    pub(super) fn send_at(&mut self, number: u64, attempt_kind: AttemptKind, due: OffsetDateTime) {
        self.schedule.send_at(number, attempt_kind, due);
    }

    pub(super) fn get(&self, number: u64) -> Option<&Delivery> {
        self.deliveries.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut Delivery> {
        self.deliveries.get_mut(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    /// Finds the delivery with this number or delivery id.
    pub(super) fn find(&self, name: &str) -> Option<&Delivery> {
        self.deliveries
            .iter()
            .find(|delivery| delivery.delivery_id == name || delivery.number.to_string() == name)
    }

    /// Releases every held delivery, to be sent soon after `due`.
    pub(super) fn release_held(&mut self, due: OffsetDateTime) {
        for delivery in self.deliveries.iter_mut().filter(|delivery| delivery.state == DeliveryState::Held) {
            delivery.state = DeliveryState::Pending;
            self.schedule.send_at(delivery.number, AttemptKind::Scheduled, due + Duration::SECOND);
        }
    }

    pub(super) fn next_due(&self) -> Option<OffsetDateTime> {
        self.schedule.next_due()
    }

    /// Takes the attempts that are due, in order of time.
    pub(super) fn take_due(&mut self, now: OffsetDateTime) -> Vec<ScheduledSend> {
        self.schedule.take_due(now)
    }

    /// Records an attempt and returns its number.
    pub(super) fn start_attempt(&mut self, number: u64, attempt: DeliveryAttempt) -> u64 {
        let Some(delivery) = self.get_mut(number) else { return 0 };
        delivery.scheduled_attempts += u32::from(attempt.attempt_kind == AttemptKind::Scheduled);
        delivery.attempts.push(attempt);
        let index = delivery.attempts.len() - 1;
        self.schedule.start_attempt(number, index)
    }

    /// Records the outcome of an attempt. A failure is retried until the last attempt, then the delivery is
    /// exhausted.
    pub(super) fn finish_attempt(
        &mut self,
        attempt: u64,
        outcome: DeliveryOutcome,
        now: OffsetDateTime,
        settings: &Settings,
    ) {
        let Some((number, index)) = self.schedule.finish_attempt(attempt) else { return };
        let Some(delivery) = self.get_mut(number) else { return };
        let Some(attempt) = delivery.attempts.get_mut(index) else { return };
        attempt.ended = Some((outcome, now));
        let is_direct = delivery.target == DeliveryTarget::Direct;
        if attempt.attempt_kind == AttemptKind::Redelivery && !is_direct {
            return;
        }
        let acknowledged = match outcome {
            DeliveryOutcome::Status(status) => settings.acknowledges(status),
            DeliveryOutcome::Timeout | DeliveryOutcome::ConnectionFailed => false,
        };
        let scheduled_attempts = delivery.scheduled_attempts;
        if acknowledged {
            delivery.state = DeliveryState::Acknowledged;
        } else if is_direct || scheduled_attempts >= settings.delivery_attempts {
            delivery.state = DeliveryState::Exhausted;
        } else {
            self.send_at(number, AttemptKind::Scheduled, now + settings.retry_delay(scheduled_attempts));
        }
    }

    /// Lists every delivery with its attempts.
    pub(super) fn list(&self) -> Value {
        self.deliveries.iter().map(Delivery::view).collect()
    }
}

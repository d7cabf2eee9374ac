//! The scheduled webhooks and the outcomes of their attempts (contract 9.5).

use serde_json::Value;
use time::OffsetDateTime;

use crate::ai_studios::settings::seconds;
use crate::ai_studios::settings::webhook::Webhook;
use crate::ai_studios::webhook_delivery::{Delivery, DeliveryState, WebhookContent};
use crate::delivery_attempt::{AttemptKind, DeliveryAttempt};
use crate::delivery_schedule::{DeliverySchedule, ScheduledSend};
use crate::simulator::DeliveryOutcome;

/// All webhooks and the scheduled attempts.
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

    /// Adds a webhook and returns its number. It is not sent before [`Outbox::send_at`].
    pub(super) fn add(&mut self, url: String, content: WebhookContent, state: DeliveryState) -> u64 {
        let number = self.deliveries.len() as u64 + 1;
        let (scheduled_attempts, attempts) = (0, Vec::new());
        self.deliveries.push(Delivery { number, url, content, state, scheduled_attempts, attempts });
        number
    }

    pub(super) fn send_at(&mut self, number: u64, attempt_kind: AttemptKind, due: OffsetDateTime) {
        self.schedule.send_at(number, attempt_kind, due);
    }

    pub(super) fn get(&self, number: u64) -> Option<&Delivery> {
        self.deliveries.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Delivery> {
        self.deliveries.get_mut(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    pub(super) fn next_due(&self) -> Option<OffsetDateTime> {
        self.schedule.next_due()
    }

    pub(super) fn take_due(&mut self, now: OffsetDateTime) -> Vec<ScheduledSend> {
        self.schedule.take_due(now)
    }

    /// Records an attempt and returns its number.
    pub(super) fn start_attempt(&mut self, number: u64, attempt: DeliveryAttempt) -> Option<u64> {
        let delivery = self.get_mut(number)?;
        delivery.scheduled_attempts += u32::from(attempt.attempt_kind == AttemptKind::Scheduled);
        delivery.attempts.push(attempt);
        let index = delivery.attempts.len() - 1;
        Some(self.schedule.start_attempt(number, index))
    }

    /// Removes an attempt in flight. Returns its webhook's number and its index there.
    pub(super) fn finish_attempt(&mut self, attempt: u64) -> Option<(u64, usize)> {
        self.schedule.finish_attempt(attempt)
    }

    /// Records the outcome of an attempt. A failure is retried while retries are left.
    pub(super) fn record_outcome(
        &mut self,
        (number, index): (u64, usize),
        outcome: DeliveryOutcome,
        now: OffsetDateTime,
        settings: &Webhook,
    ) {
        let Some(delivery) = self.get_mut(number) else { return };
        let Some(attempt) = delivery.attempts.get_mut(index) else { return };
        attempt.ended = Some((outcome, now));
        if attempt.attempt_kind == AttemptKind::Redelivery {
            return;
        }
        let acknowledged = matches!(outcome, DeliveryOutcome::Status(200..300));
        let again = !acknowledged && delivery.scheduled_attempts <= settings.retries;
        if again {
            self.send_at(number, AttemptKind::Scheduled, now + seconds(settings.retry_seconds));
        } else {
            delivery.state =
                if acknowledged { DeliveryState::Acknowledged } else { DeliveryState::Exhausted };
        }
    }

    /// Lists every webhook with its attempts.
    pub(super) fn list(&self) -> Value {
        self.deliveries.iter().map(Delivery::view).collect()
    }
}

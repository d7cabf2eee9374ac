//! The webhooks that were scheduled and how their attempts ended (contract 9.5).

use serde_json::Value;
use time::OffsetDateTime;

use crate::delivery_attempt::Attempt;
use crate::delivery_schedule::{Schedule, Send};
use crate::simulator::Outcome;

use crate::ai_studios::settings::seconds;
use crate::ai_studios::settings::webhook::Webhook;
use crate::ai_studios::webhook_delivery::{Content, Delivery, State};

/// All webhooks and what is scheduled.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    deliveries: Vec<Delivery>,
    schedule: Schedule,
}

impl Outbox {
    /// Empty, but no attempt gets a number that one still in flight has.
    pub(super) fn cleared(&self) -> Self {
        Self { schedule: self.schedule.cleared(), ..Self::default() }
    }

    /// Writes a webhook down and gives its number. It is not sent before [`Outbox::send_at`].
    pub(super) fn add(&mut self, url: String, content: Content, state: State) -> u64 {
        let number = self.deliveries.len() as u64 + 1;
        let (tries, attempts) = (0, Vec::new());
        self.deliveries.push(Delivery { number, url, content, state, tries, attempts });
        number
    }

    pub(super) fn send_at(&mut self, number: u64, of_ladder: bool, due: OffsetDateTime) {
        self.schedule.send_at(number, of_ladder, due);
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

    pub(super) fn take_due(&mut self, now: OffsetDateTime) -> Vec<Send> {
        self.schedule.take_due(now)
    }

    /// Writes an attempt down and gives its number.
    pub(super) fn started(&mut self, number: u64, attempt: Attempt) -> Option<u64> {
        let delivery = self.get_mut(number)?;
        delivery.tries += u32::from(attempt.of_ladder);
        delivery.attempts.push(attempt);
        let place = delivery.attempts.len() - 1;
        Some(self.schedule.started(number, place))
    }

    /// The webhook of an attempt in flight.
    pub(super) fn ended(&mut self, attempt: u64) -> Option<(u64, usize)> {
        self.schedule.ended(attempt)
    }

    /// Notes how an attempt ended. What the receiver says matters only while retries are left.
    pub(super) fn note(
        &mut self,
        number: u64,
        place: usize,
        outcome: Outcome,
        now: OffsetDateTime,
        knobs: &Webhook,
    ) {
        let Some(delivery) = self.get_mut(number) else { return };
        let Some(attempt) = delivery.attempts.get_mut(place) else { return };
        attempt.ended = Some((outcome, now));
        if !attempt.of_ladder {
            return;
        }
        let acknowledged = matches!(outcome, Outcome::Status(200..300));
        let again = !acknowledged && delivery.tries <= knobs.retries;
        if again {
            self.send_at(number, true, now + seconds(knobs.retry_seconds));
        } else {
            delivery.state = if acknowledged { State::Acknowledged } else { State::Exhausted };
        }
    }

    /// Every webhook with its attempts.
    pub(super) fn list(&self) -> Value {
        self.deliveries.iter().map(Delivery::view).collect()
    }
}
